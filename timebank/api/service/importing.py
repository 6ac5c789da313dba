"""Importing service: a list of an organisation, as offices have it, with a verdict for each row."""

from functools import partial

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from timebank.access.table import LOG_SERVICE
from timebank.api.http.problems import IMPORTS
from timebank.api.http.requests import BankRequest
from timebank.api.http.uploads import (
    CHUNK,
    LIST_BYTES,
    OPTIONS,
    Imported,
    Options,
    answered,
    opened_within_limits,
    uploaded,
)
from timebank.domain.identifiers import OrganisationId
from timebank.exchange.imports.lists import open_records
from timebank.exchange.imports.records import RecordsImport


class ServiceImportController(Controller):
    """`/v1/organisations/{organisation_id}/service-records/import`"""

    path = "/organisations/{organisation_id:str}/service-records/import"
    tags = ("Service records",)

    @post(
        status_code=200,
        responses=IMPORTS,
        access=LOG_SERVICE,
        upload=True,
        request_max_body_size=LIST_BYTES,
        dependencies=OPTIONS,
    )
    async def import_service(
        self, request: BankRequest, organisation_id: FromPath[str], options: NamedDependency[Options]
    ) -> Response[Imported]:
        """Log the service on a list (CSV, .xlsx, .xls, .ods), sent as the body or as the file of a form.

        What cannot be told of the list is asked (422), before anything is written. Sent again it adds only what is
        missing, and each row is told what it is. Somebody else confirms what is logged. Rows count on a limit of their
        own, and so many are one transaction that other requests get their turn.
        """
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
            request_id=request.request_id,
            dry_run=options.dry_run,
            allowed=request.app.state.comparisons.by(request.user, request.today),
        )
        if options.dry_run:
            await request.note_again("people-read", people=opened.as_read.rows)
        return await answered(request, upload, opened, run.verdicts(opened, CHUNK), options)
