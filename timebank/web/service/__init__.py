"""Pages on service: recording, lists, confirming."""
