"""Pages for people: whatever a page shows or does, it asks the API, as the person whom it serves."""
