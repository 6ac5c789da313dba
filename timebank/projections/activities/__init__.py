"""Read models of activities."""
