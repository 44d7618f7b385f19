"""What databases do: types, names, reserved words, by version. Every row has its source."""
