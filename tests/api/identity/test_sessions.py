import asyncio
import re
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.identity.door import (
    ADDRESSES,
    OTHER,
    PASSWORD,
    PHONES,
    WRONG,
    Clock,
    carrying,
    code_for,
    log_of,
    must_be_out,
    once_more,
    problem,
    refresh,
    settled_in,
    sign_in,
    use_code,
)
from tests.api.world import Caller, World, said, served, settled, wide
from tests.controls import ZONE
from tests.helpers.patience import SOON_SECONDS
from timebank.identity import codes, passwords, sessions, signing_in
from timebank.identity.limits import attempts
from timebank.identity.signing_in import SHARE_A_PHONE
from timebank.runtime.clock import utc_now
from timebank.runtime.founding import found_bank


class TestSigningIn:
    """Who knows a number or a phone, and the password, is let in; whoever does not learns nothing."""

    async def test_by_number(self, door: World) -> None:
        """The volunteer number and the password give a session, and say what its tokens are."""
        somebody = await settled_in(door)
        tokens = said(await sign_in(door, somebody.number), 201)
        assert set(tokens) == {
            "volunteer_id", "session_id", "access_token", "token_type", "expires_in", "refresh_token"
        }  # fmt: skip
        assert (tokens["volunteer_id"], tokens["token_type"]) == (somebody.id, "Bearer")
        assert tokens["expires_in"] == sessions.ACCESS_SECONDS
        me = await carrying(door, tokens).get("/v1/me")
        assert me["volunteer"]["volunteer_id"] == somebody.id

    async def test_by_number_in_any_spelling(self, door: World) -> None:
        """Numbers are read from a card in groups, and typed on keyboards that are set to full width."""
        somebody = await settled_in(door)
        grouped = " ".join(somebody.number[n : n + 4] for n in (0, 4, 8))
        for login in (grouped, grouped.replace(" ", "-"), wide(somebody.number), wide(grouped), f" {grouped} "):
            assert said(await sign_in(door, login), 201)["volunteer_id"] == somebody.id

    @pytest.mark.parametrize("kept_as", ["{}", "{:.3}-{}", "{:.3} {}"])
    async def test_by_phone_in_any_spelling(self, door: World, kept_as: str) -> None:
        """However a phone was written when it was registered, and is written now, it is the same phone."""
        phone = next(PHONES)
        spelt = {"{}": phone, "{:.3}-{}": f"{phone[:3]}-{phone[3:]}", "{:.3} {}": f"{phone[:3]} {phone[3:]}"}
        somebody = await settled_in(door, phone=spelt[kept_as])
        for login in (*spelt.values(), wide(phone), f"  {phone[:3]}-{phone[3:7]} {phone[7:]} "):
            assert said(await sign_in(door, login), 201)["volunteer_id"] == somebody.id

    async def test_the_only_bank_need_not_be_named(self, own_world: World) -> None:
        """With one bank its name is needless; with two it is not, and a number is good in its own bank only."""
        somebody = await settled_in(own_world)
        said(await sign_in(own_world, somebody.number), 201)
        other = await found_bank(own_world.services, "Other bank", str(ZONE), "别人")
        assert problem(await sign_in(own_world, somebody.number)) == (422, "bank-not-named")
        said(await sign_in(own_world, somebody.number, bank_id=str(own_world.bank_id)), 201)
        refused = await sign_in(own_world, somebody.number, bank_id=str(other.bank_id))
        assert problem(refused) == (401, "sign-in-refused")

    async def test_nobody_learns_whether_an_account_exists(self, door: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """A wrong password, an unknown account, and one without a password get one answer, after the same work.

        A phone costs more than a number, and the same whether nobody has it, somebody has, or a family shares it.
        """
        phone, shared = next(PHONES), next(PHONES)
        somebody = await settled_in(door, phone=phone)
        for _ in range(2):
            await settled_in(door, phone=shared)
        without = await door.somebody(phone=next(PHONES))
        number = (await without.get(f"/v1/volunteers/{without.id}"))["number"]
        worked: list[int] = []
        costs: set[str] = set()
        verify = passwords._verify

        def verified(password: str, *kept: str) -> list[bool]:
            costs.update(each.rsplit("$", 2)[0] for each in kept)
            worked.append(len(kept))
            return verify(password, *kept)

        monkeypatch.setattr(passwords, "_verify", verified)
        answers = set()
        numbers, phones = (somebody.number, number, "123456789015"), (phone, shared, "13700000000", "x")
        for login in (*numbers, *phones):
            response = await sign_in(door, login, WRONG)
            headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
            answers.add((response.status_code, response.text, str(headers)))
        assert worked == [1] * len(numbers) + [SHARE_A_PHONE] * len(phones)
        assert len(costs) == 1, "all take the same work"
        assert len(answers) == 1
        assert (problem(response), response.headers["www-authenticate"]) == ((401, "sign-in-refused"), "Bearer")

    async def test_a_family_may_share_a_phone(self, door: World) -> None:
        """Of two with one phone each signs in with it by their own password; who has none does not get in the way."""
        phone = next(PHONES)
        first = await settled_in(door, phone=phone)
        await door.somebody(phone=phone)
        assert said(await sign_in(door, phone), 201)["volunteer_id"] == first.id
        second = await settled_in(door, phone=f"{phone[:3]}-{phone[3:]}")
        asked = {"old_password": PASSWORD, "new_password": OTHER}
        assert problem(await sign_in(door, phone)) == (401, "sign-in-refused"), "both have this password"
        await second.caller.post("/v1/passwords/change", asked, expect=200)
        assert said(await sign_in(door, phone), 201)["volunteer_id"] == first.id
        assert said(await sign_in(door, phone, OTHER), 201)["volunteer_id"] == second.id
        assert problem(await sign_in(door, phone, WRONG)) == (401, "sign-in-refused")
        assert said(await sign_in(door, first.number), 201)["volunteer_id"] == first.id

    @pytest.mark.usefixtures("usual_passwords")
    async def test_passwords_are_kept_as_hashes(self, door: World) -> None:
        """What is kept of a password is Argon2id, with the parameters that OWASP asks for."""
        somebody = await settled_in(door)
        kept_hash = await door.services.pool.fetchval(
            "select password_hash from credential where volunteer_id = $1", somebody.id
        )
        assert kept_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def test_who_came_and_who_was_turned_away_is_logged(self, door: World) -> None:
        """The security log has each sign-in and each refusal, from which address, as a keyed hash."""
        somebody = await settled_in(door)
        address = next(ADDRESSES)
        await sign_in(door, somebody.number, WRONG, address=address)
        await sign_in(door, somebody.number, address=address)
        (refused,) = await log_of(door, somebody.id, "sign-in-refused")
        (let_in, _) = await log_of(door, somebody.id, "signed-in")
        assert (refused["actor"], refused["subject"]) == (None, somebody.id)
        assert (let_in["actor"], let_in["detail"]["how"]) == (somebody.id, "password")
        assert refused["address"] == let_in["address"] == door.services.people.keyring.lasting("address", address)


class TestTokens:
    """An access token is good for minutes, a refresh token once."""

    async def test_an_access_token_expires(self, door: World) -> None:
        """A token is good until its time is over, and not a moment longer."""
        somebody = await settled_in(door)
        make, session_id = door.services.sign_in.sessions.access_token, somebody.tokens["session_id"]
        for age, status in ((0, 200), (sessions.ACCESS_SECONDS - 5, 200), (sessions.ACCESS_SECONDS + 1, 401)):
            made_at = utc_now() - timedelta(seconds=age)
            token = make(door.bank_id, somebody.id, session_id, made_at)
            await Caller(door.http, somebody.id, token).get("/v1/me", expect=status)

    async def test_a_remembered_token_expires_too(self, door: World, clock: Clock) -> None:
        """That a token was let in a moment ago does not prolong it."""
        somebody = await settled_in(door)
        for seconds, status in ((0, 200), (sessions.ACCESS_SECONDS - 5, 200), (10, 401)):
            clock.goes_on(seconds=seconds)
            await somebody.caller.get("/v1/me", expect=status)

    async def test_a_refresh_gives_the_next_pair(self, door: World) -> None:
        """New tokens belong to the same session, again and again."""
        somebody = await settled_in(door)
        tokens = somebody.tokens
        for _ in range(3):
            after = said(await refresh(door, tokens["refresh_token"]), 201)
            assert after["session_id"] == tokens["session_id"]
            assert after["refresh_token"] != tokens["refresh_token"]
            tokens = after
            await carrying(door, tokens).get("/v1/me")
        assert len(await somebody.caller.get("/v1/sessions")) == 1

    async def test_a_refresh_token_that_comes_again_ends_the_session(self, door: World) -> None:
        """Whoever copied a refresh token, and whom it was copied from, are both out at once; other sessions stay."""
        somebody = await settled_in(door)
        apart = await once_more(door, somebody)
        after = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        copied = await refresh(door, somebody.tokens["refresh_token"], address="192.0.2.2")
        assert problem(copied) == (401, "refresh-not-valid")
        for caller in (somebody.caller, carrying(door, after)):
            await must_be_out(caller)
        assert problem(await refresh(door, after["refresh_token"])) == (401, "refresh-not-valid")
        await apart.caller.get("/v1/me")
        (reused,) = await log_of(door, somebody.id, "refresh-reused")
        assert reused["subject"] == somebody.id

    async def test_a_copy_that_comes_once_the_session_is_over_is_not_written_down_again(self, door: World) -> None:
        """Whoever has a used token fills neither the security log nor its owner's notices with it."""
        somebody = await settled_in(door)
        await refresh(door, somebody.tokens["refresh_token"])
        for _ in range(5):
            await refresh(door, somebody.tokens["refresh_token"], address="192.0.2.2")
        assert len(await log_of(door, somebody.id, "refresh-reused")) == 1

    async def test_a_refresh_whose_answer_was_lost_can_be_repeated(self, door: World) -> None:
        """Whoever asks again soon, from the same address and device, gets tokens of the same session, and goes on."""
        somebody = await settled_in(door)
        await refresh(door, somebody.tokens["refresh_token"])
        again = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        assert again["session_id"] == somebody.tokens["session_id"]
        await carrying(door, again).get("/v1/me")
        after = said(await refresh(door, again["refresh_token"]), 201)
        await carrying(door, after).get("/v1/me")

    @pytest.mark.parametrize("other", [{"address": "192.0.2.2"}, {"device": "curl/8.5.0"}])
    async def test_repeated_from_elsewhere_it_was_copied(self, door: World, other: dict[str, str]) -> None:
        """From another address, or with another device, a second use ends the session, however soon it comes."""
        somebody = await settled_in(door)
        after = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        assert problem(await refresh(door, somebody.tokens["refresh_token"], **other)) == (401, "refresh-not-valid")
        await must_be_out(carrying(door, after))

    async def test_repeated_late_it_was_copied(self, door: World, clock: Clock) -> None:
        """After half a minute nobody still waits for the answer."""
        somebody = await settled_in(door)
        after = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        clock.goes_on(seconds=sessions.REPEAT_SECONDS + 1)
        assert problem(await refresh(door, somebody.tokens["refresh_token"])) == (401, "refresh-not-valid")
        await must_be_out(carrying(door, after))

    async def test_repeated_without_end_it_was_copied(self, door: World) -> None:
        """A browser opens so many pages at once, each of which another process serves; not more."""
        somebody = await settled_in(door)
        for status in (*[201] * (1 + sessions.REPEATS), 401):
            assert (await refresh(door, somebody.tokens["refresh_token"])).status_code == status
        await must_be_out(somebody.caller)

    async def test_repeated_when_the_answer_was_used_it_was_copied(self, door: World) -> None:
        """Whoever has used what was given for a token has not lost the answer."""
        somebody = await settled_in(door)
        after = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        last = said(await refresh(door, after["refresh_token"]), 201)
        assert problem(await refresh(door, somebody.tokens["refresh_token"])) == (401, "refresh-not-valid")
        await must_be_out(carrying(door, last))

    async def test_of_two_that_were_given_for_one_token_one_is_good(self, door: World) -> None:
        """A thief beside the owner, with the same device, gets a token of their own: with the next both are out."""
        somebody = await settled_in(door)
        owners = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        thiefs = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        last = said(await refresh(door, owners["refresh_token"]), 201)
        assert problem(await refresh(door, thiefs["refresh_token"])) == (401, "refresh-not-valid")
        await must_be_out(carrying(door, last))
        assert await log_of(door, somebody.id, "refresh-reused")

    async def test_of_many_refreshes_at_once_few_win(self, door: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same refresh token many times at once is an answer asked for again, and then once too often."""
        monkeypatch.setattr(sessions, "REPEATS", 1)
        somebody = await settled_in(door)
        asked = (refresh(door, somebody.tokens["refresh_token"]) for _ in range(5))
        answers = sorted(await asyncio.gather(*asked), key=lambda response: response.status_code)
        assert [each.status_code for each in answers] == [201, 201, 401, 401, 401]
        await must_be_out(carrying(door, answers[0].json()))

    async def test_several_pages_at_once_keep_the_session(self, door: World) -> None:
        """A browser opens several, its access token is over, and each process refreshes it: the last answer is good."""
        somebody = await settled_in(door)
        answers = await asyncio.gather(*(refresh(door, somebody.tokens["refresh_token"]) for _ in range(5)))
        assert [each.status_code for each in answers] == [201] * 5
        after = said(await refresh(door, answers[-1].json()["refresh_token"]), 201)
        await carrying(door, after).get("/v1/me")

    async def test_a_session_ends_by_itself(self, door: World, clock: Clock) -> None:
        """After thirty days without a new sign-in no refresh token is good any more."""
        somebody = await settled_in(door)
        clock.goes_on(days=sessions.SESSION_DAYS, seconds=1)
        assert problem(await refresh(door, somebody.tokens["refresh_token"])) == (401, "refresh-not-valid")

    @pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 201])
    async def test_what_is_no_refresh_token_refreshes_nothing(self, door: World, token: str) -> None:
        """A refresh token that nobody was given is refused."""
        assert (await refresh(door, token)).status_code == (401 if 0 < len(token) <= 200 else 400)


class TestSigningOut:
    """Signing out takes effect at once, and everywhere."""

    async def test_of_the_current_session(self, door: World) -> None:
        """Signing out ends the session one is in, with its refresh token, and no other."""
        first = await settled_in(door)
        second = await once_more(door, first)
        assert said(await first.caller.ask("DELETE", "/v1/sessions/current"), 200) == {"done": True}
        await must_be_out(first.caller)
        assert (await refresh(door, first.tokens["refresh_token"])).status_code == 401
        assert [each["session_id"] for each in await second.caller.get("/v1/sessions")] == [second.tokens["session_id"]]
        (out,) = await log_of(door, first.id, "signed-out")
        assert out["actor"] == first.id

    async def test_of_all_sessions(self, door: World) -> None:
        """Signing out of all ends every session, on whichever device."""
        first = await settled_in(door)
        everywhere = [first, await once_more(door, first), await once_more(door, first)]
        assert said(await everywhere[1].caller.ask("DELETE", "/v1/sessions/all"), 200) == {"done": True}
        for each in everywhere:
            await must_be_out(each.caller)

    async def test_of_one_by_its_id(self, door: World) -> None:
        """A session on a lost device is ended from another; once only."""
        first = await settled_in(door)
        second = await once_more(door, first)
        path = f"/v1/sessions/{second.tokens['session_id']}"
        assert said(await first.caller.ask("DELETE", path), 200) == {"done": True}
        await must_be_out(second.caller)
        assert said(await first.caller.ask("DELETE", path), 200) == {"done": False}

    async def test_of_somebody_elses_session_is_not_possible(self, door: World) -> None:
        """Nobody ends, or sees, the sessions of others."""
        somebody, stranger = await settled_in(door), await settled_in(door)
        path = f"/v1/sessions/{somebody.tokens['session_id']}"
        for caller in (stranger.caller, door.administrator):
            assert said(await caller.ask("DELETE", path), 200) == {"done": False}
        await somebody.caller.get("/v1/me")
        assert len(await stranger.caller.get("/v1/sessions")) == 1

    async def test_holds_in_every_process(self, door: World, door_url: str) -> None:
        """A session that another process knows and remembers is over there too, soon."""
        async with served(door_url) as (app, http):
            while not app.state.services.principals._is_listening():
                await asyncio.sleep(0.01)
            for path in ("current", "all"):
                somebody = await settled_in(door)
                there = Caller(http, somebody.id, somebody.tokens["access_token"])
                await there.get("/v1/me")
                assert somebody.tokens["access_token"] in app.state.services.principals._known
                said(await somebody.caller.ask("DELETE", f"/v1/sessions/{path}"), 200)
                await must_be_out(there, within=SOON_SECONDS)


class TestPasswords:
    """A password is changed with the old one, or chosen with a one-time code."""

    async def test_changing_it_ends_the_other_sessions(self, door: World) -> None:
        """The session in which it is changed goes on, the others end, and only the new password is good."""
        first = await settled_in(door)
        second = await once_more(door, first)
        asked = {"old_password": PASSWORD, "new_password": OTHER}
        assert await first.caller.post("/v1/passwords/change", asked, expect=200) == {"done": True}
        await first.caller.get("/v1/me")
        await must_be_out(second.caller)
        assert (await refresh(door, second.tokens["refresh_token"])).status_code == 401
        assert problem(await sign_in(door, first.number)) == (401, "sign-in-refused")
        said(await sign_in(door, first.number, OTHER), 201)
        assert [each["detail"]["how"] for each in await log_of(door, first.id, "password-set")] == [
            "old password", "code"
        ]  # fmt: skip

    async def test_changing_it_needs_the_old_one(self, door: World) -> None:
        """A stolen session alone does not change the password, and guessing the old one is slowed down."""
        somebody = await settled_in(door)
        asked = {"old_password": WRONG, "new_password": OTHER}
        for _ in range(attempts.FREE_FAILURES):
            refused = await somebody.caller.post("/v1/passwords/change", asked, expect=401)
            assert refused["type"] == "/problems/sign-in-refused"
        await somebody.caller.post("/v1/passwords/change", asked, expect=429)
        said(await sign_in(door, somebody.number), 201)
        assert len(await log_of(door, somebody.id, "sign-in-refused")) == attempts.FREE_FAILURES

    async def test_a_code_is_good_once(self, door: World) -> None:
        """A code sets a password, signs in, ends the sessions there were, and is used up."""
        somebody = await settled_in(door)
        code = await code_for(door, somebody.id)
        tokens = said(await use_code(door, code, OTHER), 201)
        assert tokens["volunteer_id"] == somebody.id
        await must_be_out(somebody.caller)
        await carrying(door, tokens).get("/v1/me")
        assert problem(await use_code(door, code)) == (422, "one-time-code-not-valid")
        said(await sign_in(door, somebody.number, OTHER), 201)
        (issued, _) = await log_of(door, somebody.id, "code-issued")
        assert (issued["actor"], issued["subject"]) == (door.administrator.id, somebody.id)

    async def test_a_code_comes_with_a_link(self, door: World) -> None:
        """The code is in the fragment of the link, which no browser sends on; only its hash is kept."""
        made = await door.administrator.post(f"/v1/volunteers/{door.volunteer.id}/codes")
        assert made["link"] == f"{door.services.public_url}/welcome#{made['one_time_code']}"
        assert datetime.fromisoformat(made["expires_at"]).utcoffset() == timedelta(hours=8)
        rows = await door.services.pool.fetch("select c::text as row from one_time_code c")
        assert made["one_time_code"] not in str(rows)
        assert made["one_time_code"].encode().hex() not in str(rows)

    async def test_a_code_expires(self, door: World, clock: Clock) -> None:
        """After three days a code is worth nothing."""
        first, second = await settled_in(door), await settled_in(door)
        codes_made = [await code_for(door, each.id) for each in (first, second)]
        clock.goes_on(hours=codes.HOURS, seconds=-1)
        said(await use_code(door, codes_made[0]), 201)
        clock.goes_on(seconds=1)
        assert problem(await use_code(door, codes_made[1])) == (422, "one-time-code-not-valid")

    async def test_a_newer_code_replaces_the_older(self, door: World) -> None:
        """Of several codes for one person only the last is good."""
        somebody = await settled_in(door)
        older, newer = await code_for(door, somebody.id), await code_for(door, somebody.id)
        assert problem(await use_code(door, older)) == (422, "one-time-code-not-valid")
        said(await use_code(door, newer), 201)

    async def test_of_two_uses_at_once_one_wins(self, door: World) -> None:
        """A code used twice at the same time sets one password, not two."""
        somebody = await settled_in(door)
        code = await code_for(door, somebody.id)
        answers = await asyncio.gather(*(use_code(door, code, password) for password in (PASSWORD, OTHER)))
        assert sorted(response.status_code for response in answers) == [201, 422]
        chosen = PASSWORD if answers[0].status_code == 201 else OTHER
        said(await sign_in(door, somebody.number, chosen), 201)

    @pytest.mark.parametrize(
        "weak",
        ["short", "x" * 30, "abababababab", "{number}", "{phone}", "{name}", "{NAME}", "{name}1!",
         "+{phone}?", "w{phone}w",
         "password123", "Password123!", "p@ssw0rd123", "1234567890", "1q2w3e4r5t", "qwertyuiop", "admin@123456",
         "woaini1314", "5201314woaini", "timebank2026", "20080808abc", "x" * 200, "P4$$w0rd" * 25],
    )  # fmt: skip
    async def test_a_weak_password_does_not_use_the_code_up(self, door: World, weak: str) -> None:
        """Too short, too monotonous, leaked, common, or what everybody knows: refused, and the code is still good."""
        known = {"name": "Abraham Lincoln", "phone": next(PHONES)}
        made = await door.administrator.post("/v1/volunteers", known)
        await door.administrator.get(f"/v1/volunteers/{made['volunteer_id']}")
        code = await code_for(door, made["volunteer_id"])
        password = weak.format(number=made["number"], NAME=known["name"].upper(), **known)
        assert problem(await use_code(door, code, password)) == (422, "password-too-weak")
        said(await use_code(door, code), 201)

    @pytest.mark.parametrize(
        "strong", ["correct horse battery staple", "春天的兰花开在百步亭边上", "kx7QzP2mfa", "wo ai chi re gan mian"]
    )
    async def test_a_long_sentence_is_a_good_password(self, door: World, strong: str) -> None:
        """Words that have nothing to do with each other, in whatever writing, or ten random characters are enough."""
        made = await door.administrator.post("/v1/volunteers", {"name": "某某"})
        said(await use_code(door, await code_for(door, made["volunteer_id"]), strong), 201)

    @pytest.mark.parametrize(
        ("weak", "why"), [("short", "too short"), ("password123", "common password"), ("{number}", "your number"),
                          ("!@#$%^&*()", "rows of keys"), ("a{number}", "few words")]
    )  # fmt: skip
    async def test_why_a_password_is_weak_is_told(self, door: World, weak: str, why: str) -> None:
        """The answer says in plain words what is wrong with it."""
        made = await door.administrator.post("/v1/volunteers", {"name": "某某"})
        refused = await use_code(door, await code_for(door, made["volunteer_id"]), weak.format(number=made["number"]))
        assert why in refused.json()["detail"]

    async def test_the_work_for_a_long_password_is_bounded(self, door: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """However long a password is, only its beginning is judged, and in the threads that passwords have."""
        seen: list[tuple[int, str]] = []
        judge = passwords.zxcvbn

        def judged(password: str, known: list[str]) -> Any:
            seen.append((len(password), threading.current_thread().name))
            return judge(password, known)

        monkeypatch.setattr(passwords, "zxcvbn", judged)
        made = await door.administrator.post("/v1/volunteers", {"name": "某某"})
        said(await use_code(door, await code_for(door, made["volunteer_id"]), "bai hua yuan 42 " * 12), 201)
        ((length, thread),) = seen
        assert length == passwords.LOOKED_AT
        assert thread.startswith("argon2")

    def test_no_password_keeps_others_waiting(self) -> None:
        """One full of signs that may stand for letters costs no more than others: its beginning is judged."""
        begun = time.thread_time()
        assert passwords._weakness("@26@25|<+|[$016%$4{(7@|[+0@@!$59%9(!%$<9{2{620<{(5143+0$<+5<+!(2") is None
        assert time.thread_time() - begun < 0.1

    async def test_so_many_passwords_a_minute_are_judged(self, door: World, clock: Clock) -> None:
        """Whoever has a code does not keep the service busy by trying weak ones; the code stays good."""
        made = await door.administrator.post("/v1/volunteers", {"name": "某某"})
        code = await code_for(door, made["volunteer_id"])
        told = [(await use_code(door, code, "password123")).status_code for _ in range(signing_in.CHOICES_A_MINUTE + 1)]
        assert told == [422] * signing_in.CHOICES_A_MINUTE + [429]
        clock.goes_on(minutes=1)
        said(await use_code(door, code), 201)

    async def test_a_weak_new_password_changes_nothing(self, door: World) -> None:
        """The rules hold for changing a password too."""
        somebody = await settled_in(door)
        asked = {"old_password": PASSWORD, "new_password": somebody.number}
        assert (await somebody.caller.post("/v1/passwords/change", asked, expect=422))["type"].endswith("too-weak")
        said(await sign_in(door, somebody.number), 201)

    async def test_only_administrators_make_codes(self, door: World) -> None:
        """Nobody else makes codes, not even for themselves; for strangers and unknown people there are none."""
        for caller in (door.volunteer, door.coordinator, door.organisation):
            await caller.post(f"/v1/volunteers/{caller.id}/codes", expect=403)
        await door.administrator.post("/v1/volunteers/vol_0/codes", expect=404)

    @pytest.mark.parametrize("way_in", ["codes", "phone/codes", "second-factor/reset"])
    async def test_nobody_makes_a_second_pair_of_eyes(self, door: World, way_in: str) -> None:
        """Neither for themselves nor for whom they spend: then one person would look as two, and spend as another.

        Whoever may only look for somebody, or is their proxy no more, makes one as for anybody.
        """
        elder, office = await settled_in(door, phone=next(PHONES)), door.administrator
        for volunteer_id in (office.id, elder.id):
            proxy = {"proxy_volunteer_id": office.id, "scopes": ["redeem"]}
            if volunteer_id == elder.id:
                await elder.caller.post(f"/v1/volunteers/{elder.id}/proxies", proxy, expect=201)
            refused = await office.ask("POST", f"/v1/volunteers/{volunteer_id}/{way_in}")
            assert problem(refused) == (403, "not-for-yourself")
        await elder.caller.post(f"/v1/volunteers/{elder.id}/proxies/{office.id}/end", {})
        looks = {"proxy_volunteer_id": office.id, "scopes": ["view"]}
        await elder.caller.post(f"/v1/volunteers/{elder.id}/proxies", looks, expect=201)
        allowed = await office.ask("POST", f"/v1/volunteers/{elder.id}/{way_in}")
        assert allowed.status_code == 201 or problem(allowed) == (409, "second-factor-missing")


class TestWelcome:
    """The page on which a password is chosen."""

    @pytest.mark.parametrize("path", ["/welcome", "/assets/welcome.js", "/assets/welcome.css"])
    async def test_has_a_policy_of_its_own(self, door: World, path: str) -> None:
        """Page, script and style are served to everybody, and may load nothing from anywhere else."""
        response = await door.http.get(path)
        assert response.status_code == 200
        (policy,) = response.headers.get_list("content-security-policy")
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["referrer-policy"] == "no-referrer"

    async def test_has_no_inline_script(self, door: World) -> None:
        """Every script of the page is a file of ours, and no element carries one."""
        page = (await door.http.get("/welcome")).text
        assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]
        assert re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^"]*)"', page) == [
            "data:,", "/assets/welcome.css", "/assets/welcome.js"
        ]  # fmt: skip
        assert not re.search(r"<style|\bon\w+=|javascript:|\bstyle=", page)
        script = (await door.http.get("/assets/welcome.js")).text
        assert not re.search(r"innerHTML|document\.write|eval\(", script)


class TestThrottling:
    """Whoever guesses waits; whom they guess for does not."""

    async def failing(self, door: World, login: str, times: int, address: str) -> list[int]:
        """The statuses of so many wrong attempts."""
        return [(await sign_in(door, login, WRONG, address=address)).status_code for _ in range(times)]

    async def fail(self, door: World, login: str, address: str, clock: Clock, times: int = 1) -> None:
        """Note failures without the work of checking passwords."""
        counted = door.services.sign_in._attempts
        await door.services.pool.execute(
            "insert into sign_in_attempt as a (bank_id, login, address, failures, last_failed_at, network)"
            " values ($1, $2, $3, $4, $5, $6) on conflict (bank_id, login, address) do update"
            " set failures = a.failures + $4, last_failed_at = $5",
            door.bank_id,
            counted.login(login),
            counted.address(address),
            times,
            clock.now,
            counted.network(address),
        )

    async def test_the_sixth_attempt_waits(self, door: World, clock: Clock) -> None:
        """Five may fail; then one has to wait, even with the right password, and is told how long."""
        somebody, address = await settled_in(door), next(ADDRESSES)
        assert await self.failing(door, somebody.number, 5, address) == [401] * 5
        slowed = await sign_in(door, somebody.number, address=address)
        assert problem(slowed) == (429, "too-many-attempts")
        assert slowed.headers["retry-after"] == "1"
        clock.goes_on(seconds=1)
        said(await sign_in(door, somebody.number, address=address), 201)

    async def test_the_wait_grows(self, door: World, clock: Clock) -> None:
        """Each further failure doubles the wait, up to a quarter of an hour, and no further."""
        somebody, address = await settled_in(door), next(ADDRESSES)
        await self.fail(door, somebody.number, address, clock, attempts.FREE_FAILURES)
        waits = []
        for _ in range(13):
            slowed = await sign_in(door, somebody.number, address=address)
            assert slowed.status_code == 429
            waits.append(int(slowed.headers["retry-after"]))
            clock.goes_on(seconds=waits[-1])
            await self.fail(door, somebody.number, address, clock)
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
        clock.goes_on(minutes=15)
        said(await sign_in(door, somebody.number, address=address), 201)

    async def test_an_unknown_account_is_slowed_down_too(self, door: World, clock: Clock) -> None:
        """Waiting says nothing about whether an account exists either."""
        assert await self.failing(door, "999999999999", 6, next(ADDRESSES)) == [401] * 5 + [429]

    async def test_others_do_not_wait(self, door: World, clock: Clock) -> None:
        """From another address the same account, and from the same address another account, is let in at once."""
        somebody, neighbour, address = await settled_in(door), await settled_in(door), next(ADDRESSES)
        await self.fail(door, somebody.number, address, clock, 20)
        assert (await sign_in(door, somebody.number, address=address)).status_code == 429
        said(await sign_in(door, somebody.number), 201)
        said(await sign_in(door, neighbour.number, address=address), 201)

    async def test_a_success_forgets_the_failures(self, door: World, clock: Clock) -> None:
        """After the right password five may fail again."""
        somebody, address = await settled_in(door), next(ADDRESSES)
        await self.failing(door, somebody.number, 4, address)
        said(await sign_in(door, somebody.number, address=address), 201)
        assert await self.failing(door, somebody.number, 6, address) == [401] * 5 + [429]

    async def test_who_shares_a_phone_does_not_guess_with_their_own_password_between(
        self, door: World, clock: Clock
    ) -> None:
        """Of a phone that several share a right password forgets the failures once in a quarter of an hour."""
        phone, address = next(PHONES), next(ADDRESSES)
        await settled_in(door, phone=phone)
        second = await settled_in(door, phone=phone)
        asked = {"old_password": PASSWORD, "new_password": OTHER}
        await second.caller.post("/v1/passwords/change", asked, expect=200)
        statuses: list[int] = []
        for _ in range(3):
            statuses += await self.failing(door, phone, 2, address)
            statuses.append((await sign_in(door, phone, OTHER, address=address)).status_code)
        assert statuses == [401, 401, 201, 401, 401, 201, 401, 401, 201]
        assert await self.failing(door, phone, 2, address) == [401, 429]
        clock.goes_on(seconds=15 * 60)
        assert (await sign_in(door, phone, OTHER, address=address)).status_code == 201
        assert await self.failing(door, phone, 6, address) == [401] * 5 + [429]

    async def test_an_address_that_tries_many_accounts_waits(self, door: World, clock: Clock) -> None:
        """Failing for each of many accounts is guessing as well; whoever got in from there before is not held up."""
        somebody, address = await settled_in(door), next(ADDRESSES)
        for login in range(attempts.FAILING_ACCOUNTS_OF_AN_ADDRESS - 1):
            await self.fail(door, str(login), address, clock)
        said(await sign_in(door, somebody.number, address=address), 201)
        await self.fail(door, "one more", address, clock)
        other = await settled_in(door)
        assert problem(await sign_in(door, other.number, address=address)) == (429, "too-many-attempts")
        said(await sign_in(door, other.number), 201)
        said(await sign_in(door, somebody.number, address=address), 201)
        clock.goes_on(hours=1)
        said(await sign_in(door, other.number, address=address), 201)

    async def test_a_network_that_tries_many_accounts_waits(self, door: World, clock: Clock) -> None:
        """Whoever has 65,536 IPv6 addresses to come from is counted as one; other networks, and known places, go on."""
        somebody, other = await settled_in(door), await settled_in(door)
        said(await sign_in(door, somebody.number, address="2001:db8:7:ffff::1"), 201)
        for n in range(attempts.FAILING_ACCOUNTS_OF_A_NETWORK):
            await self.fail(door, f"network {n}", f"2001:db8:7:{n:x}::", clock)
        refused = await sign_in(door, other.number, address="2001:db8:7:aaaa::1")
        assert problem(refused) == (429, "too-many-attempts")
        said(await sign_in(door, somebody.number, address="2001:db8:7:ffff::2"), 201)
        said(await sign_in(door, other.number, address="2001:db8:8:aaaa::1"), 201)
        clock.goes_on(hours=1)
        said(await sign_in(door, other.number, address="2001:db8:7:aaaa::1"), 201)

    async def test_a_known_address_is_known_by_number_and_phone(self, door: World, clock: Clock) -> None:
        """Whoever signed in by their number before is known at that address when they come with their phone."""
        phone, home = next(PHONES), next(ADDRESSES)
        somebody = await settled_in(door, phone=phone)
        said(await sign_in(door, somebody.number, address=home), 201)
        for _ in range(attempts.FAILURES_OF_A_LOGIN):
            await self.fail(door, phone, next(ADDRESSES), clock)
        assert problem(await sign_in(door, phone)) == (429, "too-many-attempts")
        said(await sign_in(door, phone, address=home), 201)

    async def test_an_office_full_of_typos_does_not_wait(self, door: World, clock: Clock) -> None:
        """Whoever gets in in the end has only mistyped: that does not count against the others at their address."""
        people, address = [await settled_in(door) for _ in range(3)], next(ADDRESSES)
        for _ in range(30):
            for each in people:
                await self.fail(door, each.number, address, clock, 2)
                said(await sign_in(door, each.number, address=address), 201)
        said(await sign_in(door, (await settled_in(door)).number, address=address), 201)

    async def test_an_account_that_is_attacked_lets_its_owner_in(self, door: World, clock: Clock) -> None:
        """Where many addresses fail for an account, only those that signed in to it before may try; later all again."""
        somebody, home = await settled_in(door), next(ADDRESSES)
        said(await sign_in(door, somebody.number, address=home), 201)
        for _ in range(attempts.FAILURES_OF_A_LOGIN):
            await self.fail(door, somebody.number, next(ADDRESSES), clock)
        elsewhere = next(ADDRESSES)
        assert problem(await sign_in(door, somebody.number, address=elsewhere)) == (429, "too-many-attempts")
        said(await sign_in(door, somebody.number, address=home), 201)
        clock.goes_on(hours=1)
        said(await sign_in(door, somebody.number, address=elsewhere), 201)

    async def test_a_code_lets_in_whoever_is_kept_waiting(self, door: World, clock: Clock) -> None:
        """Nobody is locked out for good: a one-time code is good whatever happened to the account."""
        somebody = await settled_in(door)
        for _ in range(attempts.FAILURES_OF_A_LOGIN):
            await self.fail(door, somebody.number, next(ADDRESSES), clock)
        assert (await sign_in(door, somebody.number)).status_code == 429
        said(await use_code(door, await code_for(door, somebody.id)), 201)

    async def test_the_password_is_not_even_looked_at_while_one_waits(
        self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An attempt that comes too early costs no work, is no failure, and is in the security log once a minute."""
        address = next(ADDRESSES)
        await self.fail(door, "nobody", address, clock, attempts.FREE_FAILURES)
        monkeypatch.setattr(passwords, "_verify", None)
        for _ in range(3):
            slowed = await sign_in(door, "nobody", address=address)
            assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "1")
        items = (await door.administrator.get("/v1/audit/security", kind="sign-in-slowed", limit=500))["items"]
        hashed = door.services.people.keyring.lasting("address", address)
        assert sum(each["address"] == hashed for each in items) == 1

    async def test_another_spelling_is_the_same_login(self, door: World, clock: Clock) -> None:
        """However a phone is written, failures for it add up."""
        phone, address = next(PHONES), next(ADDRESSES)
        await settled_in(door, phone=phone)
        spelt = [f"{phone[:1]}-{phone[1:]}", f"{phone[:2]} {phone[2:]}", f"a{phone}", f"b{phone}"]
        spelt += [f"({phone[:3]}){phone[3:]}", wide(phone)]
        statuses = [(await sign_in(door, login, WRONG, address=address)).status_code for login in spelt]
        assert statuses == [401] * 5 + [429]

    async def test_many_at_once_are_no_way_around(self, door: World, clock: Clock) -> None:
        """Of many attempts that are made at the same moment, no more are looked at than one after the other."""
        somebody, address = await settled_in(door), next(ADDRESSES)
        tries = [sign_in(door, somebody.number, WRONG, address=address) for _ in range(20)]
        statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
        assert statuses.count(401) == 5
        assert statuses.count(429) == 15

    async def test_only_our_own_proxy_says_where_somebody_comes_from(self, door: World, clock: Clock) -> None:
        """Hops that the caller made up are not believed: the last one, which our proxy added, counts."""
        address = next(ADDRESSES)
        made_up = [f"203.0.113.{n}, {address}" for n in range(6)]
        statuses = [(await sign_in(door, "888888888888", WRONG, address=hops)).status_code for hops in made_up]
        assert statuses == [401] * 5 + [429]


@pytest.fixture
def comparing(monkeypatch: pytest.MonkeyPatch) -> "Comparing":
    """Comparing a password takes until it is let go on."""
    comparing = Comparing()
    verify = passwords._verify

    def slowly(password: str, *kept: str) -> list[bool]:
        comparing.began.set()
        assert comparing.may_go_on.wait(20), "nobody lets it go on"
        return verify(password, *kept)

    monkeypatch.setattr(passwords, "_verify", slowly)
    return comparing


class Comparing:
    """A comparison of a password that has begun, and goes on when it may."""

    def __init__(self) -> None:
        self.began, self.may_go_on = threading.Event(), threading.Event()

    async def while_it_lasts(self, asked: Any, done: Any) -> Any:
        """The answer to what is asked, for which a password is compared while something else is done."""
        asking = asyncio.create_task(asked)
        assert await asyncio.to_thread(self.began.wait, 20)
        await done
        self.may_go_on.set()
        return await asking


class TestChangedMeanwhile:
    """A password that is changed while the old one is compared lets nobody in any more, nor is it changed by it."""

    async def test_who_signs_in_meanwhile_is_refused(self, door: World, comparing: Comparing) -> None:
        """Whoever knows the old password has no session left, also not one that was about to be opened."""
        somebody = await settled_in(door)
        code = await code_for(door, somebody.id)
        answer = await comparing.while_it_lasts(sign_in(door, somebody.number), use_code(door, code, OTHER))
        assert problem(answer) == (401, "sign-in-refused")
        comparing.may_go_on.set()
        assert (await sign_in(door, somebody.number, OTHER)).status_code == 201

    async def test_who_changes_it_meanwhile_is_refused(self, door: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever knows the old password, and has a session, does not put one of theirs over the new one."""
        somebody = await settled_in(door)
        code, prove = await code_for(door, somebody.id), door.services.sign_in.prove

        async def proved_just_before(*given: Any) -> str:
            password_hash = await prove(*given)
            assert (await use_code(door, code, OTHER)).status_code == 201
            return password_hash

        monkeypatch.setattr(door.services.sign_in, "prove", proved_just_before)
        asked = {"old_password": PASSWORD, "new_password": "hong lou meng 81"}
        answer = await somebody.caller.ask("POST", "/v1/passwords/change", json=asked)
        assert problem(answer) == (401, "sign-in-refused")
        assert (await sign_in(door, somebody.number, OTHER)).status_code == 201


class TestCodesAndPasswords:
    """Of all the ways to choose a password, the last one counts."""

    async def test_of_two_codes_made_at_once_one_is_good(self, door: World) -> None:
        """Codes that are made at the same moment take each other's place as well."""
        for _ in range(5):
            somebody = await settled_in(door)
            made = await asyncio.gather(*(code_for(door, somebody.id) for _ in range(2)))
            answers = [(await use_code(door, code)).status_code for code in made]
            assert sorted(answers) == [201, 422]

    async def test_a_changed_password_takes_codes_back(self, door: World) -> None:
        """A code that was made before the password was changed is not good any more."""
        somebody = await settled_in(door)
        code = await code_for(door, somebody.id)
        change = {"old_password": PASSWORD, "new_password": OTHER}
        await somebody.caller.post("/v1/passwords/change", change, expect=200)
        assert (await use_code(door, code)).status_code == 422

    async def test_ones_own_phone_is_no_password(self, door: World) -> None:
        """However it is spelt."""
        phone = next(PHONES)
        somebody = await settled_in(door, phone=f"{phone[:3]}-{phone[3:7]}-{phone[7:]}")
        for weak in (phone, f"{phone[:5]} {phone[5:]}", somebody.number):
            change = {"old_password": PASSWORD, "new_password": weak}
            refused = await somebody.caller.post("/v1/passwords/change", change, expect=422)
            assert refused["type"] == "/problems/password-too-weak"

    async def test_somebody_new_gets_a_code_at_once(self, door: World) -> None:
        """Whoever was registered a moment ago can be invited."""
        for _ in range(5):
            made = await door.administrator.post("/v1/volunteers", {"name": "某某"}, expect=201)
            await code_for(door, made["volunteer_id"])


@pytest.mark.drill
async def test_nobody_is_remembered_over_a_lost_connection(url: str) -> None:
    """A process that may have missed the end of a session looks again, however short a while it heard nothing."""
    async with settled(url) as door:
        somebody = await door.somebody()
        await somebody.get("/v1/me")
        principals = door.services.principals
        assert principals._known
        ends = "update session set revoked_at = now() where volunteer_id = $1"
        await door.services.pool.execute(ends, somebody.id)
        # What a connection that listens did last is to say so, or to tell others something.
        listening = "pid <> pg_backend_pid() and (query like 'LISTEN%' or query like 'select pg_notify%')"
        assert await door.services.owner.fetch(
            f"select pg_terminate_backend(pid) from pg_stat_activity where {listening}"
        )
        await must_be_out(somebody, within=SOON_SECONDS)
        for _ in range(30):
            await asyncio.sleep(0.1)
            assert (await somebody.ask("GET", "/v1/me")).status_code == 401
