"""What the tools of `rivals.py` say of the hazards and twins of planted.toml."""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.planting import FAILS, URL, Hazard, Kind, Verdict, judged, plant, read_hazards
from benchmarks.rival_runs import Environments, Subject, has_failed, run
from benchmarks.rivals import LIVE, Rival, Said

KINDS: tuple[Kind, Kind] = ("hazard", "twin")


@dataclass(frozen=True)
class Trial:
    """Hazards that tools are tried on, and how it is called."""

    title: str
    hazards: Sequence[Hazard]
    rivals: Sequence[Rival]
    means: Callable[[Hazard], frozenset[str]]
    """The rules by which one of them says just that."""
    database: Callable[[], str]
    """The URL of a database that is new for each run."""


def static_trial(rivals: Sequence[Rival]) -> Trial:
    """All hazards, for the tools that read scripts or render them."""
    hazards = read_hazards()
    title = f"{len(hazards)} planted hazards and their healthy twins"
    return Trial(title, hazards, rivals, lambda hazard: hazard.means, lambda: URL)


def live_trial(database: Callable[[], str]) -> Trial:
    """The hazards that a run of the scripts can tell, for the tools that run them."""
    hazards = [each for each in read_hazards() if each.live]
    title = f"{len(hazards)} of them, run on a scratch PostgreSQL"
    return Trial(title, hazards, LIVE, lambda hazard: hazard.live, database)


def try_hazards(trial: Trial, environments: Environments) -> list[str]:
    """Print who catches what, and return a line for what a tool says of each history."""
    programs = {rival: environments.programs(rival.requirements) for rival in trial.rivals}
    verdicts: dict[tuple[Hazard, Rival], Verdict] = {}
    lines: list[str] = []
    for hazard in trial.hazards:
        for rival in trial.rivals:
            said = [asked(trial, rival, programs[rival], hazard, kind) for kind in KINDS]
            lines += [
                f"{hazard.name}: {kind}: {rival.name}: {FAILS if by is None else ' '.join(each.rule for each in by)}"
                for kind, by in zip(KINDS, said, strict=True)
            ]
            verdicts[hazard, rival] = judged(trial.means(hazard), *said)
    print_verdicts(trial, verdicts)
    return lines


def asked(trial: Trial, rival: Rival, programs: Path, hazard: Hazard, kind: Kind) -> list[Said] | None:
    """Give one history to one tool; None is a failure."""
    url = trial.database()
    with tempfile.TemporaryDirectory(prefix="migrate-guard-field-") as scratch:
        root = Path(scratch) / "project"
        planted = plant(hazard, kind, root, url)
        for path, text in rival.files.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text.replace("{url}", url), encoding="utf-8")
        commands = rival.modelled if hazard.has_models and rival.modelled else rival.counted
        done = run(commands, programs, Subject(root, "migrations", "alembic.ini", url=url), rival.environ)
    return None if has_failed(rival, done) else list(planted.about(rival.said(done.printed)))


def print_verdicts(trial: Trial, verdicts: Mapping[tuple[Hazard, Rival], Verdict]) -> None:
    """Print who catches what, with the totals below."""
    print(f"### {trial.title}\n")
    print(f"| hazard | {' | '.join(each.name for each in trial.rivals)} |")
    print(f"|---|{'---|' * len(trial.rivals)}")
    for hazard in trial.hazards:
        print(f"| {hazard.name} | {' | '.join(str(verdicts[hazard, rival]) for rival in trial.rivals)} |")
    columns = [[verdicts[hazard, rival] for hazard in trial.hazards] for rival in trial.rivals]
    for title, cells in (
        ("**caught**", [sum(bool(each.caught) for each in column) for column in columns]),
        ("**false alarms**", [sum(bool(each.false) for each in column) for column in columns]),
        ("**other findings on the twins**", [sum(each.beside for each in column) for column in columns]),
    ):
        print(f"| {title} | {' | '.join(map(str, cells))} |")
    print(flush=True)
