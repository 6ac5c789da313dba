"""Lists of offices as files: CSV in any encoding, or a sheet of a workbook, read into rows and written again.

A file's form is found in `decoding` and `sources`, its line of headings in `headings`, by what is known in `columns`,
and its rows are read in `reading`. `lookalikes` sees what is not read and matters all the same. Rows that were not
taken are written in `rejected`, lists to fill in are made in `template`. What cannot be read is told in words that the
office can act on, and what cannot be told is a question (`errors`).
"""
