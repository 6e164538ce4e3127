"""Reminders: what has waited too long, who is told of it and to whom it is reported, once and by day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, func, select, update

from blueprints.console.commands import CHORES
from extensions import db
from messaging.cards import COLLEGE_TIME
from messaging.delivery import deliver_due, deliver_next
from models import (
    Commitment,
    Contact,
    ContactRole,
    EventKind,
    FilingEvent,
    FilingState,
    Group,
    GroupState,
    Message,
    MessageKind,
    MessageState,
    Opinion,
    Outcome,
    Person,
    Post,
    Reminder,
    Step,
    StepState,
    utc_now,
)
from models.database import unit_of_work
from operations.appointing import appoint, dismiss
from operations.clock import college_today
from operations.committing import commit
from operations.decisions import decide
from operations.delegating import delegate
from operations.drafts import ContactFacts
from operations.filings import submit, withdraw
from operations.nudging import nudge
from operations.opinions import answer_opinion, ask_opinion
from operations.permissions import can_decide, can_see, can_take
from operations.reading import get_filing
from operations.reassigning import reassign
from operations.reminders import awake_from, remind
from operations.waiting import waited
from regulation import Tier
from tests.college import College
from tests.conftest import StatementCounter
from tests.messaging.test_delivery import forget_trouble
from tests.operations.test_crowds import at_once
from tests.operations.test_every_state import REACHED

APPLICANT, OWNER, HEAD, SECRETARY, LEADER = "lilaoshi", "wangqunzhu", "zhangzhuren", "chenshuji", "liuyuanzhang"
REGISTRAR, ADMINISTRATOR, OUTSIDER = "zhougan", "wuguanli", "jiwai"
#: A Friday; the next three working days are Monday to Wednesday.
FRIDAY = "2026-11-27 16:00"
AFTER_ONE, AFTER_THREE = "2026-11-30 16:00", "2026-12-02 16:00"
#: What a look reads that grows with the years.
READ = {"groups", "filings", "steps", "contacts", "commitments", "opinions", "reminders", "filing_events"}
FAR = datetime(2099, 1, 1, tzinfo=UTC)
HEAD_OWNS = ContactFacts(ContactRole.OWNER, 1, "张主任", "系主任", "19900000002")


def at(text: str) -> datetime:
    """A moment in the college, such as "2026-11-27 16:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=COLLEGE_TIME)


def set_back(since: str = FRIDAY, *, filing_id: int | None = None) -> None:
    """The steps whose turn it is have waited since then; nobody is asked of their duties yet."""
    which = Step.state == StepState.PENDING if filing_id is None else Step.filing_id == filing_id
    with unit_of_work() as session:
        pending = (which, Step.state == StepState.PENDING)
        session.execute(update(Step).where(*pending).values(pending_since=at(since), asked_since=at(since)))
        session.execute(update(Commitment).values(asked_at=FAR))


def ends(*user_ids: str, college: College) -> None:
    with unit_of_work() as session:
        people = [college.people[user_id] for user_id in user_ids]
        session.execute(update(Post).where(Post.person_id.in_(people)).values(ended_at=utc_now()))


def lend(college: College) -> None:
    head = college.actor(HEAD)
    post_id = db.session.scalars(select(Post.id).where(Post.person_id == head.id)).one()
    delegate(head, post_id, college.people[OUTSIDER], starts_on=college_today(), ends_on=college_today())


def waits(college: College, filing_id: int) -> tuple[datetime | None, bool]:
    """Since when the step has waited, and whether it has been all the time with whoever has it now."""
    step = college.filing(filing_id).pending_step
    assert step is not None
    return step.pending_since, step.asked_since == at(FRIDAY)


def reminders(college: College, user_id: str) -> list[dict[str, Any]]:
    """The cards of the reminders written for this person, oldest first."""
    told = (message for message in college.told(user_id) if message.event_key.startswith("reminder:"))
    return [message.card for message in told]


def leads(college: College, user_id: str) -> list[str]:
    return [card["lead"] for card in reminders(college, user_id)]


def everybody_told(college: College) -> set[str]:
    return {user_id for user_id in college.people if reminders(college, user_id)}


def lines(*kinds: EventKind) -> list[tuple[EventKind, str, str]]:
    """What the timelines say that the service did."""
    db.session.expire_all()
    query = select(FilingEvent).where(FilingEvent.kind.in_(kinds or (EventKind.REMINDED, EventKind.ESCALATED)))
    return [(line.kind, line.to_names, line.text) for line in db.session.scalars(query.order_by(FilingEvent.id))]


pytestmark = pytest.mark.usefixtures("context")


class TestSteps:
    def test_whoever_is_asked_is_reminded_after_one_working_day_and_only_then(self, college: College) -> None:
        """F21: a second before nobody is; the timeline names whom, and a day later there is nothing new."""
        filing_id = college.submitted()
        set_back()
        remind(at("2026-11-30 15:59") + timedelta(seconds=59))
        assert everybody_told(college) == set()
        for now in (AFTER_ONE, "2026-11-30 16:01", "2026-12-01 08:00", "2026-12-02 15:59"):
            remind(at(now))
        [card] = reminders(college, HEAD)
        assert (card["title"], card["path"]) == ("护理系教师工作群", f"/filings/{filing_id}#decide")
        assert card["lead"] == "已等待1个工作日，请尽快审核"
        assert dict(card["rows"])["等待自"] == "11-27 16:00"
        assert everybody_told(college) == {HEAD}
        assert lines() == [(EventKind.REMINDED, "张主任", "已等待1个工作日")]

    def test_after_three_it_is_reported_and_everybody_concerned_hears_of_it_once(self, college: College) -> None:
        """F21: the leader of the department, whoever is asked, and the applicant, who learns to whom."""
        filing_id = college.submitted()
        set_back()
        for now in (AFTER_ONE, AFTER_THREE, "2026-12-02 16:01", "2026-12-03 08:00", "2026-12-30 08:00"):
            remind(at(now))
        assert leads(college, HEAD) == ["已等待1个工作日，请尽快审核", "已等待3个工作日，已上报刘院长"]
        assert leads(college, APPLICANT) == ["备案已等待3个工作日，已上报刘院长"]
        [card] = reminders(college, LEADER)
        assert card["lead"] == "已等待3个工作日，请督促审核"
        assert dict(card["rows"])["等待"] == "张主任"
        assert card["path"] == f"/filings/{filing_id}"
        assert everybody_told(college) == {HEAD, APPLICANT, LEADER}
        assert lines()[1:] == [(EventKind.ESCALATED, "刘院长", "已等待3个工作日")]

    def test_a_service_that_stood_still_reports_at_once_and_does_not_remind_afterwards(self, college: College) -> None:
        """F21: what was due twice is said once, the graver thing."""
        college.submitted()
        set_back()
        remind(at("2026-12-15 09:00"))
        remind(at("2026-12-16 09:00"))
        assert leads(college, HEAD) == ["已等待11个工作日，已上报刘院长"]
        assert [kind for kind, _, _ in lines()] == [EventKind.ESCALATED]

    @pytest.mark.parametrize(
        ("make", "told"),
        [
            (lambda c: c.submitted(), LEADER),
            (lambda c: c.submitted(tier=Tier.FACULTY_ORGANIZATION), LEADER),
            (lambda c: c.approved(tier=Tier.COLLEGE, name="川护教师工作群"), ADMINISTRATOR),
            (lambda c: c.approved(), ADMINISTRATOR),
        ],
        ids=["department head", "party secretary", "college leader", "registrar"],
    )
    def test_above_each_post_somebody_is_told(
        self, college: College, make: Callable[[College], int], told: str
    ) -> None:
        """F21, L1: a leader above heads and secretaries, the fall-back above leaders and registrars."""
        make(college)
        set_back()
        remind(at(AFTER_THREE))
        assert "请督促" in leads(college, told)[0]
        assert sum("请督促" in lead for user_id in college.people for lead in leads(college, user_id)) == 1

    @pytest.mark.parametrize(
        ("applicant", "vacant", "told"),
        [
            (APPLICANT, [LEADER], ADMINISTRATOR),
            (APPLICANT, [LEADER, ADMINISTRATOR], REGISTRAR),
            (ADMINISTRATOR, [LEADER], REGISTRAR),
            (LEADER, [], ADMINISTRATOR),
            (APPLICANT, [LEADER, HEAD], REGISTRAR),
            (APPLICANT, [LEADER, HEAD, REGISTRAR], ADMINISTRATOR),
        ],
    )
    def test_it_is_never_reported_to_the_applicant_nor_to_nobody(
        self, college: College, applicant: str, vacant: list[str], told: str
    ) -> None:
        """L1: an empty post leads on to the fall-back, and to somebody who is not asked already if there is one."""
        college.submitted(applicant)
        ends(*vacant, college=college)
        set_back()
        remind(at(AFTER_THREE))
        above = [user_id for user_id in college.people if any("请督促" in lead for lead in leads(college, user_id))]
        assert above == [told]
        assert [kind for kind, _, _ in lines()] == [EventKind.ESCALATED]

    def test_of_an_empty_post_the_fall_back_is_reminded(self, college: College) -> None:
        """L1: as it was told when the post fell empty."""
        college.submitted()
        ends(HEAD, college=college)
        set_back()
        remind(at(AFTER_ONE))
        assert leads(college, ADMINISTRATOR) == ["岗位空缺，备案已等待1个工作日"]
        assert lines() == [(EventKind.REMINDED, "吴系统", "已等待1个工作日，岗位空缺")]

    def test_whoever_acts_for_the_holder_is_reminded_and_the_holder_is_not(self, college: College) -> None:
        """F21: as the decision itself is asked for."""
        college.submitted()
        lend(college)
        set_back()
        remind(at(AFTER_ONE))
        assert everybody_told(college) == {OUTSIDER}
        assert lines() == [(EventKind.REMINDED, "纪外人（代张主任）", "已等待1个工作日")]

    @pytest.mark.parametrize("state", FilingState)
    def test_only_a_filing_that_waits_for_somebody_is_reminded_of(self, college: College, state: FilingState) -> None:
        """L2: nobody hears of what was decided, returned or taken back."""
        REACHED[state](college)
        set_back()
        remind(at(AFTER_ONE))
        waits = {FilingState.IN_REVIEW: {HEAD}, FilingState.APPROVED: {REGISTRAR}}
        assert everybody_told(college) == waits.get(state, set())

    def test_what_was_sent_again_or_passed_on_begins_to_wait_anew(self, college: College) -> None:
        """L3, L12: reminded of in the first round, and again in the second; and so is whoever it was passed on to."""
        filing_id = college.submitted()
        set_back()
        remind(at(AFTER_ONE))
        decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充")
        submit(college.actor(APPLICANT), filing_id)
        set_back("2026-12-01 09:00")
        remind(at("2026-12-02 08:59"))
        assert len(leads(college, HEAD)) == 1
        remind(at("2026-12-02 09:00"))
        assert len(leads(college, HEAD)) == 2
        reassign(college.actor(HEAD), filing_id, college.people[OUTSIDER], text="请代为审核")
        set_back("2026-12-03 10:00")
        remind(at("2026-12-04 09:59"))
        assert leads(college, OUTSIDER) == []
        remind(at("2026-12-04 10:00"))
        assert leads(college, OUTSIDER) == ["已等待1个工作日，请尽快审核"]
        assert len(leads(college, HEAD)) == 2

    def test_whoever_gets_a_post_that_stood_empty_is_reminded_and_reported_as_if_first_asked(
        self, college: College
    ) -> None:
        """F21, L1: what was said of the empty post holds back nothing; the page knows how long it waits."""
        ends(HEAD, college=college)
        filing_id = college.submitted()
        set_back()
        remind(at(AFTER_ONE))
        remind(at(AFTER_THREE))
        assert [kind for kind, _, _ in lines()] == [EventKind.REMINDED, EventKind.ESCALATED]
        appoint(OUTSIDER, "DEPARTMENT_HEAD", "护理系")
        assert waits(college, filing_id) == (at(FRIDAY), False)
        set_back("2026-12-02 16:30")
        remind(at("2026-12-03 16:29"))
        assert leads(college, OUTSIDER) == []
        remind(at("2026-12-03 16:30"))
        remind(at("2026-12-07 16:29"))
        assert leads(college, OUTSIDER) == ["已等待1个工作日，请尽快审核"]
        remind(at("2026-12-07 16:30"))
        assert leads(college, OUTSIDER)[1:] == ["已等待3个工作日，已上报刘院长"]
        assert [names for _, names, _ in lines()][2:] == ["纪外人", "刘院长"]

    @pytest.mark.parametrize(
        ("change", "anew"),
        [
            (lambda c, f: (ends(HEAD, college=c), appoint(OUTSIDER, "DEPARTMENT_HEAD", "护理系")), True),
            (
                lambda c, f: (
                    dismiss(HEAD, "DEPARTMENT_HEAD", "护理系"),
                    appoint(OUTSIDER, "DEPARTMENT_HEAD", "护理系"),
                ),
                True,
            ),
            (lambda c, f: dismiss(HEAD, "DEPARTMENT_HEAD", "护理系"), True),
            (
                lambda c, f: (
                    appoint(OUTSIDER, "DEPARTMENT_HEAD", "护理系"),
                    dismiss(HEAD, "DEPARTMENT_HEAD", "护理系"),
                ),
                False,
            ),
            (lambda c, f: appoint(OUTSIDER, "DEPARTMENT_HEAD", "护理系"), False),
            (lambda c, f: lend(c), False),
            (lambda c, f: reassign(c.actor(HEAD), f, c.people[OUTSIDER], text="请代为审核"), True),
        ],
        ids=["successor", "vacant, successor", "vacant", "joined, then alone", "joined", "lent", "passed on"],
    )
    def test_a_step_is_due_anew_once_it_is_with_other_people_altogether(
        self, college: College, change: Callable[[College, int], object], anew: bool
    ) -> None:
        """F21: nobody is reported for what waited before them; whoever stays is reminded as before."""
        filing_id = college.submitted()
        set_back()
        change(college, filing_id)
        assert waits(college, filing_id)[1] is not anew

    def test_a_registration_is_due_anew_with_each_registrar_and_with_the_first_one_again(
        self, college: College
    ) -> None:
        """F21: a notice has no card that closes, and is given anew all the same."""
        filing_id = college.approved()
        for former, new in ((REGISTRAR, OUTSIDER), (OUTSIDER, REGISTRAR)):
            set_back()
            dismiss(former, "REGISTRAR", None)
            appoint(new, "REGISTRAR", None)
            assert not waits(college, filing_id)[1]
        assert [message.card["lead"] for message in college.told(REGISTRAR)].count("审核通过，请办理备案") == 2

    def test_an_applicant_who_left_is_not_told_and_the_others_are(self, college: College) -> None:
        """F21: nobody writes to somebody who is gone."""
        college.submitted()
        set_back()
        with unit_of_work() as session:
            session.get_one(Person, college.people[APPLICANT]).left_at = utc_now()
        remind(at(AFTER_THREE))
        assert everybody_told(college) == {HEAD, LEADER}

    def test_the_leader_sees_what_was_reported_and_decides_nothing(self, college: College) -> None:
        """F21: before, the filing is not theirs to see; what waits for the registry is not reported to them."""
        filing_id, approved = college.submitted(), college.approved(name="护理系二群", number="61234")
        set_back()
        leader = college.actor(LEADER)
        assert not can_see(leader, get_filing(filing_id))
        db.session.rollback()
        remind(at(AFTER_THREE))
        filing = get_filing(filing_id)
        step = filing.pending_step
        assert can_see(leader, filing)
        assert step is not None
        assert not can_take(leader, filing, step)
        assert not can_decide(leader, filing)
        assert not can_see(leader, get_filing(approved))
        assert not can_see(college.actor(OUTSIDER), filing)


class TestQuiet:
    @pytest.mark.parametrize(
        ("since", "quiet", "leaves"),
        [
            (FRIDAY, ["2026-11-28 16:00", "2026-11-29 12:00", "2026-11-30 07:59"], AFTER_ONE),
            ("2026-11-26 19:30", ["2026-11-27 20:00", "2026-11-27 23:00", "2026-11-28 09:00"], "2026-11-30 08:00"),
            ("2026-09-29 15:00", ["2026-10-01 15:00", "2026-10-07 19:59", "2026-10-08 07:59"], "2026-10-08 08:00"),
            ("2026-09-30 10:00", ["2026-10-05 10:00"], "2026-10-08 10:00"),
            ("2026-09-18 10:00", ["2026-09-19 10:00"], "2026-09-20 10:00"),
        ],
    )
    def test_what_falls_due_at_night_or_on_a_day_off_leaves_when_people_work_again(
        self, college: College, since: str, quiet: list[str], leaves: str
    ) -> None:
        """F28 E62: over a weekend, a night that the worker missed, 国庆, and a Sunday that is worked."""
        college.submitted()
        set_back(since)
        for now in quiet:
            remind(at(now))
            assert everybody_told(college) == set()
        remind(at(leaves))
        assert everybody_told(college) == {HEAD}

    def test_what_somebody_does_is_told_at_any_hour(self, college: College) -> None:
        """F28: a card, a decision and a 催办 are due when they are written, whatever the hour is now."""
        filing_id = college.submitted()
        nudge(college.actor(APPLICANT), filing_id)
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        messages = db.session.scalars(select(Message)).all()
        assert {message.kind for message in messages} == {MessageKind.REQUEST, MessageKind.NOTICE}
        assert all(message.run_at <= utc_now() for message in messages)

    def test_each_person_has_one_message_a_day_and_what_comes_later_waits_for_the_next(self, college: College) -> None:
        """F28: the second filing of the day is said on the next morning."""
        first = college.submitted()
        second = college.submitted(name="护理系二群", number="61234")
        set_back()
        set_back("2026-11-27 17:00", filing_id=second)
        for now in (AFTER_ONE, "2026-11-30 17:00", "2026-11-30 19:59"):
            remind(at(now))
        assert [card["path"] for card in reminders(college, HEAD)] == [f"/filings/{first}#decide"]
        assert len(lines()) == 1
        remind(at("2026-12-01 08:00"))
        assert [card["title"] for card in reminders(college, HEAD)] == ["护理系教师工作群", "护理系二群"]

    def test_several_things_are_one_digest_that_counts_them_and_names_the_first(self, college: College) -> None:
        """F28: five names, how many of what, and the way to the list."""
        for number in range(7):
            college.submitted(name=f"护理系{number}群", number=f"6123{number}")
        set_back()
        remind(at(AFTER_ONE))
        [card] = reminders(college, HEAD)
        assert card["lead"] == "您有7项待办提醒"
        assert card["text"] == "护理系0群、护理系1群、护理系2群、护理系3群、护理系4群等"
        assert card["rows"] == [["待审核", "7项"]]
        assert card["path"] == "/approvals"
        assert len(lines()) == 7
        remind(at(AFTER_THREE))
        assert [card["path"] for card in reminders(college, APPLICANT)] == ["/"]

    def test_those_who_are_asked_together_are_told_together(self, college: College) -> None:
        """F28: one of two heads has had their message today, so that both hear of the second filing tomorrow."""
        appoint("sunchuzhang", "DEPARTMENT_HEAD", "护理系")
        mine, both = college.submitted(), college.submitted("sunchuzhang", name="护理系二群", number="61234")
        set_back()
        set_back("2026-11-27 17:00", filing_id=mine)
        remind(at(AFTER_ONE))
        assert [card["title"] for card in reminders(college, HEAD)] == ["护理系二群"]
        remind(at("2026-11-30 18:00"))
        assert everybody_told(college) == {HEAD}
        remind(at("2026-12-01 08:00"))
        assert [card["title"] for card in reminders(college, "sunchuzhang")] == ["护理系教师工作群"]
        assert [names for _, names, _ in lines()] == ["张主任", "张主任、孙处长"]
        assert both


class TestLeaving:
    def left(self, college: College, user_id: str, now: str) -> tuple[MessageState, bool]:
        """What becomes at that moment of a reminder that is still to leave, and whether it is put off to the morning.

        That is the minute after eight: at the full hour the platform is crowded.
        """
        is_reminder = Message.event_key.startswith("reminder:")
        with unit_of_work() as session:
            session.execute(update(Message).where(~is_reminder).values(state=MessageState.SENT))
            session.execute(update(Message).where(is_reminder).values(run_at=at("2026-11-30 19:40")))
        while deliver_next(at(now), awake_from):
            pass
        [message] = [each for each in college.told(user_id) if each.event_key.startswith("reminder:")]
        return message.state, message.run_at == at("2026-12-01 08:01")

    def test_what_the_platform_did_not_take_by_day_waits_for_the_morning(self, college: College) -> None:
        """F28: it came back at nine in the evening."""
        college.submitted()
        set_back()
        remind(at(AFTER_ONE))
        assert self.left(college, HEAD, "2026-11-30 21:00") == (MessageState.PENDING, True)

    @pytest.mark.parametrize(
        "end",
        [
            lambda c, f: decide(c.actor(HEAD), f, Outcome.APPROVED),
            lambda c, f: decide(c.actor(HEAD), f, Outcome.RETURNED, reason="请补充"),
            lambda c, f: withdraw(c.actor(APPLICANT), f),
        ],
        ids=["approved", "returned", "withdrawn"],
    )
    @pytest.mark.parametrize("user_id", [HEAD, APPLICANT, LEADER])
    def test_a_reminder_that_has_not_left_is_dropped_once_its_step_is_over(
        self, college: College, end: Callable[[College, int], object], user_id: str
    ) -> None:
        """L2: of whoever was asked, of the applicant, and of whoever it was reported to."""
        filing_id = college.submitted()
        set_back()
        remind(at(AFTER_THREE))
        end(college, filing_id)
        assert self.left(college, user_id, "2026-12-02 16:01") == (MessageState.CANCELLED, False)

    @pytest.mark.parametrize(("decided", "state"), [(1, MessageState.PENDING), (2, MessageState.CANCELLED)])
    def test_a_digest_is_dropped_once_all_of_it_is_over(
        self, college: College, decided: int, state: MessageState
    ) -> None:
        """L2, F28: while one of its steps waits, it leaves."""
        filings = [college.submitted(), college.submitted(name="护理系二群", number="61234")]
        set_back()
        remind(at(AFTER_ONE))
        for filing_id in filings[:decided]:
            decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        assert self.left(college, HEAD, "2026-11-30 21:00")[0] is state

    @pytest.mark.parametrize("over", [0, 1])
    def test_a_digest_does_not_name_a_reminder_that_is_over(self, college: College, over: int) -> None:
        """L2, F28: nothing had left for a day; whichever of the two comes up first, what is over goes with neither."""
        filings = [college.submitted(), college.submitted(name="护理系二群", number="61234")]
        set_back()
        set_back("2026-11-30 16:00", filing_id=filings[1])
        remind(at(AFTER_ONE))
        remind(at("2026-12-01 16:00"))
        decide(college.actor(HEAD), filings[over], Outcome.APPROVED)
        with unit_of_work() as session:
            about_waiting = Message.event_key.startswith("reminder:")
            session.execute(update(Message).where(~about_waiting).values(state=MessageState.SENT))
            session.execute(update(Message).where(about_waiting).values(run_at=at(FRIDAY)))
        for _ in filings:
            forget_trouble()
            deliver_due(at("2026-12-01 16:05"))
        told = [each for each in college.told(HEAD) if each.event_key.startswith("reminder:")]
        assert [(each.state is MessageState.CANCELLED, each.carried_by_id) for each in told] == [
            (over == 0, None),
            (over == 1, None),
        ]

    def test_what_is_about_something_else_too_is_never_dropped(self, college: College) -> None:
        """F28: of duties and of what groups owe there is no step."""
        filing_id = college.submitted(
            contacts=(*college.facts().contacts[:1], *college.facts().contacts[2:], HEAD_OWNS)
        )
        set_back()
        with unit_of_work() as session:
            session.execute(update(Commitment).values(asked_at=at(FRIDAY)))
        remind(at(AFTER_ONE))
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        assert self.left(college, HEAD, "2026-11-30 21:00") == (MessageState.PENDING, True)


class TestAnswers:
    def asked(self, college: College, since: str = FRIDAY) -> int:
        filing_id = college.submitted()
        with unit_of_work() as session:
            session.execute(update(Step).values(asked_since=FAR))
            session.execute(update(Commitment).values(asked_at=at(since)))
        return filing_id

    def test_duties_that_nobody_confirmed_are_said_once_to_each(self, college: College) -> None:
        """F11: whoever confirmed is left in peace."""
        filing_id = self.asked(college)
        commit(college.actor(OWNER), filing_id)
        remind(at("2026-11-30 15:59"))
        assert everybody_told(college) == set()
        for now in (AFTER_ONE, "2026-12-01 08:00", "2026-12-04 08:00"):
            remind(at(now))
        assert everybody_told(college) == {"zhaoguanli"}
        [card] = reminders(college, "zhaoguanli")
        assert card["path"] == f"/filings/{filing_id}#duties"
        assert "职责" in card["lead"]

    @pytest.mark.parametrize("state", FilingState)
    def test_duties_are_asked_after_only_where_the_group_is_or_is_to_be(
        self, college: College, state: FilingState
    ) -> None:
        """L2: not once the filing was returned, refused or taken back."""
        REACHED[state](college)
        with unit_of_work() as session:
            session.execute(update(Step).values(asked_since=FAR))
            session.execute(update(Commitment).values(asked_at=at(FRIDAY)))
        remind(at(AFTER_ONE))
        asks = state in (FilingState.IN_REVIEW, FilingState.APPROVED, FilingState.REGISTERED)
        assert everybody_told(college) == ({OWNER, "zhaoguanli"} if asks else set())

    def test_duties_of_somebody_who_is_no_longer_named_or_of_a_group_that_is_over_are_not(
        self, college: College
    ) -> None:
        """L2: asked in the transaction that writes the message."""
        filing_id = self.asked(college)
        with unit_of_work() as session:
            owner = Contact.person_id == college.people[OWNER]
            session.execute(update(Contact).where(owner).values(person_id=college.people[OUTSIDER]))
        remind(at(AFTER_ONE))
        assert everybody_told(college) == {"zhaoguanli"}
        other = college.submitted(name="护理系二群", number="61234")
        with unit_of_work() as session:
            session.execute(update(Step).values(asked_since=FAR))
            session.execute(update(Commitment).where(Commitment.filing_id == other).values(asked_at=at(FRIDAY)))
            session.execute(update(Group).values(live=False, state=GroupState.DISSOLVED))
        remind(at("2026-12-01 08:00"))
        assert everybody_told(college) == {"zhaoguanli"}
        assert filing_id

    def opinion(self, college: College, since: str) -> tuple[int, int]:
        filing_id = college.submitted()
        ask_opinion(college.actor(HEAD), filing_id, college.people[OUTSIDER], "有必要吗？")
        set_back("2099-01-01 00:00")
        with unit_of_work() as session:
            session.execute(update(Opinion).values(asked_at=at(since)))
        return filing_id, db.session.scalars(select(Opinion.id)).one()

    def test_an_opinion_that_was_not_given_is_said_once(self, college: College) -> None:
        """F17: one working day after it was asked for."""
        filing_id, _ = self.opinion(college, FRIDAY)
        for now in ("2026-11-30 15:59", AFTER_ONE, "2026-12-01 08:00"):
            remind(at(now))
        assert leads(college, OUTSIDER) == ["张主任在等您的意见"]
        assert reminders(college, OUTSIDER)[0]["path"] == f"/filings/{filing_id}#opinion"
        assert everybody_told(college) == {OUTSIDER}

    def test_an_opinion_that_is_asked_for_anew_is_said_anew(self, college: College) -> None:
        """L12: it is due from the later question on."""
        self.opinion(college, FRIDAY)
        remind(at(AFTER_ONE))
        with unit_of_work() as session:
            session.execute(update(Opinion).values(asked_at=at("2026-12-01 10:00")))
        remind(at("2026-12-02 09:59"))
        assert len(leads(college, OUTSIDER)) == 1
        remind(at("2026-12-02 10:00"))
        assert len(leads(college, OUTSIDER)) == 2

    @pytest.mark.parametrize(
        "end",
        [
            lambda c, f, o: answer_opinion(c.actor(OUTSIDER), f, o, "有"),
            lambda c, f, o: decide(c.actor(HEAD), f, Outcome.APPROVED),
            lambda c, f, o: withdraw(c.actor(APPLICANT), f),
        ],
        ids=["answered", "decided", "withdrawn"],
    )
    def test_an_opinion_that_nobody_waits_for_is_not_asked_after(
        self, college: College, end: Callable[[College, int, int], object]
    ) -> None:
        """L2: given, or too late."""
        filing_id, opinion_id = self.opinion(college, FRIDAY)
        end(college, filing_id, opinion_id)
        set_back("2099-01-01 00:00")
        remind(at(AFTER_ONE))
        assert everybody_told(college) == set()


class TestOwed:
    def owing(self, college: College, **days: date | None) -> int:
        filing_id = REACHED[FilingState.REGISTERED](college)
        group_id = college.filing(filing_id).group_id
        with unit_of_work() as session:
            session.execute(update(Group).values(**{"number_due_on": None, "rename_due_on": None, **days}))
            session.execute(update(Commitment).values(asked_at=FAR))
        return group_id

    @pytest.mark.parametrize("what", ["number_due_on", "rename_due_on"])
    def test_what_a_group_owes_is_said_before_the_day_and_after_it_once_each(self, college: College, what: str) -> None:
        """E19, E25: to those who answer for the group, and to whoever filed it."""
        group_id = self.owing(college, **{what: date(2026, 12, 4)})
        for now in ("2026-12-02 19:59", "2026-12-03 08:00", "2026-12-04 08:00", "2026-12-07 08:00", "2026-12-09 08:00"):
            remind(at(now))
        told = {APPLICANT, OWNER, "zhaoguanli"}
        assert everybody_told(college) == told
        for user_id in told:
            near, late = reminders(college, user_id)
            assert "请在期限前" in near["lead"]
            assert "已过期" in late["lead"]
            assert near["path"] == f"/groups/{group_id}"
            assert dict(near["rows"])["期限"] == "2026-12-04"
        days = db.session.scalars(select(Reminder.sent_at).where(Reminder.key.contains(":near:"))).all()
        assert {at_.astimezone(COLLEGE_TIME).date() for at_ in days} == {date(2026, 12, 3)}

    def test_a_day_on_a_weekend_is_said_on_the_friday_before(self, college: College) -> None:
        """E62: the last morning on which people work."""
        self.owing(college, number_due_on=date(2026, 12, 6))
        remind(at("2026-12-03 08:00"))
        assert everybody_told(college) == set()
        remind(at("2026-12-04 08:00"))
        assert APPLICANT in everybody_told(college)

    def test_a_day_that_was_put_off_is_said_anew(self, college: College) -> None:
        """L12: its reminders move with it."""
        group_id = self.owing(college, number_due_on=date(2026, 12, 4))
        remind(at("2026-12-03 08:00"))
        with unit_of_work() as session:
            session.get_one(Group, group_id).number_due_on = date(2026, 12, 9)
        remind(at("2026-12-07 08:00"))
        assert len(leads(college, OWNER)) == 1
        remind(at("2026-12-08 08:00"))
        assert len(leads(college, OWNER)) == 2

    def test_what_was_given_or_given_up_is_not_asked_for(self, college: College) -> None:
        """L2: nor of a group that is over."""
        group_id = self.owing(college)
        remind(at("2026-12-03 08:00"))
        with unit_of_work() as session:
            group = session.get_one(Group, group_id)
            group.number_due_on, group.state, group.live = date(2026, 12, 4), GroupState.DISSOLVED, False
        remind(at("2026-12-03 09:00"))
        assert everybody_told(college) == set()


class TestAtOnce:
    def test_two_workers_at_the_same_moment_say_it_once(self, app: Flask, college: College) -> None:
        """F21: several workers have the chore."""
        for number in range(5):
            college.submitted(name=f"护理系{number}群", number=f"6123{number}")
        set_back()
        db.session.remove()
        assert at_once(app, [lambda: remind(at(AFTER_ONE))] * 4) == []
        assert len(reminders(college, HEAD)) == 1
        assert len(lines()) == 5

    def test_a_crash_leaves_nothing_half_and_the_next_look_says_all_of_it(self, college: College) -> None:
        """F21: message, timeline and what is remembered are one transaction."""
        college.submitted()
        set_back()
        with unit_of_work() as session:
            session.execute(update(Commitment).values(asked_at=at(FRIDAY)))

        def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith("INSERT INTO reminders"):
                raise KeyboardInterrupt

        event.listen(db.engine, "before_cursor_execute", fail)
        with pytest.raises(KeyboardInterrupt):
            remind(at(AFTER_ONE))
        event.remove(db.engine, "before_cursor_execute", fail)
        assert (everybody_told(college), lines()) == (set(), [])
        remind(at(AFTER_ONE))
        assert everybody_told(college) == {HEAD, OWNER, "zhaoguanli"}
        assert len(lines()) == 1

    def test_a_decision_goes_before_the_reminder_of_its_step(self, app: Flask, college: College) -> None:
        """L2: whichever comes first, nobody is reminded of what is decided already."""
        filing_id, head = college.submitted(), college.actor(HEAD)
        set_back()
        db.session.remove()
        at_once(app, [lambda: remind(at(AFTER_ONE)), lambda: decide(head, filing_id, Outcome.APPROVED)])
        assert len(leads(college, HEAD)) == len(lines())
        filing = college.filing(filing_id)
        assert filing.state is FilingState.APPROVED

    def test_the_worker_looks_every_minute(self) -> None:
        """F21: beside delivering messages."""
        assert [chore.pause for chore in CHORES if chore.act is remind] == [60]


class TestStatements:
    def count(self, college: College, counted: StatementCounter, number: int, now: str) -> int:
        for n in range(number):
            college.submitted(name=f"护理系{number:02}{n:02}群", number=f"7100{number:02}{n:02}")
            college.approved(name=f"护理系通过{number:02}{n:02}群", number=f"7200{number:02}{n:02}")
        with unit_of_work() as session:
            session.execute(update(Step).where(Step.state == StepState.PENDING).values(asked_since=at(FRIDAY)))
            session.execute(update(Commitment).values(asked_at=at(FRIDAY)))
        counted.statements.clear()
        remind(at(now))
        return len(counted)

    @pytest.mark.parametrize("days", [(AFTER_ONE, "2026-12-01 09:00"), (AFTER_THREE, "2026-12-03 09:00")])
    def test_many_filings_take_as_many_statements_as_few(
        self, college: College, counted: StatementCounter, days: tuple[str, str]
    ) -> None:
        """F21: whatever is written of them, reminded of or reported."""
        counts = [self.count(college, counted, number, now) for number, now in zip((3, 12), days, strict=True)]
        print(counts, "\n".join(counted.statements))
        assert counts[0] == counts[1]

    def test_a_look_that_finds_nothing_only_reads(self, college: College, counted: StatementCounter) -> None:
        """F21: every minute, whatever waits and has been said."""
        self.count(college, counted, 3, AFTER_ONE)
        counted.statements.clear()
        remind(at("2026-11-30 16:05"))
        assert len(counted) == 5
        assert all(statement.startswith("SELECT") for statement in counted.statements)
        counted.statements.clear()
        remind(at("2026-11-30 21:00"))
        assert len(counted) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "found",
    [
        "SEARCH groups USING INDEX ix_groups_number_due (state=? AND number_due_on<?)",
        "SEARCH groups USING INDEX ix_groups_rename_due (state=? AND rename_due_on<?)",
        "SCAN steps USING INDEX uq_steps_one_pending",
        "SEARCH commitments USING INDEX ix_commitments_unconfirmed (asked_at<?)",
        "SEARCH opinions USING INDEX ix_opinions_unanswered (asked_at<?)",
    ],
)
def test_every_look_finds_the_few_that_are_due_by_an_index(college: College, found: str) -> None:
    """F21: it comes each minute in each worker, whatever the tables hold of years gone by."""
    college.submitted()
    plans: list[str] = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plans.extend(row[3] for row in rows)

    event.listen(db.engine, "before_cursor_execute", explain)
    remind(at(AFTER_ONE))
    event.remove(db.engine, "before_cursor_execute", explain)
    assert found in plans
    whole = [step for step in plans if step.startswith("SCAN") and "uq_steps_one_pending" not in step]
    assert [step for step in whole if step.split()[1] in READ] == []


def test_how_long_it_waited_says_when_that_is_late(college: College) -> None:
    """L5: amber after one working day, red after three."""
    assert college
    since = at(FRIDAY)
    said = [waited(since, at(now)) for now in ("2026-11-30 15:59", AFTER_ONE, "2026-12-02 15:59", AFTER_THREE)]
    assert [(each.days, each.is_late, each.is_overdue) for each in said] == [
        (0, False, False),
        (1, True, False),
        (2, True, False),
        (3, True, True),
    ]


def test_nothing_of_a_reminder_shows_a_mobile(college: College) -> None:
    college.submitted()
    set_back()
    remind(at(AFTER_THREE))
    assert "199000" not in str(db.session.scalars(select(Message.card)).all())
    assert db.session.scalar(select(func.count()).select_from(Message).where(Message.event_key.startswith("reminder:")))
