"""A dozen faults, planted one at a time in a copy of the project: the suite has to catch every one.

`uv run python -m tests.planted_faults` plants them all, `… NAME …` those that are named. It exits with 1 if one is not
caught, or if what it would change is not there any more.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SECONDS = 600


class Fault(NamedTuple):
    """What is changed where, and the tests that have to fail of it."""

    path: str
    right: str
    wrong: str
    tests: str


FAULTS = {
    "recorder confirms": Fault(
        "timebank/domain/service/records.py",
        "if self.by.eyes & record.recorder_eyes:",
        "if self.by.actor is record.recorder_eyes:",
        "tests/domain/service tests/domain/test_eyes.py",
    ),
    "day of 25 hours": Fault(
        "timebank/domain/service/days.py",
        "if taken + minutes > MINUTES_A_DAY:",
        "if taken + minutes > MINUTES_A_DAY + 60:",
        "tests/domain/service",
    ),
    "in two places at once": Fault(
        "timebank/domain/service/days.py",
        "if entry.is_confirmed and overlaps and record_id != besides:",
        "if entry.is_confirmed and overlaps and record_id == besides:",
        "tests/domain/service",
    ),
    "cap forgets the day": Fault(
        "timebank/domain/credit/policies.py",
        "by_day = {day: _within(cap - days.get(day, NOTHING_YET).minutes, minutes) for day, minutes in by_day.items()}",
        "by_day = {day: _within(cap, minutes) for day, minutes in by_day.items()}",
        "tests/domain/credit",
    ),
    "office that is not held": Fault(
        "timebank/domain/authority.py",
        "if known(Offices, self.holder).find(self.by.authority, self.by.scope, self.at.date()) is None:",
        "if known(Offices, self.holder).find(self.by.authority, self.by.scope, self.at.date()) is False:",
        "tests/domain/test_authority.py",
    ),
    "money from nowhere": Fault(
        "timebank/domain/credit/accounts.py",
        'Posting("available", fact.volunteer_id, -fact.cost_minutes),',
        'Posting("available", fact.volunteer_id, -fact.cost_minutes + 1),',
        "tests/domain/credit",
    ),
    "proxy sees anybody": Fault(
        "timebank/access/rights.py",
        "if concerned.volunteer_id not in (None, whom):",
        "if concerned.volunteer_id is None and whom is None:",
        "tests/api/people/test_proxies.py tests/api/http/test_guard.py",
    ),
    "strangers see members": Fault(
        "timebank/access/sight.py",
        "if not self.sees_people and organisation_id not in await self.organisations(SEES_MEMBERS):",
        "if self.sees_people and organisation_id not in await self.organisations(SEES_MEMBERS):",
        "tests/api/organisations tests/api/http/test_guard.py",
    ),
    "members' phones are seen": Fault(
        "timebank/access/sight.py",
        "shown = [msgspec.structs.replace(each, phone=None, birth_year=None) for each in members]",
        "shown = list(members)",
        "tests/api/people/test_volunteers.py tests/api/organisations",
    ),
    "paid duty on the board": Fault(
        "timebank/projections/recognition/leaderboards.sql",
        "where m.minutes is not null and m.capacity <> 'staff-on-duty'",
        "where m.minutes is not null and m.capacity <> 'nothing'",
        "tests/projections",
    ),
    "debt is not shown": Fault(
        "timebank/projections/credit/balances.sql",
        "debt_minutes = b.debt_minutes + p.debt",
        "debt_minutes = b.debt_minutes",
        "tests/projections/credit",
    ),
    "suspended is approved": Fault(
        "timebank/projections/organisations/organisations.sql",
        "case latest.topic when 'organisation-suspended' then 'suspended' else 'approved' end",
        "case latest.topic when 'organisation-gone' then 'suspended' else 'approved' end",
        "tests/projections",
    ),
    "key that was revoked": Fault(
        "timebank/identity/principals.sql",
        "where k.key_id = $1 and k.status <> 'revoked'",
        "where k.key_id = $1",
        "tests/api/organisations/test_api_keys.py",
    ),
}


def is_caught(copy: Path, fault: Fault) -> bool:
    """Whether the tests fail with the fault in a copy, which is as it was afterwards."""
    path = copy / fault.path
    text = path.read_text(encoding="utf8")
    path.write_text(text.replace(fault.right, fault.wrong, 1), encoding="utf8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "-p", "no:cacheprovider", *fault.tests.split()]
    try:
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=SECONDS, check=False)
    finally:
        path.write_text(text, encoding="utf8")
    failed = " failed" in ran.stdout.rstrip().rpartition("\n")[2]
    assert failed or ran.returncode == 0, f"the tests did not run\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
    return failed


def main(names: list[str]) -> int:
    """Plant them, and say of each whether it was caught."""
    gone = [name for name, each in FAULTS.items() if each.right not in (ROOT / each.path).read_text(encoding="utf8")]
    for name in gone:
        print(f"{name}: {FAULTS[name].path} has changed; plant it where it belongs now")
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache"))
        for name in names or FAULTS:
            if name not in gone:
                caught = is_caught(copy, FAULTS[name])
                print(f"{name}: {'caught' if caught else 'NOT CAUGHT'}", flush=True)
                missed += [] if caught else [name]
    return 1 if gone or missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
