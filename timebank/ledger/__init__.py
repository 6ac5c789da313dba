"""The log on PostgreSQL: facts to bytes and back, append, read and follow, and the ledger, the only write path."""
