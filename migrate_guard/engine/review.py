"""What is under review of a history, and what of it is new at each point."""

from __future__ import annotations

from msgspec import Struct, field

from migrate_guard.history.range import Range
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import Schema


class Review(Struct):
    """What a range has made of the schema so far; without one every revision is judged by itself."""

    range: Range | None = None
    _created: dict[str, frozenset[QualifiedName]] = field(default_factory=dict)
    """By revision, what of the range there is after it: its own tables and those of its ancestors."""
    _bases: dict[str, Schema] = field(default_factory=dict)
    """By revision of the range, the schema that the range began with."""

    @property
    def run(self) -> Range | None:
        """The range whose revisions run in one go."""
        return self.range if self.range and self.range.is_one_run else None

    def includes(self, revision: Revision) -> bool:
        return self.range is None or revision.id in self.range.revisions

    def is_alone(self, revision: Revision) -> bool:
        """Whether a database that stands at the parent of a revision runs this one only."""
        return self.run is not None and self.run.revisions == {revision.id}

    def begin(self, revision: Revision, before: Schema) -> frozenset[QualifiedName]:
        """Take up a revision; return what the range has created when it is about to run."""
        if self.range is None:
            return frozenset()
        if self.includes(revision):
            begun = (self._bases[each] for each in revision.parents if each in self._bases)
            self._bases[revision.id] = next(begun, before)
        return frozenset[QualifiedName]().union(*(self._created.get(each, ()) for each in revision.parents))

    def base(self, revision: Revision, before: Schema) -> Schema:
        """The schema that running code knows: the one before the range, or before the revision."""
        return self._bases.get(revision.id, before)

    def end(self, revision: Revision, inherited: frozenset[QualifiedName], new: frozenset[QualifiedName]) -> None:
        """Put down a revision that leaves these tables new."""
        if self.range is not None:
            self._created[revision.id] = new if self.includes(revision) else inherited
