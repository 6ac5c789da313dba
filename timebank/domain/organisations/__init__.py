"""The rules of organisations, memberships, offices and API keys."""
