"""消息发送: how the outbox stands, why messages failed, and which are listed."""

from datetime import timedelta

import pytest
from flask import Flask

from extensions import db
from messaging.platforms.wecom_codes import REASONS, REMEDIES, remedy
from models import Message, MessageKind, MessageState, Outcome, Urgency, utc_now
from models.database import unit_of_work
from operations.decisions import decide
from operations.reading import PAGE_SIZE
from operations.resending import resend
from operations.sending import Cause, Listed, Outgoing, causes, count_of_failed, glance, outbox
from tests.college import College
from tests.operations.test_inbox import change, tell

HEAD, APPLICANT, ADMINISTRATOR = "zhangzhuren", "lilaoshi", "wuguanli"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def rows(listed: Listed, cause: Cause | None = None) -> list[Outgoing]:
    db.session.rollback()
    return list(outbox(listed, cause=cause).rows)


def test_a_glance_counts_what_waits_what_failed_and_what_was_sent_lately(college: College) -> None:
    now = utc_now()
    tell(college, HEAD, 6)
    waits, old, failed, recent, before, sending = college.told(HEAD)
    change([old], created_at=now - timedelta(hours=3))
    change([failed], state=MessageState.FAILED, error="81013 x", errcode=81013)
    change([recent], state=MessageState.SENT, sent_at=now, tried_at=now)
    change([before], state=MessageState.SENT, tried_at=now - timedelta(hours=25), urgency=Urgency.CAMPAIGN)
    change([sending], state=MessageState.SENDING, lease_until=now)
    with unit_of_work() as session:
        # Which changed a card, and told nobody anything.
        closing = {"event_key": "close:1", "task_id": "close1", "kind": MessageKind.CLOSE, "closes_id": recent.id}
        whom = {"platform": "wecom", "recipient_id": recent.recipient_id, "recipient_user_id": HEAD}
        fate = {"card": {"text": "已同意"}, "state": MessageState.SENT, "sent_at": now, "tried_at": now}
        session.add(Message(**closing, **whom, **fate, created_at=now - timedelta(days=9)))
    found = glance(now)
    assert (found.waiting, found.oldest, found.failed, found.sent) == (3, now - timedelta(hours=3), 1, 1)
    assert [row.id for row in rows(Listed.WAITING)] == [sending.id, old.id, waits.id]
    assert [row.id for row in rows(Listed.SENT)][1:] == [before.id, recent.id]
    assert len(rows(Listed.ALL)) == 7


def test_an_empty_outbox_is_nothing_to_look_at(college: College) -> None:
    found = glance(utc_now())
    assert (found.waiting, found.oldest, found.failed, found.sent) == (0, None, 0, 0)
    assert causes() == []
    assert [rows(listed) for listed in Listed] == [[]] * 4


def test_failures_are_grouped_by_their_cause_with_the_remedy(college: College) -> None:
    """F27: failed pushes are listed for the administrator, with the reason in plain words and what to do."""
    tell(college, HEAD, 4)
    first, *others = college.told(HEAD)
    change(others, state=MessageState.FAILED, error="81013 user & party & tag all invalid", errcode=81013)
    change([first], state=MessageState.FAILED, error="ReadTimeout", errcode=None)
    found = causes()
    assert [(cause.errcode, cause.count) for cause in found] == [(81013, 3), (None, 1)]
    assert "可见范围" in found[0].remedy
    assert (found[1].reason, "网络" in found[1].remedy) == ("暂时连不上企业微信", True)
    assert count_of_failed() == 4
    assert [row.id for row in rows(Listed.FAILED, found[0])] == [m.id for m in reversed(others)]
    [row] = rows(Listed.FAILED, found[1])
    assert (row.id, row.name, row.error, row.fits) == (first.id, "张主任", "ReadTimeout", True)


def test_what_is_needed_no_more_is_no_failure_and_cannot_be_sent_again(college: College) -> None:
    filing_id = college.submitted()
    request = college.told(HEAD)[0]
    change([request], state=MessageState.FAILED, error="81013 x", errcode=81013)
    assert [row.id for row in rows(Listed.FAILED)] == [request.id]
    decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    change([request], state=MessageState.FAILED)
    assert rows(Listed.FAILED) == []
    assert [row.fits for row in rows(Listed.ALL) if row.id == request.id] == [False]
    assert count_of_failed() == 0


def test_a_closing_is_told_by_the_card_that_it_closes(college: College) -> None:
    filing_id = college.submitted()
    change(college.told(HEAD), state=MessageState.SENT, sent_at=utc_now())
    decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    closing = college.told(HEAD)[1]
    [row] = [row for row in rows(Listed.WAITING) if row.id == closing.id]
    assert row.title == "护理系教师工作群"
    assert row.lead.startswith("已同意 · 张主任")
    assert row.filing_id == filing_id


def test_one_that_is_sent_again_moves_from_one_list_to_the_other(college: College) -> None:
    tell(college, HEAD)
    [message] = college.told(HEAD)
    change([message], state=MessageState.FAILED, error="81013 x", errcode=81013, attempts=1)
    assert resend(college.actor(ADMINISTRATOR), message.id)
    assert rows(Listed.FAILED) == []
    [row] = rows(Listed.WAITING)
    assert (row.reason, row.attempts) == ("", 0)


def test_a_thousand_are_paged(college: College) -> None:
    tell(college, HEAD, 1000)
    change(college.told(HEAD), state=MessageState.FAILED, error="-1 busy", errcode=-1)
    [cause] = causes()
    first = outbox(Listed.FAILED, cause=cause)
    second = outbox(Listed.FAILED, cause=cause, before=first.next_key)
    assert [row.title for row in [*first.rows, *second.rows]] == [
        f"消息{n}" for n in range(999, 999 - 2 * PAGE_SIZE, -1)
    ]
    assert cause.count == 1000


def test_every_reason_has_its_remedy() -> None:
    assert REASONS.keys() == REMEDIES.keys()
    assert "99999" in remedy(99999)
