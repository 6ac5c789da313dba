"""Read models of service."""
