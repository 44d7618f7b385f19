from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking.declarations import declaration, with_argument
from migrate_guard.model.instead import Code
from migrate_guard.model.models import Model, Models, Relationship
from migrate_guard.rule import ModelView, Problem, Related, Severity, rule


@rule("MG626", on=Model, severity=Severity.INFO, default=False)
def relationship_one_sided(view: ModelView) -> Iterator[Problem]:
    """Flag a relationship() that has no other side, or does not say which it is."""
    for relationship in view.model.relationships:
        if relationship.has_other_side or relationship.is_viewonly:
            continue
        other = _other(view.model, relationship, view.models)
        # Of two that belong together the first one speaks for both.
        if other is None or _place(relationship) <= _place(other):
            yield _problem(view, relationship, other)


def _other(model: Model, relationship: Relationship, models: Models) -> Relationship | None:
    """The one relationship that leads back and says nothing of another side, either."""
    target = next((each for each in models.models if each.name == relationship.target), None)
    if target is None or sum(each.target == target.name for each in model.relationships) != 1 + (target is model):
        return None
    back = [each for each in target.relationships if each.target == model.name and each is not relationship]
    return back[0] if len(back) == 1 and not back[0].has_other_side and not back[0].is_viewonly else None


def _place(relationship: Relationship) -> tuple[str, int]:
    return relationship.span.path, relationship.span.line


def _problem(view: ModelView, relationship: Relationship, other: Relationship | None) -> Problem:
    near, far = _short(view.model.name), _short(relationship.target)
    name, object_name = f"{near}.{relationship.name}", f"{view.model.table}.{relationship.name}"
    if other is None:
        return Problem(
            f'"{name}" leads to "{far}", and nothing leads back: a change of it is not seen from there',
            relationship.span,
            object=object_name,
            help=f'Write back_populates= here, and in "{far}" the relationship to "{near}" that it names.',
        )
    code = with_argument(declaration(view.models, relationship.span), f'back_populates="{other.name}"')
    return Problem(
        f'"{name}" and "{far}.{other.name}" do not know of each other: a change of one is not seen in the other before '
        "both are loaded anew",
        relationship.span,
        object=object_name,
        help=f'Write back_populates="{other.name}" here and back_populates="{relationship.name}" there.',
        instead=(Code(code),) if code else (),
        related=(Related(other.span, "the other one"),),
    )


def _short(name: str) -> str:
    return name.rpartition(".")[2]
