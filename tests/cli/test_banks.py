import json
from pathlib import Path

import asyncpg
import pytest

from tests.cli.program import Program
from timebank.projections import EVERY


async def test_a_bank_is_opened(program: Program, url: str) -> None:
    """`init --json` says one line: the bank, its zone, and its first administrator with a code kept only as a hash."""
    bank = program.run("init", "百步亭", "--json", "--administrator", "林主任", "--phone", "13900000000").json
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


def test_a_second_bank_has_to_be_named(program: Program) -> None:
    """With one bank it need not be said which; with two it must, and the answer lists them."""
    program.run("code", "1", expect=2)
    first = program.run("init", "甲", "--json").json
    assert program.run("code", first["number"], "--json").json["volunteer_id"] == first["volunteer_id"]
    second = program.run("init", "乙", "--json", "--timezone", "Europe/Berlin").json
    told = program.run("code", first["number"], expect=2)
    assert first["bank_id"] in told.err
    assert second["bank_id"] in told.err
    made = program.run("code", second["number"], "--bank", second["bank_id"], "--json").json
    assert made["volunteer_id"] == second["volunteer_id"]
    assert "there is no bank" in program.run("verify", "--bank", "nonsense", expect=2).err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("init", "x", "--timezone", "Nowhere/Land"), "Nowhere/Land"),
        (("init", "x", "--timezone", "../etc/passwd"), "no time zone"),
        (("init", " "), "needs a name"),
        (("init", "x", "--administrator", ""), "needs a name"),
        (("appoint", "1"), "--office"),
        (("key", "create"), "--organisation"),
        (("key", "create", "--organisation", "org_0"), "no bank yet"),
        (("import", "volunteers", "nothing.csv"), "nothing.csv"),
        (("rebuild", "nonsense"), "nonsense"),
        (("nonsense",), "nonsense"),
    ],
)
def test_wrong_usage_is_explained(program: Program, arguments: tuple[str, ...], told: str) -> None:
    """A wrong option or argument is named, and the exit code is 2."""
    ran = program.run(*arguments, expect=2)
    assert told in " ".join(ran.err.replace("│", " ").split())
    assert ran.out == ""


def test_migrating_twice_is_harmless(folder: Path, cluster: str, url: str) -> None:
    """`migrate` says what it did, and then that there is nothing to do."""
    program = Program(folder, database_url=url)
    assert program.run("migrate").out == "The database is up to date.\n"


async def test_a_newer_database_is_left_alone(program: Program, url: str) -> None:
    """A database of a newer version is refused in one sentence."""
    connection = await asyncpg.connect(url)
    await connection.execute("insert into schema_migrations (version) values ('9999')")
    await connection.close()
    told = program.run("migrate", expect=1)
    assert told.err.startswith("Error: ")
    assert "9999" in told.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEBANK_DATBASE_URL", "x"),
        ("TIMEBANK_PORT", "http"),
        ("TIMEBANK_POOL_SIZE", "0"),
        ("TIMEBANK_POOL_SIZE", "1"),
        ("TIMEBANK_LOG_LEVEL", "loud"),
        ("TIMEBANK_DATABASE_URL", "nonsense"),
        ("TIMEBANK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing"),
    ],
)
def test_a_setting_that_cannot_be_is_told_in_a_sentence(program: Program, name: str, value: str) -> None:
    """A misspelt or impossible setting is one sentence on standard error that says what is wrong, and exit code 1."""
    program.environment[name] = value
    told = program.run("verify", expect=1)
    assert told.err.startswith("Error: ")
    if name != "TIMEBANK_DATABASE_URL":
        assert name in told.err
    assert told.out == ""


def test_help_is_at_hand(program: Program) -> None:
    """Every command explains itself."""
    for command in ([], ["demo"], ["import", "records"]):
        assert "Usage" in program.run(*command, "--help").out
    assert "0.1.0" in program.run("--version").out


async def test_verify_finds_what_was_tampered_with(program: Program, url: str) -> None:
    """A sound bank is said to be sound; a changed row of the log, or of a read model, is located, with exit code 1."""
    program.run("init", "甲", "--json")
    people = program.folder / "people.csv"
    people.write_text("姓名\n张三\n李四\n")
    program.run("import", "volunteers", people)
    program.run("rebuild")
    sound = program.run("verify").out
    assert "log: sound" in sound
    assert "DIFFERS" not in sound
    assert sound.count("equal") == len(EVERY)
    connection = await asyncpg.connect(url)
    await connection.execute("update volunteer set status = 'suspended'")
    differs = program.run("verify", expect=1).out
    assert "volunteers: DIFFERS" in differs
    assert program.run("rebuild", "volunteers").out == "volunteers: rebuilt\n"
    program.run("verify")
    await connection.execute("alter table event disable trigger user")
    await connection.execute("update event set data = set_byte(data, 40, get_byte(data, 40) # 1) where position = 2")
    await connection.execute("alter table event enable trigger user")
    await connection.close()
    tampered = program.run("verify", expect=1).out
    assert "position 2: the row is not the one that was sealed" in tampered
    assert "1 findings" in tampered or "findings" in tampered


def test_init_for_people_shows_the_link(program: Program) -> None:
    """Without --json the number and the link are shown in words."""
    out = program.run("init", "甲").out
    assert "/welcome#" in out
    assert "volunteer number" in out
    with pytest.raises(json.JSONDecodeError):
        json.loads(out)
