"""Importing what offices have: lists of volunteers and of service, read as they are understood, with a verdict a row.

`lists` opens a list and says how it is understood (`results.ListAsRead`), before anything is written. `records` and
`volunteers` then import it, chunk by chunk, each a transaction of its own, and give a verdict for each row: interrupted
anywhere, whole rows are in and the rest are not, and importing the list again adds only those. All of it is plain
results, which the command line, HTTP and pages show in their own way.
"""
