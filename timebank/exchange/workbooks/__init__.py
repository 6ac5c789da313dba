"""Workbooks (.xlsx, .xls, .ods): their sheets as rows of text, made by a process of its own.

What is inside of a workbook can be made to take any amount of memory, or to bring the reader down. So `reading` runs as
a process with limits, and all that comes back are rows. `flaws` finds the cells that the library drops in silence:
errors, and formulas without a result.
"""

PASSWORD, DAMAGED, TOO_LARGE, NO_ROOM = 3, 4, 5, 6
"""Exit codes of that process, for a workbook that it cannot read, or whose rows there is no room for."""

END = "end"
"""The last line of what that process makes of a workbook."""
