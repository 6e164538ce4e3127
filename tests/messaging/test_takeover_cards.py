"""The card of a takeover on its way: sent, confirmed by a tap over HTTP, and closed, on the strict simulator."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from messaging.delivery import deliver_due
from messaging.platforms.wecom_callbacks import CardTap
from models import Contact, ContactRole, Handover, Person
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.handovers import fingerprint, propose
from operations.leaving import leave
from operations.taps import answer_tap
from operations.vacancies import get_handover
from simulator import taps
from simulator.server import Handle
from tests.college import PEOPLE, College
from tests.messaging.conftest import one_database
from tests.platform import simulated_platform

pytestmark = one_database

LEAVER, HEAD, SUCCESSOR = "wangqunzhu", "zhangzhuren", "lilaoshi"


@pytest.fixture
def phones(app: Flask, context: Flask) -> Iterator[Handle]:
    """The simulator, in whose directory the people of the college are."""
    with simulated_platform(app) as handle:
        with handle.state.lock:
            for user_id, (name, key, _) in PEOPLE.items():
                handle.state.directory.put({"userid": user_id, "name": name, "departments": [int(key)]})
        yield handle


@pytest.fixture
def handover_id(college: College, phones: Handle) -> int:
    """王群主 left; 李老师 is asked, and every card is on its phone."""
    college.submitted("jiwai")
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[LEAVER])])
    handover_id = db.session.scalars(select(Handover.id)).one()
    ask(college, handover_id, SUCCESSOR)
    deliver_due()
    return handover_id


def ask(college: College, handover_id: int, user_id: str) -> None:
    record = get_handover(handover_id)
    items = {item.id for item in record.open}
    propose(college.actor(HEAD), handover_id, items, college.people[user_id], seen=fingerprint(record))


def cards_of(phones: Handle, user_id: str, saying: str) -> list[tuple[str, str | None]]:
    """The task id and dead button of each card on the phone that says this."""
    with phones.state.lock:
        copies = phones.state.mailbox.of(user_id)
        return [
            (message.task_id, copy.dead_button)
            for message, copy in copies
            if saying in copy.content["main_title"].get("desc", "")
        ]


def tap(phones: Handle, user_id: str, task_id: str, *, force: bool = False) -> None:
    """Tap 确认接任 as a phone does, and answer what the platform says of it."""
    prepared = taps.prepare(phones.state, user_id, task_id, "take_over", options={}, force=force)
    said = prepared.elements
    answer_tap(CardTap(user_id, said["TaskId"], said["EventKey"], said["ResponseCode"], f"tap-{said['ResponseCode']}"))
    deliver_due()


def owner() -> str:
    db.session.rollback()
    return db.session.scalars(select(Contact.name).where(Contact.role == ContactRole.OWNER)).one()


def test_the_card_arrives_is_tapped_and_reads_what_was_said(phones: Handle, handover_id: int) -> None:
    [(task_id, dead)] = cards_of(phones, SUCCESSOR, "请您接任王群主的1个群组")
    assert dead is None
    tap(phones, SUCCESSOR, task_id)
    assert owner() == "李老师"
    [(_, dead)] = cards_of(phones, SUCCESSOR, "请您接任王群主的1个群组")
    assert dead is not None
    assert dead.startswith("已确认接任 · 李老师 · ")
    for user_id in (HEAD, "zhougan"):
        assert len(cards_of(phones, user_id, "李老师已确认接任1个群组")) == 1


def test_a_card_that_was_given_to_somebody_else_is_closed_and_its_tap_does_nothing(
    college: College, phones: Handle, handover_id: int
) -> None:
    [(task_id, _)] = cards_of(phones, SUCCESSOR, "请您接任")
    ask(college, handover_id, "zhaoguanli")
    deliver_due()
    assert cards_of(phones, SUCCESSOR, "请您接任") == [(task_id, "移交安排已变更，未作处理")]
    tap(phones, SUCCESSOR, task_id, force=True)
    assert owner() == "王群主"
    [(task_id, _)] = cards_of(phones, "zhaoguanli", "请您接任")
    tap(phones, "zhaoguanli", task_id)
    assert owner() == "赵管理"


def test_a_phone_shows_no_other_button_that_acts(phones: Handle, handover_id: int) -> None:
    [(task_id, _)] = cards_of(phones, SUCCESSOR, "请您接任")
    with pytest.raises(taps.NothingToTap):
        taps.prepare(phones.state, SUCCESSOR, task_id, "approve", options={})
