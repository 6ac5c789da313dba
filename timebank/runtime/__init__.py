"""Running the service: settings, the parts put together, the server, the embedded PostgreSQL, the clock's work."""
