"""消息: what somebody finds in their inbox, and what has become of it."""

from collections.abc import Iterable

import pytest
from flask import Flask
from sqlalchemy import update

from extensions import db
from messaging import outbox
from messaging.cards import Card
from models import Handover, Message, MessageState, Outcome, PlatformIdentity, utc_now
from models.database import unit_of_work
from operations import nudging
from operations.appointing import appoint, dismiss
from operations.committing import commit
from operations.decisions import decide
from operations.errors import NotFound
from operations.filings import submit, withdraw
from operations.handovers import fingerprint, propose
from operations.inbox import MOST_COUNTED, Entry, Shown, inbox_of, is_out_of_reach, open_message, read_all
from operations.leaving import mark_left
from operations.opinions import answer_opinion, ask_opinion
from operations.reading import PAGE_SIZE
from operations.reassigning import reassign
from operations.tasks import tasks_of
from operations.vacancies import get_handover
from tests.college import College

HEAD, APPLICANT, REGISTRAR, ADVISER = "zhangzhuren", "lilaoshi", "zhougan", "jiwai"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def entries(college: College, user_id: str, shown: Shown = Shown.ALL) -> list[Entry]:
    db.session.rollback()
    return list(inbox_of(college.actor(user_id), shown).rows)


def unread(college: College, user_id: str) -> int:
    """As the navigation counts them, which the list must bear out."""
    db.session.rollback()
    counted = tasks_of(college.actor(user_id)).unread
    assert counted == len(entries(college, user_id, Shown.UNREAD))
    return counted


def tell(college: College, user_id: str, count: int = 1, **more: object) -> None:
    with unit_of_work() as session:
        account = session.query(PlatformIdentity).filter_by(person_id=college.people[user_id]).one()
        for n in range(count):
            card = Card(f"消息{n}", "有事", "/")
            outbox.tell(session, f"test:{n}:{utc_now()}", card, recipients=[account], **more)


def change(messages: Iterable[Message], **values: object) -> None:
    ids = [message.id for message in messages]
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.id.in_(ids)).values(**values))


class TestARequest:
    def test_it_is_there_before_any_push_and_open_until_it_is_decided(self, college: College) -> None:
        """F27: the inbox is the truth, whatever becomes of the push."""
        filing_id = college.submitted()
        [entry] = entries(college, HEAD, Shown.OPEN)
        assert (entry.title, entry.is_open, entry.is_unread, entry.ended) == ("护理系教师工作群", True, True, "")
        assert "请您审核" in entry.lead
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        assert entries(college, HEAD, Shown.OPEN) == []
        [entry] = entries(college, HEAD)
        assert (entry.is_open, entry.is_unread) == (False, False)
        assert entry.ended.startswith("已同意 · 张主任 · ")
        assert unread(college, HEAD) == 0

    @pytest.mark.parametrize("state", [MessageState.SENT, MessageState.FAILED, MessageState.PENDING])
    def test_how_it_ended_is_told_whether_it_arrived_or_not(self, college: College, state: MessageState) -> None:
        """L11: an old request says what came of it, also to whoever is out of the app's range."""
        filing_id = college.submitted()
        change(college.told(HEAD), state=state, sent_at=utc_now())
        withdraw(college.actor(APPLICANT), filing_id)
        [entry] = entries(college, HEAD)
        assert not entry.is_open
        assert entry.ended.startswith("申请人已撤回")

    def test_a_step_that_was_passed_on_is_no_longer_a_task_of_whoever_had_it(self, college: College) -> None:
        """L2: transfer takes the task out of the old inbox and its count, and puts it into the new one."""
        filing_id = college.submitted()
        change(college.told(HEAD), state=MessageState.SENT, sent_at=utc_now())
        reassign(college.actor(HEAD), filing_id, college.people["chenshuji"], text="请您看")
        assert entries(college, HEAD, Shown.OPEN) == []
        assert unread(college, HEAD) == 0
        assert "已转由陈书记" in entries(college, HEAD)[0].ended
        assert [entry.is_open for entry in entries(college, "chenshuji")] == [True]

    @pytest.mark.parametrize("outcome", [Outcome.RETURNED, Outcome.REJECTED, Outcome.APPROVED])
    def test_no_inbox_shows_a_task_that_is_over_as_a_task(self, college: College, outcome: Outcome) -> None:
        """L2, E15: whoever else was asked finds the result and nothing to do."""
        appoint("sunchuzhang", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted()
        for user_id in (HEAD, "sunchuzhang"):
            assert [entry.is_open for entry in entries(college, user_id)] == [True]
        decide(college.actor("sunchuzhang"), filing_id, outcome, reason="请改")
        for user_id in (HEAD, "sunchuzhang"):
            assert entries(college, user_id, Shown.OPEN) == []
            assert unread(college, user_id) == 0
            assert "孙处长" in entries(college, user_id)[-1].ended

    def test_a_step_that_comes_back_in_another_round_is_asked_anew(self, college: College) -> None:
        filing_id = college.submitted()
        decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请改")
        submit(college.actor(APPLICANT), filing_id)
        assert [entry.is_open for entry in entries(college, HEAD)] == [True, False]


class TestWhatAsksWithoutAButton:
    def test_a_registration_is_open_until_it_is_done(self, college: College) -> None:
        filing_id = college.approved()
        [entry] = entries(college, REGISTRAR, Shown.OPEN)
        assert entry.lead == "审核通过，请办理备案"
        decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
        assert entries(college, REGISTRAR, Shown.OPEN) == []
        assert entries(college, REGISTRAR)[-1].ended.startswith("已备案 · 周干事")

    def test_a_nudge_is_news_until_the_step_is_over_and_no_second_task(self, college: College) -> None:
        filing_id = college.submitted()
        nudging.nudge(college.actor(APPLICANT), filing_id)
        assert [entry.is_open for entry in entries(college, HEAD)] == [False, True]
        assert unread(college, HEAD) == 2
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        assert unread(college, HEAD) == 0

    def test_an_empty_post_is_a_task_until_somebody_is_appointed(self, college: College) -> None:
        dismiss(HEAD, "DEPARTMENT_HEAD", "8")
        college.submitted()
        [entry] = entries(college, "wuguanli", Shown.OPEN)
        assert "岗位空缺" in entry.lead
        appoint(HEAD, "DEPARTMENT_HEAD", "8")
        assert entries(college, "wuguanli", Shown.OPEN) == []

    def test_an_opinion_is_a_task_until_it_is_given(self, college: College) -> None:
        filing_id = college.submitted()
        ask_opinion(college.actor(HEAD), filing_id, college.people[ADVISER], "有必要吗？")
        assert [entry.lead for entry in entries(college, ADVISER, Shown.OPEN)] == ["张主任征求您的意见"]
        answer_opinion(college.actor(ADVISER), filing_id, 1, "有必要")
        assert entries(college, ADVISER, Shown.OPEN) == []
        assert unread(college, ADVISER) == 0

    def test_an_opinion_that_is_needed_no_more_is_no_task(self, college: College) -> None:
        filing_id = college.submitted()
        ask_opinion(college.actor(HEAD), filing_id, college.people[ADVISER], "有必要吗？")
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        assert [entry.is_open for entry in entries(college, ADVISER)] == [False]

    def test_a_handover_is_a_task_until_it_is_closed_and_what_came_of_it_is_news(self, college: College) -> None:
        college.submitted(ADVISER)
        mark_left(college.actor("wuguanli"), college.people["wangqunzhu"])
        assert len(entries(college, HEAD, Shown.OPEN)) == 2
        record = get_handover(db.session.query(Handover.id).scalar())
        items, seen = {item.id for item in record.open}, fingerprint(record)
        propose(college.actor(HEAD), record.handover.id, items, college.people[ADVISER], seen=seen)
        assert entries(college, ADVISER, Shown.OPEN)[0].lead.startswith("请您接任")
        with unit_of_work() as session:
            session.query(Handover).update({"closed_at": utc_now()})
        assert [e for e in entries(college, HEAD, Shown.OPEN) if "移交" in e.lead] == []
        assert [e for e in entries(college, ADVISER, Shown.OPEN) if "接任" in e.lead] == []

    def test_duties_are_a_task_until_they_are_confirmed(self, college: College) -> None:
        filing_id = college.submitted()
        assert len(entries(college, "wangqunzhu", Shown.OPEN)) == 1
        commit(college.actor("wangqunzhu"), filing_id)
        assert entries(college, "wangqunzhu", Shown.OPEN) == []
        assert entries(college, "wangqunzhu")[-1].ended.startswith("已确认职责 · 王群主")


class TestReminders:
    def remind(self, college: College, *filings: int) -> None:
        """One reminder of the steps that these filings wait at."""
        steps = [college.filing(filing_id).pending_step for filing_id in filings]
        tell(college, HEAD, reminds_of=[step.id for step in steps if step])

    def test_one_is_over_with_the_last_of_what_it_is_of(self, college: College) -> None:
        first, second = college.submitted(), college.submitted(name="护理系二群", number="700001")
        self.remind(college, first, second)
        decide(college.actor(HEAD), first, Outcome.APPROVED)
        assert unread(college, HEAD) == 2
        decide(college.actor(HEAD), second, Outcome.APPROVED)
        assert unread(college, HEAD) == 0
        assert entries(college, HEAD)[0].ended == "已办结，不用再处理"

    def test_one_of_something_else_too_is_read_only_by_its_person(self, college: College) -> None:
        tell(college, HEAD, reminds_of=[])
        assert unread(college, HEAD) == 1
        [entry] = entries(college, HEAD)
        assert (entry.is_open, entry.ended) == (False, "")

    def test_what_a_digest_carried_is_an_entry_of_its_own_beside_it(self, college: College) -> None:
        tell(college, HEAD, 3)
        carrier, *carried = college.told(HEAD)
        change(carried, state=MessageState.CANCELLED, carried_by_id=carrier.id)
        change([carrier], state=MessageState.SENT, sent_at=utc_now())
        assert [entry.title for entry in entries(college, HEAD)] == ["消息2", "消息1", "消息0"]
        assert unread(college, HEAD) == 3

    def test_what_was_dropped_before_it_left_is_nothing_to_read(self, college: College) -> None:
        tell(college, HEAD)
        change(college.told(HEAD), state=MessageState.CANCELLED)
        assert unread(college, HEAD) == 0
        assert entries(college, HEAD)[0].ended


class TestReading:
    def test_one_that_was_opened_is_read_from_the_first_time_on(self, college: College) -> None:
        tell(college, HEAD, 2)
        opened, _ = college.told(HEAD)
        assert open_message(college.actor(HEAD), opened.id) == "/"
        at = college.told(HEAD)[0].read_at
        assert at is not None
        open_message(college.actor(HEAD), opened.id)
        assert college.told(HEAD)[0].read_at == at
        assert unread(college, HEAD) == 1

    def test_anothers_or_a_closing_is_not_found_and_stays_unread(self, college: College) -> None:
        filing_id = college.submitted()
        change(college.told(HEAD), state=MessageState.SENT, sent_at=utc_now())
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        request, closing = college.told(HEAD)[:2]
        for user_id, message in ((APPLICANT, request), (HEAD, closing)):
            with pytest.raises(NotFound):
                open_message(college.actor(user_id), message.id)
        with pytest.raises(NotFound):
            open_message(college.actor(HEAD), 404)
        assert college.told(HEAD)[0].read_at is None
        assert [entry.id for entry in entries(college, HEAD)] == [request.id]

    def test_all_are_read_up_to_the_newest_that_was_shown_and_nobody_elses(self, college: College) -> None:
        tell(college, HEAD, 2)
        tell(college, APPLICANT)
        newest = entries(college, HEAD)[0].id
        tell(college, HEAD)
        read_all(college.actor(HEAD), newest=newest)
        read_all(college.actor(HEAD), newest=newest)
        assert unread(college, HEAD) == 1
        assert unread(college, APPLICANT) == 1

    def test_a_thousand_are_paged_and_counted_as_far_as_anybody_counts(self, college: College) -> None:
        tell(college, HEAD, 1000)
        seen, before = [], None
        for _ in range(3):
            page = inbox_of(college.actor(HEAD), before=before)
            seen += [entry.title for entry in page.rows]
            before = page.next_key
        assert seen == [f"消息{n}" for n in range(999, 999 - 3 * PAGE_SIZE, -1)]
        db.session.rollback()
        assert tasks_of(college.actor(HEAD)).unread == MOST_COUNTED

    def test_messages_are_no_tasks(self, college: College) -> None:
        tell(college, ADVISER)
        assert tasks_of(college.actor(ADVISER)).total == 0


class TestReach:
    @pytest.mark.parametrize("errcode", [81013, 40003, 60111])
    def test_whoever_is_out_of_the_range_is_told_until_a_push_arrives(self, college: College, errcode: int) -> None:
        tell(college, HEAD, 2)
        assert not is_out_of_reach(college.actor(HEAD))
        first, second = college.told(HEAD)
        change([first], state=MessageState.FAILED, errcode=errcode)
        assert is_out_of_reach(college.actor(HEAD))
        assert not is_out_of_reach(college.actor(APPLICANT))
        change([second], state=MessageState.SENT, sent_at=utc_now())
        assert not is_out_of_reach(college.actor(HEAD))

    def test_a_failure_of_another_kind_says_nothing_of_the_person(self, college: College) -> None:
        tell(college, HEAD)
        change(college.told(HEAD), state=MessageState.FAILED, errcode=60020)
        assert not is_out_of_reach(college.actor(HEAD))

    def test_a_failed_push_of_what_was_decided_meanwhile_still_says_so(self, college: College) -> None:
        filing_id = college.submitted()
        change(college.told(HEAD), state=MessageState.FAILED, errcode=81013)
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
        assert college.told(HEAD)[0].state is MessageState.CANCELLED
        assert is_out_of_reach(college.actor(HEAD))
