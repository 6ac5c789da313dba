"""Statements: what happened on an account, and why there is on it what there is."""

import calendar
from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, Response, get
from litestar.params import FromPath, QueryParameter

from timebank.access.table import VIEW_ACCOUNT
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest
from timebank.domain.credit.statements import Language, Line, Part, cause_in_words, lines, sums
from timebank.domain.identifiers import VolunteerId
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.exchange.spreadsheets import written
from timebank.projections.credit import balances, funds, statements

FirstDay = Annotated[
    date | None, QueryParameter(name="from", description="The first local day on which lines were recorded.")
]
LastDay = Annotated[
    date | None, QueryParameter(name="until", description="The last local day on which lines were recorded.")
]
Month = Annotated[
    str | None,
    QueryParameter(pattern=r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$(?!\n)", description="Only this month, as `2026-11`."),
]
In = Annotated[Language, QueryParameter(name="language", description="In which language the words are.")]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a period, between what was available before and after; `parts` sum to the difference.

    `position` is that of the last line of the account, whatever period was asked for.
    """

    volunteer_id: str
    opening_minutes: int
    closing_minutes: int
    parts: list[Part]
    lines: list[Line]
    position: int


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """All that adds up to the balance: the causes with their sums, and every fact with what each rule did."""

    volunteer_id: str
    available_minutes: int
    parts: list[Part]
    lines: list[Line]
    position: int


class StatementController(Controller):
    """`/v1/volunteers/{volunteer_id}/statement` and `…/balance/why`"""

    path = "/volunteers/{volunteer_id:str}"
    tags = ("Volunteers",)

    @get("/statement", responses=READS, access=VIEW_ACCOUNT)
    async def get_statement(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        first_day: FirstDay = None,
        last_day: LastDay = None,
        month: Month = None,
        language: In = "zh",
    ) -> Statement:
        """What happened on an account, in the order of the log, with the running balance; of all time, or a period."""
        return await _statement(request, volunteer_id, _period(first_day, last_day, month), language)

    @get("/statement.csv", responses=READS, media_type="text/csv", access=VIEW_ACCOUNT)
    async def get_statement_csv(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        first_day: FirstDay = None,
        last_day: LastDay = None,
        month: Month = None,
        language: In = "zh",
    ) -> Response[bytes]:
        """The same as a spreadsheet (CSV in UTF-8 with BOM); no cell of it can be taken for a formula."""
        found = await _statement(request, volunteer_id, _period(first_day, last_day, month), language)
        name = f"statement-{volunteer_id}.csv"
        return Response(
            _as_csv(found, language),
            media_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @get("/balance/why", responses=READS, access=VIEW_ACCOUNT)
    async def explain_balance(self, request: BankRequest, volunteer_id: FromPath[str], language: In = "zh") -> Why:
        """Why there are as many minutes available as there are: all facts and rules, adding up to the minute."""
        told = await _lines(request, volunteer_id, language)
        return Why(
            volunteer_id=volunteer_id,
            available_minutes=_balance(told),
            parts=sums(told),
            lines=told,
            position=_position(told),
        )


async def _statement(
    request: BankRequest, volunteer_id: str, period: tuple[date, date], language: Language
) -> Statement:
    told = await _lines(request, volunteer_id, language)
    first_day, last_day = period
    before = [line for line in told if line.recorded_at.date() < first_day]
    within = [line for line in told if first_day <= line.recorded_at.date() <= last_day]
    return Statement(
        volunteer_id=volunteer_id,
        opening_minutes=_balance(before),
        closing_minutes=_balance([*before, *within]),
        parts=sums(within),
        lines=within,
        position=_position(told),
    )


async def _lines(request: BankRequest, volunteer_id: str, language: Language) -> list[Line]:
    pool, bank_id = request.pool, request.bank_id
    if await balances.balance_of(pool, bank_id, volunteer_id) is None:
        raise VolunteerUnknown(volunteer_id=volunteer_id)
    zone = request.zone
    assert zone is not None, "a bank has a local time"
    entries = await statements.entries(pool, bank_id, volunteer_id, zone)
    return list(lines(entries, VolunteerId(volunteer_id), await funds.names(pool, bank_id), language))


_HEADERS: dict[Language, tuple[str, ...]] = {
    "zh": ("序号", "记录时间", "发生日期", "事项", "增减(分钟)", "构成", "可用余额(分钟)", "冻结(分钟)", "欠账(分钟)"),
    "en": (
        *("position", "recorded", "happened", "what", "change, minutes", "parts"),
        *("available, minutes", "reserved, minutes", "debt, minutes"),
    ),
}
_OPENING: dict[Language, str] = {"zh": "期初余额", "en": "Opening balance"}
_CLOSING: dict[Language, str] = {"zh": "期末余额", "en": "Closing balance"}


def _as_csv(found: Statement, language: Language) -> bytes:
    opening = ("", "", "", _OPENING[language], "", "", str(found.opening_minutes), "", "")
    closing = ("", "", "", _CLOSING[language], "", "", str(found.closing_minutes), "", "")
    return written([_HEADERS[language], opening, *(_row(line, language) for line in found.lines), closing])


def _row(line: Line, language: Language) -> tuple[str, ...]:
    """A line as cells; times are local, in the form in which spreadsheets know them."""
    return (
        str(line.position),
        f"{line.recorded_at:%Y-%m-%d %H:%M:%S}",
        line.happened_on.isoformat(),
        line.words,
        f"{line.change_minutes:+}" if line.change_minutes else "0",
        "; ".join(f"{cause_in_words(part.cause, language)} {part.minutes:+}" for part in line.parts),
        str(line.balance_minutes),
        str(line.reserved_minutes),
        str(line.debt_minutes),
    )


def _balance(told: list[Line]) -> int:
    return told[-1].balance_minutes if told else 0


def _position(told: list[Line]) -> int:
    return told[-1].position if told else 0


def _period(first_day: date | None, last_day: date | None, month: str | None) -> tuple[date, date]:
    """The first and the last day that are meant: of the month, and of what else is said."""
    first, last = first_day or date.min, last_day or date.max
    if month is None:
        return first, last
    of_month = date.fromisoformat(f"{month}-01")
    days = calendar.monthrange(of_month.year, of_month.month)[1]
    return max(first, of_month), min(last, of_month.replace(day=days))
