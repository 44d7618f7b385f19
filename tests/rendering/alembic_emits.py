"""What Alembic itself sends for a snippet of an upgrade, in offline mode (`alembic upgrade --sql`)."""

from __future__ import annotations

import io
import textwrap
import warnings
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import mysql, postgresql

from migrate_guard.model.target import DialectName


def alembic_emits(
    body: str, dialect: DialectName = "postgresql", convention: dict[str, str] | None = None
) -> list[str]:
    """The statements of the body of an `upgrade()`, one a statement, transactions left out."""
    sent: list[str] = []
    metadata = sa.MetaData(naming_convention=convention) if convention else sa.MetaData()
    options: dict[str, Any] = {
        "as_sql": True,
        "output_buffer": io.StringIO(),
        "literal_binds": True,
        "target_metadata": metadata,
    }
    context = MigrationContext.configure(dialect_name=dialect, opts=options)
    context.impl.static_output = sent.append  # type: ignore[method-assign,assignment]  # what is printed
    code = "def upgrade():\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    names: dict[str, Any] = {"op": op, "sa": sa, "postgresql": postgresql, "mysql": mysql}
    with Operations.context(context), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, "snippet", "exec"), names)
        names["upgrade"]()
    return [each.strip().rstrip(";").rstrip() for each in sent if each.strip(" ;\n") not in ("BEGIN", "COMMIT")]
