"""Draw docs/terminal.svg: what `migrate-guard check` prints of a fixture, as a terminal shows it.

usage: picture.py [FILE]

The command is really run. Lines are those that the README shows: three of the findings, and the footer.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final = ROOT / "fixtures" / "shop"
SHOWN: Final = (("MG301", "ix_orders_user_id"), ("MG406", "currency"), ("MG120", "full_name"))
"""Code and a word of the findings that are shown."""
WIDTH: Final = 130

THEME: Final = TerminalTheme(
    (27, 31, 36),
    (201, 209, 217),
    [
        *((72, 79, 88), (255, 123, 114), (86, 211, 100), (227, 179, 65)),
        *((88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)),
    ],
    [
        *((110, 118, 129), (255, 161, 152), (126, 231, 135), (242, 204, 96)),
        *((121, 192, 255), (210, 168, 255), (86, 212, 221), (240, 246, 252)),
    ],
)
# Rich's own asks another server for its font.
FORMAT: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "terminal.svg"
    file.write_text(picture(printed()), encoding="utf-8")


def printed() -> str:
    """Run the command; return the findings that are shown, with colours."""
    done = subprocess.run(
        [sys.executable, "-m", "migrate_guard", "check", "--color", "always"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(WIDTH)},
        capture_output=True,
        text=True,
        check=False,
    )
    findings = done.stdout.split("\n\n")
    chosen = [next(each for each in findings if code in each.splitlines()[0] and word in each) for code, word in SHOWN]
    return "\n\n".join((*chosen, "…", findings[-1]))


def picture(text: str) -> str:
    """Return the SVG of a terminal in which the command was called."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(f"\x1b[1m$ migrate-guard check\x1b[0m\n{text}".rstrip()))
    return console.export_svg(title="migrate-guard", theme=THEME, code_format=FORMAT, unique_id="terminal")


if __name__ == "__main__":
    main()
