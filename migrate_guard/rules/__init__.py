"""The rules: one function a module, found by the contents of this package.

Module, function and catalogue page share the name. Importing this package imports no rule, and neither does asking for
all of them: `index.json` says what each declares, and the module is imported when the rule has something to judge. The
index is written by `python -m migrate_guard.rules`; where a module is not the one that it speaks of, all are imported.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from migrate_guard.rule import Rule


def rule_names() -> tuple[str, ...]:
    """The names of all rules, as users write them."""
    return tuple(sorted(module.name.replace("_", "-") for module in iter_modules(__path__) if module.name[0] != "_"))


@cache
def load_rule(name: str) -> Rule:
    """Import the rule called `name`; a module that does not declare the rule it is named after is an error."""
    attribute = name.replace("-", "_")
    found = getattr(import_module(f"{__name__}.{attribute}"), attribute, None)
    if not isinstance(found, Rule) or found.name != name:
        raise TypeError(f"{__name__}.{attribute} declares no rule named {attribute}")
    return found


@cache
def load_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of their codes."""
    from migrate_guard.rule_index import indexed

    return indexed(os.path.dirname(__file__), load_rule) or imported_rules()


def imported_rules() -> tuple[Rule, ...]:
    """Import every rule, in the order of their codes."""
    rules = tuple(sorted(map(load_rule, rule_names()), key=lambda each: each.code))
    codes = [each.code for each in rules]
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        raise TypeError(f"several rules have the code {', '.join(repeated)}")
    return rules
