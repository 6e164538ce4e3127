"""转办: one step is passed on to somebody named; who has it, who may take it back, and what ends it."""

from functools import partial

import pytest
from flask import Flask, current_app
from sqlalchemy import select

from extensions import db
from messaging.cards import Card
from messaging.platforms.wecom_cards import APPROVE_KEY, render
from models import (
    AuditEntry,
    Department,
    EventKind,
    FilingEvent,
    FilingState,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    Person,
    Post,
    Step,
)
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations import permissions
from operations.appointing import appoint, dismiss
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.errors import NotTheHolder, OperationRefused, PassedOn, RefusedField
from operations.filings import take_over, withdraw
from operations.leaving import leave
from operations.reading import get_filing, holders_of, steps_waiting_for
from operations.reassigning import can_reassign, can_take_back, reassign, take_back
from tests.college import College, steps_waiting
from tests.operations.test_crowds import at_once, delivered
from tests.operations.test_every_state import REACHED

HEAD, APPLICANT, OTHER, THIRD = "zhangzhuren", "lilaoshi", "jiwai", "wangqunzhu"
BY = (None, "tests")


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def pass_on(college: College, filing_id: int, to: str = OTHER, by: str = HEAD, text: str = "请您核实") -> None:
    reassign(college.actor(by), filing_id, college.people[to], text=text)


def passed_on(college: College, to: str = OTHER, **changes: object) -> int:
    filing_id = college.submitted(**changes)
    pass_on(college, filing_id, to)
    return filing_id


def pending(college: College, filing_id: int) -> Step:
    step = college.filing(filing_id).pending_step
    assert step is not None
    return step


def has(college: College, user_id: str) -> bool:
    """Whether something waits for this person, by list, count and rule alike."""
    actor = college.actor(user_id)
    listed = steps_waiting_for(actor).rows
    assert steps_waiting(actor) == len(listed)
    for step in db.session.scalars(select(Step).where(Step.decision == None)):  # noqa: E711
        if step.filing.pending_step is step:
            assert permissions.can_take(actor, step.filing, step) == (step in listed)
    return bool(listed)


def go(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id])])


def asked(college: College, user_id: str) -> list[Message]:
    told = college.told(user_id)
    return [message for message in told if message.kind is MessageKind.REQUEST and message.step_id is not None]


def notes(filing_id: int) -> list[tuple[str, str, str]]:
    query = select(FilingEvent).where(FilingEvent.filing_id == filing_id, FilingEvent.kind == EventKind.REASSIGNED)
    return [(e.person_name, e.to_names, e.text) for e in db.session.scalars(query.order_by(FilingEvent.id))]


def test_the_timeline_says_in_which_post_a_step_was_passed_on_given_back_and_taken_back(college: College) -> None:
    """L10: by its holder, by whoever has it, by whoever acts for the holder, and by nobody of the post."""
    head, filing_id = college.actor(HEAD), college.submitted()
    post_id = db.session.scalars(select(Post.id).where(Post.person_id == head.id)).one()
    pass_on(college, filing_id)
    pass_on(college, filing_id, THIRD, by=OTHER)
    take_back(college.actor(THIRD), filing_id)
    pass_on(college, filing_id)
    delegate(head, post_id, college.people["chenshuji"], starts_on=college_today(), ends_on=college_today())
    take_back(college.actor("chenshuji"), filing_id)
    dismiss(HEAD, "DEPARTMENT_HEAD", "护理系")
    pass_on(college, filing_id, by="wuguanli")
    query = select(FilingEvent).where(FilingEvent.kind == EventKind.REASSIGNED).order_by(FilingEvent.id)
    lines = [(line.person_name, line.post_label, line.on_behalf_of) for line in db.session.scalars(query)]
    post = "护理系部门负责人"
    assert lines == [
        ("张主任", post, ""),
        ("纪外人", post, "张主任"),
        ("王群主", post, "张主任"),
        ("张主任", post, ""),
        ("陈书记", post, "张主任"),
        ("吴系统", "", ""),
    ]


def test_whoever_is_passed_the_step_decides_it_for_its_holder(college: College) -> None:
    """F16: 转办, and the decision says for whom."""
    filing_id = passed_on(college)
    decide(college.actor(OTHER), filing_id, Outcome.APPROVED)
    filing = college.filing(filing_id)
    decision = filing.steps[0].decision
    assert decision is not None
    assert filing.state is FilingState.APPROVED
    assert (decision.who, decision.post_label) == ("纪外人（代张主任）", "护理系部门负责人")
    assert decision.on_behalf_of_id == college.people[HEAD]


def test_it_leaves_every_list_and_count_and_card_of_the_former_holder_at_once(college: College) -> None:
    """L2: passed on, it is gone from the former holder's list, count and card, and stands in one other's."""
    filing_id = college.submitted()
    delivered(asked(college, HEAD)[0])
    pass_on(college, filing_id)
    assert (has(college, HEAD), has(college, OTHER)) == (False, True)
    closing = college.told(HEAD)[-1]
    assert (closing.kind, closing.card) == (MessageKind.CLOSE, {"text": "已转由纪外人办理"})
    [card] = asked(college, OTHER)
    assert ["转办人", "张主任"] in card.card["rows"]
    assert card.card["text"].startswith("说明：请您核实。用途：")
    assert notes(filing_id) == [("张主任", "纪外人", "请您核实")]


def test_every_card_that_carries_agreement_shows_why_a_group_is_so_large(college: College) -> None:
    """F8: first asked, passed on with a long word, passed on once more, and back with the post."""
    settings = current_app.config["SETTINGS"]
    filing_id = college.submitted(
        member_count=130, size_reason="两个部门都在群里", partner_ids=(college.departments["5"],)
    )
    pass_on(college, filing_id, text="请核实人数。" * 40)
    pass_on(college, filing_id, THIRD, by=OTHER)
    take_back(college.actor(HEAD), filing_id)
    requests = [message for user_id in (HEAD, OTHER, THIRD) for message in asked(college, user_id)]
    bodies = [render(Card.restored(message.card), message, settings)["template_card"] for message in requests]
    assert [body["button_list"][0]["key"] for body in bodies] == [APPROVE_KEY] * 4
    for body in bodies:
        assert {"keyname": "超员原因", "value": "两个部门都在群里"} in body["horizontal_content_list"]
        assert "用途：发布教学安排" in body["sub_title_text"]


def test_the_new_holder_has_it_from_that_moment(college: College) -> None:
    """L5: who has it, and since when."""
    filing_id = college.submitted()
    before = pending(college, filing_id).pending_since
    pass_on(college, filing_id)
    step = pending(college, filing_id)
    assert before is not None and step.pending_since is not None and step.pending_since > before  # noqa: PT018
    assert [taker.who for taker in holders_of(get_filing(filing_id)).able(step)] == ["纪外人（代张主任）"]


def test_the_former_holder_who_decides_all_the_same_is_told_who_has_it(college: College) -> None:
    filing_id = passed_on(college)
    with pytest.raises(PassedOn, match="PassedOn") as refused:
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    assert refused.value.sentence == "这一步已转由纪外人办理，您的操作没有改变结果。"
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


def test_only_whoever_has_it_sees_full_mobiles(college: College) -> None:
    filing_id = passed_on(college)
    filing = college.filing(filing_id)
    sees = {u for u in (HEAD, OTHER, THIRD) if permissions.sees_full_mobiles(college.actor(u), filing)}
    assert sees == {OTHER}
    assert permissions.can_see(college.actor(OTHER), filing)


@pytest.mark.parametrize(
    ("to", "sentence"),
    [(APPLICANT, "李老师是申请人"), (HEAD, "不能转办给自己"), (THIRD, "王群主是学生")],
)
def test_whom_it_cannot_go_to_is_said_at_the_field(college: College, to: str, sentence: str) -> None:
    filing_id = college.submitted()
    with unit_of_work() as session:
        session.get_one(Person, college.people[THIRD]).job_title = "学生"
    with pytest.raises(RefusedField) as refused:
        pass_on(college, filing_id, to)
    assert refused.value.field == "person"
    assert refused.value.sentence.startswith(sentence)
    assert pending(college, filing_id).assignee_id is None


def test_nobody_who_left_is_given_it(college: College) -> None:
    filing_id = college.submitted()
    go(college, OTHER)
    with pytest.raises(RefusedField, match="RefusedField"):
        pass_on(college, filing_id)


def test_why_it_is_passed_on_has_to_be_said(college: College) -> None:
    filing_id = college.submitted()
    with pytest.raises(RefusedField) as refused:
        pass_on(college, filing_id, text=" ")
    assert refused.value.field == "text"


def test_a_head_who_decides_besides_is_not_given_the_other_heads_step(college: College) -> None:
    appoint(OTHER, "DEPARTMENT_HEAD", "8")
    with unit_of_work() as session:
        session.get_one(Department, college.departments["8"]).all_heads = True
    filing_id = college.submitted()
    with pytest.raises(RefusedField) as refused:
        pass_on(college, filing_id)
    assert "各自审核" in refused.value.sentence


def test_a_registration_goes_to_another_registrar_only(college: College) -> None:
    filing_id = college.approved()
    with pytest.raises(RefusedField) as refused:
        pass_on(college, filing_id, OTHER, "zhougan")
    assert "备案登记人" in refused.value.sentence
    appoint(OTHER, "REGISTRAR", None)
    pass_on(college, filing_id, OTHER, "zhougan")
    assert (has(college, "zhougan"), has(college, OTHER)) == (False, True)
    leads = [message.card["lead"] for message in college.told(OTHER)]
    assert leads[-2:] == ["审核通过，请办理备案"] * 2


def test_whoever_is_no_registrar_any_more_has_no_registration(college: College) -> None:
    filing_id = college.approved()
    appoint(OTHER, "REGISTRAR", None)
    pass_on(college, filing_id, OTHER, "zhougan")
    dismiss(OTHER, "REGISTRAR", None)
    assert pending(college, filing_id).assignee_id is None
    assert (has(college, "zhougan"), has(college, OTHER)) == (True, False)


def test_it_is_passed_on_twice_at_most(college: College) -> None:
    filing_id = passed_on(college)
    pass_on(college, filing_id, THIRD, OTHER)
    assert (has(college, OTHER), has(college, THIRD)) == (False, True)
    with pytest.raises(RefusedField) as refused:
        pass_on(college, filing_id, "zhaoguanli", THIRD)
    assert "已转办2次" in refused.value.sentence
    decide(college.actor(THIRD), filing_id, Outcome.APPROVED)
    decision = college.filing(filing_id).steps[0].decision
    assert decision is not None
    assert decision.who == "王群主（代张主任）"


@pytest.mark.parametrize("by", [HEAD, OTHER])
def test_it_goes_back_to_the_post_and_may_be_passed_on_anew(college: College, by: str) -> None:
    filing_id = passed_on(college)
    take_back(college.actor(by), filing_id)
    assert (has(college, HEAD), has(college, OTHER)) == (True, False)
    open_ones = [m for m in asked(college, HEAD) if m.state is not MessageState.CANCELLED]
    assert len(open_ones) == 1
    for _ in range(2):
        pass_on(college, filing_id)
        take_back(college.actor(HEAD), filing_id)
    assert len(notes(filing_id)) == 6


def test_neither_a_stranger_nor_the_applicant_takes_it_back(college: College) -> None:
    filing_id = passed_on(college)
    for user_id in (THIRD, APPLICANT, "wuguanli"):
        with pytest.raises(NotTheHolder):
            take_back(college.actor(user_id), filing_id)


def test_pressed_twice_it_is_passed_on_once(college: College) -> None:
    filing_id = passed_on(college)
    pass_on(college, filing_id)
    assert len(notes(filing_id)) == 1
    take_back(college.actor(HEAD), filing_id)
    take_back(college.actor(HEAD), filing_id)
    assert len(notes(filing_id)) == 2


def test_an_empty_post_is_seen_to_by_whoever_is_told_of_it(college: College) -> None:
    """L1: where nobody acts in the post, the named fall-back may pass the step on, and the decision names the post."""
    filing_id = college.submitted()
    dismiss(HEAD, "DEPARTMENT_HEAD", "8")
    pass_on(college, filing_id, OTHER, "wuguanli")
    assert (has(college, "wuguanli"), has(college, OTHER)) == (False, True)
    decide(college.actor(OTHER), filing_id, Outcome.APPROVED)
    decision = college.filing(filing_id).steps[0].decision
    assert decision is not None
    assert (decision.who, decision.on_behalf_of_id) == ("纪外人（代护理系部门负责人）", None)


def test_a_post_that_is_held_is_not_seen_to_by_anybody_else(college: College) -> None:
    filing_id = college.submitted()
    with pytest.raises(NotTheHolder):
        pass_on(college, filing_id, OTHER, "wuguanli")


def test_whoever_has_it_and_leaves_gives_it_back_to_the_post(college: College) -> None:
    """E4: the assignee is gone from the directory: the post is asked anew, and they keep no access."""
    filing_id = passed_on(college)
    go(college, OTHER)
    assert pending(college, filing_id).assignee_id is None
    assert has(college, HEAD)
    assert len([m for m in asked(college, HEAD) if m.state is not MessageState.CANCELLED]) == 1
    assert notes(filing_id)[-1][1:] == ("", "转办对象不能再办理，转回原岗位")


def test_it_stands_when_the_post_changes_hands(college: College) -> None:
    filing_id = passed_on(college)
    go(college, HEAD)
    appoint("zhaoguanli", "DEPARTMENT_HEAD", "8")
    assert (has(college, "zhaoguanli"), has(college, OTHER)) == (False, True)
    assert asked(college, "zhaoguanli") == []
    take_back(college.actor("zhaoguanli"), filing_id)
    assert has(college, "zhaoguanli")


def test_a_delegation_of_whoever_has_it_does_not_carry_it(college: College) -> None:
    appoint(OTHER, "DEPARTMENT_HEAD", "7")
    filing_id = passed_on(college)
    post_id = db.session.scalars(select(Person).where(Person.id == college.people[OTHER])).one().posts[0].id
    today = college_today()
    delegate(college.actor(OTHER), post_id, college.people[THIRD], starts_on=today, ends_on=today)
    assert (has(college, THIRD), has(college, OTHER)) == (False, True)
    assert filing_id


def test_a_delegate_passes_it_on_for_the_holder(college: College) -> None:
    post_id = db.session.scalars(select(Person).where(Person.id == college.people[HEAD])).one().posts[0].id
    today = college_today()
    delegate(college.actor(HEAD), post_id, college.people[THIRD], starts_on=today, ends_on=today)
    filing_id = college.submitted()
    pass_on(college, filing_id, OTHER, THIRD)
    decide(college.actor(OTHER), filing_id, Outcome.APPROVED)
    decision = college.filing(filing_id).steps[0].decision
    assert decision is not None
    assert decision.who == "纪外人（代张主任）"


@pytest.mark.parametrize("head", [HEAD, OTHER])
def test_it_lapses_where_its_giver_or_its_assignee_becomes_the_applicant(college: College, head: str) -> None:
    filing_id = passed_on(college)
    appoint(OTHER, "DEPARTMENT_HEAD", "8")
    college.move(APPLICANT, "5")
    take_over(college.actor(head), filing_id)
    assert pending(college, filing_id).assignee_id is None
    assert not has(college, head)
    assert has(college, ({HEAD, OTHER} - {head}).pop())


@pytest.mark.parametrize("state", FilingState)
def test_a_step_is_passed_on_and_taken_back_only_while_one_waits(college: College, state: FilingState) -> None:
    filing_id = REACHED[state](college)
    appoint(OTHER, "REGISTRAR", None)
    by = "zhougan" if state is FilingState.APPROVED else HEAD
    entries = db.session.scalars(select(AuditEntry.id)).all()
    if state in (FilingState.IN_REVIEW, FilingState.APPROVED):
        pass_on(college, filing_id, OTHER, by)
        take_back(college.actor(by), filing_id)
        assert college.filing(filing_id).state is state
        return
    for act in (partial(pass_on, college, filing_id, OTHER, by), partial(take_back, college.actor(by), filing_id)):
        with pytest.raises(OperationRefused) as refused:
            act()
        assert refused.value.sentence
    filing = get_filing(filing_id)
    assert not can_reassign(college.actor(by), filing, holders_of(filing))
    assert not can_take_back(college.actor(by), filing, holders_of(filing))
    assert filing.state is state
    assert db.session.scalars(select(AuditEntry.id)).all() == entries


def test_a_withdrawn_filing_waits_for_nobody_whoever_had_it(college: College) -> None:
    filing_id = passed_on(college)
    withdraw(college.actor(APPLICANT), filing_id)
    assert not has(college, OTHER)
    with pytest.raises(OperationRefused):
        decide(college.actor(OTHER), filing_id, Outcome.APPROVED)


def test_of_a_decision_and_a_passing_on_at_once_one_wins_and_the_other_is_told(app: Flask, college: College) -> None:
    filing_id = college.submitted()
    head, to = college.actor(HEAD), college.people[OTHER]
    db.session.rollback()
    acts = [
        partial(decide, head, filing_id, Outcome.APPROVED),
        partial(reassign, head, filing_id, to, text="请您核实"),
    ]
    [refused] = at_once(app, acts)
    assert isinstance(refused, OperationRefused)
    step = college.filing(filing_id).steps[0]
    assert (step.decision is None) == (step.assignee_id == to) == isinstance(refused, PassedOn)


def test_of_two_passings_on_at_once_one_counts(app: Flask, college: College) -> None:
    filing_id = college.submitted()
    head = college.actor(HEAD)
    db.session.rollback()
    acts = [partial(reassign, head, filing_id, college.people[u], text="请您核实") for u in (OTHER, THIRD)]
    [refused] = at_once(app, acts)
    assert isinstance(refused, PassedOn)
    assert len(notes(filing_id)) == 1
