"""What a filing shows of what was sent about it."""

from datetime import timedelta

import pytest
from flask import Flask

from extensions import db
from models import MessageState, Outcome, utc_now
from operations.decisions import decide
from operations.filing_messages import MOST_LISTED, Sendings, messages_about
from tests.college import College
from tests.operations.test_inbox import change, tell

HEAD, APPLICANT = "zhangzhuren", "lilaoshi"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def about(college: College, filing_id: int) -> Sendings:
    return messages_about(college.filing(filing_id))


def counts(sendings: Sendings) -> tuple[int, int, int, int, int]:
    return sendings.count, sendings.arrived, sendings.under_way, sendings.failed, sendings.rest


def test_each_message_is_there_with_its_person_and_its_fate(college: College) -> None:
    """F27: the filing shows what was sent to whom, and whether it arrived."""
    filing_id = college.submitted()
    assert counts(about(college, filing_id)) == (3, 0, 3, 0, 0)
    now = utc_now()
    change(college.told(HEAD), state=MessageState.SENT, sent_at=now, attempts=1)
    change(college.told("wangqunzhu"), state=MessageState.FAILED, error="81013 x", attempts=1)
    later = now + timedelta(minutes=10)
    change(college.told("zhaoguanli"), attempts=3, error="-1 busy", run_at=later)
    found = about(college, filing_id)
    assert counts(found) == (3, 1, 1, 1, 0)
    by_name = {sending.name: sending for sending in found.rows}
    assert (by_name["张主任"].sent_at, by_name["张主任"].is_request) == (now, True)
    assert "请您审核" in by_name["张主任"].lead
    assert by_name["王群主"].reason == "接收人不在应用的可见范围内，或账号已停用（81013）"
    waits = by_name["赵管理"]
    assert (waits.attempts, waits.run_at, waits.reason) == (3, later, "企业微信系统繁忙（-1）")


def test_a_closing_is_told_with_the_request_that_it_closes(college: College) -> None:
    filing_id = college.submitted()
    change(college.told(HEAD), state=MessageState.SENT, sent_at=utc_now())
    decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    request, closing = college.told(HEAD)[:2]
    found = about(college, filing_id)
    assert closing.id not in [sending.id for sending in found.rows]
    assert [sending.updated_at for sending in found.rows if sending.id == request.id] == [None]
    now = utc_now()
    change([closing], state=MessageState.SENT, sent_at=now)
    found = about(college, filing_id)
    assert [sending.updated_at for sending in found.rows if sending.id == request.id] == [now]


def test_what_a_digest_carried_is_as_far_as_the_digest(college: College) -> None:
    filing_id = college.submitted()
    tell(college, HEAD)
    request, carrier = college.told(HEAD)
    change([request], state=MessageState.CANCELLED, carried_by_id=carrier.id)
    assert counts(about(college, filing_id)) == (3, 0, 3, 0, 0)
    now = utc_now()
    change([carrier], state=MessageState.SENT, sent_at=now)
    found = about(college, filing_id)
    assert counts(found) == (3, 1, 2, 0, 0)
    [carried] = [sending for sending in found.rows if sending.is_carried]
    assert (carried.name, carried.state, carried.sent_at) == ("张主任", MessageState.SENT, now)
    change([carrier], state=MessageState.FAILED, sent_at=None, error="81013 x")
    assert counts(about(college, filing_id)) == (3, 0, 2, 1, 0)


def test_what_nobody_needs_any_more_is_counted_apart(college: College) -> None:
    filing_id = college.submitted()
    change(college.told(HEAD), state=MessageState.CANCELLED)
    assert counts(about(college, filing_id)) == (3, 0, 2, 0, 1)


def test_five_hundred_are_counted_and_the_latest_listed(college: College) -> None:
    filing_id = college.submitted()
    tell(college, APPLICANT, 500, filing=college.filing(filing_id))
    found = about(college, filing_id)
    assert found.count == 503
    assert [sending.lead for sending in found.rows] == ["有事"] * MOST_LISTED
    assert found.rows[0].id == college.told(APPLICANT)[-1].id


def test_another_filings_messages_are_not_among_them_and_a_draft_has_none(college: College) -> None:
    college.submitted()
    draft = college.draft(name="护理系草稿群", number="700001")
    assert counts(about(college, draft)) == (0, 0, 0, 0, 0)
    other = college.submitted(name="护理系二群", number="700002")
    assert about(college, other).count == 3
    db.session.rollback()
