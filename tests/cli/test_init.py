"""Opening a bank, and the one-time codes that let people in: `init` and `code`."""

import json
import os
import pty
import subprocess
from pathlib import Path

import asyncpg
import pytest

from tests.api.world import Caller, served, settled
from tests.cli.program import PROGRAM, Program, choose, must_tell_no_key, sign_in
from tests.helpers.authenticator import shown
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.runtime.clock import utc_now


async def test_a_bank_is_opened(program: Program, url: str) -> None:
    """`init --json` says one line: the bank, its zone, and its first administrator with a code kept only as a hash."""
    bank = program.run("init", "百步亭", "--json").json
    assert set(bank) == {"bank_id", "name", "timezone", "volunteer_id", "number", "code", "link"}
    assert (bank["name"], bank["timezone"]) == ("百步亭", "Asia/Shanghai")
    assert bank["link"].endswith(f"/welcome#{bank['code']}")
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select topic, authority from event order by position")
    kept = await connection.fetch("select row_to_json(c)::text from one_time_code c")
    await connection.close()
    topics = ["bank-opened", "volunteer-registered", "appointment-made"]
    assert [tuple(row) for row in rows] == [(topic, "operator") for topic in topics]
    assert len(kept) == 1
    assert bank["code"] not in str(kept)


@pytest.mark.parametrize(
    ("name", "administrator", "why"),
    [("甲", "林主任\nno phone\n", "phone"), ("甲", f"{'林' * 300}\n", "name"), ("甲" * 300, "林主任\n", "name")],
)
async def test_a_bank_that_cannot_be_leaves_no_half_of_one(
    program: Program, url: str, name: str, administrator: str, why: str
) -> None:
    """It is told what is wrong, and there is none: beside half of one people would have to say in which they are."""
    refused = program.run("init", name, "--administrator", "-", typed=administrator, expect=1)
    assert f"│ {why}: " in refused.err
    connection = await asyncpg.connect(url)
    left = [await connection.fetchval(f"select count(*) from {table}") for table in ("bank", "event")]
    await connection.close()
    assert left == [0, 0]


def test_init_for_people_shows_the_link(program: Program) -> None:
    """Without --json the number and the link are shown in words."""
    out = program.run("init", "甲").out
    assert "/welcome#" in out
    assert "volunteer number" in out
    with pytest.raises(json.JSONDecodeError):
        json.loads(out)


async def test_a_bank_is_opened_and_entered(keyed: Program, url: str, keys: Path) -> None:
    """`init` tells number, code and link, as JSON or text; the code is good once, and then number and phone let in."""
    ran = keyed.run("init", "百步亭", "--json", "--administrator", "-", typed="林主任\n139 0000 0000\n")
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
        told = await keyed.arun("code", bank["number"])
        again = (await keyed.arun("code", "--json", typed="139-0000-0000\n")).json
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


async def test_a_lost_second_factor_is_reset_on_the_machine(keyed: Program, url: str, keys: Path) -> None:
    """A code alone needs the second factor too; one that is made with its reset does not, and it is written down."""
    async with settled(url, key_file=str(keys)) as world:
        chief, mine = world.administrator, "/v1/me/second-factor"
        secret = (await chief.post(mine, expect=200))["secret"]
        await chief.post(f"{mine}/confirm", {"code": shown(secret, utc_now())}, expect=200)
        code = (await keyed.arun("code", chief.id, "--json")).json["code"]
        assert (await choose(world.http, code, 401))["type"] == "/problems/second-factor-needed"
        for _ in range(2):  # where there is none any more, it is a code like any other
            code = (await keyed.arun("code", chief.id, "--json", "--reset-second-factor")).json["code"]
        await choose(world.http, code)
        again = await world.caller(chief.id)
        (reset,) = (await again.get("/v1/audit/security", kind="second-factor-reset"))["items"]
        assert (reset["actor"], reset["subject"]) == ("operator", chief.id)


async def test_whom_nobody_knows_gets_no_code(keyed: Program, url: str, keys: Path) -> None:
    """An unknown volunteer, a phone that several have, and somebody erased are errors that say so."""
    async with settled(url, key_file=str(keys)) as world:
        for name in ("王一", "王二"):
            await world.somebody(name, phone="13900003333")
        gone = await world.somebody("王三", phone="13900004444")
        await world.administrator.post(f"/v1/volunteers/{gone.id}/erase", expect=200)
        assert "several volunteers" in (await keyed.arun("code", typed="13900003333\n", expect=2)).sentence
        for unknown in ("vol_0", "13900004444"):
            told = await keyed.arun("code", typed=f"{unknown}\n", expect=2)
            assert "nobody in this bank has this" in told.sentence
            assert unknown not in told.err
        assert "number vol_0 in this bank" in (await keyed.arun("code", "vol_0", expect=2)).sentence
        assert await world.services.pool.fetchval("select count(*) from one_time_code") == 0


async def test_a_phone_is_no_argument(keyed: Program, url: str, keys: Path) -> None:
    """Arguments can be read by everybody on the machine: nobody is meant by a phone there, and names are no options."""
    async with settled(url, key_file=str(keys)) as world:
        await world.somebody("王五", phone="13900005555")
        for command in (("code", "13900005555"), ("appoint", "13900005555", "--office", "auditor")):
            assert "is asked for: say - instead" in (await keyed.arun(*command, expect=2)).sentence
    assert "No such option" in keyed.run("init", "甲", "--phone", "13900005555", expect=2).sentence


def test_the_first_administrator_is_asked_for(keyed: Program) -> None:
    """In a terminal `init` asks for name and phone, of which an empty one is none."""
    ours, theirs = pty.openpty()
    process = keyed.start("init", "百步亭", "--json", stdin=theirs)
    os.write(ours, "林主任\n13900006666\n".encode())
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, err
    assert "Name of the first administrator" in err
    found = keyed.run("code", "--json", typed="13900006666\n").json
    assert found["number"] == json.loads(out)["number"]


def test_nobody_else_may_write_into_the_folders_it_makes(program: Program, folder: Path) -> None:
    """Whatever the umask, what is made for the keys and for what is signed is written by its owner alone."""
    made = folder / "made"
    program.environment |= {
        "TIMEBANK_KEY_FILE": str(made / "keys" / "keys.json"),
        "TIMEBANK_SIGNING_KEY_FILE": str(made / "signing" / "signing.json"),
    }
    command = [*PROGRAM, "init", "百步亭"]
    subprocess.run(command, cwd=folder, env=program.environment, umask=0, check=True, capture_output=True)
    found = [made, *made.rglob("*")]
    assert {each.name for each in found} >= {"keys", "keys.json", "signing"}
    assert not [each for each in found if each.stat().st_mode & 0o022]
