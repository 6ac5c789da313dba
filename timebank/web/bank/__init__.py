"""The front page, and what belongs to no subject."""
