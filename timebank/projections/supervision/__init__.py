"""What auditors ask: the event history."""
