"""Named statements, and the parts that several of them share."""

from pathlib import Path

import pytest

from timebank.db.sql import load_statements

FILE = """
-- view --
-- What is shown of a bird.
select name, song
  from bird

-- one --
-- $1 bird
{view}
 where name = $1

-- page --
{view} order by name

-- count --
-- Of any table. $1 songs
select count(*) from {table} where song = any ('{}'::text[] || $1)
"""


@pytest.fixture
def statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The statements of a file in a package of its own."""
    (tmp_path / "aviary").mkdir()
    (tmp_path / "aviary" / "__init__.py").touch()
    (tmp_path / "aviary" / "birds.sql").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    return load_statements("aviary", "birds.sql")


def test_a_part_stands_in_every_statement_that_names_it(statements: dict[str, str]) -> None:
    """What several statements begin with is written once, and is part of each."""
    view = "-- What is shown of a bird.\nselect name, song\n  from bird"
    assert statements["one"] == f"-- $1 bird\n{view}\n where name = $1"
    assert statements["page"] == f"{view} order by name"


def test_a_part_is_no_statement(statements: dict[str, str]) -> None:
    """Nobody can run a part by itself."""
    assert list(statements) == ["one", "page", "count"]


def test_other_braces_stay(statements: dict[str, str]) -> None:
    """Blanks that are filled in later, and empty arrays, are left alone."""
    assert "from {table} where song = any ('{}'::text[] || $1)" in statements["count"]
