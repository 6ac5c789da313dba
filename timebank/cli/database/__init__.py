"""Commands about the database: its schema, its roles, its keys, its backups."""
