"""Start the worker: `python …/worker/__main__.py work JOB EVENTS`: which one, and two descriptors.

The package is loaded under a private name by its path, so that nothing of ours is found by what the user imports.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

NAME = "_migrate_guard_worker"


def main() -> int:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != here]
    spec = importlib.util.spec_from_file_location(
        NAME, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    which, *descriptors = sys.argv[1:]
    work = importlib.import_module(f".{which}", NAME)
    code: int = work.main(descriptors)
    return code


if __name__ == "__main__":
    sys.exit(main())
