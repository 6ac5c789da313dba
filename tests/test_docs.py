"""The documentation cannot lie: what can be compared with the program is."""

import re
import sys
from pathlib import Path

import rich_click as click
from litestar.routes import HTTPRoute

from timebank.access.table import Access
from timebank.api.app import create_app
from timebank.api.http.guard import table_of
from timebank.api.http.problems import FAILURES, STATUSES
from timebank.cli import cli
from timebank.domain.refusing import every_refusal
from timebank.runtime.settings import PREFIX, Settings

TOP = Path(__file__).parents[1]
PROBLEMS = TOP / "docs" / "problems.md"
PROOF = {True: "yes", False: ""}
ACCESS = TOP / "docs" / "access.md"


def problems_page() -> str:
    """The page on problems, as the program has them."""
    lines = [
        "# Problems",
        "",
        "Every failed request is answered with `application/problem+json` (RFC 9457). Programs tell problems apart by",
        "`type`; `errors` names fields. Beside those below there are `/problems/invalid-request` (400),",
        "`/problems/list-unreadable` and `/problems/list-not-clear` (422; see [lists](lists.md)),",
        "`/problems/too-much-at-once` (413), `/problems/queue-full`, `/problems/too-many-requests` and",
        "`/problems/daily-limit-reached` (429), `/problems/database-unavailable`, `/problems/projection-behind`,",
        "`/problems/clock-off`, `/problems/standby-away`, `/problems/log-damaged` and, of `/health/ready` alone,",
        "`/problems/not-ready` (503), and `about:blank` where the status says all.",
        "",
        "| type | status | what it says |",
        "|---|---|---|",
    ]
    for kind, refusal in sorted(every_refusal().items()):
        status = next(STATUSES[each] for each in refusal.__mro__ if each in STATUSES)
        says = " ".join((refusal.__doc__ or "").split()).replace("{", "*").replace("}", "*")
        lines.append(f"| `/problems/{kind}` | {status.value} | {says} |")
    for failure, status in sorted(FAILURES.items(), key=lambda item: item[0].kind):
        says = " ".join((failure.__doc__ or "").split()).replace("{", "*").replace("}", "*")
        lines.append(f"| `/problems/{failure.kind}` | {status.value} | {says} |")
    lines += ["", "This page is written by `uv run python -m tests.test_docs`.", ""]
    return "\n".join(lines)


def test_every_refusal_is_on_the_page_on_problems() -> None:
    """The page on problems says what the program says."""
    assert PROBLEMS.read_text(encoding="utf8") == problems_page(), "run: uv run python -m tests.test_docs"


def access_page() -> str:
    """The page on who may do what, as the table in the program has it."""
    app = create_app(Settings(oidc_issuer="https://provider.example", oidc_client_id="timebank"))
    served = {
        handler.handler_name: f"{method} {route.path_format}"
        for route in app.routes
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
        "- *offices*: appointments of the bank, in force today; a node leader for their own organisation only",
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
            for name, access in table_of(app).items()
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


def test_tests_that_the_docs_name_exist() -> None:
    """Every test that is said to hold a promise is there."""
    for page in TOP.glob("docs/**/*.md"):
        for path in re.findall(r"`(tests/[a-z_/.]*)`", page.read_text(encoding="utf8")):
            assert (TOP / path).exists(), f"{page.name} names {path}"


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


if __name__ == "__main__":
    PROBLEMS.write_text(problems_page(), encoding="utf8")
    ACCESS.write_text(access_page(), encoding="utf8")
    sys.stdout.write(f"wrote {PROBLEMS} and {ACCESS}\n")
