"""Banks can be spread over servers: everything of a bank is found by it, and whatever asks asks about one of them."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.test_tables import SCHEMA, TABLES
from timebank.db.sql import load_statements

PACKAGE = Path(__file__).parents[1] / "timebank"

OF_ALL_BANKS = {
    "schema_migrations": "the schema",
    "sealing_key": "the names of keys, the same for all banks: copied everywhere",
    "witnessed_checkpoint": "what was cosigned of other services' logs: whole on one server",
}
"""Tables that are not of one bank, and what they are."""

FOUND_WITHOUT_BANK = {
    "session": "a token says the bank as well",
    "refresh_token": "found by its hash alone",
    "one_time_code": "found by its hash alone",
    "phone_code": "a number of its own",
    "registration_code": "a number of its own",
    "oidc_login": "found by its state alone",
    "api_key_by_id": "a program says its key, which is then looked up in its bank",
}
"""Keys of what somebody comes with who does not say of which bank; a proxy in front says it by host or path."""

OTHER_KEYS = {
    ("person", "sealing_key"): "refers to what is copied everywhere",
    ("sealed_secret", "sealing_key"): "refers to what is copied everywhere",
    ("refresh_token", "session"): "both are of whoever signs in, and lie together",
}
"""References that do not name the bank, and why they need not."""


def _schema() -> str:
    return SCHEMA.read_text(encoding="utf8")


def test_every_table_says_the_bank() -> None:
    """Every table has a column for the bank, but for what all banks share, and tokens, which lie with sessions."""
    for name, body in re.findall(r"CREATE TABLE public\.(\w+) \((.*?)\n\)", _schema(), re.DOTALL):
        assert ("bank_id uuid NOT NULL" in body) == (name not in {*OF_ALL_BANKS, "refresh_token"}), name


def test_every_key_leads_with_the_bank() -> None:
    """Primary keys and unique ones have the bank in them: so a server can hold them by itself."""
    constraint = r"ALTER TABLE ONLY public\.(\w+)\n    ADD CONSTRAINT \w+ (?:PRIMARY KEY|UNIQUE) \((.*?)\);"
    keys = re.findall(constraint, _schema())
    keys += re.findall(r"CREATE UNIQUE INDEX \w+ ON public\.(\w+) USING \w+ \((.*?)\)", _schema())
    without = {table for table, columns in keys if "bank_id" not in columns}
    assert without == {each for each in FOUND_WITHOUT_BANK if each in TABLES} | OF_ALL_BANKS.keys()


def test_every_reference_names_the_bank() -> None:
    """A row refers to rows of its own bank, which lie on the same server."""
    reference = r"ALTER TABLE ONLY public\.(\w+)\n    ADD CONSTRAINT \w+ FOREIGN KEY \((.*?)\) REFERENCES public\.(\w+)"
    references = re.findall(reference, _schema())
    without = {(table, other) for table, columns, other in references if "bank_id" not in columns}
    assert without == OTHER_KEYS.keys()


def test_every_index_leads_with_the_bank_or_is_for_sweeping() -> None:
    """What is looked for is looked for in one bank; only what is over is found by its age, on each server by itself.

    A tag's key is followed by the bank in the row.
    """
    index = r"CREATE (?:UNIQUE )?INDEX (\w+) ON public\.\w+ USING \w+ \((?:public\.key_in\()?(\w+)"
    indexes = re.findall(index, _schema())
    others = {name for name, first in indexes if first != "bank_id"}
    assert others == {"idempotency_by_age", "security_event_by_age", "person_by_key", "sealed_secret_by_key",
                      "refresh_token_by_session", "api_key_by_id", "event_tag_by_key"}  # fmt: skip


def _statements() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.sql")):
        if path.parent.name == "migrations":
            continue
        package = ".".join(["timebank", *path.relative_to(PACKAGE).parent.parts])
        for name, text in load_statements(package, path.name).items():
            yield f"{path.relative_to(PACKAGE)}: {name}", re.sub(r"--[^\n]*|'[^']*'", "", text)


_SHARED = "|".join(each for each in TABLES if each not in OF_ALL_BANKS)
_NAMES = re.compile(rf"\b(?:from|join|update|into|using) (?:public\.)?({_SHARED})\b")
_BOUND = re.compile(
    r"bank_id = \$[12]\b|case bank_id when \$1\b|bank_id = w\.bank_id|select \$1, |values \(\$1, |facts_between\(\$1"
    r"|, \$1, 0"
)

BY_WHAT_ONE_COMES_WITH = {
    "identity/codes.sql": {"whose", "use"},
    "identity/oidc.sql": {"use", "go_on"},
    "identity/second_factor.sql": {"may_set"},
    "identity/phones.sql": {"use"},
    "identity/principals.sql": {"by_key"},
    "identity/sessions.sql": {
        *("hold", "hold_session", "refresh", "use_refresh", "used", "prove", "is_proved"),
    },
}
"""A token, a code or a key says whose it is, and so of which bank."""

OVER_ALL_BANKS = {
    "exchange/backups/tables.sql": {"banks", "is_used"},
    "identity/erasure.sql": {"erased"},
    "identity/registrations.sql": {"sweep"},
    "identity/security_log.sql": {"go_on_behind"},
    "identity/signing_in.sql": {"sweep_sessions", "sweep_codes", "sweep_attempts", "sweep_oidc"},
    "ledger/idempotency.sql": {"sweep"},
    "ledger/store.sql": {"banks"},
    "projections/credit/redemptions.sql": {"due"},
    "projections/machinery/runner.sql": {"outdated", "heads", "lags", "behind"},
    "projections/machinery/shadow.sql": {"reached", "forget_begun", "forget_reached"},
    "proofs/cosigners.sql": {"banks"},
    "proofs/signer.sql": {"some", "behind", "here"},
    "vault/clear_text.sql": {"clear"},
    "vault/keyring.sql": {"keys", "unused"},
    "vault/people.sql": {"compared", "count_others", "not_compared", "others"},
    "vault/secrets.sql": {"others"},
}
"""What is over is swept, what is due or behind is found, keys are exchanged: for all banks of a server at once."""


def test_every_statement_is_about_one_bank() -> None:
    """Whatever reads or writes a table of banks says which, but for what goes over all that a server holds."""
    unbound = {name for name, text in _statements() if _NAMES.search(text) and not _BOUND.search(text)}
    named = BY_WHAT_ONE_COMES_WITH | OVER_ALL_BANKS
    assert unbound == {f"{file}: {name}" for file, names in named.items() for name in names}
