"""Letting people and programs in, from the command line; and nothing secret where it does not belong."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.world import Caller, World, said, served, settled
from tests.cli.program import Program, Ran

PASSWORD = "zhong hua lu 17"


@pytest.fixture
def keys(folder: Path) -> Path:
    """A key file of the test's own."""
    return folder / "keys.json"


@pytest.fixture
def program(url: str, folder: Path, keys: Path) -> Program:
    """The program on the test's database, with keys of its own."""
    return Program(folder, database_url=url, key_file=str(keys))


def sentence(ran: Ran) -> str:
    """What was said on standard error, in one line without its frame."""
    return " ".join(ran.err.replace("│", " ").split())


def must_tell_no_key(ran: Ran, keys: Path) -> None:
    """Nothing of the key file was said."""
    for secret in json.loads(keys.read_text())["keys"].values():
        assert secret not in ran.out + ran.err


async def choose(http: httpx.AsyncClient, code: str, expect: int = 201) -> dict[str, Any]:
    """Choose a password with a code."""
    found: dict[str, Any] = said(
        await http.post("/v1/passwords", json={"one_time_code": code, "password": PASSWORD}), expect
    )
    return found


async def sign_in(http: httpx.AsyncClient, login: str, expect: int = 201) -> dict[str, Any]:
    """Sign in with number or phone."""
    found: dict[str, Any] = said(await http.post("/v1/sessions", json={"login": login, "password": PASSWORD}), expect)
    return found


async def test_a_bank_is_opened_and_entered(program: Program, url: str, keys: Path) -> None:
    """`init` tells number, code and link, as JSON or text; the code is good once, and then number and phone let in."""
    ran = program.run("init", "百步亭", "--json", "--administrator", "林主任", "--phone", "139 0000 0000")
    bank = ran.json
    assert (len(bank["number"]), bank["link"]) == (12, f"http://127.0.0.1:8000/welcome#{bank['code']}")
    assert ran.err == ""
    must_tell_no_key(ran, keys)
    async with served(url, key_file=str(keys)) as (_, http):
        tokens = await choose(http, bank["code"])
        assert tokens["volunteer_id"] == bank["volunteer_id"]
        await choose(http, bank["code"], 422)
        for login in (bank["number"], "13900000000"):
            entered = await sign_in(http, login)
        me = await Caller(http, bank["volunteer_id"], entered["access_token"]).get("/v1/me")
        assert (me["volunteer"]["name"], me["offices"][0]["office"]) == ("林主任", "administrator")
        # As text; and a code for somebody who forgot theirs, which makes the one before void.
        told = await program.arun("code", bank["number"])
        again = (await program.arun("code", "139-0000-0000", "--json")).json
        assert told.err == ""
        first = told.out.rsplit(maxsplit=1)[-1]
        assert f"/welcome#{first}\n" in told.out
        assert (again["volunteer_id"], again["number"]) == (bank["volunteer_id"], bank["number"])
        await choose(http, first, 422)
        await choose(http, again["code"])
        assert (
            await http.get("/v1/me", headers={"Authorization": f"Bearer {entered['access_token']}"})
        ).status_code == 401


async def test_a_bank_is_told_as_text(folder: Path, url: str, keys: Path) -> None:
    """Without --json `init` says in words the bank, the number, and a link below the public address."""
    program = Program(folder, database_url=url, key_file=str(keys), public_url="https://bank.example/")
    told = program.run("init", "百步亭")
    link = next(line.strip() for line in told.out.splitlines() if "https://" in line)
    code = told.out.rsplit(maxsplit=1)[-1]
    assert link == f"https://bank.example/welcome#{code}"
    assert "volunteer number " in told.out
    assert told.err == ""
    async with served(url, key_file=str(keys), public_url="https://bank.example/") as (_, http):
        await choose(http, code)


async def test_appointments_and_keys(program: Program, url: str, keys: Path) -> None:
    """`appoint` gives an office and `key create` a key, both good at once; what cannot be is said, and not done."""
    async with settled(url, key_file=str(keys)) as world:
        somebody = await world.somebody("李强", phone="13900002222")
        await somebody.get("/v1/audit/events", expect=403)
        made = (await program.arun("appoint", "139 0000 2222", "--office", "auditor", "--json")).json
        assert (made["volunteer_id"], made["office"]) == (somebody.id, "auditor")
        (fact,) = (await somebody.get("/v1/audit/events", topic="appointment-made", tag=somebody.id))["items"]
        assert (fact["actor"], fact["data"]["appointment_id"]) == ("operator", made["appointment_id"])
        leads = ("appoint", somebody.id, "--office", "node-leader")
        told = await program.arun(*leads, "--organisation", world.garden, "--until", "2099-12-31")
        assert "is node-leader now" in told.out

        created = await program.arun("key", "create", "--organisation", world.garden, "--permission", "read", "--json")
        key = created.json["api_key"]
        assert created.err == ""
        who = await Caller(world.http, world.garden, key).get("/v1/me")
        assert (who["kind"], who["organisation_id"], who["permissions"]) == ("program", world.garden, ["read"])
        text = await program.arun("key", "create", "--organisation", world.garden)
        assert len((await Caller(world.http, world.garden, text.out.strip()).get("/v1/me"))["permissions"]) > 1
        pool = world.services.pool
        kept = str(await pool.fetch("select k::text from api_key k")) + str(await pool.fetch("select * from history"))
        assert key.rsplit("_", 1)[-1][:20] not in kept

        head = await world.services.ledger.store.head(world.bank_id)
        for arguments, code, expected in (
            ((*leads, "--organisation", "org_0"), 1, "org_0"),
            (leads, 1, ""),
            (("key", "create", "--organisation", "org_0"), 1, "org_0"),
            (("key", "create", "--organisation", world.garden, "--permission", "everything"), 2, "everything"),
            (("appoint", "12345", "--office", "auditor"), 2, "12345"),
            (("appoint", somebody.id, "--office", "king"), 2, "king"),
        ):
            refused = await program.arun(*arguments, expect=code)
            assert expected in sentence(refused)
            assert (refused.out, bool(refused.err)) == ("", True)
        assert await world.services.ledger.store.head(world.bank_id) == head


async def test_whom_nobody_knows_gets_no_code(program: Program, url: str, keys: Path) -> None:
    """An unknown volunteer, a phone that several have, and somebody erased are errors that say so."""
    async with settled(url, key_file=str(keys)) as world:
        for name in ("王一", "王二"):
            await world.somebody(name, phone="13900003333")
        gone = await world.somebody("王三", phone="13900004444")
        await world.administrator.post(f"/v1/volunteers/{gone.id}/erase", expect=200)
        assert "several volunteers have" in sentence(await program.arun("code", "13900003333", expect=2))
        for unknown in ("vol_0", "13900004444"):
            assert f"phone {unknown} in this bank" in sentence(await program.arun("code", unknown, expect=2))
        assert await world.services.pool.fetchval("select count(*) from one_time_code") == 0


def test_a_wrong_key_file_is_one_sentence(program: Program, folder: Path, keys: Path) -> None:
    """With the key file missing, broken or another database's, nothing is done, and the error names the file."""
    number = program.run("init", "百步亭", "--json").json["number"]
    whole = keys.read_bytes()
    keys.rename(folder / "away.json")
    told = program.run("code", number, expect=1)
    assert sentence(told).startswith("Error: ")
    assert "TIMEBANK_KEY_FILE" in sentence(told)
    assert str(keys) in told.err.replace("\n", "")
    assert not keys.exists()
    for content in (whole[:40], b'{"current": "k1", "keys": {"k1": "' + b"A" * 43 + b'="}}'):
        keys.write_bytes(content)
        told = program.run("keyring", "rotate", expect=1)
        assert sentence(told).startswith("Error: ")
        assert str(keys) in told.err.replace("\n", "")
        assert keys.read_bytes() == content
    keys.write_bytes(whole)
    program.run("code", number)


@pytest.mark.parametrize("level", ["info", "error"])
def test_serving_with_a_wrong_key_file_is_explained(program: Program, keys: Path, level: str) -> None:
    """A service that cannot open what is sealed does not start, and says in one sentence which file is missing."""
    program.run("init", "百步亭")
    keys.unlink()
    program.environment["TIMEBANK_LOG_LEVEL"] = level
    told = program.run("serve", "--port", "0", expect=1)
    assert f"there is no key file {keys}" in (told.out + told.err).replace("\n", "")
    assert "Traceback" not in told.out + told.err


async def test_keys_are_rotated_beside_the_service(program: Program, url: str, keys: Path) -> None:
    """After `keyring rotate` the old key is gone, the service reads and writes on, and the security log knows of it."""
    async with settled(url, key_file=str(keys)) as world:
        before = json.loads(keys.read_text())
        code = (await world.administrator.post(f"/v1/volunteers/{world.volunteer.id}/codes"))["one_time_code"]
        tokens = await choose(world.http, code)
        number = (await world.administrator.get(f"/v1/volunteers/{world.volunteer.id}"))["number"]
        ran = await program.arun("keyring", "rotate")
        after = json.loads(keys.read_text())
        assert list(after["keys"]) == [after["current"]]
        assert not before["keys"].keys() & after["keys"].keys()
        assert ran.out == f"Everything is sealed with the key {after['current']} now.\n"
        for secret in (*before["keys"].values(), *after["keys"].values()):
            assert secret not in ran.out + ran.err
        rows = await world.services.pool.fetch("select distinct key_id from person")
        assert [row["key_id"] for row in rows] == [after["current"]]
        await must_go_on(world, number, tokens["refresh_token"])
        rows = await world.services.pool.fetch("select actor from security_event where kind = 'keys-rotated'")
        assert [row["actor"] for row in rows] == ["operator"]


async def must_go_on(world: World, number: str, refresh_token: str) -> None:
    """People sign in and stay in, and are read and registered, with the new key."""
    await sign_in(world.http, number)
    refreshed = said(await world.http.post("/v1/sessions/refresh", json={"refresh_token": refresh_token}), 201)
    me = await Caller(world.http, world.volunteer.id, refreshed["access_token"]).get("/v1/me")
    assert me["volunteer"]["name"] == "王芳"
    await world.administrator.get("/v1/me", expect=401)  # signed with the key that is gone
    administrator = await world.caller(world.administrator.id)
    assert (await administrator.post("/v1/volunteers", {"name": "新人"}, expect=201))["number"]


async def test_people_are_found_by_phone_after_a_rotation(program: Program, url: str, keys: Path) -> None:
    """A service that ran while the keys were rotated finds people by phone at once, and lets them in by it."""
    async with settled(url, key_file=str(keys)) as world:
        code = (await world.administrator.post(f"/v1/volunteers/{world.volunteer.id}/codes"))["one_time_code"]
        await choose(world.http, code)
        await program.arun("keyring", "rotate")
        await sign_in(world.http, "13800001111")
        administrator = await world.caller(world.administrator.id)
        assert len((await administrator.get("/v1/volunteers", query="13800001111"))["items"]) == 1


def test_nothing_secret_is_logged(program: Program, keys: Path) -> None:
    """Codes, passwords, tokens and keys are not in what the service logs, even where it logs all it can."""
    program.environment["TIMEBANK_LOG_LEVEL"] = "debug"
    bank = program.run("init", "百步亭", "--json", "--phone", "13900000000").json
    with program.serving("serve", "--port", "0") as service, httpx.Client(base_url=service.url) as http:
        wrong = http.post("/v1/passwords", json={"one_time_code": bank["code"], "password": "short"})
        assert wrong.status_code == 422
        tokens = http.post("/v1/passwords", json={"one_time_code": bank["code"], "password": PASSWORD}).json()
        http.post("/v1/sessions", json={"login": "13900000000", "password": f"{PASSWORD}!"})
        http.get("/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}x"})
        http.get("/v1/volunteers?query=13900000000", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        assert service.stop() == 0
        logged = "".join([*service.out, *service.err])
    assert logged.count('"event":"request"') >= 5
    secrets = [bank["code"], PASSWORD, tokens["access_token"], tokens["refresh_token"], "13900000000", "管理员"]
    for secret in (*secrets, *json.loads(keys.read_text())["keys"].values()):
        assert secret not in logged
