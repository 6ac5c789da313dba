"""Commands about lists: reading them, and saying what came of each row."""
