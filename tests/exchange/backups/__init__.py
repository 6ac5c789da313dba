"""Backups, taken while the service goes on, and restored elsewhere."""
