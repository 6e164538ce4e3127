"""接办, E18: who may go on with a filing whose applicant left or moved, and who is told of it."""

import pytest
from flask import Flask

from models import Membership, Outcome, Person
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint, dismiss
from operations.decisions import decide
from operations.errors import NotAllowed
from operations.filings import submit, take_over
from operations.leaving import leave
from operations.merging import merge, split
from operations.permissions import can_take_over
from operations.reading import get_filing
from tests.college import College

BY = (None, "tests")
HEAD, APPLICANT = "zhangzhuren", "lilaoshi"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def go(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id])])


def may(college: College, filing_id: int, user_id: str = HEAD) -> bool:
    return can_take_over(college.actor(user_id), get_filing(filing_id))


def leads(college: College, user_id: str = HEAD) -> list[str]:
    return [message.card["lead"] for message in college.told(user_id) if "待接办" in message.card.get("lead", "")]


@pytest.mark.parametrize("how", [merge, split])
def test_a_group_that_moves_to_another_department_makes_no_mover_of_its_applicant(
    how: object, college: College
) -> None:
    filing_id = college.submitted()
    appoint("jiwai", "DEPARTMENT_HEAD", "7")
    source, target = college.departments["8"], college.departments["7"]
    if how is split:
        split(BY, source, target, [college.filing(filing_id).group_id])
    else:
        merge(BY, source, target)
    assert not may(college, filing_id, "jiwai")


def test_a_second_department_that_was_given_up_is_left_too(college: College) -> None:
    with unit_of_work() as session:
        session.add(Membership(person_id=college.people["jiwai"], department_id=college.departments["8"]))
    filing_id = college.submitted("jiwai")
    assert not may(college, filing_id)
    college.move("jiwai", "5")
    assert may(college, filing_id)


def test_sending_it_once_more_after_moving_changes_nothing(college: College) -> None:
    filing_id = college.submitted()
    college.move(APPLICANT, "5")
    decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请改")
    submit(college.actor(APPLICANT), filing_id)
    assert may(college, filing_id)


def test_a_head_who_was_relieved_since_the_page_was_opened_takes_nothing_over(college: College) -> None:
    filing_id = college.submitted()
    college.move(APPLICANT, "5")
    opened = college.actor(HEAD)
    dismiss(HEAD, "DEPARTMENT_HEAD", "8")
    with pytest.raises(NotAllowed):
        take_over(opened, filing_id)


def test_the_head_is_told_once_of_all_that_a_leaver_left_under_way(college: College) -> None:
    for number in range(2):
        college.submitted(name=f"护理系{number}群", number=f"7000000{number}")
    for _ in range(2):
        go(college, APPLICANT)
    assert leads(college) == ["李老师已离职，2份办理中的备案待接办"]


def test_a_later_head_is_told_too(college: College) -> None:
    college.submitted()
    dismiss(HEAD, "DEPARTMENT_HEAD", "8")
    go(college, APPLICANT)
    assert leads(college) == []
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    assert leads(college, "jiwai") == ["李老师已离职，1份办理中的备案待接办"]
