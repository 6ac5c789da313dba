"""What is secret or personal, sealed with keys that are kept outside the database."""
