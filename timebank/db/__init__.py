"""PostgreSQL: connections, migrations, named SQL."""
