"""Importing the tree of places, and who lives where: lists as offices have them, with a verdict for each row."""

from functools import partial

from litestar import Controller, Response, post
from litestar.di import NamedDependency

from timebank.access.table import ADMINISTRATORS
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
from timebank.exchange.imports.lists import open_places, open_residents
from timebank.exchange.imports.places import PlacesImport, ResidentsImport
from timebank.projections.credit import policies


class PlacesImportController(Controller):
    """`/v1/nodes/import` and `/v1/nodes/import-residents`"""

    path = "/nodes"
    tags = ("Places",)

    @post(
        "/import",
        status_code=200,
        responses=IMPORTS,
        access=ADMINISTRATORS,
        upload=True,
        request_max_body_size=LIST_BYTES,
        dependencies=OPTIONS,
    )
    async def import_places(self, request: BankRequest, options: NamedDependency[Options]) -> Response[Imported]:
        """Open the places on a list: a column for each level of the bank's, a row for each place.

        What is there already stays as it is. From the day in the column 起始日期 (`from_day`) on, or from today.
        """
        upload, levels = await uploaded(request), await _levels(request)
        opened = await opened_within_limits(request, upload, partial(open_places, said=options.said, levels=levels))
        run = PlacesImport(
            request.services,
            request.bank_id,
            request.acting,
            request_id=request.request_id,
            dry_run=options.dry_run,
        )
        return await answered(request, upload, opened, run.verdicts(opened, CHUNK), options)

    @post(
        "/import-residents",
        status_code=200,
        responses=IMPORTS,
        access=ADMINISTRATORS,
        upload=True,
        request_max_body_size=LIST_BYTES,
        dependencies=OPTIONS,
    )
    async def import_residents(self, request: BankRequest, options: NamedDependency[Options]) -> Response[Imported]:
        """Say who of the volunteers lives, or works, where: by number or phone, and a column for each level."""
        upload, levels = await uploaded(request), await _levels(request)
        opened = await opened_within_limits(request, upload, partial(open_residents, said=options.said, levels=levels))
        run = ResidentsImport(
            request.services,
            request.bank_id,
            request.acting,
            request_id=request.request_id,
            dry_run=options.dry_run,
        )
        return await answered(request, upload, opened, run.verdicts(opened, CHUNK), options)


async def _levels(request: BankRequest) -> tuple[str, ...]:
    """The levels of places that the rule book names today."""
    return (await policies.in_force(request.pool, request.bank_id, request.today)).rules.place_levels
