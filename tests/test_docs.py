"""The documentation cannot lie: what can be compared with the program is."""

import ast
import inspect
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import rich_click as click
from litestar.routes import HTTPRoute

from tests.helpers.described import whole_app
from timebank.access.rights import LEAST_PEOPLE
from timebank.access.table import Access
from timebank.api.http.guard import table_of
from timebank.api.http.telling.pages import kinds
from timebank.api.http.uploads import LIST_BYTES
from timebank.api.service.recording import ROWS
from timebank.api.service.reviewing import DECISIONS
from timebank.cli import cli
from timebank.exchange.spreadsheets.headings import MOST_COLUMNS
from timebank.identity.limits.attempts import FREE_FAILURES, LONGEST_WAIT
from timebank.identity.phones import CODES_A_DAY, CODES_AN_HOUR, OF_A_PHONE
from timebank.identity.registrations import OF_A_NETWORK, OF_AN_ADDRESS
from timebank.identity.sessions import SESSION_DAYS
from timebank.runtime.settings import PREFIX, Settings
from timebank.web.http.pages import FILE_BYTES

TOP = Path(__file__).parents[1]
PROBLEMS = TOP / "docs" / "problems.md"
PROOF = {True: "yes", False: ""}
ACCESS = TOP / "docs" / "access.md"
"""A program with all its parts, each of which has its refusals."""


def problems_page() -> str:
    """The page on problems, as the program has them."""
    lines = [
        "# Problems",
        "",
        "Every failed request is answered with `application/problem+json` (RFC 9457). Programs tell problems apart by",
        "`type`, which is the address of a page that explains it; `errors` names fields, and the values to choose",
        "from. Titles and details are in Chinese or English, as `Accept-Language` asks. Where the status says all, the",
        "type is `about:blank`.",
        "",
        "| type | status | what it says |",
        "|---|---|---|",
    ]
    for kind in kinds():
        says = kind.template.replace("{", "*").replace("}", "*")
        lines.append(f"| `/problems/{kind.name}` | {kind.status} | {says} |")
    lines += ["", "This page is written by `uv run python -m tests.test_docs`.", ""]
    return "\n".join(lines)


def test_every_refusal_is_on_the_page_on_problems() -> None:
    """The page on problems says what the program says."""
    assert PROBLEMS.read_text(encoding="utf8") == problems_page(), "run: uv run python -m tests.test_docs"


def access_page() -> str:
    """The page on who may do what, as the table in the program has it."""
    served = {
        handler.handler_name: f"{method} {route.path_format}"
        for route in whole_app().routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods - {"OPTIONS"}
    }
    lines = [
        "# Who may do what",
        "",
        "Everybody signs in as a volunteer; programs carry an API key. Any one of the columns is enough.",
        "",
        "- *own*: the volunteer whose matter it is, and their proxy, if a scope is named",
        "- *offices*: appointments of the bank, in force today; a node leader at their own place and below it only",
        "- *roles*: memberships in the organisation concerned, within their term",
        "- *key*: an API key of that organisation with this permission",
        "- *proof*: only within five minutes of signing in, or of `POST /v1/sessions/current/prove`",
        "",
        "About a person, a record, a key or the members of an organisation that one has no business with, one is told",
        "that they do not exist (404). Where it is no secret that there is such a thing, one is told who may (403).",
        "",
        "| operation | | everybody | own | offices | roles | key | proof |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| `{name}` | `{served[name]}` | {_everybody(access)} | {_own(access)} | {', '.join(access.offices)} "
            f"| {', '.join(dict.fromkeys(access.roles))} | {access.permission or ''} | {PROOF[access.proof]} |"
            for name, access in table_of(whole_app()).items()
        ),
        "",
        "This page is written by `uv run python -m tests.test_docs` from the `access=…` of each operation.",
        "",
    ]
    return "\n".join(lines)


def _everybody(access: Access) -> str:
    if access.public:
        return "anybody, without signing in"
    return "whoever is signed in, and programs" if access.everybody else "whoever is signed in" if access.people else ""


def _own(access: Access) -> str:
    return ("yes" + (f"; proxy: {access.proxy}" if access.proxy else "")) if access.own else ""


def test_the_page_on_access_is_the_table() -> None:
    """The page on who may do what says what the program goes by."""
    assert ACCESS.read_text(encoding="utf8") == access_page(), "run: uv run python -m tests.test_docs"


def test_every_setting_is_on_its_page() -> None:
    """The page on settings has each variable once, and no other."""
    page = (TOP / "docs" / "settings.md").read_text(encoding="utf8")
    named = re.findall(rf"^\| `{PREFIX}([A-Z_]+)`", page, re.MULTILINE)
    assert named == [name.upper() for name in Settings.__struct_fields__]


def test_the_page_on_settings_says_what_the_settings_say() -> None:
    """Each setting has on the page the default and the words that it has in the program."""
    page = re.sub(r"(?<=\d)_(?=\d)", "", (TOP / "docs" / "settings.md").read_text(encoding="utf8"))
    (settings,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(settings, ast.ClassDef)
    for field, says in pairwise(settings.body):
        if isinstance(field, ast.AnnAssign) and isinstance(says, ast.Expr) and field.value:
            default, words = ast.literal_eval(field.value), ast.literal_eval(says.value)
            shown = "—" if default in (None, "") else f"`{default}`"
            name = ast.unparse(field.target).upper()
            assert f"| `{PREFIX}{name}` | {shown} | {words} |" in page, name


def test_tests_that_the_docs_name_exist() -> None:
    """Every test that is said to hold a promise is there."""
    for page in TOP.glob("docs/**/*.md"):
        for path in re.findall(r"`(tests/[a-z_/.]*)`", page.read_text(encoding="utf8")):
            assert (TOP / path).exists(), f"{page.name} names {path}"


def test_modules_that_the_docs_name_exist() -> None:
    """Every file of the program that is said to hold something is there."""
    for page in [*TOP.glob("*.md"), *TOP.glob("docs/*.md")]:
        for path in re.findall(r"`(?:timebank/)?([a-z_]+/[a-z_/]*\.(?:py|sql|po))`", page.read_text(encoding="utf8")):
            is_example = path.rpartition("/")[2].startswith("training.")
            assert is_example or (TOP / path).exists() or (TOP / "timebank" / path).exists(), (
                f"{page.name} names {path}"
            )


def test_every_folder_of_the_program_is_in_the_tables_of_folders() -> None:
    """Whoever looks for something finds each folder of the program in the README and in the page on how it works."""
    folders = {each.parent.name for each in (TOP / "timebank").glob("*/__init__.py")}
    for page in ("README.md", "docs/architecture.md"):
        rows = re.findall(r"^\| (`[^|]*/`[^|]*) \|", (TOP / page).read_text(encoding="utf8"), re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(?:timebank/)?([a-z]+)/`", row)}
        assert folders <= named, f"{page}: {folders - named}"


WORDS = {5: "five", 10: "ten", 20: "twenty", 30: "thirty", 80: "eighty"}
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("api", f"Up to {ROWS:,} records are logged with one request"),
        ("api", f"up to {DECISIONS} confirmed or rejected with one"),
        ("lists", f"Over HTTP a list has at most {LIST_BYTES // MIB} MiB, on pages {FILE_BYTES // MIB} MiB"),
        ("lists", f"at most {MOST_COLUMNS} columns"),
        ("security", f"A session lasts {WORDS[SESSION_DAYS]} days"),
        ("security", f"For one person {WORDS[CODES_AN_HOUR]} codes an hour and {WORDS[CODES_A_DAY]} a day are made"),
        (
            "security",
            f"{WORDS[CODES_AN_HOUR * OF_A_PHONE]} an hour and {WORDS[CODES_A_DAY * OF_A_PHONE]} a day are sent",
        ),
        ("security", f"One address asks for {WORDS[OF_AN_ADDRESS]} an hour"),
        ("security", f"(an IPv6 network of 48 bits for {WORDS[OF_A_NETWORK]})"),
        ("security", f"After {WORDS[FREE_FAILURES]} wrong passwords for one account an address waits a second"),
        ("security", f"up to {LONGEST_WAIT.seconds // 60} minutes"),
        ("security", f"at which {WORDS[LEAST_PEOPLE]} people or more live or work"),
    ],
)
def test_numbers_in_the_docs_are_those_of_the_program(page: str, sentence: str) -> None:
    """A sentence of a page says the number that the program goes by."""
    text = (TOP / "docs" / f"{page}.md").read_text(encoding="utf8")
    assert sentence in " ".join(text.split()), f"docs/{page}.md does not say: {sentence}"


def test_the_verifier_is_as_long_as_is_said() -> None:
    """Whoever is to read the verifier is told how much that is."""
    page = (TOP / "docs" / "audit.md").read_text(encoding="utf8")
    (told,) = re.findall(r"`timebank/verifier` is a folder of some (\d+) lines", page)
    lines = sum(len(file.read_text(encoding="utf8").splitlines()) for file in (TOP / "timebank/verifier").glob("*.py"))
    assert abs(lines - int(told)) <= 20, lines


def test_commands_in_the_docs_exist() -> None:
    """Every `timebank …` command that the docs mention is one."""
    text = "".join(page.read_text(encoding="utf8") for page in [TOP / "README.md", *TOP.glob("docs/**/*.md")])
    mentioned = set(re.findall(r"(?:uv run timebank|`timebank) ([a-z]+)", text)) | {"init"}
    assert mentioned <= set(cli.list_commands(click.Context(cli))), mentioned


def test_links_between_pages_lead_somewhere() -> None:
    """No relative link of any page is broken."""
    for page in [*TOP.glob("*.md"), *TOP.glob("docs/**/*.md"), *TOP.glob("benchmarks/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_readme_leads_to_every_page() -> None:
    """No page of the documentation can be found only by those who know of it."""
    readme = (TOP / "README.md").read_text(encoding="utf8")
    assert not [page.name for page in TOP.glob("docs/*.md") if f"(docs/{page.name}" not in readme]


if __name__ == "__main__":
    PROBLEMS.write_text(problems_page(), encoding="utf8")
    ACCESS.write_text(access_page(), encoding="utf8")
    sys.stdout.write(f"wrote {PROBLEMS} and {ACCESS}\n")
