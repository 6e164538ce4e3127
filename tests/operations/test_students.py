"""Students decide on no filing, whichever way a say would come to them: a post, 委托, 转办."""

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import Membership, Person, Post
from models.database import unit_of_work
from operations.appointing import Term, appoint, give
from operations.clock import college_today
from operations.delegating import delegate
from operations.errors import RefusedField
from operations.oversight import oversee
from operations.proposals import proposals
from operations.reassigning import reassign
from regulation import PostKind
from tests.college import College

STUDENT = "wangqunzhu"
SENTENCE = "王群主是学生，不能审核备案（第八条），请另选一位教职工；如职务有误，请先在通讯录中更正。"
RUNNING = [PostKind.ADMINISTRATOR, PostKind.AUDITOR]


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


@pytest.fixture(autouse=True)
def _student(_context: None, college: College) -> None:
    """王群主 is a student, as the directory has it, with a space where it may have one."""
    with unit_of_work() as session:
        session.get_one(Person, college.people[STUDENT]).job_title = "学生干部 "


def refused(act: Callable[[], object]) -> tuple[str, str]:
    """The field at which it was refused, and the sentence; nothing was given."""
    before = db.session.scalars(select(Post.id)).all()
    db.session.rollback()
    with pytest.raises(RefusedField) as refusal:
        act()
    assert db.session.scalars(select(Post.id)).all() == before
    return refusal.value.field, refusal.value.sentence


def by_command(college: College, kind: PostKind) -> bool:
    return appoint(STUDENT, kind.name, "8" if kind.for_department else None)


def by_page(college: College, kind: PostKind, *, is_deputy: bool = False) -> bool:
    unit = college.departments["8"] if kind.for_department else None
    return give((None, "tests"), college.people[STUDENT], kind, unit, Term(is_deputy=is_deputy))


@pytest.mark.parametrize("way", [by_command, by_page])
@pytest.mark.parametrize("kind", [kind for kind in PostKind if kind not in RUNNING])
def test_no_student_is_given_a_post_that_decides(
    college: College, kind: PostKind, way: Callable[[College, PostKind], bool]
) -> None:
    """E12: neither by the command nor on the page, where it stands at the post."""
    assert refused(partial(way, college, kind)) == ("kind", SENTENCE)


def test_no_student_is_a_deputy_or_a_leader_of_several_units_either(college: College) -> None:
    """E12: a deputy decides where the head is away, and 主管院领导 are appointed on a list of their own, too."""
    assert refused(partial(by_page, college, PostKind.DEPARTMENT_HEAD, is_deputy=True)) == ("kind", SENTENCE)
    leads = partial(oversee, college.actor("wuguanli"), college.people[STUDENT], [college.departments["8"]])
    assert refused(leads)[1] == SENTENCE


@pytest.mark.parametrize("kind", RUNNING)
def test_a_student_may_run_the_service(college: College, kind: PostKind) -> None:
    """E12: that gives no say in filings."""
    assert by_page(college, kind)


@pytest.mark.parametrize(
    ("giver", "kind"), [("zhangzhuren", PostKind.DEPARTMENT_HEAD), ("zhougan", PostKind.REGISTRAR)]
)
def test_no_student_is_let_act_for_somebody(college: College, giver: str, kind: PostKind) -> None:
    """E12: 委托."""
    held = select(Post.id).where(Post.kind == kind, Post.person_id == college.people[giver])
    post_id, today = db.session.scalars(held).one(), college_today()
    lend = partial(delegate, college.actor(giver), post_id, college.people[STUDENT], starts_on=today, ends_on=today)
    assert refused(lend) == ("person", SENTENCE)


def test_no_student_is_passed_a_step(college: College) -> None:
    """E12: 转办."""
    filing_id = college.submitted()
    head = college.actor("zhangzhuren")
    assert refused(partial(reassign, head, filing_id, college.people[STUDENT], text="请您核实")) == ("person", SENTENCE)


def test_no_student_is_proposed_as_head_though_the_directory_calls_them_leader(college: College) -> None:
    """E12: what cannot be given is not offered."""
    with unit_of_work() as session:
        for user_id in (STUDENT, "jiwai"):
            person = session.get_one(Person, college.people[user_id])
            person.memberships = []
            session.flush()
            person.memberships.append(Membership(department_id=college.departments["7"], is_leader=True))
    assert [proposal.person.name for proposal in proposals()] == ["纪外人"]
