"""Pages on credit: one's time, statement, rewards, gifts, the rule book."""
