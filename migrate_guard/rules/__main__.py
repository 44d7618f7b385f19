"""Write the index of the rules: `python -m migrate_guard.rules`, after a rule has come or changed."""

from __future__ import annotations

from pathlib import Path

from migrate_guard.rule_index import NAME, written
from migrate_guard.rules import imported_rules

if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / NAME).write_bytes(written(imported_rules(), str(folder)))
