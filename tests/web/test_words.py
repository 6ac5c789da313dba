"""Whatever a page says is said in both languages, with the same blanks; and nothing is said past the catalogue."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from jinja2 import nodes

import timebank.web
from timebank.domain.credit.policies import UNWRITTEN
from timebank.domain.credit.redemptions import RESERVED_BY_THEMSELVES
from timebank.domain.leaving import LEFT
from timebank.domain.vocabulary import FACTS, TOLD
from timebank.exchange.spreadsheets.columns import RECORD_COLUMNS
from timebank.identity.security_log import Kind
from timebank.projections.supervision.notices import OF_ACTIVITIES
from timebank.web.bank.front import DOORS
from timebank.web.http.showing import environment
from timebank.web.http.telling.events import AS_OWNER, AS_PROXY, EVENTS, OWN_EVENTS
from timebank.web.http.telling.facts import NO, YES, gist, shapes, word_of
from timebank.web.http.telling.fields import FIELDS, label_of
from timebank.web.http.telling.values import REASONS, VALUES
from timebank.web.http.telling.words import CONTEXT, say, spoken
from timebank.web.http.wrong import ADVICE
from timebank.web.service.importing import KINDS
from timebank.words import _catalogue

PERSONAL = {"name", "phone", "birth_year", "document_number", "skills", "alias", "door"}
"""What a fact can say that was changed of what is known about a person."""

SOURCE = Path(timebank.web.__file__).parent
SAYING = {"say": 0, "go": 1}
"""What a visitor has that is called with something that is said to people, and which of its arguments that is."""
SAID_IN = {"say": 1}
"""The same of functions."""


def said_in_templates() -> Iterator[str]:
    """Every sentence of a template."""
    templates = environment()
    for name in templates.list_templates():
        source = templates.loader.get_source(templates, name)[0]  # type: ignore[union-attr]
        for call in templates.parse(source).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_" and isinstance(call.args[0], nodes.Const):
                yield call.args[0].value


def said_in_modules() -> Iterator[str]:
    """Every sentence of a module."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            called = getattr(node, "func", None)
            place = SAYING.get(getattr(called, "attr", ""), SAID_IN.get(getattr(called, "id", "")))
            arguments = getattr(node, "args", [])
            if place is not None and len(arguments) > place:
                yield from (each.value for each in ast.walk(arguments[place]) if _is_sentence(each))  # type: ignore[attr-defined]


def _is_sentence(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value


def catalogue(of: str = CONTEXT) -> dict[str, str]:
    """The Chinese of what pages say, or of what fields of facts are called."""
    return {english: chinese for (context, english), chinese in _catalogue().items() if context == of}


@cache
def sentences() -> list[str]:
    """All that is said."""
    said = {
        *said_in_templates(),
        *said_in_modules(),
        *VALUES.values(),
        *REASONS,
        *EVENTS.values(),
        *OWN_EVENTS.values(),
        *AS_OWNER.values(),
        *AS_PROXY.values(),
        *ADVICE.values(),
        *(text for _, text in DOORS),
        *(text for kind in KINDS for text in kind.sentences),
    }
    return sorted(said)


def blanks(text: str) -> set[str]:
    """The names of a sentence's blanks."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_sentence_is_in_both_languages() -> None:
    """Each sentence is in the catalogue, in Chinese, with exactly the blanks of the English one."""
    missing = [each for each in sentences() if each not in catalogue()]
    assert not missing, f"put these into timebank/words/zh_pages.po, or a catalogue of the noun beside it: {missing}"
    assert not [each for each in sentences() if blanks(catalogue()[each]) != blanks(each)]
    assert not [each for each in sentences() if not any(letter > "\u2e7f" for letter in catalogue()[each])]


@pytest.mark.drill
def test_the_catalogue_has_nothing_that_nobody_says() -> None:
    """A sentence that is not said any more is not kept."""
    periods = {"This month", "This year", "All time"}
    stale = set(catalogue()) - set(sentences()) - periods
    assert not stale, f"take these out of timebank/words/: {sorted(stale)}"


def test_chinese_has_chinese_punctuation() -> None:
    """Beside a Chinese letter stand full-width signs: half-width ones look like holes in the line."""
    beside = re.compile(r"[\u4e00-\u9fff”][,;:?!()]|[,;:?!()][\u4e00-\u9fff“]")
    assert not [each for each in catalogue().values() if beside.search(each)]


class _Spoken(HTMLParser):
    """What a template says to people by itself: text, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        """Take in text."""
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in attributes."""
        self.said += [value or "" for name, value in attrs if name in {"alt", "aria-label", "placeholder", "title"}]


@pytest.mark.drill
def test_templates_say_nothing_past_the_catalogue() -> None:
    """No words stand in a template outside of `_(…)`, but the names of the two languages."""
    templates = environment()
    wrong = []
    for name in templates.list_templates():
        source = templates.loader.get_source(templates, name)[0]  # type: ignore[union-attr]
        spoken = _Spoken()
        for data in templates.parse(source).find_all(nodes.TemplateData):
            spoken.feed(data.data)
        wrong += [(name, each) for each in spoken.said if re.search(r"[A-Za-z\u4e00-\u9fff]{2}", each)]
    assert {each for _, each in wrong} <= {"English", "中文"}, wrong


def test_everything_that_happens_has_words() -> None:
    """Every fact, and every kind of the security log, is said in words of people; to whom it is told as well."""
    assert set(FACTS) | set(get_args(Kind)) == set(EVENTS)
    assert set(AS_PROXY) <= set(OWN_EVENTS) == {*TOLD, *OF_ACTIVITIES}
    assert UNWRITTEN.rules.star_minutes


def test_every_field_of_every_fact_has_words() -> None:
    """What a fact can say has a name in both languages, and so has each word that a field of one chooses from."""
    fields = set(shapes()) | PERSONAL
    assert set(FIELDS) <= fields
    assert set(catalogue("field")) == {*map(label_of, fields), YES, NO}
    assert not [each for each in catalogue("field").values() if not any(letter > "\u2e7f" for letter in each)]
    chosen = [(name, leaf) for name, leaves in shapes().items() for leaf in leaves if isinstance(leaf, str)]
    assert not [each for each in chosen if word_of(*each) not in VALUES.values()]


def test_why_something_was_given_back_is_said_in_words() -> None:
    """In both languages where nobody wrote why; what somebody wrote is shown as it is."""
    assert gist({"reason": RESERVED_BY_THEMSELVES}, "zh") == "受益人已自行预约"
    assert gist({"reason": LEFT}, "en") == LEFT
    assert gist({"reason": "closed"}, "zh") == "closed"


def test_columns_of_lists_have_words() -> None:
    """What a column of a list is read as is said in words of people."""
    assert {each.name for each in RECORD_COLUMNS} <= set(VALUES)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "zh"), ("en", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de,en;q=0.5,zh;q=0.4", "en"), ("fr", "en")],
)
def test_the_browser_s_language_is_spoken(accepted: str, language: str) -> None:
    """Of the two languages the one a browser wants most; Chinese, if it does not say."""
    assert spoken(accepted) == language


def test_what_people_wrote_does_no_harm() -> None:
    """Braces within a name stay braces."""
    assert say("en", "{name}'s time", name="{visitor}") == "{visitor}'s time"


def test_templates_show_no_ids_to_people() -> None:
    """No template shows an id as text, not even where there is no name: addresses and hidden fields carry them."""
    templates = environment()
    shown = re.compile(r">[^<\"=]*\{\{ (?:[\w.|]+ or )*[\w.]+_id }}")
    sources = {name: templates.loader.get_source(templates, name)[0] for name in templates.list_templates()}  # type: ignore[union-attr]
    assert not [name for name, source in sources.items() if shown.search(source)]
