"""Loading the models of a project in a child process, and asking the rules about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.commands._python import python_of
from migrate_guard.config import Settings, target
from migrate_guard.engine.modelling import judge_models
from migrate_guard.history.range import Range
from migrate_guard.model.environment import Environment
from migrate_guard.model.target import Target
from migrate_guard.probes.child import WorkerError
from migrate_guard.probes.models import Wanted, load
from migrate_guard.reading.project import display_path
from migrate_guard.terminal import complain, progress

if TYPE_CHECKING:
    from migrate_guard.engine import Outcome, Reading
    from migrate_guard.model.models import Models
    from migrate_guard.reading.discover import AlembicEnvironment, Selection
    from migrate_guard.reading.parting import Parting
    from migrate_guard.rule import Rule


def only_scripts(selection: Selection) -> bool:
    """Whether nothing but scripts is asked for, so that nothing is reported of models."""
    scripts = {script.path for environment in selection.environments for script in environment.scripts}
    return selection.restrict is not None and selection.restrict <= scripts


def wanted_models(
    found: AlembicEnvironment | None, used: Target, settings: Settings, x: tuple[str, ...], *, cache: Path | None
) -> Wanted:
    """The models that the settings name, of an environment if there is one; without any those that its env.py names."""
    root = _root(found, settings)
    return Wanted(
        found,
        settings.models,
        used,
        python_of(settings.python, root),
        root,
        x=x,
        base=Path.cwd(),
        cache=cache,
    )


def _root(found: AlembicEnvironment | None, settings: Settings) -> Path:
    """Where the project is: Flask-Migrate has its configuration among the scripts."""
    if found is None:
        return settings.root or Path.cwd()
    is_among_scripts = found.root == found.script_location and not found.prepend_sys_path
    return found.root.parent if is_among_scripts else found.root


class ProjectModels(Struct, frozen=True):
    """The models that the settings of a project name; all but `running` raises WorkerError."""

    settings: Settings
    rules: Sequence[Rule]
    x: tuple[str, ...]
    """What env.py is handed."""
    cache: Path | None
    are_asked_about: bool
    """The rules are to be asked about them, too."""

    def beside(self, reading: Reading, found: AlembicEnvironment) -> Outcome:
        """What the rules say of them, loaded for an environment."""
        return self._judged(self._wanted(found, reading.target), reading.environment)

    def alone(self) -> Outcome:
        """What the rules say of them where there is no environment."""
        wanted = self._wanted(None, target(self.settings, None))
        return self._judged(wanted, Environment(self._location(wanted)))

    def running(self, parting: Parting, found: AlembicEnvironment, used: Target) -> Models | None:
        """The models of the code that runs while a branch is deployed; None where there is none that can be loaded."""
        from migrate_guard.probes.old_models import load_old

        try:
            with progress(f"loading the models that {parting.base.ref} has"):
                return load_old(parting.files, self._wanted(found, used))
        except WorkerError as error:
            complain("warning", f"what the running code maps is not known: of {parting.base.ref} {error}")
            return None

    def under_review(self, outcome: Outcome, parting: Parting | None) -> Outcome:
        """What is said of them under `--since`: what lies in files that the branch has changed.

        A revision says nothing of models, so that without a ref of git none of them is under review.
        """
        files = outcome.sources.keys()
        changed = {each for each in files if parting is not None and parting.files.has_changed(Path.cwd() / each)}
        return replace(outcome, under_review=Range(scripts=frozenset(changed), settled=frozenset(files - changed)))

    def _judged(self, wanted: Wanted, environment: Environment) -> Outcome:
        name = ", ".join(wanted.specs)
        with progress(f"loading the models of {name}"):
            models = load(wanted)
        return judge_models(
            models,
            self.rules,
            self.settings.rule_options,
            environment=environment,
            target=wanted.target,
            location=self._location(wanted),
            name=name,
        )

    def _wanted(self, found: AlembicEnvironment | None, used: Target) -> Wanted:
        return wanted_models(found, used, self.settings, self.x, cache=self.cache)

    def _location(self, wanted: Wanted) -> str:
        return display_path(self.settings.root or wanted.root, wanted.base)
