"""What may happen twice to the same filing, handover or unit is told twice: no message breaks what it tells of."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import Handover, Outcome, Person, Post
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate, end_delegation
from operations.filings import submit, take_over
from operations.handovers import confirm, fingerprint, propose
from operations.leaving import come_back, leave
from operations.merging import split
from operations.vacancies import get_handover
from tests.college import College, set_short_name

BY = (None, "tests")
LEAVER, HEAD, SUCCESSOR, OTHER_HEAD = "wangqunzhu", "zhangzhuren", "lilaoshi", "chenshuji"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def gone(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id])])


def back(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        come_back(session, session.get_one(Person, college.people[user_id]))


def offer(college: College, *, only: int | None = None) -> int:
    """Ask the successor for all that is open in the one handover there is, or for one item of it; the handover's id."""
    record = get_handover(db.session.scalars(select(Handover.id).where(Handover.closed_at.is_(None))).one())
    items = {item.id for item in record.open} if only is None else {record.open[only].id}
    seen = fingerprint(record)
    propose(college.actor(HEAD), record.handover.id, items, college.people[SUCCESSOR], seen=seen)
    return record.handover.id


def times(college: College, user_id: str, saying: str) -> int:
    return sum(saying in message.card.get("lead", "") for message in college.told(user_id))


def test_a_successor_who_leaves_is_back_is_asked_again_and_leaves(college: College) -> None:
    college.submitted("jiwai")
    gone(college, LEAVER)
    for _ in range(2):
        offer(college)
        gone(college, SUCCESSOR)
        back(college, SUCCESSOR)
    assert times(college, HEAD, "李老师已离职，请另选接任人") == 2
    assert times(college, SUCCESSOR, "请您接任") == 2


def test_a_leaver_who_is_back_and_leaves_again(college: College) -> None:
    college.submitted("jiwai")
    for _ in range(2):
        gone(college, LEAVER)
        back(college, LEAVER)
    assert times(college, HEAD, "责任人缺位") == 2
    assert times(college, HEAD, "已返岗，移交已取消") == 2


def test_an_applicant_who_is_back_and_leaves_again(college: College) -> None:
    college.submitted()
    for _ in range(2):
        gone(college, "lilaoshi")
        back(college, "lilaoshi")
    assert times(college, HEAD, "备案待接办") == 2


def test_a_successor_who_takes_over_one_group_after_the_other(college: College) -> None:
    for number in range(2):
        college.submitted("jiwai", name=f"护理系{number}群", number=f"7000000{number}")
    gone(college, LEAVER)
    for _ in range(2):
        confirm(college.actor(SUCCESSOR), offer(college, only=0))
    for user_id in (HEAD, "zhougan"):
        assert times(college, user_id, "李老师已确认接任1个群组") == 2
    assert times(college, SUCCESSOR, "我的信息") == 2


def test_a_filing_that_two_heads_take_over_from_each_other_in_turn(college: College) -> None:
    filing_id = college.submitted()
    appoint(OTHER_HEAD, "DEPARTMENT_HEAD", "8")
    college.move("lilaoshi", "5")
    take_over(college.actor(HEAD), filing_id)
    for _ in range(2):
        for former, head in ((HEAD, OTHER_HEAD), (OTHER_HEAD, HEAD)):
            college.move(head, "8")
            college.move(former, "5")
            take_over(college.actor(head), filing_id)
    assert times(college, HEAD, "备案已由陈书记接办") == 2
    assert times(college, OTHER_HEAD, "备案已由张主任接办") == 2


def test_a_filing_that_is_sent_back_and_sent_again(college: College) -> None:
    """L3: its approver is told each time."""
    filing_id = college.submitted()
    for _ in range(2):
        decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充")
        submit(college.actor("lilaoshi"), filing_id)
    assert times(college, "lilaoshi", "备案已退回") == 2
    assert times(college, HEAD, "请您审核") == 3
    assert times(college, HEAD, "（第2次提交），请您审核") == 1


def test_a_post_that_is_delegated_twice_to_the_same_person(college: College) -> None:
    head, day = college.actor(HEAD), college_today()
    post_id = db.session.scalars(select(Post.id).where(Post.person_id == head.id)).one()
    filing_id = college.submitted()
    for _ in range(2):
        given = delegate(head, post_id, college.people["jiwai"], starts_on=day, ends_on=day + timedelta(days=1))
        end_delegation(college.actor("wuguanli"), given)
    for user_id in (HEAD, "jiwai"):
        assert times(college, user_id, "张主任对纪外人的委托已结束") == 2
    assert times(college, "jiwai", "张主任委托纪外人代为办理") == 2
    assert [m.filing_id for m in college.told("jiwai") if "请您审核" in m.card.get("lead", "")] == [filing_id] * 2


def test_a_unit_that_gets_the_same_short_name_again_and_groups_of_the_same_unit_twice(college: College) -> None:
    nursing, office = college.departments["8"], college.departments["5"]
    groups = [college.filing(college.submitted(name=f"护理系{n}群", number=f"7{n}0000")).group_id for n in range(3)]
    for short_name in ("护院", "护理系", "护院"):
        set_short_name(BY, nursing, short_name)
    assert times(college, HEAD, "单位简称已调整，3个群建议改名") == 2
    for group_id in groups[:2]:
        split(BY, nursing, office, [group_id])
    assert times(college, "sunchuzhang", "已有群组划入") == 2
