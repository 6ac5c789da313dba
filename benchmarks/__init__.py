"""How fast the time bank is, next to other ways of doing the same work: see `README.md` here."""
