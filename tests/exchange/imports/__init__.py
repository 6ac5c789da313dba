"""Importing, where the database is part of the question and the command line is not."""
