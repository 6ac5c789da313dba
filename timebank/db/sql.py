"""Named SQL: statements live in `.sql` files beside the module that runs them, each with its purpose and binds."""

import re
from importlib.resources import files

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def load_statements(package: str, name: str) -> dict[str, str]:
    """The statements of one file, by name. An unknown name is then a KeyError when the module is imported."""
    parts = _HEADING.split(files(package).joinpath(name).read_text(encoding="utf8"))
    return {heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}
