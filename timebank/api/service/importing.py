"""Importing service: a list of an organisation, as offices have it, with a verdict for each row."""

from functools import partial

from litestar import Controller, Response, post
from litestar.params import FromPath

from timebank.access.table import LOG_SERVICE
from timebank.api.http.problems import IMPORTS
from timebank.api.http.requests import BankRequest
from timebank.api.http.uploads import (
    CHUNK,
    LIST_BYTES,
    Answer,
    Columns,
    DryRun,
    Encoding,
    HiddenRows,
    Ignore,
    Imported,
    Sheet,
    Units,
    answered,
    opened_within_limits,
    options_of,
    uploaded,
)
from timebank.domain.identifiers import OrganisationId
from timebank.exchange.imports.lists import open_records
from timebank.exchange.imports.records import RecordsImport


class ServiceImportController(Controller):
    """`/v1/organisations/{organisation_id}/service-records/import`"""

    path = "/organisations/{organisation_id:str}/service-records/import"
    tags = ("Service records",)

    @post(status_code=200, responses=IMPORTS, access=LOG_SERVICE, upload=True, request_max_body_size=LIST_BYTES)
    async def import_service(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        dry_run: DryRun = False,
        answer: Answer = "verdicts",
        encoding: Encoding = None,
        sheet: Sheet = None,
        ignore: Ignore = None,
        columns: Columns = None,
        units: Units = None,
        hidden: HiddenRows = None,
    ) -> Response[Imported]:
        """Log the service on a list (CSV, .xlsx, .xls, .ods), sent as the body or as the file of a form.

        What cannot be told of the list is asked (422), before anything is written. Sent again it adds only what is
        missing, and each row is told what it is. Somebody else confirms what is logged. Rows count on a limit of their
        own, and so many are one transaction that other requests get their turn.
        """
        options = options_of(request, dry_run, answer, encoding, sheet, ignore, columns, units, hidden)
        await request.wait_for_reads()
        await request.must_be_known("organisation_id", organisation_id)
        await request.sight.must_log_for(OrganisationId(organisation_id))
        upload = await uploaded(request)
        opened = await opened_within_limits(
            request, upload, partial(open_records, said=options.said, zone=request.zone)
        )
        run = RecordsImport(
            request.services,
            request.bank_id,
            OrganisationId(organisation_id),
            request.acting,
            request_id=request.visit.request_id,
            dry_run=dry_run,
        )
        return await answered(request, upload, opened, run.verdicts(opened, CHUNK), options)
