"""`docker/compose.yaml`: from the empty volume to a bank that is served, and a standby that has all of it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.program import PROGRAM, Program, enter
from tests.containers.compose import TOP, Postgres, postgres, services
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, eventually

WITH_STANDBY = ("compose.yaml", "standby.yaml")
PASSWORD = "it's-a-Secret_1"
"""One that has to be quoted in SQL and in shells."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the volumes are."""
    with watched_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Postgres]:
    """The database, made as the image makes it, when no standby is there yet; started without one."""
    with postgres(services(*WITH_STANDBY, DB_PASSWORD=PASSWORD)["database"], folder / "database") as server:
        server.make()
        server.service = services("compose.yaml")["database"]
        server.start()
        yield server


@pytest.fixture(scope="module")
def program(database: Postgres, folder: Path) -> Program:
    """The program with the settings of the compose file; what is a host or a volume there is here."""
    settings = {
        name.removeprefix("TIMEBANK_").lower(): value
        for name, value in services("compose.yaml", DB_PASSWORD=PASSWORD)["timebank"]["environment"].items()
    }
    settings |= {"database_url": database.url(settings["database_url"]), "key_file": str(folder / "keys.json")}
    return Program(folder, **settings)


def test_the_database_is_as_it_has_to_be(database: Postgres) -> None:
    """It has the encoding and the order that the embedded one has, and its superuser no password."""
    shape = (
        "select pg_encoding_to_char(encoding), datlocprovider, datlocale from pg_database where datname = 'timebank'"
    )
    assert database.sql(shape) == "UTF8|b|C.UTF-8"
    assert database.sql("show data_checksums") == "on"
    assert database.sql("select rolname from pg_authid where rolsuper and rolpassword is not null") == ""
    assert (
        database.sql("select rolsuper or rolcreaterole or rolcreatedb from pg_roles where rolname = 'timebank'") == "f"
    )


@pytest.mark.release
def test_a_bank_is_opened_and_served(program: Program) -> None:
    """What the compose file says to type opens a bank, and the service goes on with it."""
    bank = program.run("init", "Our time bank", "--json").json
    assert bank["link"].startswith("https://localhost/welcome#")
    with program.serving("serve", "--port", "0") as served:
        headers = enter(served.url, bank)
        assert httpx.get(f"{served.url}/v1/me", headers=headers).status_code == 200
        assert httpx.get(f"{served.url}/health/ready").headers["strict-transport-security"]
        served.stop()
    import_of(program, "姓名,手机\n张三,13900001111\n,13900002222\n".encode("gb18030"))


def import_of(program: Program, file: bytes) -> None:
    """`docker compose run --rm -T timebank import volunteers - < file > refused.csv`: nothing else is written."""
    before = set(program.folder.rglob("*"))
    done = subprocess.run(
        [*PROGRAM, "import", "volunteers", "-"], input=file, env=program.environment, cwd=program.folder,
        capture_output=True, timeout=PATIENCE_SECONDS, check=True,
    )  # fmt: skip
    assert b"1 registered, 1 refused." in done.stderr
    heading, refused = done.stdout.decode("gb18030").splitlines()
    assert heading.endswith("姓名,手机")
    assert refused.endswith(",13900002222")
    assert {path for path in set(program.folder.rglob("*")) - before if "database" not in path.parts} == set()


@pytest.mark.release
def test_a_standby_has_what_was_acknowledged(database: Postgres, folder: Path) -> None:
    """The scripts make a standby of a database that is there; commits wait for it, and promoted it has them all."""
    both = services(*WITH_STANDBY, DB_PASSWORD=PASSWORD, REPLICATION_PASSWORD="replication")
    database.stop()
    database.service = both["database"]
    with postgres(both["standby"], folder / "standby") as standby:
        database.start()
        database.run("sh", str(TOP / "docker" / "database" / "replication.sh"))
        standby.service["environment"]["PRIMARY"] = f"host=127.0.0.1 port={database.port}"
        standby.start("sh", str(TOP / "docker" / "database" / "standby.sh"), *standby.service["command"])
        eventually(lambda: database.sql("select sync_state from pg_stat_replication") == "sync")
        url = standby.url(database.url(both["timebank"]["environment"]["TIMEBANK_DATABASE_URL"]), "standby")
        program = Program(folder, database_url=url, key_file=str(folder / "keys.json"))
        opened = [program.run("init", "During", "--json").json["bank_id"]]
        database.kill()
        standby.run("pg_ctl", "promote", "-w", "-t", "60", "-D", str(standby.data))
        opened.append(program.run("init", "After", "--json").json["bank_id"])
        kept = standby.sql("select string_agg(bank_id::text, ' ' order by bank_id) from bank")
        assert kept.split()[-2:] == opened
    database.service = services("compose.yaml")["database"]
    database.start()
