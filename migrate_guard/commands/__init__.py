"""The commands: one module each, which defines `command`; names with an underscore are shared helpers."""
