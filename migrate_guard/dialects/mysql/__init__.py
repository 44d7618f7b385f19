"""What operations do to MySQL and MariaDB, by version."""
