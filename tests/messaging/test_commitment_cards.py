"""The card 确认职责 on its way: sent, confirmed by a tap over HTTP, and closed, on the strict simulator."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from messaging.delivery import deliver_due
from messaging.platforms.wecom_callbacks import CardTap
from models import Channel, Commitment, FilingState, Outcome
from operations.committing import commit
from operations.decisions import decide
from operations.drafts import ContactFacts, save_draft
from operations.filings import submit, withdraw
from operations.taps import answer_tap
from simulator import taps
from simulator.server import Handle
from tests.college import PEOPLE, College
from tests.messaging.conftest import one_database
from tests.platform import simulated_platform

pytestmark = one_database

OWNER, ASKED = "wangqunzhu", "请确认群主职责"


@pytest.fixture
def phones(app: Flask, context: Flask) -> Iterator[Handle]:
    """The simulator, in whose directory the people of the college are."""
    with simulated_platform(app) as handle:
        with handle.state.lock:
            for user_id, (name, key, _) in PEOPLE.items():
                handle.state.directory.put({"userid": user_id, "name": name, "departments": [int(key)]})
        yield handle


@pytest.fixture
def filing_id(college: College, phones: Handle) -> int:
    """A filing of 李老师's whose cards are on the phones."""
    filing_id = college.submitted()
    deliver_due()
    return filing_id


def cards_of(phones: Handle, user_id: str = OWNER, saying: str = ASKED) -> list[tuple[str, str | None]]:
    """The task id and dead button of each card on the phone that says this."""
    with phones.state.lock:
        copies = phones.state.mailbox.of(user_id)
        return [
            (message.task_id, copy.dead_button)
            for message, copy in copies
            if saying in copy.content["main_title"].get("desc", "")
        ]


def tap(phones: Handle, task_id: str, user_id: str = OWNER, *, by: str = "", force: bool = False) -> None:
    """Tap 确认职责 as a phone does, and answer what the platform says of it; `by` is whom it names instead."""
    said = taps.prepare(phones.state, user_id, task_id, "commit", options={}, force=force).elements
    event = f"tap-{said['ResponseCode']}"
    answer_tap(CardTap(by or user_id, said["TaskId"], said["EventKey"], said["ResponseCode"], event))
    deliver_due()


def confirmed() -> dict[str, Channel | None]:
    """Who has confirmed, by name, and in which way."""
    db.session.rollback()
    rows = db.session.scalars(select(Commitment).where(Commitment.confirmed_at.is_not(None)))
    return {row.person_name: row.channel for row in rows}


def test_one_tap_confirms_and_the_card_reads_who_did_and_when(phones: Handle, filing_id: int) -> None:
    """F11: the owner confirms the duties on the card, at once."""
    [(task_id, dead)] = cards_of(phones)
    assert dead is None
    tap(phones, task_id)
    assert confirmed() == {"王群主": Channel.CARD}
    [(_, dead)] = cards_of(phones)
    assert dead is not None
    assert dead.startswith("已确认职责 · 王群主 · ")
    assert cards_of(phones, "zhaoguanli", "请确认管理员职责")[0][1] is None


def test_the_second_button_opens_the_duties_on_the_filings_page(phones: Handle, filing_id: int) -> None:
    with phones.state.lock:
        [content] = [copy.content for _, copy in phones.state.mailbox.of(OWNER)]
    assert content["card_type"] == "button_interaction"
    act, view = content["button_list"]
    assert (act["type"], act["text"], act["key"]) == (0, "确认职责", "commit")
    assert (view["type"], view["text"]) == (1, "查看")
    assert view["url"].endswith(f"/filings/{filing_id}#duties")


def test_approvers_still_get_exactly_their_own_card(college: College, phones: Handle, filing_id: int) -> None:
    with phones.state.lock:
        descs = [copy.content["main_title"]["desc"] for _, copy in phones.state.mailbox.of("zhangzhuren")]
    assert descs == ["新建备案，请您审核（第八条第2项）"]
    with pytest.raises(taps.NothingToTap):
        taps.prepare(phones.state, OWNER, cards_of(phones)[0][0], "approve", options={})


def test_a_tap_after_confirming_on_the_page_says_so_and_changes_nothing(
    college: College, phones: Handle, filing_id: int
) -> None:
    """L11: clicking an old card is harmless and informative."""
    [(task_id, _)] = cards_of(phones)
    commit(college.actor(OWNER), filing_id)
    deliver_due()
    assert (cards_of(phones)[0][1] or "").startswith("已确认职责 · 王群主 · ")
    tap(phones, task_id, force=True)
    assert confirmed() == {"王群主": Channel.PAGE}
    assert (cards_of(phones)[0][1] or "").startswith("已确认职责 · 王群主 · ")


@pytest.mark.parametrize(
    ("how", "text"), [("withdraw", "申请人已撤回，无需确认"), ("reject", "备案未获同意，无需确认")]
)
def test_a_tap_on_the_card_of_a_filing_that_is_over_says_so(
    how: str, text: str, college: College, phones: Handle, filing_id: int
) -> None:
    """L11, E15: nothing is confirmed for a filing that was withdrawn or refused."""
    [(task_id, _)] = cards_of(phones)
    if how == "withdraw":
        withdraw(college.actor("lilaoshi"), filing_id)
    else:
        decide(college.actor("zhangzhuren"), filing_id, Outcome.REJECTED, reason="不需要")
    deliver_due()
    # What was withdrawn is taken off the phone, where it is not too late for that: a tap may still be under way.
    shown = [] if how == "withdraw" else [(task_id, text)]
    assert cards_of(phones) == shown
    tap(phones, task_id, force=True)
    assert cards_of(phones) == shown
    with phones.state.lock:
        assert phones.state.mailbox.find_task(task_id).copies[OWNER].dead_button == text
    assert confirmed() == {}


def test_a_tap_on_the_card_of_a_filing_that_was_sent_back_or_registered_confirms(
    college: College, phones: Handle, filing_id: int
) -> None:
    [(task_id, _)] = cards_of(phones)
    [(other, _)] = cards_of(phones, "zhaoguanli", "请确认管理员职责")
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请改")
    tap(phones, task_id)
    submit(college.actor("lilaoshi"), filing_id)
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    tap(phones, other, "zhaoguanli")
    assert confirmed() == {"王群主": Channel.CARD, "赵管理": Channel.CARD}


def test_a_tap_of_somebody_who_is_not_named_any_more_says_so(college: College, phones: Handle, filing_id: int) -> None:
    """L11: whoever was replaced confirms nothing."""
    [(task_id, _)] = cards_of(phones)
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请改")
    contacts = tuple(
        ContactFacts(c.role, 1, "陈书记", "", c.mobile) if c.name == "王群主" else c for c in college.facts().contacts
    )
    save_draft(college.actor("lilaoshi"), college.facts(contacts=contacts), form_key="", filing_id=filing_id)
    submit(college.actor("lilaoshi"), filing_id)
    deliver_due()
    assert cards_of(phones) == [(task_id, "您已不是群主或管理员，无需确认")]
    tap(phones, task_id, force=True)
    assert cards_of(phones) == [(task_id, "您已不是群主或管理员，无需确认")]
    assert confirmed() == {}
    assert len(cards_of(phones, "chenshuji")) == 1


@pytest.mark.parametrize("user_id", ["zhaoguanli", "nobody-here"])
def test_a_tap_that_names_another_person_confirms_nothing(user_id: str, phones: Handle, filing_id: int) -> None:
    [(task_id, _)] = cards_of(phones)
    tap(phones, task_id, by=user_id)
    assert confirmed() == {}


def test_a_tap_on_a_filings_card_never_decides_it(college: College, phones: Handle, filing_id: int) -> None:
    [(task_id, _)] = cards_of(phones)
    answer_tap(CardTap(OWNER, task_id, "approve", "a-code", "an-event"))
    assert college.filing(filing_id).state is FilingState.IN_REVIEW
    assert confirmed() == {}
