"""Telling what went wrong: as a problem in the language of whoever asked, and on the page that its type leads to."""
