"""Named SQL: statements live in `.sql` files beside the module that runs them, each with its purpose and binds.

What several statements of a file begin with, or have in common, is written once under a name of its own; `{name}` in a
statement stands for it. So the columns of a view are listed in one place.
"""

import re
from importlib.resources import files

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_PART = re.compile(r"\{(\w+)\}")


def load_statements(package: str, name: str) -> dict[str, str]:
    """The statements of one file, by name. An unknown name is then a KeyError when the module is imported.

    Parts are put in where they are named, in other parts too, and are no statements themselves. A blank that names no
    part stays as it is.
    """
    pieces = _HEADING.split(files(package).joinpath(name).read_text(encoding="utf8"))
    texts = {heading: text.strip() for heading, text in zip(pieces[1::2], pieces[2::2], strict=True)}
    parts = {part for text in texts.values() for part in _PART.findall(text)}

    def whole(text: str) -> str:
        return _PART.sub(lambda blank: whole(texts[blank[1]]) if blank[1] in texts else blank[0], text)

    return {heading: whole(text) for heading, text in texts.items() if heading not in parts}
