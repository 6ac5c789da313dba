"""What is said where a command is used wrongly, or a setting cannot be."""

import pytest

from tests.cli.program import Program


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
        (("init", "x", "--timezone", "localtime"), "name a place in it"),
        (("init", "x", "--timezone", "CET"), "name a place in it"),
        (("init", "x", "--timezone", "right/Asia/Shanghai"), "no time zone"),
        (("init", " "), "needs a name"),
        (("init", "x", "--administrator", "-"), "a name is needed"),
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
