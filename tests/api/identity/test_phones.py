"""Phones are verified before anybody signs in with them."""

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.api.identity.door import (
    ADDRESSES,
    OTHER,
    PASSWORD,
    PHONES,
    Clock,
    Somebody,
    code_for,
    log_of,
    problem,
    settled_in,
    sign_in,
    use_code,
)
from tests.api.world import World, said, settled, wide
from tests.helpers.gateway import Gateway, gateway
from timebank.identity import phones, senders
from timebank.runtime.composition import sender_of, utc_now
from timebank.runtime.founding import found_bank
from timebank.runtime.settings import Settings, SettingsError, from_environ

MY = "/v1/me/phone"
OTHERS = """
insert into phone_code (bank_id, volunteer_id, phone_index, code_hash, issued_by, issued_at, expires_at)
select bank_id, $2, phone_index, code_hash, issued_by, issued_at - interval '23 hours' + n * interval '1 minute', now()
  from phone_code, generate_series(1, $3::integer) n where volunteer_id = $1
"""
"""So many codes to somebody's phone for somebody else: the first of them is a day old in 61 minutes, the next in 62."""


class Outbox:
    """A sender that keeps what was sent."""

    way = "message"

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, phone: str, code: str, minutes: int) -> None:
        """Keep it."""
        assert minutes == phones.MINUTES
        self.sent.append((phone, code))


@pytest.fixture
def outbox(door: World, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """What the service sends meanwhile."""
    outbox = Outbox()
    monkeypatch.setattr(door.services.phones, "_sender", outbox)
    return outbox


async def newcomer(world: World, phone: str) -> Somebody:
    """Somebody who says a phone is theirs, which nobody has made sure of."""
    return await settled_in(world, verified=False, phone=phone)


async def sent_to(somebody: Somebody, outbox: Outbox) -> str:
    """The code that comes to somebody's phone."""
    await somebody.caller.post(MY, expect=200)
    return outbox.sent[-1][1]


async def verify(somebody: Somebody, code: str, expect: int = 200) -> dict[str, Any]:
    """What somebody is told who says a code."""
    told: dict[str, Any] = await somebody.caller.post(f"{MY}/verify", {"code": code}, expect=expect)
    return told


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 10**6:06}"


class TestVerifying:
    """Whoever has the phone in their hand says so with a code; until then it lets nobody in."""

    async def test_an_unverified_phone_finds_nobody(self, door: World, outbox: Outbox) -> None:
        """Before the code came back the number lets in and the phone does not; afterwards both do."""
        phone = next(PHONES)
        somebody = await newcomer(door, phone)
        assert problem(await sign_in(door, phone)) == (401, "sign-in-refused")
        said(await sign_in(door, somebody.number), 201)
        assert await somebody.caller.get(MY) == {"phone": phone, "verified_at": None}
        sent = await somebody.caller.post(MY, expect=200)
        assert (sent["phone"], sent["way"]) == (f"*******{phone[-4:]}", "message")
        ((number, code),) = outbox.sent
        assert number == phone
        assert await verify(somebody, wide(f"{code[:3]} {code[3:]}")) == {"done": True}
        assert said(await sign_in(door, phone), 201)["volunteer_id"] == somebody.id
        assert (await somebody.caller.get(MY))["verified_at"] is not None
        (verified,) = await log_of(door, somebody.id, "phone-verified")
        assert verified["actor"] == somebody.id

    async def test_taking_a_phone_changes_nothing_for_its_owner(self, door: World) -> None:
        """Four strangers who put in somebody's phone, even with the same password, are not in their way."""
        phone = next(PHONES)
        for _ in range(phones.SHARE_A_PHONE):
            await newcomer(door, phone)
        owner = await settled_in(door, phone=phone)
        for _ in range(phones.SHARE_A_PHONE):
            await newcomer(door, phone)
        assert said(await sign_in(door, phone), 201)["volunteer_id"] == owner.id

    async def test_four_may_share_a_phone(self, door: World, outbox: Outbox) -> None:
        """The fifth who has it in their hand is told to use their number; the four go on."""
        phone = next(PHONES)
        family = [await newcomer(door, phone) for _ in range(phones.SHARE_A_PHONE + 1)]
        codes_sent = []
        for each in family:
            await door.services.pool.execute("update phone_code set issued_at = issued_at - interval '2 hours'")
            codes_sent.append(await sent_to(each, outbox))
        answers = await asyncio.gather(
            *(each.caller.ask("POST", f"{MY}/verify", json={"code": code})
              for each, code in zip(family, codes_sent, strict=True))
        )  # fmt: skip
        assert sorted(each.status_code for each in answers) == [200] * 4 + [409]
        (refused,) = [each for each in answers if each.status_code == 409]
        assert problem(refused) == (409, "phone-shared")

    async def test_another_phone_is_unverified_again(self, door: World, outbox: Outbox) -> None:
        """With the phone goes its proof; the same one in another spelling keeps it."""
        phone, new = next(PHONES), next(PHONES)
        somebody = await settled_in(door, phone=phone)
        path = f"/v1/volunteers/{somebody.id}"
        await somebody.caller.patch(path, {"phone": f"{phone[:3]}-{phone[3:]}", "skills": []}, expect=200)
        said(await sign_in(door, phone), 201)
        code = await sent_to(somebody, outbox)
        await somebody.caller.patch(path, {"phone": new}, expect=200)
        for each in (phone, new):
            assert problem(await sign_in(door, each)) == (401, "sign-in-refused")
        assert (await verify(somebody, code, 422))["type"] == "/problems/phone-code-not-valid", (
            "it is for the other one"
        )
        await verify(somebody, await sent_to(somebody, outbox))
        assert said(await sign_in(door, new), 201)["volunteer_id"] == somebody.id
        await somebody.caller.patch(path, {"phone": None}, expect=200)
        assert (await somebody.caller.post(MY, expect=409))["type"] == "/problems/phone-missing"

    async def test_whoever_signed_in_with_it_before_goes_on(self, door: World) -> None:
        """A phone that let somebody in before phones were verified still does; of others nobody gets in their way."""
        phone = next(PHONES)
        somebody, stranger = await newcomer(door, phone), await newcomer(door, phone)
        attempts = door.services.sign_in._attempts
        await attempts.succeeded(door.services.pool, door.bank_id, phone, next(ADDRESSES), somebody.id, utc_now())
        assert said(await sign_in(door, phone), 201)["volunteer_id"] == somebody.id
        said(await sign_in(door, stranger.number), 201)
        assert said(await sign_in(door, phone), 201)["volunteer_id"] == somebody.id


class TestCodes:
    """A code is short, so it is good for a quarter of an hour, five tries, one phone and one person."""

    async def test_is_kept_as_a_keyed_hash(self, door: World, outbox: Outbox) -> None:
        """Six digits could be tried out: what is kept of them is worth nothing without the key file."""
        somebody = await newcomer(door, next(PHONES))
        code = await sent_to(somebody, outbox)
        (row,) = await door.services.pool.fetch(
            "select c::text as row from phone_code c where volunteer_id = $1", somebody.id
        )
        assert code not in row["row"].split(",")
        assert outbox.sent[-1][0] not in row["row"]
        assert len(code) == 6

    async def test_is_good_for_few_tries(self, door: World, outbox: Outbox) -> None:
        """After five wrong ones the right one is no longer right, also when they come at once."""
        somebody = await newcomer(door, next(PHONES))
        code = await sent_to(somebody, outbox)
        tries = (somebody.caller.ask("POST", f"{MY}/verify", json={"code": wrong(code)}) for _ in range(phones.TRIES))
        assert {problem(each) for each in await asyncio.gather(*tries)} == {(422, "phone-code-not-valid")}
        await verify(somebody, code, 422)
        again = await sent_to(somebody, outbox)
        await verify(somebody, wrong(again), 422)
        await verify(somebody, again)

    async def test_is_good_for_minutes(self, door: World, outbox: Outbox, clock: Clock) -> None:
        """When a quarter of an hour is over, so is the code."""
        somebody = await newcomer(door, next(PHONES))
        code = await sent_to(somebody, outbox)
        await door.services.pool.execute(
            "update phone_code set expires_at = $2 where volunteer_id = $1", somebody.id, clock.now
        )
        await verify(somebody, code, 422)

    async def test_is_good_once_and_the_last_one_only(self, door: World, outbox: Outbox) -> None:
        """A newer code takes the older one's place, and none is used twice, nor by somebody else."""
        somebody, stranger = await newcomer(door, next(PHONES)), await newcomer(door, next(PHONES))
        older, newer = await sent_to(somebody, outbox), await sent_to(somebody, outbox)
        await sent_to(stranger, outbox)
        if older != newer:
            await verify(somebody, older, 422)
        await verify(stranger, newer, 422)
        await verify(somebody, newer)
        await verify(somebody, newer, 422)

    async def test_only_so_many_are_sent(self, door: World, outbox: Outbox, clock: Clock) -> None:
        """Five an hour and ten a day for one person, twice that to one phone: nobody is flooded, no code is guessed."""
        phone = next(PHONES)
        somebody, stranger, another = [await newcomer(door, phone) for _ in range(3)]
        for each in (somebody, stranger):
            for _ in range(phones.CODES_AN_HOUR):
                await sent_to(each, outbox)
        await sent_to(another, outbox)
        for each in (somebody, stranger, another):
            slowed = await each.caller.ask("POST", MY)
            assert problem(slowed) == (429, "too-many-attempts")
            assert 3500 <= int(slowed.headers["retry-after"]) <= 3600
        earlier = "update phone_code set issued_at = issued_at - interval '61 minutes'"
        await door.services.pool.execute(earlier)
        for _ in range(phones.CODES_A_DAY - phones.CODES_AN_HOUR):
            await sent_to(somebody, outbox)
        await door.services.pool.execute(earlier)
        slowed = await somebody.caller.ask("POST", MY)
        assert (slowed.status_code, int(slowed.headers["retry-after"]) > 3600) == (429, True)
        assert len(outbox.sent) == 3 * phones.CODES_AN_HOUR + 1

    async def test_many_at_once_are_counted(self, door: World, outbox: Outbox) -> None:
        """All who have one phone on their account ask at once: no more come there than one after the other."""
        phone = next(PHONES)
        people = [await newcomer(door, phone) for _ in range(4)]
        for each in people:
            await sent_to(each, outbox)
        asked = [each.caller.ask("POST", MY) for each in people for _ in range(phones.CODES_AN_HOUR)]
        answers = await asyncio.gather(*asked)
        most = phones.CODES_AN_HOUR * phones.OF_A_PHONE - len(people)
        assert sorted(each.status_code for each in answers) == [200] * most + [429] * (len(asked) - most)
        assert len(outbox.sent) == most + len(people)

    async def test_nobody_uses_up_the_codes_of_others(self, door: World, outbox: Outbox) -> None:
        """Whoever has somebody's phone on their account keeps them neither from a message nor from their office."""
        phone = next(PHONES)
        somebody, stranger = await newcomer(door, phone), await newcomer(door, phone)
        for _ in range(phones.CODES_AN_HOUR):
            await sent_to(stranger, outbox)
        await verify(somebody, await sent_to(somebody, outbox))
        await door.administrator.post(f"/v1/volunteers/{somebody.id}/phone/codes", expect=201)

    async def test_others_who_know_a_phone_keep_no_code_from_its_owner(self, door: World, outbox: Outbox) -> None:
        """Where several have used up what is sent to a phone in an hour, and in a day, its owner still gets a code."""
        phone = next(PHONES)
        owner, strangers = await newcomer(door, phone), [await newcomer(door, phone) for _ in range(3)]
        for _ in range(2):
            for each in strangers:
                while (await each.caller.ask("POST", MY)).is_success:
                    pass
            await door.services.pool.execute("update phone_code set issued_at = issued_at - interval '61 minutes'")
        assert len(outbox.sent) >= phones.CODES_A_DAY * phones.OF_A_PHONE
        await verify(owner, await sent_to(owner, outbox))

    async def test_a_phone_gets_so_many_a_day_and_no_more(
        self, door: World, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many entered a phone it is not flooded; whoever gets no message gets a code at the office."""
        phone = next(PHONES)
        owner, strangers = await newcomer(door, phone), [await newcomer(door, phone) for _ in range(4)]
        most = phones.CODES_AN_HOUR * phones.OF_A_PHONE + 2
        monkeypatch.setattr(phones, "OF_A_PHONE_A_DAY", most)
        for each in strangers:
            while (await each.caller.ask("POST", MY)).is_success:
                pass
        assert len(outbox.sent) == most
        assert problem(await owner.caller.ask("POST", MY)) == (429, "too-many-attempts")
        made = await door.administrator.post(f"/v1/volunteers/{owner.id}/phone/codes", expect=201)
        await verify(owner, made["code"])

    async def test_is_there_again_when_it_was_said(self, door: World, outbox: Outbox) -> None:
        """Where more came to a phone than its owner gets a code beside, one waits until enough of them are old."""
        phone = next(PHONES)
        owner, stranger = await newcomer(door, phone), await newcomer(door, phone)
        await sent_to(owner, outbox)
        most = phones.CODES_A_DAY * phones.OF_A_PHONE
        await door.services.pool.execute(OTHERS, owner.id, stranger.id, most + 4)
        slowed = await owner.caller.ask("POST", MY)
        assert problem(slowed) == (429, "too-many-attempts")
        assert 65 * 60 < int(slowed.headers["retry-after"]) <= 66 * 60, "when the sixth of them is a day old"


class TestOffices:
    """Where nothing is sent, and for whoever gets no messages, an office hands out the code."""

    async def test_hand_out_codes(self, door: World) -> None:
        """An administrator gets a code for somebody, who verifies their phone with it; both are written down."""
        phone = next(PHONES)
        somebody = await newcomer(door, phone)
        assert (await somebody.caller.post(MY, expect=409))["type"] == "/problems/codes-handed-out"
        made = await door.administrator.post(f"/v1/volunteers/{somebody.id}/phone/codes", expect=201)
        await verify(somebody, made["code"])
        assert said(await sign_in(door, phone), 201)["volunteer_id"] == somebody.id
        (issued,) = await log_of(door, somebody.id, "phone-code-issued")
        assert (issued["actor"], issued["detail"]) == (door.administrator.id, {"as": "administrator"})

    async def test_node_leaders_do_for_their_own(self, door: World) -> None:
        """A node leader hands them out to who lives at their node or below it; others do not exist for them."""
        top = await door.node()
        court = await door.node("楼院", parent_id=top)
        leader = await door.leader(court)
        resident, stranger = await newcomer(door, next(PHONES)), await newcomer(door, next(PHONES))
        await door.lives(resident.id, await door.node("楼栋", parent_id=court))
        await door.lives(stranger.id, await door.node("楼院", parent_id=top))
        made = await leader.post(f"/v1/volunteers/{resident.id}/phone/codes", expect=201)
        await verify(resident, made["code"])
        refused = await leader.post(f"/v1/volunteers/{stranger.id}/phone/codes", expect=404)
        assert refused["type"] == "/problems/volunteer-unknown"

    async def test_nobody_does_for_themselves(self, door: World) -> None:
        """An administrator who needs a code is handed one by another."""
        path = f"/v1/volunteers/{door.administrator.id}/phone/codes"
        assert (await door.administrator.post(path, expect=403))["type"] == "/problems/not-for-yourself"

    async def test_nobody_else_does(self, door: World) -> None:
        """Neither volunteers, nor whoever has a role, nor programs."""
        somebody = await newcomer(door, next(PHONES))
        for caller in (door.volunteer, door.coordinator, door.organisation):
            await caller.post(f"/v1/volunteers/{somebody.id}/phone/codes", expect=403)


class TestSenders:
    """Codes go where the operator wants them, and into no log."""

    async def test_to_a_file_of_their_owner(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only its owner reads the file, it is made where it is missing, and codes that are over are taken out."""
        settings = Settings(home=str(tmp_path / "home"))
        sender = sender_of(settings)
        assert isinstance(sender, senders.FileSender)
        await sender.send("138 0000 1111", "123456", 15)
        await asyncio.gather(*(sender.send("13900002222", f"{n:06}", 15) for n in range(20)))
        assert stat.S_IMODE(settings.phone_file.stat().st_mode) == 0o600
        lines = settings.phone_file.read_text().splitlines()
        assert lines[0].endswith(" 13800001111 123456")
        assert len(lines) == 21
        passed = senders.time.time() + 16 * 60
        monkeypatch.setattr(senders.time, "time", lambda: passed)
        await sender.send("13900002222", "654321", 15)
        assert [line.split()[1:] for line in settings.phone_file.read_text().splitlines()] == [
            ["13900002222", "654321"]
        ]

    @pytest.mark.parametrize(
        "left", [b"\n", b"\0" * 40, b"\xff\xfe\n", b"9999999999 +86138", b"x y z\n", b"9" * 5000 + b" 1 2\n"]
    )
    async def test_to_a_file_that_was_not_written_to_its_end(self, tmp_path: Path, left: bytes) -> None:
        """What a crash, or somebody else, left there is taken out, and from then on only its owner reads the file."""
        file = tmp_path / "codes.txt"
        file.write_bytes(left)
        file.chmod(0o644)
        for code in ("123456", "654321"):
            await senders.FileSender(file).send("13900002222", code, 15)
        assert [line.split()[1:] for line in file.read_text().splitlines()] == [
            ["13900002222", code] for code in ("123456", "654321")
        ]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    async def test_a_file_that_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        """The caller is told that nothing was sent."""
        with pytest.raises(senders.CodeNotSent):
            await senders.FileSender(tmp_path).send("13900002222", "654321", 15)

    async def test_to_the_console(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Whoever runs the program reads it on standard error."""
        sender = sender_of(Settings(phone_codes="console"))
        assert sender is not None
        await sender.send("13900002222", "654321", 15)
        assert "654321" in capsys.readouterr().err

    async def test_to_the_operators_gateway(self, url: str) -> None:
        """It is posted as JSON with the secret; a refusal, silence or a redirect is a code that could not be sent."""
        async with gateway() as found, settled(url, **posting(found)) as world:
            somebody = await newcomer(world, next(PHONES))
            with structlog.testing.capture_logs() as logged:
                sent = await somebody.caller.post(MY, expect=200)
                for answer in (
                    b"HTTP/1.1 500 No\r\n\r\n",
                    b"HTTP/1.1 302 No\r\nLocation: /\r\n\r\n",
                    b"nonsense\r\n\r\n",
                ):
                    found.answer = answer
                    refused = await somebody.caller.ask("POST", MY)
                    assert problem(refused) == (503, "code-not-sent")
            assert (sent["way"], len(found.taken)) == ("message", 4)
            line, headers, body = found.taken[0]
            assert line.startswith("POST /sms/send?channel=1 HTTP/1.1")
            assert headers["authorization"] == "bearer hush"
            assert set(body) == {"phone", "code", "minutes", "text"}
            assert body["code"] in body["text"]
            codes_sent = [body["code"] for _, _, body in found.taken]
            assert not [each for each in codes_sent if each in str([{**line, "milliseconds": 0} for line in logged])]
            await verify(somebody, codes_sent[-1])

    async def test_a_gateway_that_is_silent_or_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody waits for it for long."""
        monkeypatch.setattr(senders, "PATIENCE_SECONDS", 0.2)
        async with gateway() as found:
            found.is_silent = True
            silent = senders.GatewaySender(found.url, "")
            with pytest.raises(senders.CodeNotSent):
                await silent.send("13900002222", "654321", 15)
        with pytest.raises(senders.CodeNotSent):
            await silent.send("13900002222", "654321", 15)

    @pytest.mark.parametrize("where", [None, "http://gateway.example/", "ftp://gateway.example/", "https://", "x"])
    def test_a_gateway_has_to_be_an_https_address(self, where: str | None) -> None:
        """Codes go to no address where others could read them on the way; loopback will do."""
        given = {"TIMEBANK_PHONE_CODES": "http"} | ({"TIMEBANK_PHONE_HOOK_URL": where} if where else {})
        with pytest.raises(SettingsError, match="TIMEBANK_PHONE_HOOK_URL"):
            from_environ(given)
        assert from_environ({**given, "TIMEBANK_PHONE_HOOK_URL": "http://127.0.0.1:9/"}).phone_hook
        assert from_environ({**given, "TIMEBANK_PHONE_HOOK_URL": "https://gateway.example/x"}).phone_hook


def posting(found: Gateway) -> dict[str, str]:
    """Settings to post codes to a gateway."""
    return {"phone_codes": "http", "phone_hook_url": found.url, "phone_hook_secret": "hush"}


async def test_a_password_chosen_with_a_code_needs_no_phone(door: World) -> None:
    """Somebody whose phone is not verified is invited, and gets a new password, as before."""
    somebody = await newcomer(door, next(PHONES))
    said(await use_code(door, await code_for(door, somebody.id), OTHER), 201)
    said(await sign_in(door, somebody.number, OTHER), 201)


async def test_the_first_administrator_signs_in_by_phone(own_world: World) -> None:
    """The phone of whoever a bank was opened for is verified by whoever opened it, on the machine."""
    founded = await found_bank(own_world.services, "Other bank", "Asia/Shanghai", "林主任", "13800009999")
    await own_world.services.sign_in.set_password(founded.bank_id, founded.administrator, PASSWORD, utc_now())
    said(await sign_in(own_world, "13800009999", bank_id=str(founded.bank_id)), 201)
