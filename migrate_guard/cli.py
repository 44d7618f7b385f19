"""The command line: commands are the modules of `commands`, imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click

from migrate_guard import __version__, commands


class LazyGroup(click.Group):
    """A group that imports a command when it is called or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(name for module in iter_modules(commands.__path__) if not (name := module.name).startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"{commands.__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            from migrate_guard.config import nearest

            close = nearest(word, self.list_commands(ctx))
            hint = f'; did you mean "{close}"?' if close else f"; commands are {', '.join(self.list_commands(ctx))}"
            raise click.UsageError(f'there is no command "{word}"{hint}', ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="migrate-guard")
@click.pass_context
def cli(ctx: click.Context) -> int:
    """Tell whether Alembic migrations are safe before they reach a database that people depend on."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        return 2
    return 0
