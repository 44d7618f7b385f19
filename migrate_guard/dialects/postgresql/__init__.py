"""What operations do to PostgreSQL, by version."""
