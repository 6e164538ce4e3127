"""征求意见: who may ask whose opinion and when, what it opens, and how it is over at once."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import AuditEntry, EventKind, FilingEvent, FilingState, Message, MessageKind, Opinion, Outcome, Person
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint
from operations.decisions import decide
from operations.errors import NoLongerPending, NotAllowed, NotTheHolder, OperationRefused, RefusedField
from operations.filings import submit, withdraw
from operations.leaving import leave
from operations.opinions import NotAnswered, answer_opinion, ask_opinion, opinions_asked_of
from operations.permissions import can_see, sees_full_mobiles
from operations.reading import get_filing
from operations.tasks import tasks_of
from tests.college import College
from tests.operations.test_crowds import at_once
from tests.operations.test_every_state import REACHED

APPLICANT, HEAD, REGISTRAR, ADVISER = "lilaoshi", "zhangzhuren", "zhougan", "jiwai"
OTHERS = ["wangqunzhu", "zhaoguanli", "chenshuji", "liuyuanzhang", "sunchuzhang"]
End = Callable[[College, int], object]

ENDS: dict[str, End] = {
    "approved": lambda c, f: decide(c.actor(HEAD), f, Outcome.APPROVED),
    "returned": lambda c, f: decide(c.actor(HEAD), f, Outcome.RETURNED, reason="请补充"),
    "rejected": lambda c, f: decide(c.actor(HEAD), f, Outcome.REJECTED, reason="不需要"),
    "withdrawn": lambda c, f: withdraw(c.actor(APPLICANT), f),
    "passed on": lambda c, _: pass_on(c, "chenshuji"),
}


def pass_on(college: College, user_id: str) -> None:
    """The step is with this person alone from now on."""
    with unit_of_work() as session:
        opinion = session.scalars(select(Opinion)).one()
        opinion.step.assignee_id = college.people[user_id]


def ask(college: College, filing_id: int, adviser: str = ADVISER, asker: str = HEAD) -> int:
    ask_opinion(college.actor(asker), filing_id, college.people[adviser], "这个群有必要吗？")
    newest = select(Opinion.id).order_by(Opinion.id.desc()).limit(1)
    return db.session.scalars(newest).one()


def waits(college: College, user_id: str = ADVISER) -> tuple[int, int]:
    """How much the person's count and their list say."""
    db.session.expire_all()
    actor = college.actor(user_id)
    return tasks_of(actor).total, len(opinions_asked_of(actor).rows)


def leads(college: College, user_id: str) -> list[str]:
    return [message.card.get("lead", "") for message in college.told(user_id) if message.kind is MessageKind.NOTICE]


@pytest.mark.usefixtures("context")
def test_an_opinion_is_asked_given_and_told(college: College) -> None:
    """F17: the adviser is told, sees the filing with masked mobiles, and answers; the step waits all the while."""
    filing_id = college.submitted()
    assert not can_see(college.actor(ADVISER), get_filing(filing_id))
    opinion_id = ask(college, filing_id)
    assert leads(college, ADVISER) == ["张主任征求您的意见"]
    assert "19900" not in str([message.card for message in college.told(ADVISER)])
    assert can_see(college.actor(ADVISER), get_filing(filing_id))
    assert not sees_full_mobiles(college.actor(ADVISER), get_filing(filing_id))
    assert waits(college) == (1, 1)
    answer_opinion(college.actor(ADVISER), filing_id, opinion_id, "有必要")
    assert waits(college) == (0, 0)
    assert leads(college, HEAD) == ["纪外人已答复意见"]
    assert can_see(college.actor(ADVISER), get_filing(filing_id))
    assert college.filing(filing_id).state is FilingState.IN_REVIEW
    kinds = (EventKind.OPINION_ASKED, EventKind.OPINION_GIVEN)
    asked, given = db.session.scalars(
        select(FilingEvent).where(FilingEvent.kind.in_(kinds)).order_by(FilingEvent.id)
    ).all()
    assert (asked.person_name, asked.to_names, asked.text) == ("张主任", "纪外人", "这个群有必要吗？")
    assert (asked.post_label, given.person_name, given.to_names) == ("护理系部门负责人", "纪外人", "张主任")
    assert given.text == "有必要"
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(2)).all()
    assert actions == ["opinion.give", "opinion.ask"]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("how", ENDS)
def test_a_question_that_is_over_leaves_the_advisers_list_and_count_at_once(college: College, how: str) -> None:
    """L2: decided, withdrawn, or passed on, whatever the adviser was going to say."""
    filing_id = college.submitted()
    opinion_id = ask(college, filing_id)
    ENDS[how](college, filing_id)
    assert waits(college) == (0, 0)
    with pytest.raises(NotAnswered) as refused:
        answer_opinion(college.actor(ADVISER), filing_id, opinion_id, "有必要")
    assert "已不需要答复" in refused.value.sentence
    assert db.session.get_one(Opinion, opinion_id).answered_at is None


@pytest.mark.usefixtures("context")
def test_a_question_of_an_earlier_round_does_not_come_back(college: College) -> None:
    """L2: the filing is sent again, and whoever is asked then is asked then."""
    filing_id = college.submitted()
    ask(college, filing_id)
    decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充")
    submit(college.actor(APPLICANT), filing_id)
    assert waits(college) == (0, 0)
    ask(college, filing_id)
    assert waits(college) == (1, 1)


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("state", FilingState)
def test_an_opinion_is_asked_only_while_a_step_waits_and_by_whoever_may_take_it(
    college: College, state: FilingState
) -> None:
    """F17: in every state, by head and registrar."""
    filing_id = REACHED[state](college)
    may = {FilingState.IN_REVIEW: HEAD, FilingState.APPROVED: REGISTRAR}.get(state)
    for asker in (APPLICANT, HEAD, REGISTRAR, "wuguanli"):
        if asker == may:
            ask(college, filing_id, asker=asker)
        else:
            with pytest.raises((NoLongerPending, NotTheHolder)):
                ask(college, filing_id, asker=asker)
    assert len(db.session.scalars(select(Opinion)).all()) == (1 if may else 0)
    assert college.filing(filing_id).state is state


@pytest.mark.usefixtures("context")
def test_who_cannot_be_asked_is_said_at_the_field(college: College) -> None:
    """F17: oneself, the applicant, somebody who left, and nobody twice."""
    filing_id = college.submitted()
    ask(college, filing_id)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people["zhaoguanli"])])
    said = {HEAD: "不能征求自己的意见", APPLICANT: "申请人", "zhaoguanli": "已离职", ADVISER: "已经向纪外人征求意见"}
    for user_id, why in said.items():
        with pytest.raises(RefusedField) as refused:
            ask(college, filing_id, user_id)
        assert refused.value.field == "person"
        assert why in refused.value.sentence


@pytest.mark.usefixtures("context")
def test_five_may_be_asked_before_one_has_answered(college: College) -> None:
    """F17: both sides of the limit; somebody who answered or left makes room."""
    filing_id = college.submitted()
    first = ask(college, filing_id)
    for user_id in OTHERS[:4]:
        ask(college, filing_id, user_id)
    with pytest.raises(RefusedField) as refused:
        ask(college, filing_id, OTHERS[4])
    assert "已有5人没有答复" in refused.value.sentence
    answer_opinion(college.actor(ADVISER), filing_id, first, "有必要")
    ask(college, filing_id, OTHERS[4])
    with pytest.raises(RefusedField):
        ask(college, filing_id, REGISTRAR)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[OTHERS[0]])])
    ask(college, filing_id, REGISTRAR)


@pytest.mark.usefixtures("context")
def test_an_answer_is_given_once_by_whom_it_was_asked_of_and_on_its_own_filing(college: College) -> None:
    """F17: somebody else's id, or another filing's, opens nothing."""
    filing_id = college.submitted()
    other = college.submitted(name="护理系另一个群", number="70000001")
    opinion_id = ask(college, filing_id)
    for user_id, on in ((HEAD, filing_id), (APPLICANT, filing_id), (ADVISER, other)):
        with pytest.raises(NotAllowed):
            answer_opinion(college.actor(user_id), on, opinion_id, "有必要")
    answer_opinion(college.actor(ADVISER), filing_id, opinion_id, "有必要")
    with pytest.raises(NotAnswered) as refused:
        answer_opinion(college.actor(ADVISER), filing_id, opinion_id, "没有必要")
    assert "已经答复过" in refused.value.sentence
    assert db.session.get_one(Opinion, opinion_id).answer == "有必要"


@pytest.mark.usefixtures("context")
def test_whoever_has_the_step_after_its_asker_may_ask_the_same_person_anew(college: College) -> None:
    """F17: a question that nobody waits for any more stands in nobody's way."""
    filing_id = college.submitted()
    appoint("chenshuji", "DEPARTMENT_HEAD", "8")
    ask(college, filing_id, asker="chenshuji")
    pass_on(college, HEAD)
    assert waits(college) == (0, 0)
    ask(college, filing_id)
    assert waits(college) == (1, 1)
    assert leads(college, ADVISER) == ["陈书记征求您的意见", "张主任征求您的意见"]


def test_an_answer_and_a_decision_at_the_same_moment_are_both_whole(app: Flask, college: College) -> None:
    """F17: the decision stands; the answer came before it, or is told that it was too late."""
    with app.app_context():
        filing_id = college.submitted()
        opinion_id, adviser, head = ask(college, filing_id), college.actor(ADVISER), college.actor(HEAD)
    raised = at_once(
        app,
        [
            *[lambda: answer_opinion(adviser, filing_id, opinion_id, "有必要")] * 4,
            lambda: decide(head, filing_id, Outcome.APPROVED),
        ],
    )
    assert all(isinstance(error, NotAnswered) for error in raised)
    with app.app_context():
        assert college.filing(filing_id).state is FilingState.APPROVED
        given = db.session.scalars(select(FilingEvent).where(FilingEvent.kind == EventKind.OPINION_GIVEN)).all()
        assert len(given) == (1 if db.session.get_one(Opinion, opinion_id).answered_at else 0) == 4 - len(raised)


def test_the_same_question_asked_at_the_same_moment_is_asked_once(app: Flask, college: College) -> None:
    """F17: under the filing's lock."""
    with app.app_context():
        filing_id, head = college.submitted(), college.actor(HEAD)
    people = college.people[ADVISER]
    raised = at_once(app, [lambda: ask_opinion(head, filing_id, people, "这个群有必要吗？")] * 4)
    assert [isinstance(error, OperationRefused) for error in raised] == [True] * 3
    with app.app_context():
        told = select(Message).where(Message.recipient_id == people)
        assert len(db.session.scalars(told).all()) == 1
