"""What a cell says: text, a phone, a number, a time, a duration; the one way that all lists are read by.

A cell comes here as text, whatever file it was in. `damage` refuses what a spreadsheet has spoiled; `texts`,
`people`, `times` and `durations` make of the rest what it means. What cannot be understood, or can be understood in two
ways, is a `CellError` with words that whoever has the list before them can act on.
"""
