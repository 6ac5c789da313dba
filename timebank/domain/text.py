"""Text that people write: what may be in it, and how long it may be, whichever way it comes in."""

from typing import Annotated

from msgspec import Meta

# `$` alone would let a line break pass at the end of a text.
_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$(?!\n)"

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=_LINE)]
"""One line of text that says something: at most 200 characters, not all blanks, no control characters."""

Text = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$(?!\n)")]
"""Text of one or more lines: at most 2,000 characters, no control characters but tabs and line breaks."""

Phone = Annotated[str, Meta(min_length=3, max_length=32, pattern=r"^\+?[0-9][0-9 -]{1,30}$(?!\n)")]
"""A phone number as people write it: digits, blanks, hyphens, and a plus sign in front."""
