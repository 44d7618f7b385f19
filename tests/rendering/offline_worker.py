"""Print as JSON what Alembic's offline mode sends for each revision of the project in the current directory.

A child process: env.py and the scripts of a project import modules of their own.
"""

from __future__ import annotations

import io
import json
import logging
import sys

from alembic.config import Config
from alembic.migration import MigrationStep
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory


def main() -> None:
    """Write {revision: {direction: text, None where the script needs a database}}."""
    config = Config(sys.argv[1], toml_file="pyproject.toml")
    script = ScriptDirectory.from_config(config)
    logging.disable(logging.CRITICAL)
    found = {}
    for revision in script.walk_revisions():
        found[revision.revision] = {
            direction: _text(config, script, revision.revision, direction) for direction in ("upgrade", "downgrade")
        }
    sys.stdout.write(json.dumps(found))


def _text(config: Config, script: ScriptDirectory, revision: str, direction: str) -> str | None:
    buffer = config.output_buffer = io.StringIO()
    found = script.get_revision(revision)
    step = MigrationStep.upgrade_from_script(script.revision_map, found)
    # run as an upgrade in both directions: the version table is not asked about
    step.migration_fn = getattr(found.module, direction, lambda: None)
    context = EnvironmentContext(
        config, script, fn=lambda *_: [step], as_sql=True, starting_rev="base", destination_rev=revision
    )
    try:
        with context:
            script.run_env()
    except Exception:  # noqa: BLE001 - whatever a script does without a database
        return None
    return buffer.getvalue()


if __name__ == "__main__":
    main()
