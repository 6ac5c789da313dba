"""Who is meant by the numbers and phones on a list of service."""

from uuid import UUID

from timebank.domain.identifiers import VolunteerId, is_volunteer_number
from timebank.exchange.spreadsheets import CellError, Row, Table, parse_phone
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services

WHO_COLUMNS = ("number", "volunteer", "phone")
"""The columns that can tell who it is; the first that is filled in does."""


class People:
    """The volunteers on a list, by number and phone. Several may share a phone."""

    def __init__(self, table: Table, ids: dict[str, list[str]]) -> None:
        self._table = table
        self._ids = ids

    def volunteer_in(self, row: Row) -> VolunteerId:
        """The volunteer whom a row is about. Raises `CellError` if that is nobody, or not one alone."""
        column, number_or_phone = _who(row)
        ids = self._ids.get(number_or_phone, [])
        if len(ids) == 1:
            return VolunteerId(ids[0])
        problem = "is the phone of several volunteers: write the number" if ids else "is no volunteer of this bank"
        header = self._table.headings.get(column, "")
        raise CellError(row.cells.get(column, ""), problem, column=column, header=header)


async def people_on(services: Services, bank_id: UUID, table: Table) -> People:
    """The volunteers on a list."""
    while await services.runner.catch_up(bank_id):
        pass
    wanted = sorted({number_or_phone for row in table.rows if (number_or_phone := _who(row)[1])})
    return People(table, await volunteers.by_number_or_phone(services.pool, services.people, bank_id, wanted))


def _who(row: Row) -> tuple[str, str]:
    """The column that tells who it is, and the number or the phone it says, in one spelling; empty if it is neither."""
    column = next((name for name in WHO_COLUMNS if row.cells.get(name)), "volunteer")
    text = row.cells.get(column, "")
    compact = text.replace(" ", "")
    if is_volunteer_number(compact):
        return column, compact
    try:
        return column, parse_phone(text)
    except CellError:
        return column, ""
