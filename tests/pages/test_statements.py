"""How many SQL statements a page sends: a fixed number, however many filings there are."""

import pytest
from flask import Flask

from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.test_departments import rename

pytestmark = one_database

#: page: who opens it, and the most statements it may send.
PAGES = {
    "/": ("lilaoshi", 13),
    "/approvals": ("zhangzhuren", 9),
    "/guide": ("lilaoshi", 3),
    "/messages": ("zhangzhuren", 4),
    "/registry": ("zhougan", 9),
    "/filings/new": ("lilaoshi", 6),
    "/filings/1": ("zhangzhuren", 12),
    "/filings/1/edit": ("lilaoshi", 9),
    "/groups/1": ("zhougan", 11),
    "/me": ("lilaoshi", 4),
    "/handovers": ("zhougan", 5),
    "/administration/": ("wuguanli", 28),
    "/administration/messages": ("wuguanli", 6),
}


def test_the_list_of_first_steps_costs_only_an_administrator_something(
    sign_in: SignIn, counted: StatementCounter
) -> None:
    counts = {}
    for user_id in ("jiwai", "wuguanli"):
        browser = sign_in(user_id)
        counted.statements.clear()
        browser.open("/")
        counts[user_id] = len(counted)
    assert not any("last_heard" in statement for statement in counted.statements[: counts["jiwai"]])
    assert counts["wuguanli"] - counts["jiwai"] == 7


@pytest.mark.parametrize("path", ["/", "/departments/{}/names", "/groups/1"])
def test_a_page_sends_as_many_statements_for_many_names_to_change_as_for_few(
    app: Flask, college: College, sign_in: SignIn, made: Made, counted: StatementCounter, path: str
) -> None:
    nursing, counts = college.departments["8"], []
    for number, called, renamed in ((3, "护理系", "护理学系"), (9, "护理学系", "护理学院")):
        for n in range(number):
            made.submitted(name=f"{called}{number}{n}群", number=f"71000{number}{n}")
        rename(app, nursing, renamed)
        browser = sign_in("zhangzhuren")
        counted.statements.clear()
        browser.open(path.format(nursing))
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_each_page_sends_as_many_statements_for_many_filings_as_for_few(
    sign_in: SignIn, made: Made, counted: StatementCounter
) -> None:
    returned = made.submitted(name="护理系零群", number="700000")
    sign_in("zhangzhuren").post(f"/filings/{returned}/decision", outcome="returned", reason="请改")
    few, many = (_counts(sign_in, made, counted, number) for number in (3, 9))
    assert few == many
    assert {path: count for path, count in many.items() if count > PAGES[path][1]} == {}


def _counts(sign_in: SignIn, made: Made, counted: StatementCounter, number: int) -> dict[str, int]:
    """How many statements each page sends once there are so many more filings of either state."""
    for n in range(number):
        made.submitted(name=f"护理系{number}{n}群", number=f"71000{number}{n}")
        made.approved(name=f"护理系通过{number}{n}群", number=f"72000{number}{n}")
    counts = {}
    for path, (user_id, _) in PAGES.items():
        browser = sign_in(user_id)
        counted.statements.clear()
        browser.open(path)
        counts[path] = len(counted)
    return counts
