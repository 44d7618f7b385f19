"""What a schema is in other languages: SQL, Mermaid."""
