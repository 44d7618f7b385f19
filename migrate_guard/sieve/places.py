"""Where in the histories findings lie."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from migrate_guard.model.finding import Finding


class Places(Struct, frozen=True):
    """The environments and revisions of files, by the paths that findings show."""

    environments: Mapping[str, str] = field(default_factory=dict)
    """Path of a file → the script location that it belongs to."""
    revisions: Mapping[str, str] = field(default_factory=dict)
    """Path of a script → the id of its revision."""
    homes: Mapping[str, str] = field(default_factory=dict)
    """Revision id → the script location that it belongs to, for findings in other files."""

    settings: frozenset[str] = frozenset()
    """The files that speak for all revisions: env.py and the configuration."""

    def revision(self, finding: Finding) -> str | None:
        """The revision that a finding is about, or in whose script it lies; None for one in env.py."""
        if finding.span.path in self.settings:
            return None
        return finding.revision or self.revisions.get(finding.span.path)

    def environment(self, finding: Finding) -> str:
        """The script location of the environment that a finding is about, empty where it is about none."""
        return self.environments.get(finding.span.path) or self.homes.get(finding.revision or "", "")
