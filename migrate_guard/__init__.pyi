from migrate_guard.commands._library import CheckError as CheckError
from migrate_guard.commands._library import Report as Report
from migrate_guard.commands._library import check as check
from migrate_guard.config import ConfigError as ConfigError
from migrate_guard.config import Mistake as Mistake
from migrate_guard.model.finding import Confidence as Confidence
from migrate_guard.model.finding import Finding as Finding
from migrate_guard.model.finding import Related as Related
from migrate_guard.model.finding import Severity as Severity
from migrate_guard.model.source import Span as Span

__all__ = [
    "CheckError",
    "Confidence",
    "ConfigError",
    "Finding",
    "Mistake",
    "Related",
    "Report",
    "Severity",
    "Span",
    "__version__",
    "check",
]
__version__: str
