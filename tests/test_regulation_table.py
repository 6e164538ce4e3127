"""docs/regulation.md: what it says is shown by a test, is."""

import ast
import re
from functools import cache
from itertools import chain

import pytest

from tests.conftest import CHECKOUT

TEXT = (CHECKOUT / "docs" / "regulation.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")]
ARTICLES = [f"第{number}条" for number in "一二三四五六七八九"] + [f"第十{number}条" for number in ("", *"一二三四")]
#: The features, edge cases and lessons of opening a group, and of the messages about it.
NUMBERED = [
    *(f"F{number}" for number in chain(range(1, 26), (27, 28))),
    *(f"E{number}" for number in chain(range(1, 10), range(11, 37), range(46, 56), (61,))),
    *(f"L{number}" for number in chain(range(1, 7), (11,))),
]

#: Those that no test shows, and why.
WITHOUT_A_TEST = {
    "E29": "not built: moving to another platform",
    "E49": "needs no code: nothing waits for paper",
    "E51": "not built: importing a list",
    "E54": "not built: a registrar's 更正; that a registered filing is not taken back is in MOVES",
    "E55": "not built: a change of the unit",
}


def references(text: str) -> list[tuple[str, str]]:
    """The tests that a text names, each as its file and its function."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)


@cache
def find_tests(path: str) -> frozenset[str]:
    """The test functions of a file; none where there is no such file."""
    file = CHECKOUT / path
    if not file.is_file():
        return frozenset()
    functions = (
        node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    )
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


def row_of(number: str) -> list[str]:
    """The row of a feature, an edge case or a lesson."""
    return next((row for row in ROWS if row[0] == number), [])


def test_every_test_that_a_row_names_exists() -> None:
    named = references(TEXT)
    assert len(named) > 100
    assert [f"{path}::{test}" for path, test in named if test not in find_tests(path)] == []


def test_every_reference_is_written_so_that_it_is_found() -> None:
    assert TEXT.count("::test_") == len(references(TEXT))


@pytest.mark.parametrize("article", [*ARTICLES, "附件"])
def test_every_article_has_rows_and_each_says_where_it_is_kept(article: str) -> None:
    rows = [row for row in ROWS if re.match(rf"{article}(?:[^一二三四]|$)", row[0])]
    assert rows
    assert all(len(row) == 4 and all(row) for row in rows)


@pytest.mark.parametrize("number", NUMBERED)
def test_every_numbered_thing_names_its_tests_but_for_those_listed_with_the_reason(number: str) -> None:
    row = row_of(number)
    assert len(row) == 4, f"{number} has no row"
    assert bool(references(row[3])) is (number not in WITHOUT_A_TEST)
    assert references(row[3]) or row[3] == "none"
