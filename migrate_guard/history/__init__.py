"""The order of a history, and the schema after each of its steps."""
