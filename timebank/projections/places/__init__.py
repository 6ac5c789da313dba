"""Read models of places."""
