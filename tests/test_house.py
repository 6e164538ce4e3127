"""Who may import whom, for the modules that import-linter does not look into because they are no packages.

The rules for the packages stand in pyproject.toml.
"""

import ast
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
OURS = {
    *("app", "config", "extensions", "script", "simulator", "tests"),
    *("blueprints", "operations", "messaging", "models", "regulation"),
}
ALLOWED = {
    "config.py": {"regulation"},
    # models.base: the class that the database extension maps with.
    "extensions.py": {"config", "models"},
    "app.py": OURS - {"app", "script", "simulator", "tests"},
}


def _imports_of_ours(source: str) -> set[str]:
    """The project's own top-level names that `source` imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names} & OURS


@pytest.mark.parametrize("name", ALLOWED)
def test_a_top_level_module_imports_only_what_stands_below_it(name: str) -> None:
    assert _imports_of_ours((CHECKOUT / name).read_text(encoding="utf-8")) <= ALLOWED[name]


def test_imports_are_found_in_every_form() -> None:
    source = "import models.filing\ndef late():\n    from operations import decide\nimport os, simulator"
    assert _imports_of_ours(source) == {"models", "operations", "simulator"}
