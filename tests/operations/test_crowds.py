"""Many at once: one decision, one set of messages, numbers without a gap."""

import threading
from collections.abc import Callable
from functools import partial

from flask import Flask
from sqlalchemy import func, select

from extensions import db
from messaging.platforms.wecom_callbacks import CardTap
from messaging.platforms.wecom_directory import DirectoryDepartment, DirectoryMember
from models import (
    AuditEntry,
    Decision,
    Department,
    Filing,
    FilingState,
    Group,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    PlatformIdentity,
    WrongState,
)
from models.audit import FIRST_HASH
from operations.actors import Actor
from operations.appointing import appoint
from operations.clock import college_today
from operations.decisions import decide
from operations.directory import Accepted, fetch_person, sync_contacts
from operations.drafts import save_draft
from operations.errors import OperationRefused, RefusedByRules
from operations.filings import submit
from operations.taps import answer_tap
from regulation import Tier
from tests.college import College


def at_once(app: Flask, acts: list[Callable[[], object]]) -> list[Exception]:
    """Carry the acts out in a thread each, all set off by one signal; what they raised."""
    start, raised = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                act()
            except Exception as error:
                raised.append(error)

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def delivered(session_message: Message) -> None:
    """Put the card on the phone, as the worker would."""
    session_message.state, session_message.response_code = MessageState.SENT, "a-code"
    db.session.commit()


def test_fifty_taps_mixed_with_a_decision_on_the_page_make_one_decision_and_one_message_set(
    app: Flask, college: College
) -> None:
    with app.app_context():
        filing_id = college.submitted()
        request = college.told("zhangzhuren")[0]
        delivered(request)
        task_id, step_id = request.task_id, request.step_id
        head = college.actor("zhangzhuren")
    taps = [CardTap("zhangzhuren", task_id, "approve", f"code-{n}", f"event-{n}") for n in range(50)]
    acts: list[Callable[[], object]] = [lambda tap=tap: answer_tap(tap) for tap in taps]
    acts.insert(25, lambda: decide(head, filing_id, Outcome.REJECTED, reason="不需要", step_id=step_id))
    raised = at_once(app, acts)
    assert all(isinstance(error, OperationRefused) for error in raised), raised
    with app.app_context():
        decisions = db.session.scalars(select(Decision)).all()
        assert len(decisions) == 1
        assert len(raised) == (0 if decisions[0].outcome is Outcome.REJECTED else 1)
        told = db.session.scalars(
            select(Message).where(Message.kind != MessageKind.CLOSE, Message.commitment_id.is_(None))
        ).all()
        approved = decisions[0].outcome is Outcome.APPROVED
        assert len(told) == (3 if approved else 2)
        closings = db.session.scalars(select(Message).where(Message.kind == MessageKind.CLOSE)).all()
        assert len(closings) == 1
        assert "张主任" in closings[0].card["text"]


def test_the_same_tap_delivered_ten_times_at_once_acts_once(app: Flask, college: College) -> None:
    with app.app_context():
        filing_id = college.submitted()
        request = college.told("zhangzhuren")[0]
        delivered(request)
        tap = CardTap("zhangzhuren", request.task_id, "approve", "code", "the-event")
    assert at_once(app, [lambda: answer_tap(tap)] * 10) == []
    with app.app_context():
        assert college.filing(filing_id).state is FilingState.APPROVED
        assert (
            db.session.scalar(select(func.count()).select_from(Message).where(Message.kind == MessageKind.CLOSE)) == 1
        )


def test_forty_registrations_by_two_registrars_get_forty_numbers_without_a_gap(app: Flask, college: College) -> None:
    with app.app_context():
        filings = [college.approved(name=f"护理系第{n}群", number=f"6123{n:04}") for n in range(40)]
        registrars = [college.actor("zhougan"), _second_registrar(college)]
    raised = at_once(
        app,
        [
            lambda n=n, filing_id=filing_id: decide(registrars[n % 2], filing_id, Outcome.REGISTERED)
            for n, filing_id in enumerate(filings)
        ],
    )
    assert raised == []
    with app.app_context():
        numbers = sorted(db.session.scalars(select(Group.registration_number)))
        year = college_today().year
        assert numbers == [f"川护群备〔{year}〕{n:04}号" for n in range(1, 41)]


def _second_registrar(college: College) -> Actor:
    appoint("jiwai", "REGISTRAR", None)
    return college.actor("jiwai")


def test_two_registrars_on_one_filing_at_once_give_one_number_and_the_other_hears_who_was_first(
    app: Flask, college: College
) -> None:
    """E16: in the same second, one number only."""
    with app.app_context():
        filing_id = college.approved()
        registrars = [college.actor("zhougan"), _second_registrar(college)]
        step_id = college.filing(filing_id).current_steps[-1].id
    raised = at_once(
        app, [lambda who=who: decide(who, filing_id, Outcome.REGISTERED, step_id=step_id) for who in registrars]
    )
    assert ["已备案" in error.sentence for error in raised] == [True]  # type: ignore[attr-defined]


def test_two_people_who_file_one_number_at_once_get_one_filing_through(app: Flask, college: College) -> None:
    with app.app_context():
        drafts = [(user, college.draft(user, name=f"护理系{user}群")) for user in ("lilaoshi", "wangqunzhu")]
        acts = [partial(submit, college.actor(user), filing_id) for user, filing_id in drafts]
    raised = at_once(app, acts)
    assert [type(error) for error in raised] == [RefusedByRules]
    assert [finding.field for finding in raised[0].findings] == ["number"]  # type: ignore[attr-defined]


def test_a_form_sent_five_times_at_once_is_one_filing(app: Flask, college: College) -> None:
    with app.app_context():
        save = partial(save_draft, college.actor("lilaoshi"), college.facts(), form_key="the-form")
    assert at_once(app, [save] * 5) == []
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Filing)) == 1
        assert db.session.scalar(select(func.count()).select_from(Group)) == 1


def test_what_is_sent_is_what_was_saved_last_or_first_and_never_a_mixture(app: Flask, college: College) -> None:
    with app.app_context():
        filing_id, actor = college.draft(), college.actor("lilaoshi")
        save = partial(save_draft, actor, college.facts(member_count=500), form_key="", filing_id=filing_id)
    raised = at_once(app, [save, partial(submit, actor, filing_id)])
    with app.app_context():
        filing = college.filing(filing_id)
        if filing.state is FilingState.IN_REVIEW:
            assert filing.group.member_count == 46
            assert [type(error) for error in raised] == [WrongState]
        else:
            assert (filing.state, filing.group.member_count) == (FilingState.DRAFT, 500)
            assert [type(error) for error in raised] == [RefusedByRules]


def test_the_audit_chain_holds_when_many_write_at_once(app: Flask, college: College) -> None:
    with app.app_context():
        acts = [lambda n=n: college.submitted(name=f"护理系{n}群", number=f"61230{n}") for n in range(12)]
    assert at_once(app, acts) == []
    with app.app_context():
        entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert len(entries) == 24
        previous = FIRST_HASH
        for entry in entries:
            assert entry.previous_hash == previous
            assert entry.hash == entry.expected_hash()
            previous = entry.hash


class NewPeople:
    """A directory of one department and eight people who are all new."""

    def departments(self) -> list[DirectoryDepartment]:
        return [DirectoryDepartment("70", "新系", None, 0)]

    def members(self, key: str) -> list[DirectoryMember]:
        return [self.member(f"new{n}") for n in range(8)]

    def single_members(self) -> tuple[str, ...]:
        return ()

    def member(self, user_id: str) -> DirectoryMember:
        return DirectoryMember(user_id, f"新人{user_id}", "", "", ("70",), frozenset(), "70", True)


def test_eight_new_people_who_sign_in_at_once_during_a_sync_are_eight_people(app: Flask, college: College) -> None:
    platform = NewPeople()
    acts: list[Callable[[], object]] = [partial(fetch_person, f"new{n % 8}", platform) for n in range(16)]  # type: ignore[arg-type]
    assert at_once(app, [*acts, partial(sync_contacts, platform, accepts=Accepted(9, 9))]) == []  # type: ignore[arg-type]
    with app.app_context():
        new = select(func.count()).select_from(PlatformIdentity).where(PlatformIdentity.user_key.startswith("new"))
        assert db.session.scalar(new) == 8
        assert db.session.scalar(select(func.count()).where(Department.platform_key == "70")) == 1


def test_whoever_is_appointed_while_a_filing_is_sent_is_asked(app: Flask, college: College) -> None:
    with app.app_context():
        student_union = {"tier": Tier.COLLEGE_ORGANIZATION, "supervisor_id": college.departments["7"]}
        drafts = [college.draft(name=f"川护学生会{n}群", number=f"6123{n}", **student_union) for n in range(6)]
        acts: list[Callable[[], object]] = [partial(submit, college.actor("lilaoshi"), draft) for draft in drafts]
    raised = at_once(
        app,
        [
            *acts,
            partial(appoint, "jiwai", "DEPARTMENT_HEAD", "7"),
            *[partial(appoint, "jiwai", "DEPARTMENT_HEAD", "7")] * 2,
        ],
    )
    assert raised == []
    with app.app_context():
        assert len([message for message in college.told("jiwai") if message.kind is MessageKind.REQUEST]) == 6
