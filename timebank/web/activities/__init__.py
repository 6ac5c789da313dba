"""Pages about activities and places."""
