"""How long something waits, on the pages: of whoever has it, of its applicant, and of those it was reported to."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from messaging.cards import COLLEGE_TIME, moment
from models import Commitment, Step, StepState, utc_now
from models.database import unit_of_work
from operations.reminders import remind
from operations.waiting import waited
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.test_timeline import holder, lines

pytestmark = one_database

APPLICANT, HEAD, LEADER, OUTSIDER = "lilaoshi", "zhangzhuren", "liuyuanzhang", "jiwai"
FRIDAY = datetime(2026, 11, 27, 16, tzinfo=COLLEGE_TIME)


@pytest.fixture
def waits_since(app: Flask) -> Callable[[datetime], None]:
    """Lets what is pending have waited since a moment; nobody is asked of their duties yet."""

    def set_back(since: datetime) -> None:
        with app.app_context(), unit_of_work() as session:
            moments = {"pending_since": since, "asked_since": since}
            session.execute(update(Step).where(Step.state == StepState.PENDING).values(moments))
            session.execute(update(Commitment).values(asked_at=since + timedelta(days=36_500)))

    return set_back


def long_enough(app: Flask, days: int) -> datetime:
    """A moment since which so many working days have passed by now."""
    with app.app_context():
        now = utc_now()
        return next(now - timedelta(hours=n) for n in range(24 * 60) if waited(now - timedelta(hours=n)).days == days)


@pytest.mark.parametrize(("days", "colour"), [(1, "amber"), (2, "amber"), (3, "red"), (7, "red")])
def test_lists_and_page_say_for_how_many_working_days_it_has_waited(
    app: Flask, sign_in: SignIn, made: Made, waits_since: Callable[[datetime], None], days: int, colour: str
) -> None:
    """L5: amber once people are reminded of it, red once it is reported."""
    filing_id = made.submitted()
    waits_since(long_enough(app, days))
    badge = f'<span class="state state-{colour}">已等待 {days} 个工作日</span>'
    for page in ("/", "/approvals", f"/filings/{filing_id}"):
        assert badge in sign_in(HEAD).open(page).html
    assert badge in sign_in(APPLICANT).open(f"/filings/{filing_id}").html


def test_what_came_just_now_is_not_said_to_wait(sign_in: SignIn, made: Made) -> None:
    """L5: no badge of no days."""
    filing_id = made.submitted()
    for page in ("/approvals", f"/filings/{filing_id}"):
        assert "已等待" not in sign_in(HEAD).open(page).html


def test_the_page_says_to_whom_it_was_reported_and_the_timeline_who_was_told_when(
    app: Flask, sign_in: SignIn, made: Made, waits_since: Callable[[datetime], None]
) -> None:
    """F21 L5: with since; and the leader, who could not see it before, opens it and has nothing to decide."""
    filing_id = made.submitted()
    waits_since(FRIDAY)
    sign_in(LEADER).open(f"/filings/{filing_id}", 403)
    reported_at = FRIDAY + timedelta(days=5)
    with app.app_context():
        remind(FRIDAY + timedelta(days=3))
        remind(reported_at)
    page = sign_in(APPLICANT).open(f"/filings/{filing_id}")
    assert f"已超时上报刘院长，自 {moment(reported_at)}" in holder(page).replace("2026-", "")
    assert [line for line in lines(page) if line in ("系统提醒", "超时上报")] == ["系统提醒", "超时上报"]
    assert "已提醒张主任" in page.html
    assert "已上报刘院长" in page.html
    told = sign_in(LEADER).open(f"/filings/{filing_id}")
    assert 'name="outcome"' not in told.html
    sign_in(OUTSIDER).open(f"/filings/{filing_id}", 403)


def test_what_is_decided_does_not_wait_any_more(
    sign_in: SignIn, made: Made, waits_since: Callable[[datetime], None]
) -> None:
    """L2: nor does its next step, which has its own time."""
    filing_id = made.submitted()
    waits_since(FRIDAY - timedelta(days=60))
    sign_in(HEAD).post(f"/filings/{filing_id}/decision", outcome="approved")
    assert "已等待" not in sign_in(APPLICANT).open(f"/filings/{filing_id}").html
