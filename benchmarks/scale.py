#!/usr/bin/env python3
"""Measure how time and memory grow with the length of a history.

usage: scale.py [--revisions N]... [--runs 3] [--svg FILE]

Generated histories of several lengths are checked and folded, each in processes of their own, without bytecode of the
scripts. Printed are the medians, and the exponent of growth: 1 where twice the history takes twice the time. `--svg`
draws the curve.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from statistics import median
from typing import TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cold import CHECK, Measurement, compile_tools, environment, generated, measure

SCHEMA: tuple[str, ...] = ("-m", "migrate_guard", "schema", "--format", "json")
COMMANDS: Mapping[str, tuple[str, ...]] = {"check --no-cache": CHECK, "schema --format json": SCHEMA}
LENGTHS = (500, 1_000, 2_000, 5_000)
Curve: TypeAlias = dict[int, Measurement]
"""The medians by length of the history."""


def main() -> None:
    """Parse the command line, measure, print and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--revisions", action="append", type=int, metavar="N", help="a length; default: 500 to 5000")
    parser.add_argument("--runs", type=int, default=3, help="runs of each command on each history (default: 3)")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="where to draw the curve")
    arguments = parser.parse_args()
    lengths = sorted(set(arguments.revisions or LENGTHS))
    compile_tools()
    with tempfile.TemporaryDirectory(prefix="migrate-guard-scale-") as temporary:
        histories = {length: generated(Path(temporary) / str(length), length) for length in lengths}
        curves = {name: measured(command, histories, arguments.runs) for name, command in COMMANDS.items()}
    for name, curve in curves.items():
        print_curve(name, curve)
    if arguments.svg:
        arguments.svg.write_text(drawn(curves), encoding="utf-8")


def measured(command: Sequence[str], histories: Mapping[int, Path], runs: int) -> Curve:
    """Run a command on every history."""
    environ = environment()
    return {
        length: middle([measure(command, directory, environ) for _ in range(runs)])
        for length, directory in histories.items()
    }


def middle(every: Sequence[Measurement]) -> Measurement:
    """The medians of several runs."""
    return Measurement(*(median(getattr(each, of) for each in every) for of in ("wall", "cpu", "memory")))


def print_curve(name: str, curve: Curve) -> None:
    """Print the medians of one command."""
    print(f"\n{name:<24}{'wall s':>10}{'CPU s':>10}{'ms/revision':>13}{'peak MB':>10}")
    for length, each in curve.items():
        taken = f"{each.wall:>11.2f}{each.cpu:>10.2f}{each.cpu / length * 1e3:>13.2f}{each.memory:>10.0f}"
        print(f"{length:>12,} revisions{taken}")
    if len(curve) > 1:
        print(f"CPU seconds grow with the length to the power of {exponent(curve):.2f}")


def exponent(curve: Curve) -> float:
    """By which power of the length the CPU seconds grow, from the shortest history to the longest."""
    (short, first), *_, (long, last) = curve.items()
    return log(last.cpu / first.cpu) / log(long / short)


WIDTH, HEIGHT, MARGIN = 640, 360, 60
COLOURS = ("#1f77b4", "#d62728")


def drawn(curves: Mapping[str, Curve]) -> str:
    """The CPU seconds of every command over the length, as SVG."""
    longest = max(length for curve in curves.values() for length in curve)
    slowest = max(each.cpu for curve in curves.values() for each in curve.values())

    def point(length: float, seconds: float) -> tuple[float, float]:
        x = MARGIN + length / longest * (WIDTH - 2 * MARGIN)
        return x, HEIGHT - MARGIN - seconds / slowest * (HEIGHT - 2 * MARGIN)

    attributes = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<path d="M{MARGIN},{MARGIN} V{HEIGHT - MARGIN} H{WIDTH - MARGIN}" fill="none" stroke="black"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 15}" text-anchor="middle">revisions</text>',
        f'<text x="{MARGIN}" y="{MARGIN - 15}" text-anchor="middle">CPU s</text>',
    ]
    for at in range(5):
        x, y = point(longest * at / 4, slowest * at / 4)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{longest * at // 4:,}</text>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{slowest * at / 4:.1f}</text>')
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [point(length, each.cpu) for length, each in curve.items()]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{MARGIN + 15}" y="{MARGIN + 18 * number}" fill="{colour}">{name}</text>')
    return "\n".join((*parts, "</svg>\n"))


if __name__ == "__main__":
    main()
