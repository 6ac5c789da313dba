"""Pages on organisations: members, keys, offices."""
