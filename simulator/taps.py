"""A member taps on a card: which callback that makes."""

import time
from dataclasses import dataclass
from typing import Any

from simulator.callbacks import Delivery
from simulator.cards import callback_keys
from simulator.mailbox import Copy, Message, Tap
from simulator.state import State


class NothingToTap(Exception):
    """The phone shows no such button; the text says why."""


@dataclass(frozen=True)
class PreparedTap:
    """The event that a tap makes: its name, who tapped, and its elements for `Callbacks.push`."""

    event: str
    userid: str
    created_at: int
    elements: dict[str, Any]


def prepare(
    state: State, userid: str, task_id: str, key: str, *, options: dict[str, list[str]], force: bool = False
) -> PreparedTap:
    """The event of this tap, with a fresh response_code.

    Raises NothingToTap unless the member's phone shows the button; `force` sends what no phone would.
    """
    with state.lock:
        message = state.mailbox.find_task(task_id)
        if message is None:
            raise NothingToTap("no message has this task_id")
        copy = message.copies.get(userid)
        if not force:
            _check_shown(message, copy, key)
        if copy:
            copy.tap = Tap(key, state.now())
        code = state.mailbox.new_code(message, now=state.now())
        state.changed()
        card = copy.content if copy else message.body["template_card"]
        elements = _elements(message, card, code, key, options)
        return PreparedTap(_event(card, key), userid, int(time.time()), elements)


def push(state: State, tap: PreparedTap) -> Delivery:
    """Delivers the tap and notes on the member's copy how it fared."""
    delivery = state.callbacks.push(tap.event, tap.userid, created_at=tap.created_at, **tap.elements)
    with state.lock:
        message = state.mailbox.find_task(tap.elements["TaskId"])
        copy = message.copies.get(tap.userid) if message else None
        if copy and copy.tap:
            copy.tap.state = "delivered" if delivery.ok else "failed"
    return delivery


def _check_shown(message: Message, copy: Copy | None, key: str) -> None:
    if copy is None:
        raise NothingToTap("the member did not get this message")
    if message.recalled_at is not None:
        raise NothingToTap("the message was recalled")
    if copy.dead_button is not None:
        raise NothingToTap(f"the card's buttons are dead: {copy.dead_button}")
    if key not in callback_keys(copy.content):
        raise NothingToTap("the card shows no button with this key")


def _event(card: dict[str, Any], key: str) -> str:
    """Entries of the card's top-right menu have an event of their own."""
    menu = (card.get("action_menu") or {}).get("action_list") or []
    in_menu = key in {entry.get("key") for entry in menu}
    return "template_card_menu_event" if in_menu else "template_card_event"


def _elements(
    message: Message, card: dict[str, Any], code: str, key: str, options: dict[str, list[str]]
) -> dict[str, Any]:
    elements: dict[str, Any] = {
        "EventKey": key,
        "TaskId": message.task_id,
        "CardType": card["card_type"],
        "ResponseCode": code,
    }
    if options:
        items = [{"QuestionKey": k, "OptionIds": {"OptionId": v}} for k, v in options.items()]
        elements["SelectedItems"] = {"SelectedItem": items}
    return elements
