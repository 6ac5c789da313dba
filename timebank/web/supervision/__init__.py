"""Pages for auditors: the history, the security log."""
