"""Whatever is said to people is said in Chinese too, and with the same blanks."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import timebank.words
from tests.helpers.described import whole_app
from timebank.access.table import let_in
from timebank.api.http import problems
from timebank.api.http.guard import table_of
from timebank.api.http.telling import pages, shapes
from timebank.cli.lists import verdicts
from timebank.domain.acting import Office
from timebank.domain.facts.organisations import Kind as BodyKind
from timebank.domain.facts.organisations import Permission, Role
from timebank.domain.facts.people import ProxyScope
from timebank.domain.facts.service import Capacity
from timebank.exchange.cells import clocks, damage, times
from timebank.exchange.cells.durations import Unit
from timebank.exchange.imports.results import Status
from timebank.exchange.imports.understood import VERDICT
from timebank.words import Phrase, Quoted, _catalogue, is_translated, preferred, told, translated

WORDS = Path(timebank.words.__file__).parent
ONLY_BLANKS = {
    *(
        "{reason}",
        "{said}",
        "{question}",
        "{why}",
        "{troubles}",
        "{file}: {why}",
        "{value} {problem}",
        "{wrong}",
        "{column}: {problem}",
    ),
}
"""Templates in which nothing is to be translated but what fills them."""
SOURCE = Path(problems.__file__).parents[2]
SAYING = {
    "SpreadsheetError": 0,
    "WorkbookError": 0,
    "Phrase": 0,
    "NotAllowed": 0,
    "FieldTrouble": 1,
    "NotAuthorizedException": 0,
    "NotFoundException": 0,
    "_plain": 1,
    "CellError": 1,
    "wrong": 1,
    "of": 0,
    "_refused": 1,
    "told": 0,
    "_say": 0,
}
"""What is called with something that is said to people, and which of its arguments that is."""


def templates() -> Iterator[str]:
    """Everything that is said when something goes wrong."""
    yield from (kind.template for kind in pages.kinds())
    yield from problems._SAID.values()
    yield from pages.ADVICE.values()
    yield from (template for _, template in shapes._REASONS)
    yield "Invalid enum value {value}: choose one of {allowed}"
    yield "Object missing required field `{name}`: choose one of {allowed}"
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            function = getattr(node, "func", None)
            place = SAYING.get(getattr(function, "id", getattr(function, "attr", "")))
            if place is not None and len(node.args) > place:  # type: ignore[attr-defined]
                said = node.args[place]  # type: ignore[attr-defined]
                if isinstance(said, ast.Constant) and isinstance(said.value, str) and not said.value.endswith("_"):
                    yield said.value
    yield from list_templates()


def list_templates() -> Iterator[str]:
    """What is said of lists that offices send: sentences that have names in the code."""
    for path in (SOURCE / "exchange").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Assign):
                yield from (text for text in _texts_in(node.value) if "{" in text or text.endswith((".", "?")))
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add":
                yield from (text for argument in node.args for text in _texts_in(argument))
    yield from (*damage._ERRORS.values(), clocks.NO_SUCH_TIME, clocks.DOUBTFUL, times.NO_TIME)
    yield from (*verdicts._DELIMITERS.values(), "the empty cell", "their number", "nothing")


def _texts_in(node: ast.AST) -> Iterator[str]:
    """The texts of several words that a name stands for: one, or one for each of several cases."""
    values = node.values if isinstance(node, ast.Dict) else node.elts if isinstance(node, ast.Tuple) else [node]
    for each in values:
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and " " in each.value.strip():
            yield each.value


def titles() -> Iterator[str]:
    """What problems are called."""
    yield from (kind.title for kind in pages.kinds())
    yield from ("Bad Request", "Unauthorized", "Forbidden", "Not Found", "Method Not Allowed", "Request Timeout")
    yield from ("Internal Server Error", "Client closed request", "Service Unavailable")


def values() -> Iterator[str]:
    """Words of ours that fill blanks."""
    for kind in (Role, Office, Permission, ProxyScope, Capacity, BodyKind):
        yield from get_args(kind)
    for row in table_of(whole_app()).values():
        yield from let_in(row) if not (row.public or row.everybody) else []
    yield from ("logged", "confirmed", "rejected", "corrected", "voided", "withdrawn", "registered", "approved")
    yield from get_args(Unit)
    yield from (
        "suspended",
        "requested",
        "invited",
        "declined",
        "ended",
        "reserved",
        "fulfilled",
        "active",
        "proposed",
        "dissolved",
        "cancelled",
        "expired",
    )
    yield from (
        "published",
        "paused",
        "in force",
        "replaced",
        "revoked",
        "str",
        "int",
        "array",
        "object",
        "null",
        "bool",
    )


def blanks(template: str) -> set[str]:
    """The names of a template's blanks."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_everything_is_said_in_both_languages() -> None:
    """Each sentence is in the catalogue, and the Chinese one has exactly the blanks of the English one."""
    sentences = sorted({*templates()} - ONLY_BLANKS)
    missing = [said for said in sentences if not is_translated(said)]
    assert not missing, f"put these into timebank/words/zh.po: {missing}"
    assert not [said for said in sentences if blanks(translated(said, "zh")) != blanks(said)]


def test_titles_and_words_are_in_both_languages() -> None:
    """What problems are called, and the words that fill their blanks, are in the catalogue."""
    missing = {title for title in titles() if not is_translated(title, "title")}
    missing |= {value for value in values() if not is_translated(value, "value")}
    missing |= {
        said for said in (*get_args(Status), "line", "row", "result", "reason") if not is_translated(said, VERDICT)
    }
    assert not missing, f"put these into timebank/words/zh.po: {sorted(missing)}"


def test_the_catalogue_is_chinese() -> None:
    """No entry was left in English, or has blanks that its key has not."""
    for (context, english), chinese in _catalogue().items():
        assert blanks(chinese) <= blanks(english), (context, english)
        assert any(ord(letter) > 0x2E7F for letter in chinese) or english == "uuid", (context, english)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hans", "zh"),
        ("de, en;q=0.3, ZH-TW;q=0.7", "zh"),
        ("en-GB, zh;q=0.9", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("zh;q=2", "en"),
        ("zh ; q=0.5", "zh"),
    ],
)
def test_the_language_wanted_most_is_spoken(accepted: str, language: str) -> None:
    """Of the languages there are, the one that is wanted most; English, where none is."""
    assert preferred(accepted) == language


@given(st.text(max_size=50))
def test_any_wish_is_understood_somehow(accepted: str) -> None:
    """Whatever a header says, there is a language."""
    assert preferred(accepted) in ("en", "zh")


@given(st.text(max_size=30), st.text(max_size=30))
def test_what_people_wrote_is_said_as_they_wrote_it(name: str, other: str) -> None:
    """Braces, percent signs and words that look like ours do no harm within what somebody wrote."""
    details: dict[str, Any] = {"field": f"{name} or x", "reason": Phrase("{reason}", {"reason": other})}
    assert told("{field}: {reason}.", details, "en") == f"{name} or x: {translated(other, 'en')}."
    told("{field}: {reason}.", details | {"field": "{field} {nothing}"}, "zh")


def test_what_is_quoted_is_no_word_of_ours() -> None:
    """A column called Status is told as that, in every language."""
    assert translated("Status", "zh") != "Status"
    assert told("  not read: {columns}", {"columns": Quoted("Status")}, "zh").endswith("Status")


def test_words_of_ours_are_translated_within() -> None:
    """Several roles, a status, and a reason that has blanks itself are said in the language of the sentence."""
    role = told(
        "This needs the role {role} in organisation {organisation_id}, approved and within its term.",
        {"role": "verifier or coordinator", "organisation_id": "org_0"},
        "zh",
    )
    assert "审核员或协调员" in role
    assert told("This is for {whom} only.", {"whom": ["administrators", "recorders", "merchants"]}, "zh") == (
        "只限管理员、记录员和核销员。"
    )
    why = {"reward_id": "rew_0", "why": "it is {status}", "status": "paused"}
    said = told("Reward {reward_id} cannot be redeemed today: {why}.", why, "zh")
    assert said == "激励 rew_0 今天不能兑换：目前已暂停兑换。"


def test_the_catalogues_say_everything_once() -> None:
    """No entry is there twice, in one file or in two: of two that differ, nobody could say which is shown."""
    texts = "\n".join(path.read_text(encoding="utf8") for path in WORDS.glob("*.po"))
    found = re.findall(r'^(?:msgctxt "(.*)"\n)?msgid "(.*)"$', texts, re.MULTILINE)
    entries = Counter(entry for entry in found if entry != ("", ""))
    assert [entry for entry, times in entries.items() if times > 1] == []
