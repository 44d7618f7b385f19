"""What operations do to SQLite, by version."""
