"""Importing people: a list of names and phones, as offices have it, with a verdict for each row."""

from functools import partial

from litestar import Controller, Response, post

from timebank.access.table import REGISTER_VOLUNTEERS
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
from timebank.exchange.imports.lists import open_volunteers
from timebank.exchange.imports.volunteers import VolunteersImport


class VolunteersImportController(Controller):
    """`/v1/volunteers/import`"""

    path = "/volunteers/import"
    tags = ("Volunteers",)

    @post(
        status_code=200,
        responses=IMPORTS,
        access=REGISTER_VOLUNTEERS,
        upload=True,
        request_max_body_size=LIST_BYTES,
    )
    async def import_volunteers(
        self,
        request: BankRequest,
        dry_run: DryRun = False,
        answer: Answer = "verdicts",
        encoding: Encoding = None,
        sheet: Sheet = None,
        ignore: Ignore = None,
        columns: Columns = None,
        units: Units = None,
        hidden: HiddenRows = None,
    ) -> Response[Imported]:
        """Register the people on a list (CSV, .xlsx, .xls, .ods), sent as the body or as the file of a form.

        What cannot be told of the list is asked (422), before anything is written. Who is registered already, with the
        same name and phone, is not registered again; who may be is a question in the verdict on their row.
        """
        options = options_of(request, dry_run, answer, encoding, sheet, ignore, columns, units, hidden)
        upload = await uploaded(request)
        opened = await opened_within_limits(request, upload, partial(open_volunteers, said=options.said))
        run = VolunteersImport(
            request.services, request.bank_id, request.acting, request_id=request.visit.request_id, dry_run=dry_run
        )
        return await answered(request, upload, opened, run.verdicts(opened, CHUNK), options)
