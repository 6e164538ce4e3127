"""Handing over: one card for all of it, confirmed by a tap or on the page, once, whoever presses first."""

import itertools
import threading
from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import event, select

from extensions import db
from messaging.cards import Card
from messaging.platforms.wecom_callbacks import CardTap
from models import (
    Channel,
    Commitment,
    Contact,
    ContactRole,
    Handover,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    Person,
    utc_now,
)
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint, dismiss
from operations.decisions import decide
from operations.errors import ArrangedMeanwhile, NotAllowed, NotAsked, OperationRefused, RefusedField
from operations.filings import withdraw
from operations.group_people import changes_of, vacancies_of
from operations.handover_lists import handovers_awaiting_answers, handovers_waiting_for, open_handovers_of_all
from operations.handovers import confirm, decline, fingerprint, propose
from operations.leaving import leave
from operations.merging import merge
from operations.taps import answer_tap
from operations.tasks import tasks_of
from operations.vacancies import HandoverRecord, get_handover
from tests.college import College

EVENTS = itertools.count()
LEAVER, HEAD, SUCCESSOR, REGISTRAR = "wangqunzhu", "zhangzhuren", "lilaoshi", "zhougan"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


@pytest.fixture
def handover_id(college: College) -> int:
    """王群主 left, who is 群主 of two groups of 护理系."""
    for number in range(2):
        college.submitted("jiwai", name=f"护理系{number}群", number=f"7000000{number}")
    gone(college, LEAVER)
    return db.session.scalars(select(Handover.id)).one()


def gone(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id])])


def handed(handover_id: int) -> HandoverRecord:
    db.session.rollback()
    return get_handover(handover_id)


def offer(
    college: College, handover_id: int, user_id: str = SUCCESSOR, *, only: int | None = None, by: str = HEAD
) -> None:
    """Ask somebody to take over all that is open, or one item of it."""
    record = handed(handover_id)
    items = {item.id for item in record.open} if only is None else {record.open[only].id}
    propose(college.actor(by), handover_id, items, college.people[user_id], seen=fingerprint(record))


def told(college: College, user_id: str, saying: str) -> list[Message]:
    return [m for m in college.told(user_id) if saying in m.card.get("lead", "")]


def arrived(college: College, user_id: str = SUCCESSOR) -> Message:
    """The newest card that asks this person, on their phone."""
    message = [m for m in college.told(user_id) if m.kind is MessageKind.REQUEST and m.handover_id][-1]
    message.state, message.response_code = MessageState.SENT, "code-of-the-send"
    db.session.commit()
    return message


def fated(college: College, state: MessageState) -> Message:
    """The newest card that asks the successor, in this state."""
    message = arrived(college)
    message.state, message.lease_until = state, utc_now() if state is MessageState.SENDING else None
    db.session.commit()
    return message


def tap(message: Message, user_id: str = SUCCESSOR, key: str = "take_over") -> None:
    number = next(EVENTS)
    answer_tap(CardTap(user_id, message.task_id, key, f"code-of-tap-{number}", f"handover-event-{number}"))


def closings(college: College, user_id: str = SUCCESSOR) -> list[str]:
    return [m.card["text"] for m in college.told(user_id) if m.kind is MessageKind.CLOSE]


def owners() -> set[tuple[str, int | None]]:
    db.session.rollback()
    query = select(Contact.name, Contact.person_id).where(Contact.role == ContactRole.OWNER)
    return {(name, person_id) for name, person_id in db.session.execute(query)}


class TestAsking:
    def test_a_successor_gets_one_card_for_all_of_it(self, college: College, handover_id: int) -> None:
        offer(college, handover_id)
        [message] = told(college, SUCCESSOR, "请您接任")
        card = Card.restored(message.card)
        assert (message.kind, message.handover_id) == (MessageKind.REQUEST, handover_id)
        assert (card.takes_over, card.decides) == (True, False)
        assert card.lead == "请您接任王群主的2个群组"
        assert "护理系0群、护理系1群" in card.text
        assert tasks_of(college.actor(SUCCESSOR)).total == 1
        assert tasks_of(college.actor(HEAD)).total == 2

    def test_the_same_choice_again_asks_nobody_twice(self, college: College, handover_id: int) -> None:
        record = handed(handover_id)
        items, seen = {item.id for item in record.open}, fingerprint(record)
        for _ in range(2):
            propose(college.actor(HEAD), handover_id, items, college.people[SUCCESSOR], seen=seen)
        assert len(told(college, SUCCESSOR, "请您接任")) == 1

    def test_an_arrangement_that_changed_meanwhile_is_shown_first(self, college: College, handover_id: int) -> None:
        record = handed(handover_id)
        items, seen = {item.id for item in record.open}, fingerprint(record)
        offer(college, handover_id)
        with pytest.raises(ArrangedMeanwhile):
            propose(college.actor(HEAD), handover_id, items, college.people["zhaoguanli"], seen=seen)
        assert {item.successor_name for item in handed(handover_id).open} == {"李老师"}

    @pytest.mark.parametrize("user_id", [LEAVER, "sunchuzhang"])
    def test_somebody_who_left_or_the_leaver_is_refused_at_the_field(
        self, college: College, handover_id: int, user_id: str
    ) -> None:
        gone(college, "sunchuzhang")
        with pytest.raises(RefusedField) as refused:
            offer(college, handover_id, user_id)
        assert refused.value.field == "person"
        assert handed(handover_id).open[0].successor_id is None

    def test_nothing_ticked_and_nobody_at_all_are_refused(self, college: College, handover_id: int) -> None:
        record, head = handed(handover_id), college.actor(HEAD)
        with pytest.raises(RefusedField) as refused:
            propose(head, handover_id, set(), college.people[SUCCESSOR], seen=fingerprint(record))
        assert refused.value.field == "items"
        with pytest.raises(RefusedField) as refused:
            propose(head, handover_id, {record.open[0].id}, 404, seen=fingerprint(handed(handover_id)))
        assert refused.value.field == "person"

    @pytest.mark.parametrize("user_id", ["sunchuzhang", SUCCESSOR, "chenshuji"])
    def test_only_the_head_and_whoever_stands_in_arranges(
        self, college: College, handover_id: int, user_id: str
    ) -> None:
        with pytest.raises(NotAllowed):
            offer(college, handover_id, by=user_id)
        offer(college, handover_id, by="wuguanli")

    @pytest.mark.parametrize(
        ("user_id", "post"), [(HEAD, "DEPARTMENT_HEAD"), ("wuguanli", "ADMINISTRATOR"), (REGISTRAR, "REGISTRAR")]
    )
    def test_whoever_was_relieved_since_the_page_was_opened_arranges_nothing(
        self, college: College, handover_id: int, user_id: str, post: str
    ) -> None:
        record, opened = handed(handover_id), college.actor(user_id)
        appoint("chenshuji", "ADMINISTRATOR", None)
        dismiss(user_id, post, "8" if post == "DEPARTMENT_HEAD" else None)
        items, seen = {item.id for item in record.open}, fingerprint(record)
        with pytest.raises(NotAllowed):
            propose(opened, handover_id, items, college.people[SUCCESSOR], seen=seen)
        assert {item.successor_id for item in handed(handover_id).open} == {None}

    def test_somebody_else_instead_closes_the_card_of_whoever_was_asked(
        self, college: College, handover_id: int
    ) -> None:
        offer(college, handover_id)
        card = arrived(college)
        offer(college, handover_id, "zhaoguanli")
        assert closings(college) == ["移交安排已变更，未作处理"]
        tap(card)
        assert owners() == {("王群主", college.people[LEAVER])}
        assert tasks_of(college.actor(SUCCESSOR)).total == 0

    def test_whoever_loses_one_of_two_groups_is_asked_anew_for_the_other(
        self, college: College, handover_id: int
    ) -> None:
        offer(college, handover_id)
        arrived(college)
        offer(college, handover_id, "zhaoguanli", only=0)
        assert len(closings(college)) == 1
        assert told(college, SUCCESSOR, "请您接任")[-1].card["lead"] == "请您接任王群主的1个群组"
        tap(arrived(college))
        assert owners() == {("王群主", college.people[LEAVER]), ("李老师", college.people[SUCCESSOR])}

    def test_whoever_is_asked_for_one_more_gets_one_new_card(self, college: College, handover_id: int) -> None:
        offer(college, handover_id, only=0)
        old = arrived(college)
        offer(college, handover_id, only=1)
        assert closings(college) == ["已更新，请看新的消息"]
        tap(old)
        assert owners() == {("王群主", college.people[LEAVER])}
        tap(arrived(college))
        assert owners() == {("李老师", college.people[SUCCESSOR])}

    @pytest.mark.parametrize("state", MessageState)
    def test_whoever_was_asked_is_asked_anew_whatever_became_of_the_card_before(
        self, college: College, handover_id: int, state: MessageState
    ) -> None:
        offer(college, handover_id, only=0)
        fated(college, state)
        offer(college, handover_id, only=1)
        assert told(college, SUCCESSOR, "请您接任")[-1].card["lead"] == "请您接任王群主的2个群组"
        tap(arrived(college))
        assert owners() == {("李老师", college.people[SUCCESSOR])}

    def test_whoever_said_no_to_a_card_that_failed_may_be_asked_again(self, college: College, handover_id: int) -> None:
        offer(college, handover_id)
        fated(college, MessageState.FAILED)
        decline(college.actor(SUCCESSOR), handover_id)
        offer(college, handover_id)
        assert [m.state for m in told(college, SUCCESSOR, "请您接任")] == [MessageState.CANCELLED, MessageState.PENDING]

    def test_a_tap_of_somebody_else_neither_ends_the_card_nor_keeps_anybody_from_asking_again(
        self, college: College, handover_id: int
    ) -> None:
        offer(college, handover_id, only=0)
        card = arrived(college)
        tap(card, "zhaoguanli")
        tap(card)
        assert {name for name, _ in owners()} == {"王群主", "李老师"}
        offer(college, handover_id)
        tap(arrived(college), "zhaoguanli")
        offer(college, handover_id, "zhaoguanli")
        offer(college, handover_id)
        tap(arrived(college))
        assert owners() == {("李老师", college.people[SUCCESSOR])}

    def test_whoever_tapped_for_a_group_that_was_withdrawn_may_be_asked_for_another(
        self, college: College, handover_id: int
    ) -> None:
        offer(college, handover_id, only=0)
        withdraw(college.actor("jiwai"), 1)
        tap(arrived(college))
        offer(college, handover_id)
        assert len(told(college, SUCCESSOR, "请您接任")) == 2

    def test_a_card_that_seemed_to_fail_and_was_replaced_takes_nothing_over(
        self, college: College, handover_id: int
    ) -> None:
        offer(college, handover_id, only=0)
        old = fated(college, MessageState.FAILED)
        offer(college, handover_id, only=1)
        tap(old)
        assert owners() == {("王群主", college.people[LEAVER])}
        assert closings(college) == ["移交安排已变更，未作处理"]

    def test_whoever_chooses_themselves_takes_over_at_once(self, college: College, handover_id: int) -> None:
        offer(college, handover_id, HEAD)
        assert owners() == {("张主任", college.people[HEAD])}
        assert [m for m in college.told(HEAD) if m.kind is MessageKind.REQUEST and m.handover_id] == []
        assert told(college, HEAD, "已确认接任") == []
        assert len(told(college, REGISTRAR, "张主任已确认接任2个群组")) == 1
        assert handed(handover_id).handover.closed_at is not None


class TestConfirming:
    def test_a_tap_hands_everything_over_and_tells_head_and_registry(self, college: College, handover_id: int) -> None:
        offer(college, handover_id)
        tap(arrived(college), "LiLaoshi")
        record = handed(handover_id)
        assert owners() == {("李老师", college.people[SUCCESSOR])}
        assert (len(record.confirmed), record.open) == (2, [])
        assert record.handover.closed_at is not None
        [closing] = closings(college)
        assert closing.startswith("已确认接任 · 李老师 · ")
        for user_id in (HEAD, REGISTRAR):
            assert len(told(college, user_id, "李老师已确认接任2个群组")) == 1
        assert tasks_of(college.actor(SUCCESSOR)).total == 0
        assert vacancies_of([1, 2]) == {}
        [change] = changes_of(1)
        assert (change.role, change.former, change.successor) == ("群主", "王群主", "李老师")

    def test_whoever_takes_the_group_over_has_confirmed_its_duties_by_that(
        self, college: College, handover_id: int
    ) -> None:
        """E11: an owner who came later confirms the duties too, and is asked once for both."""
        offer(college, handover_id)
        assert "确认知悉并履行职责（第六条、第七条）" in told(college, SUCCESSOR, "请您接任")[0].card["text"]
        tap(arrived(college))
        rows = db.session.scalars(select(Commitment).where(Commitment.person_name == "李老师")).all()
        assert [(row.confirmed_at is not None, row.channel) for row in rows] == [(True, Channel.CARD)] * 2

    def test_an_administrators_successor_confirms_and_takes_their_place(self, college: College) -> None:
        """第七条（五）: an administrator is followed by whoever says yes to it, and by nobody before that."""
        college.submitted("jiwai")
        gone(college, "zhaoguanli")
        record = handed(db.session.scalars(select(Handover.id)).one())
        assert [item.role for item in record.open] == [ContactRole.ADMINISTRATOR]
        offer(college, record.handover.id)
        query = select(Contact.name).where(Contact.role == ContactRole.ADMINISTRATOR)
        assert db.session.scalars(query).all() == ["赵管理"]
        tap(arrived(college))
        db.session.rollback()
        assert db.session.scalars(query).all() == ["李老师"]
        assert db.session.scalars(select(Commitment.confirmed_at).where(Commitment.person_name == "李老师")).one()

    def test_only_what_the_successor_gave_us_is_written(self, college: College, handover_id: int) -> None:
        person = db.session.get_one(Person, college.people[SUCCESSOR])
        person.office_phone, person.email = "199-0000-0088", "lilaoshi@example.edu.cn"
        db.session.commit()
        offer(college, handover_id)
        confirm(college.actor(SUCCESSOR), handover_id)
        contact = db.session.scalars(select(Contact).where(Contact.role == ContactRole.OWNER)).first()
        assert contact is not None
        assert (contact.job_title, contact.mobile, contact.office_phone) == ("辅导员", "", "")
        assert contact.email == "lilaoshi@example.edu.cn"
        assert len(told(college, SUCCESSOR, "我的信息")) == 1

    @pytest.mark.parametrize(
        ("in_directory", "written"),
        [("028-61390000-1234", "028-61390000-1234"), ("(199) 0000-0088", ""), ("028-00000000 19900000088", "")],
    )
    def test_an_office_phone_is_written_unless_a_mobile_stands_in_it(
        self, college: College, handover_id: int, in_directory: str, written: str
    ) -> None:
        db.session.get_one(Person, college.people[SUCCESSOR]).office_phone = in_directory
        db.session.commit()
        offer(college, handover_id)
        confirm(college.actor(SUCCESSOR), handover_id)
        query = select(Contact.office_phone).where(Contact.role == ContactRole.OWNER)
        assert set(db.session.scalars(query)) == {written}

    def test_whoever_gave_their_mobile_is_asked_for_nothing(self, college: College, handover_id: int) -> None:
        db.session.get_one(Person, college.people[SUCCESSOR]).mobile = "19900000077"
        db.session.commit()
        offer(college, handover_id)
        confirm(college.actor(SUCCESSOR), handover_id)
        contact = db.session.scalars(select(Contact).where(Contact.role == ContactRole.OWNER)).first()
        assert contact is not None
        assert (contact.mobile, contact.office_phone) == ("19900000077", "028-00000000")
        assert told(college, SUCCESSOR, "我的信息") == []

    @pytest.mark.parametrize("user_id", ["zhaoguanli", HEAD, LEAVER, "nobody-we-know"])
    def test_a_tap_of_somebody_else_changes_nothing_and_says_so(
        self, college: College, handover_id: int, user_id: str
    ) -> None:
        offer(college, handover_id)
        tap(arrived(college), user_id)
        assert owners() == {("王群主", college.people[LEAVER])}
        assert closings(college) == ["您不是接任人，未作处理"]

    def test_a_tap_again_changes_nothing_and_tells_what_was_said(self, college: College, handover_id: int) -> None:
        offer(college, handover_id)
        card = arrived(college)
        tap(card)
        messages = db.session.query(Message).count()
        for closing in db.session.query(Message).filter_by(kind=MessageKind.CLOSE):
            closing.state = MessageState.SENT
        db.session.commit()
        tap(card)
        assert db.session.query(Message).count() == messages + 1
        assert all(text.startswith("已确认接任 · 李老师") for text in closings(college))

    def test_a_tap_after_the_group_was_withdrawn_says_that_nothing_is_to_be_done(
        self, college: College, handover_id: int
    ) -> None:
        offer(college, handover_id)
        card = arrived(college)
        for filing_id in (1, 2):
            withdraw(college.actor("jiwai"), filing_id)
        tap(card)
        assert owners() == {("王群主", college.people[LEAVER])}
        assert closings(college) == ["移交安排已变更，未作处理"]

    @pytest.mark.parametrize("key", ["approve", "nix"])
    def test_another_button_does_nothing(self, college: College, handover_id: int, key: str) -> None:
        offer(college, handover_id)
        tap(arrived(college), key=key)
        assert owners() == {("王群主", college.people[LEAVER])}
        assert closings(college) == []

    def test_a_decisions_card_takes_no_takeover(self, college: College, handover_id: int) -> None:
        message = next(m for m in college.told(HEAD) if m.kind is MessageKind.REQUEST)
        tap(message, HEAD)
        assert college.filing(1).state.value == "in_review"

    def test_a_card_that_was_not_sent_yet_is_never_sent(self, college: College, handover_id: int) -> None:
        offer(college, handover_id)
        confirm(college.actor(SUCCESSOR), handover_id)
        [request] = told(college, SUCCESSOR, "请您接任")
        assert request.state is MessageState.CANCELLED
        assert closings(college) == []

    def test_a_handover_with_something_left_stays_open(self, college: College, handover_id: int) -> None:
        offer(college, handover_id, only=0)
        confirm(college.actor(SUCCESSOR), handover_id)
        record = handed(handover_id)
        assert (len(record.open), record.handover.closed_at) == (1, None)
        assert [row.id for row in open_handovers_of_all(college.actor("wuguanli")).rows] == [handover_id]
        assert vacancies_of([1, 2])[2].doing == "等待部门负责人安排接任人"

    def test_confirming_on_the_page_twice_says_so(self, college: College, handover_id: int) -> None:
        offer(college, handover_id)
        confirm(college.actor(SUCCESSOR), handover_id)
        with pytest.raises(NotAsked) as refused:
            confirm(college.actor(SUCCESSOR), handover_id)
        assert refused.value.sentence == "您已确认接任，不用重复办理。"


class TestDeclining:
    def test_a_no_goes_back_to_the_head_who_is_told_once(self, college: College, handover_id: int) -> None:
        offer(college, handover_id)
        arrived(college)
        decline(college.actor(SUCCESSOR), handover_id)
        assert len(told(college, HEAD, "李老师不接任，请另选接任人")) == 1
        assert closings(college)[0].startswith("不接任 · 李老师")
        assert [row.id for row in handovers_waiting_for(college.actor(HEAD)).rows] == [handover_id]
        assert handovers_waiting_for(college.actor(SUCCESSOR)).rows == []
        with pytest.raises(NotAsked):
            confirm(college.actor(SUCCESSOR), handover_id)

    def test_whoever_said_no_may_be_asked_again_and_say_no_again(self, college: College, handover_id: int) -> None:
        for _ in range(2):
            offer(college, handover_id)
            decline(college.actor(SUCCESSOR), handover_id)
        assert len(told(college, HEAD, "李老师不接任")) == 2
        offer(college, handover_id)
        tap(arrived(college))
        assert owners() == {("李老师", college.people[SUCCESSOR])}


def test_the_group_says_for_whom_it_waits(college: College, handover_id: int) -> None:
    offer(college, handover_id)
    assert {vacancy.doing for vacancy in vacancies_of([1, 2]).values()} == {"等待李老师确认接任"}


def test_a_group_that_takes_its_way_meanwhile_keeps_its_handover(college: College, handover_id: int) -> None:
    offer(college, handover_id)
    decide(college.actor(HEAD), 1, Outcome.APPROVED)
    decide(college.actor(REGISTRAR), 1, Outcome.REGISTERED)
    tap(arrived(college))
    assert owners() == {("李老师", college.people[SUCCESSOR])}


def test_what_a_merged_department_had_to_hand_over_is_told_to_the_head_of_the_other(
    college: College, handover_id: int
) -> None:
    offer(college, handover_id)
    card = arrived(college)
    merge((None, "test"), college.departments["8"], college.departments["5"])
    assert len(told(college, "sunchuzhang", "责任人缺位")) == 1
    assert [row.id for row in open_handovers_of_all(college.actor("wuguanli")).rows] == [handover_id]
    tap(card)
    assert owners() == {("李老师", college.people[SUCCESSOR])}


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


def test_two_heads_who_choose_at_once_make_one_arrangement(app: Flask, college: College, handover_id: int) -> None:
    appoint("chenshuji", "DEPARTMENT_HEAD", "8")
    record = handed(handover_id)
    items, seen = {item.id for item in record.open}, fingerprint(record)
    choices = ((HEAD, SUCCESSOR), ("chenshuji", "zhaoguanli"))
    raised = at_once(
        app,
        [partial(propose, college.actor(by), handover_id, items, college.people[to], seen=seen) for by, to in choices],
    )
    assert [type(error) for error in raised] == [ArrangedMeanwhile]
    assert len({item.successor_id for item in handed(handover_id).open}) == 1


def test_a_head_who_chooses_another_while_the_successor_confirms_makes_one_result(
    app: Flask, college: College, handover_id: int
) -> None:
    offer(college, handover_id)
    record = handed(handover_id)
    items, seen = {item.id for item in record.open}, fingerprint(record)
    head, successor, other = college.actor(HEAD), college.actor(SUCCESSOR), college.people["zhaoguanli"]
    raised = at_once(
        app,
        [
            partial(confirm, successor, handover_id),
            partial(propose, head, handover_id, items, other, seen=seen),
            partial(confirm, successor, handover_id),
        ],
    )
    assert all(isinstance(error, OperationRefused) for error in raised)
    record = handed(handover_id)
    if record.confirmed:
        assert owners() == {("李老师", successor.id)}
        assert len(raised) == 2
    else:
        assert {item.successor_id for item in record.open} == {other}
        assert owners() == {("王群主", college.people[LEAVER])}


def test_an_answer_while_the_list_of_what_is_asked_is_read_breaks_no_page(
    app: Flask, college: College, handover_id: int
) -> None:
    offer(college, handover_id)
    head, successor, statements = college.actor(HEAD), college.actor(SUCCESSOR), itertools.count()
    db.session.rollback()

    def answer(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT") and next(statements) == 0:
            with app.app_context():
                confirm(successor, handover_id)

    event.listen(db.engine, "after_cursor_execute", answer)
    try:
        rows = handovers_awaiting_answers(head).rows
    finally:
        event.remove(db.engine, "after_cursor_execute", answer)
    # SQLite reads both statements as of the first; PostgreSQL each as of its own moment.
    assert [list(row.asked) for row in rows] == ([["李老师"]] if db.engine.dialect.name == "sqlite" else [])
    db.session.rollback()
    assert list(handovers_awaiting_answers(head).rows) == []
