"""Importing people: a list of names and phones, as offices have it, with a verdict for each row."""

from functools import partial

from litestar import Controller, Response, post
from litestar.di import NamedDependency

from timebank.access.table import REGISTER_VOLUNTEERS
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
        dependencies=OPTIONS,
    )
    async def import_volunteers(self, request: BankRequest, options: NamedDependency[Options]) -> Response[Imported]:
        """Register the people on a list (CSV, .xlsx, .xls, .ods), sent as the body or as the file of a form.

        What cannot be told of the list is asked (422), before anything is written. Who is registered already, with the
        same name and phone, is not registered again; who may be is a question in the verdict on their row.
        """
        upload = await uploaded(request)
        opened = await opened_within_limits(request, upload, partial(open_volunteers, said=options.said))
        run = VolunteersImport(
            request.services,
            request.bank_id,
            request.acting,
            request_id=request.request_id,
            dry_run=options.dry_run,
            allowed=request.app.state.comparisons.by(request.user, request.today),
        )
        if options.dry_run and not request.acting.governs:
            await request.note_again("people-read", people=opened.as_read.rows)
        return await answered(request, upload, opened, run.verdicts(opened, CHUNK), options)
