"""催办: who may ask for speed and when, who is told, and how often."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from extensions import db
from models import AuditEntry, EventKind, FilingEvent, FilingState, Message, MessageKind, Outcome, Post, utc_now
from models.database import unit_of_work
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.errors import NotAllowed
from operations.filings import submit
from operations.nudging import NotNudged, nudge, rest_of
from operations.rules import rules_in_force
from tests.college import College
from tests.operations.test_crowds import at_once
from tests.operations.test_every_state import REACHED

APPLICANT, HEAD, REGISTRAR, ADMINISTRATOR = "lilaoshi", "zhangzhuren", "zhougan", "wuguanli"


def nudges(college: College, user_id: str) -> list[Message]:
    return [message for message in college.told(user_id) if "申请人催办" in message.card.get("lead", "")]


def days_pass(number: int = 10) -> None:
    """Whatever was done was done so many days ago; no days off in a row are more than nine."""
    with unit_of_work() as session:
        session.execute(update(FilingEvent).values(at=utc_now() - timedelta(days=number)))


def end_posts(college: College, *user_ids: str) -> None:
    with unit_of_work() as session:
        people = [college.people[user_id] for user_id in user_ids]
        session.execute(update(Post).where(Post.person_id.in_(people)).values(ended_at=utc_now()))


@pytest.mark.usefixtures("context")
def test_the_holder_is_told_at_once_and_the_timeline_says_whom(college: College) -> None:
    """F20: a notice that names the group, since when it waits, and leads to the decision."""
    filing_id = college.submitted()
    assert nudge(college.actor(APPLICANT), filing_id) == ["张主任"]
    (notice,) = nudges(college, HEAD)
    step = college.filing(filing_id).pending_step
    assert step is not None
    assert (notice.kind, notice.card["title"]) == (MessageKind.NOTICE, "护理系教师工作群")
    assert notice.card["path"] == f"/filings/{filing_id}#decide"
    assert "等待自" in dict(notice.card["rows"])
    assert "199" not in str(notice.card)
    event = db.session.scalars(select(FilingEvent).where(FilingEvent.kind == EventKind.NUDGED)).one()
    assert (event.person_name, event.to_names, event.step_id) == ("李老师", "张主任", step.id)
    assert db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first() == "filing.nudge"


@pytest.mark.usefixtures("context")
def test_a_second_press_on_a_day_is_refused_with_the_day_of_the_next(college: College) -> None:
    """F20: not more than once a working day, whoever has it by then."""
    filing_id = college.submitted()
    nudge(college.actor(APPLICANT), filing_id)
    again = rules_in_force().calendar.after(college_today(), 1)
    with pytest.raises(NotNudged) as refused:
        nudge(college.actor(APPLICANT), filing_id)
    assert refused.value.sentence == f"今天已催办过，{again.month}月{again.day}日起可再次催办。"
    decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    with pytest.raises(NotNudged):
        nudge(college.actor(APPLICANT), filing_id)
    assert (len(nudges(college, HEAD)), len(nudges(college, REGISTRAR))) == (1, 0)
    days_pass()
    assert nudge(college.actor(APPLICANT), filing_id) == ["周干事"]
    assert "办理备案" in nudges(college, REGISTRAR)[0].card["lead"]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    ("nudged", "again"),
    [
        ("2026-11-26", "2026-11-27"),
        ("2026-11-27", "2026-11-30"),
        ("2026-11-28", "2026-11-30"),
        ("2026-09-30", "2026-10-08"),
        ("2026-10-09", "2026-10-10"),
    ],
    ids=["Thursday", "Friday", "Saturday", "before 国庆", "before a Saturday that is worked"],
)
def test_the_brake_lasts_until_the_next_working_day(nudged: str, again: str) -> None:
    """F20: not more than once a working day."""
    event = FilingEvent(kind=EventKind.NUDGED, at=datetime.fromisoformat(f"{nudged}T10:00+08:00"))
    first = date.fromisoformat(again)
    rest = rest_of([event], first - timedelta(days=1))
    assert rest is not None
    assert rest.again_on == first
    assert rest_of([event], first) is None


@pytest.mark.usefixtures("context")
def test_the_same_step_may_be_nudged_on_each_day(college: College) -> None:
    """F20: each time is told."""
    filing_id = college.submitted()
    for _ in range(3):
        nudge(college.actor(APPLICANT), filing_id)
        days_pass()
    assert len(nudges(college, HEAD)) == 3


@pytest.mark.usefixtures("context")
def test_whoever_acts_for_the_holder_is_told_and_for_an_empty_post_the_fall_back(college: College) -> None:
    """F20: as the decision itself is asked for."""
    filing_id, head = college.submitted(), college.actor(HEAD)
    post_id = db.session.scalars(select(Post.id).where(Post.person_id == head.id)).one()
    delegate(head, post_id, college.people["jiwai"], starts_on=college_today(), ends_on=college_today())
    assert nudge(college.actor(APPLICANT), filing_id) == ["纪外人（代张主任）"]
    days_pass()
    end_posts(college, HEAD)
    assert nudge(college.actor(APPLICANT), filing_id) == ["吴系统"]
    assert (len(nudges(college, "jiwai")), len(nudges(college, HEAD)), len(nudges(college, ADMINISTRATOR))) == (1, 0, 1)


@pytest.mark.usefixtures("context")
def test_where_there_is_nobody_to_tell_nothing_is_done(college: College) -> None:
    """F20: nor is anybody told of what they asked themselves."""
    filing_id = college.submitted(ADMINISTRATOR)
    end_posts(college, HEAD)
    with pytest.raises(NotNudged) as refused:
        nudge(college.actor(ADMINISTRATOR), filing_id)
    assert refused.value.sentence == f"目前没有其他人可以通知，请联系{rules_in_force().registry_office}。"
    assert nudges(college, ADMINISTRATOR) == []


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("state", FilingState)
def test_a_filing_is_nudged_only_while_it_waits_for_somebody_else(college: College, state: FilingState) -> None:
    """F20: in every state."""
    filing_id = REACHED[state](college)
    if state in (FilingState.IN_REVIEW, FilingState.APPROVED):
        assert nudge(college.actor(APPLICANT), filing_id)
    else:
        with pytest.raises(NotNudged) as refused:
            nudge(college.actor(APPLICANT), filing_id)
        assert "不用催办" in refused.value.sentence
    assert college.filing(filing_id).state is state


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("user_id", [HEAD, REGISTRAR, ADMINISTRATOR, "wangqunzhu", "jiwai"])
def test_only_the_applicant_nudges(college: College, user_id: str) -> None:
    """F20: nobody else hurries anybody in their name."""
    with pytest.raises(NotAllowed):
        nudge(college.actor(user_id), college.submitted())


@pytest.mark.usefixtures("context")
def test_a_filing_sent_again_the_same_day_rests_too(college: College) -> None:
    """F20: the brake is the filing's."""
    filing_id = college.submitted()
    nudge(college.actor(APPLICANT), filing_id)
    decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充")
    submit(college.actor(APPLICANT), filing_id)
    with pytest.raises(NotNudged):
        nudge(college.actor(APPLICANT), filing_id)


def test_presses_at_the_same_moment_tell_once(app: Flask, college: College) -> None:
    """F20: under the filing's lock."""
    with app.app_context():
        filing_id, applicant = college.submitted(), college.actor(APPLICANT)
    raised = at_once(app, [lambda: nudge(applicant, filing_id)] * 8)
    assert [type(error) for error in raised] == [NotNudged] * 7
    with app.app_context():
        assert len(nudges(college, HEAD)) == 1
        told = select(func.count()).select_from(FilingEvent).where(FilingEvent.kind == EventKind.NUDGED)
        assert db.session.scalar(told) == 1
