"""A filing that was sent back: straight to whoever returned it where its whole way is the same, else from the start."""

from collections.abc import Callable

import pytest
from flask import Flask

from models import FilingState, Outcome, Person, StepState
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint, dismiss
from operations.decisions import decide
from operations.drafts import save_draft
from operations.filings import submit
from operations.leaving import leave
from operations.reading import get_filing
from operations.reassigning import reassign, take_back
from operations.routing import preview
from regulation import Tier
from tests.college import College, steps_waiting

APPLICANT, HEAD, LEADER = "lilaoshi", "zhangzhuren", "liuyuanzhang"
SECRETARY, OTHER_HEAD, REGISTRAR = "chenshuji", "sunchuzhang", "zhougan"
REGISTRY = "宣传统战部备案登记人"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def agree(college: College, filing_id: int, user_id: str) -> None:
    decide(college.actor(user_id), filing_id, Outcome.APPROVED)


def send_back(college: College, filing_id: int, user_id: str) -> None:
    decide(college.actor(user_id), filing_id, Outcome.RETURNED, reason="这是班级群，请改建群主体")


def change(college: College, filing_id: int, **changes: object) -> None:
    save_draft(college.actor(APPLICANT), college.facts(**changes), form_key="", filing_id=filing_id)


def send(college: College, filing_id: int) -> list[str]:
    """Send it again; the posts that are asked, which are those that the page before had named."""
    shown = [step.post_label for step in preview(get_filing(filing_id))]
    submit(college.actor(APPLICANT), filing_id)
    steps = college.filing(filing_id).current_steps
    assert [step.post_label for step in steps] == shown
    assert [step.state for step in steps] == [StepState.PENDING, *[StepState.WAITING] * (len(steps) - 1)]
    return shown


def to_a_faculty_group(college: College) -> dict[str, object]:
    return {"tier": Tier.FACULTY_ORGANIZATION, "name": "护理系2026级1班群"}


def to_another_unit(college: College) -> dict[str, object]:
    return {"department_id": college.departments["5"], "name": "学生处工作群"}


WAYS = pytest.mark.parametrize(
    ("changed", "approver", "post"),
    [(to_a_faculty_group, SECRETARY, "护理系党总支负责人"), (to_another_unit, OTHER_HEAD, "学生处部门负责人")],
)


@WAYS
def test_what_the_registry_returned_is_asked_of_the_approver_it_has_now(
    college: College, changed: Callable[[College], dict[str, object]], approver: str, post: str
) -> None:
    """L4: another 建群主体 or 备案部门 has another approver, and nothing is registered that they have not seen."""
    filing_id = college.approved()
    send_back(college, filing_id, REGISTRAR)
    change(college, filing_id, **changed(college))
    assert send(college, filing_id) == [post, REGISTRY]
    assert college.filing(filing_id).state is FilingState.IN_REVIEW
    assert (steps_waiting(college.actor(REGISTRAR)), steps_waiting(college.actor(approver))) == (0, 1)
    agree(college, filing_id, approver)
    decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
    assert college.filing(filing_id).state is FilingState.REGISTERED


@WAYS
def test_so_it_is_where_the_registry_returns_it_a_second_time(
    college: College, changed: Callable[[College], dict[str, object]], approver: str, post: str
) -> None:
    """E17: unchanged it comes straight back; what changes after that is asked anew."""
    filing_id = college.approved()
    send_back(college, filing_id, REGISTRAR)
    change(college, filing_id, purpose="发布通知")
    assert send(college, filing_id) == [REGISTRY]
    assert college.filing(filing_id).state is FilingState.APPROVED
    send_back(college, filing_id, REGISTRAR)
    change(college, filing_id, **changed(college))
    assert send(college, filing_id) == [post, REGISTRY]
    agree(college, filing_id, approver)
    send_back(college, filing_id, REGISTRAR)
    change(college, filing_id, **changed(college), composition="护理系部分教师")
    assert send(college, filing_id) == [REGISTRY]


def test_what_went_back_to_its_former_way_is_asked_anew(college: College) -> None:
    """L4: what an approver agreed to two ways ago is not what they would agree to now."""
    filing_id = college.approved()
    send_back(college, filing_id, REGISTRAR)
    change(college, filing_id, **to_another_unit(college))
    send(college, filing_id)
    send_back(college, filing_id, OTHER_HEAD)
    change(college, filing_id)
    assert send(college, filing_id) == ["护理系部门负责人", REGISTRY]


def test_on_a_longer_way_what_the_leader_returned_goes_back_to_them_unless_the_way_changed(college: College) -> None:
    """F19: time and again, and so from the registry; a way whose first post is another starts from there."""
    longer: dict[str, object] = {"tier": Tier.COLLEGE, "name": "川护教职工群"}
    filing_id = college.submitted(**longer)
    agree(college, filing_id, HEAD)
    for _ in range(2):
        send_back(college, filing_id, LEADER)
        assert send(college, filing_id) == ["护理系主管院领导", REGISTRY]
    agree(college, filing_id, LEADER)
    send_back(college, filing_id, REGISTRAR)
    assert send(college, filing_id) == [REGISTRY]
    send_back(college, filing_id, REGISTRAR)
    change(college, filing_id, **longer, department_id=college.departments["5"])
    assert send(college, filing_id) == ["学生处部门负责人", "学生处主管院领导", REGISTRY]


def test_a_way_that_became_shorter_is_compared_as_it_is_now(college: College) -> None:
    """L4: the posts of a longer way that it had before do not count."""
    filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
    agree(college, filing_id, HEAD)
    send_back(college, filing_id, LEADER)
    change(college, filing_id)
    assert send(college, filing_id) == ["护理系部门负责人", REGISTRY]
    agree(college, filing_id, HEAD)
    send_back(college, filing_id, REGISTRAR)
    assert send(college, filing_id) == [REGISTRY]


def returned_by_whom_it_was_passed_to(college: College) -> int:
    """A filing that 纪外人 sent back, to whom the head had passed it on; its id."""
    filing_id = college.submitted()
    reassign(college.actor(HEAD), filing_id, college.people["jiwai"], text="请您核实")
    send_back(college, filing_id, "jiwai")
    return filing_id


def waits_for(college: College, filing_id: int) -> set[str]:
    """Who has it, by list and by the page before it was sent alike."""
    names = set(preview(get_filing(filing_id))[0].names)
    submit(college.actor(APPLICANT), filing_id)
    filing = college.filing(filing_id)
    assert filing.pending_step is not None
    for_whom = f"（代{filing.pending_step.assigned_by.name}）" if filing.pending_step.assigned_by else ""
    found = {user_id for user_id in college.people if steps_waiting(college.actor(user_id))}
    assert {f"{college.actor(user_id).name}{for_whom}" for user_id in found} == names
    return found


def test_what_was_passed_on_and_returned_comes_back_to_whoever_returned_it(college: College) -> None:
    """F19: 转办: it is theirs still, for the same holder, who may take it back as before; L4."""
    filing_id = returned_by_whom_it_was_passed_to(college)
    asked_before = len(college.told(HEAD))
    assert waits_for(college, filing_id) == {"jiwai"}
    assert len(college.told(HEAD)) == asked_before
    assert len(college.told("jiwai")) == 2
    agree(college, filing_id, "jiwai")
    decision = college.filing(filing_id).current_steps[0].decision
    assert decision is not None
    assert (decision.who, decision.on_behalf_of_id) == ("纪外人（代张主任）", college.people[HEAD])


def test_the_post_takes_back_what_came_back_to_whom_it_had_been_passed(college: College) -> None:
    """L4: the say is the post's in the new round too."""
    filing_id = returned_by_whom_it_was_passed_to(college)
    submit(college.actor(APPLICANT), filing_id)
    take_back(college.actor(HEAD), filing_id)
    agree(college, filing_id, HEAD)
    assert college.filing(filing_id).state is FilingState.APPROVED


def test_it_goes_to_the_post_where_whoever_returned_it_has_left(college: College) -> None:
    """L4: nobody is asked who is not here."""
    filing_id = returned_by_whom_it_was_passed_to(college)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people["jiwai"])])
    [first, _] = preview(get_filing(filing_id))
    assert first.names == ("张主任",)
    submit(college.actor(APPLICANT), filing_id)
    assert college.filing(filing_id).current_steps[0].assignee_id is None
    assert steps_waiting(college.actor(HEAD)) == 1


def test_it_goes_to_the_post_where_its_way_starts_anew(college: College) -> None:
    """L4: another unit's head never passed it on."""
    filing_id = returned_by_whom_it_was_passed_to(college)
    change(college, filing_id, **to_another_unit(college))
    assert waits_for(college, filing_id) == {OTHER_HEAD}


def test_a_registration_that_was_passed_on_and_returned_comes_back_to_that_registrar(college: College) -> None:
    """E17: of two registrars to the one who had it; to the other, where that one is none any more."""
    appoint("jiwai", "REGISTRAR", None)
    filing_id = college.approved()
    reassign(college.actor(REGISTRAR), filing_id, college.people["jiwai"], text="请您核实")
    send_back(college, filing_id, "jiwai")
    assert waits_for(college, filing_id) == {"jiwai"}
    send_back(college, filing_id, "jiwai")
    dismiss("jiwai", "REGISTRAR", None)
    assert waits_for(college, filing_id) == {REGISTRAR}


def test_what_was_passed_on_of_an_empty_post_comes_back_too(college: College) -> None:
    """L4: nobody holds the post, and whoever was given the step decides it for the post."""
    filing_id = college.submitted()
    dismiss(HEAD, "DEPARTMENT_HEAD", "8")
    reassign(college.actor("wuguanli"), filing_id, college.people["jiwai"], text="请您核实")
    send_back(college, filing_id, "jiwai")
    assert preview(get_filing(filing_id))[0].names == ("纪外人（代护理系部门负责人）",)
    submit(college.actor(APPLICANT), filing_id)
    assert steps_waiting(college.actor("jiwai")) == 1
