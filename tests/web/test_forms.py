"""What comes in by a form is read within limits, whatever is in it, and not remembered."""

import encodings
from collections.abc import AsyncGenerator
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from litestar._parsers import parse_url_encoded_form_data
from multipart import MultipartError

from tests.api.world import World
from tests.controls import ZONE
from tests.web.reader import signed_in
from timebank.api.http.strict_json import parts_of
from timebank.web.http.forms import Form, Unreadable, Yearless
from timebank.web.http.pages import LONGEST_FIELD
from timebank.web.http.showing import WEB
from timebank.web.http.telling.naming import MOST_NAMED, in_words

URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


@example(text="--5")
@given(text=st.text(alphabet="-+0123456789,. ²٣a", max_size=20))
def test_what_is_no_number_is_left_as_it_is(text: str) -> None:
    """Whatever is typed where a number belongs, it is a number, or the text for the API to refuse, or nothing."""
    form = Form({"hours": [text], "minutes": ["5"]})
    assert isinstance(form.number("hours"), int | str | None)
    assert isinstance(form.minutes(), int | str)


@pytest.mark.parametrize("body", [b"a=&" * 100_000, b"a=" + b"%41" * 100_000, b"a" * 20_000])
async def test_strangers_send_little(world: World, body: bytes) -> None:
    """Whoever has not signed in is refused what no form of theirs would send, before it is read."""
    for address in ("/sign-in", "/code", "/settings"):
        answer = await world.http.post(address, content=body, headers=URLENCODED)
        assert answer.status_code == 413, address


async def test_a_form_has_so_many_fields(world: World) -> None:
    """Of somebody who has signed in too a form is refused that would take long to read."""
    reader = await signed_in(world, world.volunteer.id)
    for body in (b"a=&" * 6_000, b"a=" + b"%41" * 100_000):
        assert (await reader.http.post("/give", content=body, headers=URLENCODED)).status_code == 413


async def test_what_was_typed_is_not_kept(world: World) -> None:
    """After a form was answered nothing in the process remembers its body, in which a password may be."""
    parse_url_encoded_form_data.cache_clear()
    for n in range(3):
        body = f"csrf=x&login=1&password=secret-{n}"
        assert (await world.http.post("/sign-in", content=body, headers=URLENCODED)).status_code == 403
    assert parse_url_encoded_form_data.cache_info().currsize == 0


async def _two_of(world: World, kind: str) -> list[str]:
    """Two of a kind that a page has a form each for, in a list."""
    if kind == "merge":
        return [(await world.somebody(f"同名{n}", birth_year=1949)).id for n in (1, 1, 2, 2)][::2]
    make = {"organisation": world.body, "reward": world.reward}.get(kind)
    return [await (make() if make else world.proposal(await world.somebody())) for _ in range(2)]


@pytest.mark.parametrize(
    ("kind", "what", "name"),
    [
        ("organisation", "suspend", "organisation_id"),
        ("reward", "pause", "reward_id"),
        ("proposal", "decline", "proposal_id"),
        ("merge", "", "earlier_id"),
    ],
)
async def test_a_form_in_a_list_keeps_what_was_typed(world: World, kind: str, what: str, name: str) -> None:
    """What was typed into a form of one of many, and refused, is shown there once more, and in none of the others."""
    ids = await _two_of(world, kind)
    caller, top = (world.coordinator, f"/o/{world.garden}") if kind == "proposal" else (world.administrator, "/admin")
    reader, typed = await signed_in(world, caller.id), "长" * 5_000
    page = await reader.get(f"{top}/{kind}s")
    form = next(each for each in page.forms if each.fields.get(name) == ids[0] and "reason" in each.fields)
    refused = await reader.send(form, **{"kept": "earlier"} if kind == "merge" else {"what": what}, reason=typed)
    assert refused.status == 400, refused.text
    kept = [(each.fields[name], each.fields["reason"]) for each in refused.forms if "reason" in each.fields]
    assert {who: said for who, said in kept if who in ids} == {ids[0]: typed, ids[1]: ""}
    folds = [tag for tag, said in refused.tags if tag == "details" and "open" in said]
    assert folds == ([] if kind == "merge" else ["details"])


@pytest.mark.parametrize("encoding", ["zlib", "utf-16", "punycode", "la-tin-1", "there-is-none"])
async def test_a_form_in_no_encoding_is_refused(world: World, encoding: str) -> None:
    """A part of a form that says it is in another encoding is refused; the name is not even looked for, nor kept."""
    kind, looked_for = f"text/plain; charset={encoding}", set(encodings._cache)  # type: ignore[attr-defined]
    part = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\nContent-Type: {kind}\r\n\r\nabc\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await world.http.post("/sign-in", content=part.encode(), headers=headers)
    assert answer.status_code == 400
    assert set(encodings._cache) == looked_for  # type: ignore[attr-defined]


async def test_a_form_in_parts_is_read() -> None:
    """Its fields, several of one name too, and its files are read as UTF-8, however they arrive; half of one is not."""

    async def arriving(body: bytes) -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body) + 7, 7):
            yield body[start : start + 7]

    part = "--x\r\nContent-Disposition: form-data; name={}\r\n\r\n{}\r\n"
    fields = part.format("a", "值班") + part.format('a\r\nContent-Type: text/plain; charset="UTF-8"', "")
    body = (fields + part.format('"list"; filename="名单.csv"', "姓名") + "--x--\r\n").encode()
    (one, other, (name, file)) = await parts_of(arriving(body), b"x")
    assert (one, other, name) == (("a", "值班"), ("a", ""), "list")
    assert (file.filename, await file.read()) == ("名单.csv", "姓名".encode())
    await file.close()
    with pytest.raises(MultipartError):
        await parts_of(arriving(body[:-9]), b"x")


async def test_a_form_with_u_0000_is_refused(world: World) -> None:
    """What PostgreSQL has no text for is refused in every form, wherever the page would take it."""
    reader = await signed_in(world, world.volunteer.id)
    form = (await reader.get("/give")).form("/give")
    for name in ("to_volunteer_id", "hours"):
        assert (await reader.send(form, **{name: "a\x00b"})).status == 400


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("9:00", "10:30", ("2026-03-04T09:00:00+08:00", "2026-03-04T10:30:00+08:00")),
        ("22:30", "0:30", ("2026-03-04T22:30:00+08:00", "2026-03-05T00:30:00+08:00")),
        ("10:00", "8:30", ("2026-03-04T10:00:00+08:00", "2026-03-04T08:30:00+08:00")),
        ("9:00", "9:00", ("2026-03-04T09:00:00+08:00", "2026-03-04T09:00:00+08:00")),
        ("", "10:00", ("", "2026-03-04T10:00:00+08:00")),
    ],
)
def test_a_night_goes_on_past_midnight(start: str, end: str, told: tuple[str, str]) -> None:
    """An end before the start is on the day after, if that is within half a day; else it is left, to be told of."""
    assert Form({"start": [start], "end": [end]}).span("2026-03-04", ZONE) == told


TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    "text", ["2026-11-27", "2026年11月27日", "2026/11/27", "20261127", "27/11/2026", "11-27", "11月27日", "11/27"]
)
def test_a_day_is_typed_in_any_usual_spelling(text: str) -> None:
    """With its year first, or last where one day only can be meant; this very day is meant without a year too."""
    for yearless in ("latest", "next"):
        assert Form({"day": [text]}).day("day", TODAY, yearless) == "2026-11-27"


@pytest.mark.parametrize(
    ("text", "yearless", "told"),
    [
        ("11-28", "latest", "2025-11-28"),
        ("11-28", "next", "2026-11-28"),
        ("1-5", "next", "2027-01-05"),
        ("1月5日", "latest", "2026-01-05"),
        ("2-29", "next", "2028-02-29"),
        ("2-29", "latest", "2024-02-29"),
    ],
)
def test_without_a_year_the_day_is_meant_that_can_be(text: str, yearless: Yearless, told: str) -> None:
    """What was done is of the latest such day, and what is planned of the next one."""
    assert Form({"day": [text]}).day("day", TODAY, yearless) == told


@pytest.mark.parametrize(
    ("text", "yearless"), [("3/1/2026", "latest"), ("soon", "next"), ("11-27", "refused"), ("2-30", "next")]
)
def test_what_may_be_another_day_is_refused(text: str, yearless: Yearless) -> None:
    """What can be read in two ways, or not at all, is no day; nor is one without a year where either may be meant."""
    with pytest.raises(Unreadable):
        Form({"day": [text]}).day("day", TODAY, yearless)


async def test_a_day_that_cannot_be_read_is_told_beside_its_field(world: World) -> None:
    """In words, with how to write it: a form that plans is refused, and what was typed stays in it; clocks likewise."""
    reader, path = await signed_in(world, world.coordinator.id), f"/o/{world.garden}/activities/new"
    form = (await reader.get(path)).form(path)
    plan = {"name": "义诊", "category": "公益慈善", "content": "量血压", "place": "广场"}
    times = {"start": "9:00", "end": "10:00"}
    for wrong, field, told in (
        ({"day": "3/1/2190"}, "day", "请先写年"),
        ({"day": "2190-01-01", "start": "早一点"}, "start", "8:30"),
    ):
        page = await reader.send(form, **plan, **times | wrong)
        assert page.status == 422
        assert told in page.text
        assert any(said.get("id") == f"{field}-fix" for _, said in page.tags)
        assert page.form(path).fields[field] == wrong[field]
    page = await reader.send(form, **plan, **times, day="2190年1月1日")
    assert page.status == 200


async def test_a_list_of_days_is_asked_in_any_spelling(world: World) -> None:
    """The day of an address is read as that of a form; what is none is told beside the field, which says it still."""
    reader = await signed_in(world, world.administrator.id)
    assert (await reader.get("/admin/history?until=2026年11月27日")).status == 200
    records = f"/o/{world.garden}/records"
    for path, *names in (("/admin/history", "until"), ("/admin/then", "day"), (records, "from", "until")):
        page = await reader.get(f"{path}?{'&'.join(f'{name}=soon' for name in names)}")
        assert (page.status, page.text.count("不是日期")) == (422, 2 * len(names)), path
        for name in names:
            assert any(said.get("id") == f"{name}-fix" for _, said in page.tags)
            assert next(form for form in page.forms if name in form.typed).fields[name] == "soon"


def test_no_page_needs_a_picker_of_the_browser() -> None:
    """Days and times are typed: a picker speaks the language of the browser, and not that of the page."""
    pages = "".join(path.read_text(encoding="utf8") for path in (WEB / "templates").rglob("*.html"))
    for kind in ("date", "time", "month", "week", "datetime-local"):
        assert f'type="{kind}"' not in pages


async def test_what_is_typed_is_neither_asked_for_nor_shown_without_end(world: World) -> None:
    """Of thousands of ids that are typed few are put into words; a field that is too long is refused."""
    asked: list[str] = []

    async def ask(path: str) -> None:
        asked.append(path)

    ids = " ".join(f"vol_{n:032x}" for n in range(500))
    problem = await in_words({"detail": ids}, ask)
    assert (len(asked), problem["detail"]) == (MOST_NAMED, ids)
    reader = await signed_in(world, world.volunteer.id)
    form = (await reader.get("/give")).form("/give")
    assert (await reader.send(form, to_volunteer_id='"' * (LONGEST_FIELD + 1))).status == 400
