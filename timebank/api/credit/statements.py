"""Statements: what happened on an account, and why there is on it what there is."""

import calendar
from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from typing import Annotated, NamedTuple

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from timebank.access.table import VIEW_ACCOUNT
from timebank.api.http.lists import sent
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest, Limit
from timebank.api.http.streams import Streamed, as_table, started
from timebank.domain.credit.causes import Part
from timebank.domain.credit.statements import Language, Line, Teller, between, cause_in_words
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.exchange.spreadsheets.tables import MEDIA_TYPES, Form, table
from timebank.exchange.spreadsheets.writing import Cell
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
After = Annotated[int, QueryParameter(ge=0, le=2**53, description="The `next` of the page before.")]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the lines of a period, between what was available before the period and after it.

    `opening_minutes`, `closing_minutes` and `parts`, which sum to the difference, are always of the whole period.
    `position` is that of the log which the statement is as of.
    """

    volunteer_id: str
    opening_minutes: int
    closing_minutes: int
    parts: list[Part]
    lines: list[Line]
    next: str | None
    position: int


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """All that adds up to the balance: the causes with their sums, and a page of the facts with what each rule did."""

    volunteer_id: str
    available_minutes: int
    parts: list[Part]
    lines: list[Line]
    next: str | None
    position: int


class _Period(NamedTuple):
    """A stretch of the log: after a position, until another; `head` is the end of the log."""

    after: int
    until: int
    head: int


class StatementController(Controller):
    """`/v1/volunteers/{volunteer_id}/statement` and `…/balance/why`"""

    path = "/volunteers/{volunteer_id:str}"
    tags = ("Volunteers",)
    opt = NEVER_BEHIND

    @get("/statement", responses=READS, access=VIEW_ACCOUNT)
    async def get_statement(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        first_day: FirstDay = None,
        last_day: LastDay = None,
        month: Month = None,
        language: In = "zh",
        after: After = 0,
        limit: Limit = 500,
    ) -> Statement:
        """What happened on an account, in the order of the log, with the running balance; of all time, or a period."""
        period = await _period(request, volunteer_id, _days(first_day, last_day, month))
        return await _statement(request, volunteer_id, period, language, after, limit)

    @get("/statement.csv", responses=READS, media_type="text/csv", access=VIEW_ACCOUNT)
    async def get_statement_csv(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        first_day: FirstDay = None,
        last_day: LastDay = None,
        month: Month = None,
        language: In = "zh",
    ) -> Streamed[bytes]:
        """The same for a spreadsheet (CSV in UTF-8 with BOM), all pages; no cell of it can be taken for a formula."""
        period = await _period(request, volunteer_id, _days(first_day, last_day, month))
        return await _as_table(request, volunteer_id, period, language, "csv")

    @get("/statement.xlsx", responses=READS, media_type=MEDIA_TYPES["xlsx"], access=VIEW_ACCOUNT)
    async def get_statement_xlsx(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        first_day: FirstDay = None,
        last_day: LastDay = None,
        month: Month = None,
        language: In = "zh",
    ) -> Streamed[bytes]:
        """The same as a workbook, all pages; numbers and times in it are such."""
        period = await _period(request, volunteer_id, _days(first_day, last_day, month))
        return await _as_table(request, volunteer_id, period, language, "xlsx")

    @get("/balance/why", responses=READS, access=VIEW_ACCOUNT)
    async def explain_balance(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        language: In = "zh",
        after: After = 0,
        limit: Limit = 500,
    ) -> Why:
        """Why there are as many minutes available as there are: all facts and rules, adding up to the minute."""
        period = await _period(request, volunteer_id, (date.min, date.max))
        told = await _statement(request, volunteer_id, period, language, after, limit)
        return Why(
            volunteer_id=volunteer_id,
            available_minutes=told.closing_minutes,
            parts=told.parts,
            lines=told.lines,
            next=told.next,
            position=told.position,
        )


async def _period(request: BankRequest, volunteer_id: str, days: tuple[date, date]) -> _Period:
    """The stretch of the log that was recorded on some days, for the account of somebody who is known."""
    pool, bank_id, zone = request.pool, request.bank_id, request.zone
    balance = await balances.balance_of(pool, bank_id, volunteer_id)
    if balance is None:
        raise VolunteerUnknown(volunteer_id=volunteer_id)
    first, last = days
    after = await statements.last_before(pool, bank_id, first, zone, balance.position)
    until = await statements.last_before(pool, bank_id, statements.following(last), zone, balance.position)
    return _Period(after, max(after, until), balance.position)


async def _statement(
    request: BankRequest, volunteer_id: str, period: _Period, language: Language, after: int, limit: int
) -> Statement:
    pool, bank_id = request.pool, request.bank_id
    opening = await statements.standing(pool, bank_id, volunteer_id, period.after)
    closing = await statements.standing(pool, bank_id, volunteer_id, period.until)
    start = max(after, period.after)
    teller = await _teller(request, volunteer_id, start, language)
    # One more than is shown says whether there is another page.
    told = await statements.first_lines(pool, bank_id, teller, start, period.until, request.zone, limit + 1)
    return Statement(
        volunteer_id=volunteer_id,
        opening_minutes=opening.accounts["available"],
        closing_minutes=closing.accounts["available"],
        parts=between(opening, closing),
        lines=told[:limit],
        next=str(told[limit - 1].position) if len(told) > limit else None,
        position=period.head,
    )


async def _teller(request: BankRequest, volunteer_id: str, after: int, language: Language) -> Teller:
    running = await statements.standing(request.pool, request.bank_id, volunteer_id, after)
    return Teller(running, await funds.names(request.pool, request.bank_id), language)


_HEADERS: dict[Language, tuple[str, ...]] = {
    "zh": ("序号", "记录时间", "发生日期", "事项", "增减(分钟)", "构成", "可用余额(分钟)", "冻结(分钟)", "欠账(分钟)"),
    "en": (
        *("position", "recorded", "happened", "what", "change, minutes", "parts"),
        *("available, minutes", "reserved, minutes", "debt, minutes"),
    ),
}
_OPENING: dict[Language, str] = {"zh": "期初余额", "en": "Opening balance"}
_CLOSING: dict[Language, str] = {"zh": "期末余额", "en": "Closing balance"}


async def _as_table(
    request: BankRequest, volunteer_id: str, period: _Period, language: Language, form: Form
) -> Streamed[bytes]:
    make = partial(table, form, _HEADERS[language], "statement")
    rows = _rows(request, volunteer_id, period, language)
    made = as_table(make, rows, lambda some: some, request.app.state.tables, request.user.turn_of)
    return sent(form, f"statement-{volunteer_id}", await started(made))


async def _rows(
    request: BankRequest, volunteer_id: str, period: _Period, language: Language
) -> AsyncIterator[list[list[Cell]]]:
    teller = await _teller(request, volunteer_id, period.after, language)
    yield [_sum(_OPENING[language], teller)]
    told = statements.lines(request.pool, request.bank_id, teller, period.after, period.until, request.zone)
    async for some in told:
        await request.pace()
        yield [_row(line, language) for line in some]
    yield [_sum(_CLOSING[language], teller)]


def _sum(words: str, teller: Teller) -> list[Cell]:
    """A row that says what is available."""
    return [None, None, None, words, None, None, teller.running.accounts["available"], None, None]


def _row(line: Line, language: Language) -> list[Cell]:
    """A line as cells."""
    return [
        line.position,
        line.recorded_at,
        line.happened_on,
        line.words,
        line.change_minutes,
        "; ".join(f"{cause_in_words(part.cause, language)} {part.minutes:+}" for part in line.parts),
        line.balance_minutes,
        line.reserved_minutes,
        line.debt_minutes,
    ]


def _days(first_day: date | None, last_day: date | None, month: str | None) -> tuple[date, date]:
    """The first and the last day that are meant: of the month, and of what else is said."""
    first, last = first_day or date.min, last_day or date.max
    if month is None:
        return first, last
    of_month = date.fromisoformat(f"{month}-01")
    days = calendar.monthrange(of_month.year, of_month.month)[1]
    return max(first, of_month), min(last, of_month.replace(day=days))
