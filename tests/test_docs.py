"""The documentation cannot lie: what can be compared with the program is."""

import re
import sys
from pathlib import Path

import rich_click as click

from timebank.api.problems import STATUSES
from timebank.cli import cli
from timebank.domain.refusals import every_refusal
from timebank.settings import PREFIX, Settings

TOP = Path(__file__).parents[1]
PROBLEMS = TOP / "docs" / "problems.md"


def problems_page() -> str:
    """The page on problems, as the program has them."""
    lines = [
        "# Problems",
        "",
        "Every failed request is answered with `application/problem+json` (RFC 9457). Programs tell problems apart by",
        "`type`; `errors` names fields. Beside those below there are `/problems/invalid-request` (400),",
        "`/problems/queue-full` (429), `/problems/database-unavailable` and `/problems/projection-behind` (503), and",
        "`about:blank` where the status says all.",
        "",
        "| type | status | what it says |",
        "|---|---|---|",
    ]
    for kind, refusal in sorted(every_refusal().items()):
        status = next(STATUSES[each] for each in refusal.__mro__ if each in STATUSES)
        says = " ".join((refusal.__doc__ or "").split()).replace("{", "*").replace("}", "*")
        lines.append(f"| `/problems/{kind}` | {status.value} | {says} |")
    lines += ["", "This page is written by `uv run python -m tests.test_docs`.", ""]
    return "\n".join(lines)


def test_every_refusal_is_on_the_page_on_problems() -> None:
    """The page on problems says what the program says."""
    assert PROBLEMS.read_text(encoding="utf8") == problems_page(), "run: uv run python -m tests.test_docs"


def test_every_setting_is_on_its_page() -> None:
    """The page on settings has each variable once, and no other."""
    page = (TOP / "docs" / "settings.md").read_text(encoding="utf8")
    named = re.findall(rf"^\| `{PREFIX}([A-Z_]+)`", page, re.MULTILINE)
    assert named == [name.upper() for name in Settings.__struct_fields__]


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
    sys.stdout.write(f"wrote {PROBLEMS}\n")
