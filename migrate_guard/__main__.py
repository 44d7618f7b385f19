"""The entry point: run a command and turn what goes wrong into a line and an exit code."""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED = 130
FAILED = 2
"""Usage, configuration, a missing path, or a mistake of ours."""


def main() -> None:
    """Run the command line; exit with 0 (clean), 1 (findings), 2 (it did not work) or 130 (Ctrl-C)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us (`>&-`)
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - it stays open as the streams do
    # A run is short and keeps its trees to the end: looking for garbage among them costs a seventh of it, and taking
    # them apart one by one before the process ends a tenth (benchmarks/README.md).
    gc.disable()
    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        from migrate_guard.cli import cli

        code = cli.main(arguments, prog_name="migrate-guard", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever reads the output has seen enough; nothing is left to be flushed when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends as a line and an exit code
        return _report(error, arguments)


def _report(error: Exception, arguments: list[str]) -> int:
    import click

    from migrate_guard.config import ConfigError
    from migrate_guard.reading.discover import DiscoveryError
    from migrate_guard.reading.json_documents import DocumentError
    from migrate_guard.terminal import UserError, complain

    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, click.UsageError):
        usage = error.ctx.get_usage() + "\n" if error.ctx else ""
        sys.stderr.write(usage)
        complain("error", error.format_message())
    elif isinstance(error, click.ClickException):
        complain("error", error.format_message())
    elif isinstance(error, ConfigError | DiscoveryError | DocumentError | UserError):
        complain("error", str(error))
    else:
        complain("internal error", f"{type(error).__name__}: {error}")
        if _wants_traceback(arguments):
            import traceback

            traceback.print_exception(error)
        else:
            sys.stderr.write(
                "This is a mistake in migrate-guard: please report it with the output of the same command and -v.\n"
            )
    return FAILED


def _wants_traceback(arguments: list[str]) -> bool:
    flags = (each for each in arguments if each.startswith("-") and not each.startswith("--"))
    return (
        "--verbose" in arguments
        or any("v" in each for each in flags)
        or bool(os.environ.get("MIGRATE_GUARD_TRACEBACK"))
    )


if __name__ == "__main__":
    main()
