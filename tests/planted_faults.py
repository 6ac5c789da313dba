"""Are the tests worth anything? Faults are planted in a copy, one at a time, and each has to be caught.

    uv run python -m tests.planted_faults              # all of them
    uv run python -m tests.planted_faults board quota  # those with one of these words

Prints which test caught each, and ends with 1 if one survived: then a test is missing. A fault is a piece of text that
is replaced; where it is not there, exactly once, the list below is out of date, and nothing is run.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.helpers import watchdog
from tests.helpers.folders import watched_folder

TOP = Path(__file__).parents[1]
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "-p", "no:cacheprovider", "-n", "2")
THE_REST = ("-m", "not drill", "tests")
# What only looks at the text of the program would notice any change of it.
BESIDES = ("tests/test_tidy.py", "tests/test_docs.py", "tests/test_readme.py")
LONGEST_SECONDS = 1800
SERVICE, CREDIT, PEOPLE = "tests/domain/service", "tests/domain/credit", "tests/domain/people"
LEDGER, BOARDS, ROWS = "tests/ledger", "tests/projections/recognition", "tests/projections/test_rows.py"


class Fault(NamedTuple):
    """What is wrong, where, and the tests that ought to notice first."""

    what: str
    path: str
    text: str
    wrong: str
    first: str


RULES = (
    Fault(
        "overlap: confirmed service may overlap", "timebank/domain/service/crediting.py",
        "must_be_free(days[day], service.started_at, service.ended_at, besides=service.record_id)", "pass", SERVICE,
    ),
    Fault(
        "overlap: records that meet overlap", "timebank/domain/service/overlaps.py",
        "entry.started_at < ended_at.astimezone(UTC)", "entry.started_at <= ended_at.astimezone(UTC)", SERVICE,
    ),
    Fault(
        "recorder: whoever logged a record confirms it", "timebank/domain/service/reviews.py",
        "if any(is_one_of(known, VolunteerId(each), self.by.eyes) for each in record.recorder_eyes):",
        "if self.by.actor is record.recorder_eyes:",
        f"{SERVICE} tests/domain/test_eyes.py",
    ),
    Fault(
        "beneficiary: one decides on one's own record", "timebank/domain/service/reviews.py",
        "if benefits(known, self.by, record.logged.volunteer_id, self.at.date()):",
        "if record.record_id in self.by.eyes:",
        SERVICE,
    ),
    Fault(
        "debt: new credit does not repay it first", "timebank/domain/credit/accounts.py",
        "return -min(self.debt_minutes, credit_change)", "return -min(self.debt_minutes, 0)",
        "tests/domain/credit/test_accounts.py",
    ),
    Fault(
        "debt: a minute more than there is can be spent", "timebank/domain/credit/accounts.py",
        "if minutes > self.available_minutes:", "if minutes > self.available_minutes + 1:", CREDIT,
    ),
    Fault(
        "debt: who leaves with two reservations repays it twice", "timebank/domain/endings.py",
        "balance = balance.after(facts[-1])", "balance = balance.after(facts[-1]) and balance",
        "tests/domain/test_leaving.py",
    ),
    Fault(
        "cap: that of a day is ignored", "timebank/domain/credit/policies.py",
        "if rules.cap_per_day_minutes is not None:", "if rules.cap_per_day_minutes is ...:", CREDIT,
    ),
    Fault(
        "cap: that of all time is for each record", "timebank/domain/credit/policies.py",
        "room = rules.cap_total_minutes - total_minutes", "room = rules.cap_total_minutes", CREDIT,
    ),
    Fault(
        "quota: one more than there are", "timebank/domain/credit/redemptions.py",
        "if terms.quota is not None and self.taken.get(terms.period(today), 0) >= terms.quota:",
        "if terms.quota is not None and self.taken.get(terms.period(today), 0) > terms.quota:", CREDIT,
    ),
    Fault(
        "reservation: it can be fulfilled in the moment in which it is over", "timebank/domain/credit/redemptions.py",
        "self.reserved.expires_at <= at", "self.reserved.expires_at < at", CREDIT,
    ),
    Fault(
        "gifts: the limit of a month is that of each gift", "timebank/domain/credit/transfers.py",
        "given_minutes + minutes > limit:", "minutes > limit:", CREDIT,
    ),
    Fault(
        "proxy: acts are not counted", "timebank/domain/people/proxies.py",
        "if self.day == on and self.acts >= appointed.acts_per_day:", "if self.day == on and self.acts < 0:",
        f"{PEOPLE} tests/domain/test_authority.py",
    ),
    Fault(
        "proxy: what is spent is not counted", "timebank/domain/authority.py",
        "line.account == \"available\")", "line.account == \"reserved\" and line.minutes > 0)",
        "tests/domain/test_authority.py",
    ),
    Fault(
        "office: one that is over still governs", "timebank/domain/authority.py",
        ".find(self.by.authority, self.at.date(), self.by.node_id) is None:", " is None:",
        "tests/domain/test_authority.py",
    ),
)  # fmt: skip

READ_MODELS = (
    Fault(
        "board: what was voided counts", "timebank/projections/recognition/leaderboards.sql",
        "case e.topic when 'service-voided' then -f.minutes else f.minutes end", "f.minutes", BOARDS,
    ),
    Fault(
        "board: who did not agree is on it", "timebank/projections/recognition/leaderboards.sql",
        "l.period = $2 and l.is_visible and l.minutes > 0", "l.period = $2 and l.minutes > 0", BOARDS,
    ),
    Fault(
        "board: ranks are 1-2-2-3", "timebank/projections/recognition/leaderboards.py",
        "rank, equals, minutes = rank + equals, 0,", "rank, equals, minutes = rank + 1, 0,", BOARDS,
    ),
    Fault(
        "board: paid duty counts", "timebank/projections/recognition/leaderboards.sql",
        "m.minutes is not null and m.capacity <> 'staff-on-duty'", "m.minutes is not null", BOARDS,
    ),
    Fault(
        "balance: a debt is told with the other sign", "timebank/projections/credit/balances.py",
        '"debt": (2, -1)', '"debt": (2, 1)', "tests/projections/credit",
    ),
    Fault(
        "bank: a record is found from another bank", "timebank/projections/service/records.sql",
        "-- $1 bank  $2 record\n{view}\n where bank_id = $1 and record_id = $2",
        "-- $1 bank  $2 record\n{view}\n where $1::uuid is not null and record_id = $2",
        f"{ROWS} tests/api/http/test_guard.py",
    ),
    Fault(
        "bank: an account is moved in all banks", "timebank/projections/credit/balances.sql",
        "where b.bank_id = $1 and b.volunteer_id = p.volunteer_id", "where b.volunteer_id = p.volunteer_id", ROWS,
    ),
    Fault(
        "reward: what was given back stays taken", "timebank/projections/credit/redemptions.sql",
        "= 'reward-reserved' then 1 else -1 end", "= 'reward-reserved' then 1 else 0 end", "tests/projections/credit",
    ),
    Fault(
        "reservation: what is over is due a moment late", "timebank/projections/credit/redemptions.sql",
        "r.expires_at <= $1", "r.expires_at < $1", "tests/projections/credit",
    ),
)  # fmt: skip

LOG = (
    Fault(
        "log: the head is not compared", "timebank/ledger/store.sql",
        "and head = $2 and head_event_id is not distinct from $15",
        "and (head = $2 and head_event_id is not distinct from $15 or true)", LEDGER,
    ),
    Fault(
        "log: a key with another body is the first answer again", "timebank/ledger/decisions/deciding.py",
        "if before.fingerprint in key.fingerprints:", "if before.fingerprint:", LEDGER,
    ),
    Fault(
        "log: a key with another body, in the same batch, is the first answer again",
        "timebank/ledger/decisions/deciding.py",
        "if first.fingerprints[0] in key.fingerprints else _reused(submission)", "if first else _reused(submission)",
        LEDGER,
    ),
    Fault(
        "log: who did it is not sealed", "timebank/ledger/codec.py",
        "        event.actor,\n        event.authority,\n        event.request_id,\n        str(event.command_id),",
        "        event.authority,\n        event.request_id,\n        str(event.command_id),", LEDGER,
    ),
    Fault(
        "log: its times go back with the clock", "timebank/ledger/writer.py",
        "recorded_at = max(self._clock(), known.recorded_at or self._clock())", "recorded_at = self._clock()", LEDGER,
    ),
)  # fmt: skip

ACCESS = (
    Fault(
        "session: one that was ended goes on", "timebank/identity/principals.sql",
        "and s.revoked_at is null and s.expires_at > $4", "and s.expires_at > $4",
        "tests/api/identity/test_sessions.py",
    ),
    Fault(
        "session: a refresh token is good twice", "timebank/identity/sessions.py",
        'if row["used_at"] and not self._is_repeat(row, visit):', 'if row["place"] == "nowhere":',
        "tests/api/identity/test_sessions.py",
    ),
    Fault(
        "key: whoever knows its name has it", "timebank/identity/principals.py",
        'if row is None or not hmac.compare_digest(row["secret_hash"], secret_hash(found[2])):', "if row is None:",
        "tests/api/organisations/test_api_keys.py tests/api/identity/test_tokens.py",
    ),
    Fault(
        "erasure: those who are erased keep their sessions", "timebank/identity/erasure.sql",
        "delete from session where bank_id = $1 and volunteer_id = any ($2)",
        "delete from session where bank_id = $1 and volunteer_id = any ($2) and false",
        "tests/api/people/test_erasure.py",
    ),
    Fault(
        "erasure: what is personal is kept", "timebank/vault/people.sql",
        "delete from person where bank_id = $1 and volunteer_id = any ($2)",
        "delete from person where bank_id = $1 and volunteer_id = any ($2) and false", "tests/vault",
    ),
    Fault(
        "bank: people of another bank are told", "timebank/projections/people/volunteers.sql",
        "where bank_id = $1 and volunteer_id > $2\n         order by volunteer_id limit $3) found on"
        " found.volunteer_id = v.volunteer_id\n where v.bank_id = $1\n",
        "where $1::uuid is not null and volunteer_id > $2\n         order by volunteer_id limit $3) found on"
        " found.volunteer_id = v.volunteer_id\n where $1 is not null\n",
        "tests/test_distribution.py tests/vault tests/api/people tests/api/http/test_guard.py",
    ),
    Fault(
        "proxy: one sees what is somebody else's than whom one acts for", "timebank/access/rights.py",
        "if about not in (None, whom):", "if about is None and whom is None:",
        "tests/api/people/test_proxies.py tests/api/http/test_guard.py",
    ),
    Fault(
        "teams: whoever left it leads it on", "timebank/domain/organisations/rosters.py",
        "if each.volunteer_id == volunteer_id else each", "if each.volunteer_id is None else each",
        "tests/domain/organisations/test_teams.py",
    ),
    Fault(
        "teams: strangers see who belongs to one", "timebank/access/sight.py",
        "if self.sees_people or team_id in await self.teams():", "if self.sees_people or team_id:",
        "tests/api/organisations/test_teams.py tests/api/http/test_guard.py",
    ),
    Fault(
        "sight: strangers see members", "timebank/access/sight.py",
        "if not self.sees_people and organisation_id not in await self.organisations(SEES_MEMBERS):",
        "if self.sees_people and organisation_id not in await self.organisations(SEES_MEMBERS):",
        "tests/api/organisations tests/api/http/test_guard.py",
    ),
    Fault(
        "sight: members see each other's phones", "timebank/access/sight.py",
        "shown = [_without_phone(each) for each in members]",
        "shown = list(members)", "tests/api/people/test_volunteers.py tests/api/organisations",
    ),
    Fault(
        "key: one that was revoked is good", "timebank/identity/principals.sql",
        "where k.key_id = $1 and k.status <> 'revoked'", "where k.key_id = $1",
        "tests/api/organisations/test_api_keys.py",
    ),
    Fault(
        "role: everybody suspends themselves", "timebank/api/people/volunteers.py",
        '"/{volunteer_id:str}/suspend", status_code=200, responses=WRITES, access=ADMINISTRATORS',
        '"/{volunteer_id:str}/suspend", status_code=200, responses=WRITES, access=CHANGE_PERSON',
        "tests/api/http/test_guard.py",
    ),
    Fault(
        "own: everybody sees everybody's proxies", "timebank/access/table.py",
        'VIEW_PERSON = Access(own=True, proxy="view", offices=("administrator",))',
        "VIEW_PERSON = Access(everybody=True)",
        "tests/api/http/test_guard.py tests/api/people/test_proxies.py tests/api/http/test_by_number.py",
    ),
)  # fmt: skip

FAULTS = (*RULES, *READ_MODELS, *LOG, *ACCESS)


def copy_to(folder: Path) -> None:
    """The checkout as it is, without what is not part of it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (TOP / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, folder / name)


def misplaced() -> list[str]:
    """Faults whose text is not there, or not once."""
    found = {fault.what: (TOP / fault.path).read_text(encoding="utf8").count(fault.text) for fault in FAULTS}
    return [f"{what}: its text is there {times} times" for what, times in found.items() if times != 1]


@contextmanager
def planted(fault: Fault, folder: Path) -> Iterator[None]:
    """The copy with the fault in it; afterwards as it was."""
    file = folder / fault.path
    text = file.read_text(encoding="utf8")
    file.write_text(text.replace(fault.text, fault.wrong), encoding="utf8")
    try:
        yield
    finally:
        file.write_text(text, encoding="utf8")


def failed(folder: Path, *tests: str) -> str:
    """The first test that fails there; nothing if all pass."""
    besides = [f"--ignore={each}" for each in BESIDES]
    # What the tests start has to find the copy, too, wherever it runs.
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*PYTEST, *besides, *tests]
    ran = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
    )
    if ran.returncode == 0:
        return ""
    named = re.search(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
    assert named, f"{tests} could not be run:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}"
    return named[1]


def caught_by(fault: Fault, folder: Path) -> str:
    """The test that notices: one of those that ought to, else any other."""
    with planted(fault, folder):
        return failed(folder, *fault.first.split()) or failed(folder, *THE_REST)


def main(words: list[str]) -> int:
    """Plant them one after the other."""
    if wrong := misplaced():
        print("\n".join(wrong), file=sys.stderr)
        return 2
    wanted = [fault for fault in FAULTS if not words or any(word in fault.what for word in words)]
    with watched_folder() as folder:
        copy_to(folder)
        if broken := failed(folder, *sorted({each for fault in wanted for each in fault.first.split()})):
            print(f"without any fault this fails: {broken}", file=sys.stderr)
            return 2
        survived = [fault for fault in wanted if not tried(fault, folder)]
    print(f"{len(wanted) - len(survived)} of {len(wanted)} caught")
    return 1 if survived else 0


def tried(fault: Fault, folder: Path) -> bool:
    """Plant one, and say what became of it."""
    begun = time.monotonic()
    test = caught_by(fault, folder)
    print(f"{fault.what:<75} {time.monotonic() - begun:4.0f} s  {test or 'SURVIVED'}", flush=True)
    return bool(test)


if __name__ == "__main__":
    watchdog.start()
    sys.exit(main(sys.argv[1:]))
