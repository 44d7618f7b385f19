"""Escape sequences of the colours that reports use."""

from __future__ import annotations

from typing import Final

from migrate_guard.model.finding import Severity

BOLD: Final = "1"
BLUE: Final = "1;34"
CYAN: Final = "1;36"
SEVERITY_STYLES: Final = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: CYAN}
