"""CREATE INDEX and DROP INDEX as SQLAlchemy's DDL compilers write them."""

from __future__ import annotations

from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import IndexElement
from migrate_guard.rendering.parts import HOLE, NotKnown, Scope, expression_text


def create_index(operation: ops.CreateIndex, scope: Scope) -> str:
    """The statement of a CreateIndex."""
    index, is_postgresql = operation.index, scope.target.dialect == "postgresql"
    if not index.elements:
        raise NotKnown("the columns of the index")
    if index.name is None:
        raise NotKnown("the name of the index")
    if HOLE in operation.storage:
        raise NotKnown("the options of the index")
    prefix = f"{index.method.upper()} " if scope.is_mysql and index.method in ("fulltext", "spatial") else ""
    how = " CONCURRENTLY" * (operation.concurrently and is_postgresql) + " IF NOT EXISTS" * operation.if_not_exists
    words = [f"CREATE {'UNIQUE ' * index.unique}{prefix}INDEX{how} {scope.name(index.name)}"]
    words.append(f"ON {scope.qualified(operation.table)}")
    if is_postgresql and index.method != "btree":
        words.append(f"USING {index.method}")
    words.append(f"({', '.join(_element(each, scope) for each in index.elements)})")
    if is_postgresql:
        words += [f"INCLUDE ({scope.names(index.include)})"] if index.include else []
        words += ["NULLS NOT DISTINCT"] if index.nulls_not_distinct else []
        words += [operation.storage] if operation.storage else []
    elif not prefix and index.method != "btree":
        words.append(f"USING {index.method}")
    if index.where:
        words.append(f"WHERE {expression_text(index.where, 'its predicate', scope)}")
    return " ".join(words)


_CALL: Final = lazily(r"[\w.]+\(")
_BRACKET: Final = lazily(r"'(?:[^']|'')*'|[()]")


def _is_call(text: str) -> bool:
    """Whether an expression is one call of a function, which stands without parentheses."""
    if not _CALL.match(text):
        return False
    depth = 0
    for found in _BRACKET.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0 and found[0] == ")":
            return found.end() == len(text)
    return False


def _element(element: IndexElement, scope: Scope) -> str:
    if element.column is not None:
        key = scope.name(element.column) + (f"({element.length})" if element.length and scope.is_mysql else "")
    elif element.expression is not None:
        key = expression_text(element.expression, "an expression of the index", scope)
        key = key if _is_call(key) and not scope.is_mysql else f"({key})"
    else:
        raise NotKnown("an expression of the index")
    collation = f'COLLATE "{element.collation}"' if element.collation else ""
    direction = "DESC" if element.is_descending else ""
    nulls = f"NULLS {element.nulls}" if element.nulls else ""
    return " ".join(filter(None, (key, collation, element.opclass, direction, nulls)))


def drop_index(operation: ops.DropIndex, scope: Scope) -> str:
    """The statement of a DropIndex."""
    exists = "IF EXISTS " if operation.if_exists else ""
    if scope.is_mysql:
        if operation.table is None:
            raise NotKnown("the table of the index: MySQL has to be told table_name")
        return f"DROP INDEX {exists}{scope.name(operation.index.name)} ON {scope.qualified(operation.table)}"
    how = "CONCURRENTLY " if operation.concurrently and scope.target.dialect == "postgresql" else ""
    return f"DROP INDEX {how}{exists}{scope.qualified(operation.index)}"
