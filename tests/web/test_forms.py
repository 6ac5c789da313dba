"""What comes in by a form is read within limits, whatever is in it, and not remembered."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from litestar._parsers import parse_url_encoded_form_data

from tests.api.world import World
from tests.controls import ZONE
from tests.web.reader import signed_in
from timebank.web.http.forms import Form

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


@pytest.mark.parametrize("kind", ["text/plain; charset=zlib", "text/plain; charset=utf-16"])
async def test_a_form_in_no_encoding_is_refused(world: World, kind: str) -> None:
    """A part of a form that says it is in what is no encoding, or is in another, is refused."""
    part = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\nContent-Type: {kind}\r\n\r\nabc\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await world.http.post("/sign-in", content=part.encode(), headers=headers)
    assert answer.status_code == 400


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
        ("9:00", "x", ("2026-03-04T09:00:00+08:00", "x")),
        ("", "10:00", ("", "2026-03-04T10:00:00+08:00")),
    ],
)
def test_a_night_goes_on_past_midnight(start: str, end: str, told: tuple[str, str]) -> None:
    """An end before the start is on the day after, if that is within half a day; else it is left, to be told of."""
    assert Form({"start": [start], "end": [end]}).span("2026-03-04", ZONE) == told
