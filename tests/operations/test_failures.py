"""The summary of failures: once on the morning of a working day, while there is something new to tell."""

from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from blueprints.console.commands import CHORES
from config import Settings
from extensions import db
from messaging.platforms.wecom_cards import render
from messaging.reminders import messages_failed
from models import Message, MessageState, Outcome, Person, Urgency, utc_now
from models.database import unit_of_work
from operations.appointing import appoint
from operations.decisions import decide
from operations.failures import summarize
from operations.resending import resend
from tests.college import College
from tests.conftest import StatementCounter
from tests.operations.test_crowds import at_once
from tests.operations.test_reminders import at

HEAD, ADMINISTRATOR, SECOND = "zhangzhuren", "wuguanli", "jiwai"
#: A Friday and the Monday after it.
FRIDAY, MONDAY_MORNING = "2026-11-27 16:00", "2026-11-30 08:05"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def fail(
    college: College, user_id: str = HEAD, *, moment: str = FRIDAY, errcode: int | None = 81013, nth: int = -1
) -> int:
    """Let a message to this person have failed at that moment; its id."""
    message_id = college.told(user_id)[nth].id
    error = f"{errcode} x" if errcode else "timeout"
    values = {"state": MessageState.FAILED, "errcode": errcode, "error": error, "tried_at": at(moment)}
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.id == message_id).values(**values))


def failing(college: College, number: int = 1, **how: Any) -> list[int]:
    """So many new filings whose cards failed; the filings' ids."""
    made = []
    for _ in range(number):
        n = db.session.scalar(select(func.count()).select_from(Message)) or 0
        db.session.rollback()
        made.append(college.submitted(name=f"护理系第{n}群", number=f"7000{n:04}"))
        fail(college, **how)
    return made


def told(college: College, user_id: str = ADMINISTRATOR) -> list[Message]:
    return [message for message in college.told(user_id) if message.event_key.startswith("failures:")]


def leads(college: College, user_id: str = ADMINISTRATOR) -> list[str]:
    return [message.card["lead"] for message in told(college, user_id)]


def test_administrators_hear_how_many_failed_and_why(college: College) -> None:
    """F27."""
    appoint(SECOND, "ADMINISTRATOR", None)
    failing(college, 2)
    failing(college, errcode=None)
    failing(college, 3, errcode=60020)
    summarize(at(MONDAY_MORNING))
    for user_id in (ADMINISTRATOR, SECOND):
        [message] = told(college, user_id)
        assert message.card["lead"] == "有6条消息没有送达"
        assert message.card["path"] == "/administration/messages"
        assert [tuple(row) for row in message.card["rows"]] == [
            ("3条", "服务器的IP不在企业可信IP中（60020）"),
            ("2条", "接收人不在应用的可见范围内，或账号已停用（81013）"),
            ("1条", "暂时连不上企业微信"),
        ]
        assert message.urgency == Urgency.CAMPAIGN
    assert not [message for message in college.told("zhougan") if message.event_key.startswith("failures:")]


def test_a_card_holds_the_main_reasons_and_counts_the_others(app: Flask, college: College) -> None:
    card = messages_failed([(f"原因{n}", 10 - n) for n in range(8)])
    college.submitted()
    settings: Settings = app.config["SETTINGS"]
    body = render(card, college.told(HEAD)[0], settings)["template_card"]
    rows = [(row["keyname"], row["value"]) for row in body["horizontal_content_list"]]
    assert rows == [*((f"{10 - n}条", f"原因{n}") for n in range(5)), ("12条", "其他原因")]
    assert body["main_title"]["desc"] == "有52条消息没有送达"


def test_there_is_none_where_nothing_failed_and_looking_takes_no_lock(
    college: College, counted: StatementCounter
) -> None:
    college.submitted()
    counted.statements.clear()
    summarize(at(MONDAY_MORNING))
    looked = list(counted.statements)
    assert not told(college)
    assert any("errcode" in statement for statement in looked)
    assert len(looked) == 3
    assert not any("advisory" in statement for statement in looked)


@pytest.mark.parametrize(
    ("moment", "is_told"),
    [
        ("2026-11-27 16:05", False),
        ("2026-11-27 20:30", False),
        ("2026-11-28 09:00", False),
        ("2026-11-29 09:00", False),
        ("2026-11-30 07:59", False),
        ("2026-11-30 08:02", False),
        ("2026-11-30 08:03", True),
        ("2026-11-30 17:00", True),
    ],
)
def test_it_comes_on_the_next_morning_that_is_worked(moment: str, is_told: bool, college: College) -> None:
    failing(college)
    summarize(at(moment))
    assert bool(told(college)) is is_told


def test_it_comes_once_a_day_and_tells_of_what_failed_since_the_one_before(college: College) -> None:
    failing(college)
    for moment in (MONDAY_MORNING, "2026-11-30 08:06", "2026-11-30 19:59", "2026-12-01 08:05"):
        summarize(at(moment))
    assert leads(college) == ["有1条消息没有送达"]
    failing(college, 2, moment="2026-12-01 08:10")
    for moment in ("2026-12-01 08:20", "2026-12-01 12:00"):
        summarize(at(moment))
    assert leads(college) == ["有1条消息没有送达"]
    summarize(at("2026-12-02 08:05"))
    assert leads(college) == ["有1条消息没有送达", "有2条消息没有送达"]


def test_the_first_one_looks_back_seven_days(college: College) -> None:
    failing(college, moment="2026-11-23 07:59")
    failing(college, moment="2026-11-23 08:01")
    summarize(at(MONDAY_MORNING))
    assert leads(college) == ["有1条消息没有送达"]


def test_what_was_sent_again_or_is_not_to_the_point_any_more_is_not_counted(college: College) -> None:
    decided, *_ = failing(college, 3)
    resend(college.actor(ADMINISTRATOR), college.told(HEAD)[-1].id)
    decide(college.actor(HEAD), decided, Outcome.APPROVED)
    summarize(at(MONDAY_MORNING))
    assert leads(college) == ["有1条消息没有送达"]


def test_one_that_does_not_reach_an_administrator_is_no_reason_for_another(college: College) -> None:
    failing(college)
    summarize(at(MONDAY_MORNING))
    fail(college, ADMINISTRATOR, moment="2026-11-30 08:06")
    for day in (1, 2, 3):
        summarize(at(f"2026-12-0{day} 08:05"))
    assert len(told(college)) == 1
    failing(college, moment="2026-12-03 10:00")
    summarize(at("2026-12-04 08:05"))
    assert leads(college) == ["有1条消息没有送达"] * 2


def test_whoever_becomes_administrator_later_hears_what_failed_since(college: College) -> None:
    failing(college)
    summarize(at(MONDAY_MORNING))
    appoint(SECOND, "ADMINISTRATOR", None)
    summarize(at("2026-11-30 09:00"))
    assert not told(college, SECOND)
    failing(college, moment="2026-11-30 10:00")
    summarize(at("2026-12-01 08:05"))
    assert leads(college, SECOND) == ["有1条消息没有送达"]


def test_without_an_administrator_nobody_is_told(college: College) -> None:
    failing(college)
    with unit_of_work() as session:
        session.get_one(Person, college.people[ADMINISTRATOR]).left_at = utc_now()
    summarize(at(MONDAY_MORNING))
    assert not told(college)


def test_workers_that_look_at_once_tell_once(app: Flask, college: College) -> None:
    failing(college)
    assert at_once(app, [partial(summarize, at(MONDAY_MORNING))] * 4) == []
    assert len(told(college)) == 1


def test_it_is_among_what_the_worker_does() -> None:
    assert [chore.pause for chore in CHORES if chore.act is summarize] == [60]
