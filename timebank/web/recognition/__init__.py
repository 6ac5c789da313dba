"""Pages to thank people: boards."""
