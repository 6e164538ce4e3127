"""message/send, message/update_template_card and message/recall [90236, 94888, 94867]."""

import secrets
from typing import Any

from simulator import cards
from simulator.bodies import check_body
from simulator.calls import Call
from simulator.errors import ApiError
from simulator.mailbox import RECALL_LIFETIME, Message, ResponseCode, Update, digest
from simulator.recipients import USERS, recipients_of
from simulator.state import State

DUPLICATE_SECONDS, MOST_DUPLICATE_SECONDS = 1800, 14_400


def send(call: Call) -> dict[str, Any]:
    """POST message/send: answers msgid, who is not reached, and a response_code for updatable cards."""
    state, body = call.state, call.body
    _check_agent(call)
    recipients = recipients_of(body, state.directory, state.refused)
    warnings = check_body(body)
    if earlier := _duplicate(state, body):
        earlier.duplicates += 1
        return recipients.refused | {"msgid": earlier.msgid}
    card = body["template_card"] if body["msgtype"] == "template_card" else {}
    _check_card_can_be_sent(state, card)
    message = Message(
        msgid=secrets.token_urlsafe(36),
        msgtype=body["msgtype"],
        body=body,
        sent_at=state.now(),
        digest=digest(body),
        task_id=card.get("task_id", ""),
        warnings=warnings,
    )
    state.mailbox.deliver(message, recipients.userids, members=len(state.directory.members), now=state.now())
    state.changed()
    code = {"response_code": state.mailbox.new_code(message, now=state.now())} if cards.is_updatable(card) else {}
    return recipients.refused | {"msgid": message.msgid} | code


def update(call: Call) -> dict[str, Any]:
    """POST message/update_template_card: spends a response_code. Raises 60140, 82101, 82102, those of the card."""
    state, body = call.state, call.body
    _check_agent(call)
    code, message = _find_code(state, body.get("response_code"))
    asked = _update_targets(state, message, body)
    if not any(userid in message.copies for userid in asked):
        raise ApiError(82102)
    reached = [userid for userid in asked if userid in message.copies and _is_in_range(state, userid)]
    change = _check_change(message, body)
    code.spent = True
    _apply(message, reached, change, now=state.now())
    state.changed()
    return {"invaliduser": [userid.lower() for userid in asked if userid not in reached]}


def recall(call: Call) -> dict[str, Any]:
    """POST message/recall: 40058 for a message that is not the app's, 42052 after 24 hours."""
    message = call.state.mailbox.messages.get(str(call.body.get("msgid")))
    if message is None:
        raise ApiError(40058, "msgid")
    if call.state.now() - message.sent_at > RECALL_LIFETIME:
        raise ApiError(42052)
    message.recalled_at = call.state.now()
    call.state.changed()
    return {}


def _check_agent(call: Call) -> None:
    agent_id = call.body.get("agentid")
    if agent_id in (None, ""):
        raise ApiError(41011)
    if not isinstance(agent_id, int) or isinstance(agent_id, bool):
        raise ApiError(40056, "Warning: wrong json format. agentid must be a number")
    if agent_id != call.state.settings.agent_id:
        raise ApiError(301002)


def _duplicate(state: State, body: dict[str, Any]) -> Message | None:
    """The earlier message that this one repeats, if the request wants repeats held back."""
    if body.get("enable_duplicate_check") != 1:
        return None
    within = body.get("duplicate_check_interval", DUPLICATE_SECONDS)
    if not isinstance(within, int) or within < 0:
        raise ApiError(40058, "duplicate_check_interval")
    return state.mailbox.find_duplicate(body, within=min(within, MOST_DUPLICATE_SECONDS), now=state.now())


def _check_card_can_be_sent(state: State, card: dict[str, Any]) -> None:
    if cards.is_updatable(card) and not state.settings.callback_url:
        raise ApiError(43012)
    if card.get("task_id") and state.mailbox.find_task(card["task_id"]):
        raise ApiError(42014, "task_id was used before")


def _find_code(state: State, value: Any) -> tuple[ResponseCode, Message]:
    """Raises 60140 unless the code is ours, unspent, and not older than 72 hours."""
    code = state.mailbox.codes.get(value) if isinstance(value, str) else None
    if code is None or code.spent or code.expires_at <= state.now():
        raise ApiError(60140)
    return code, state.mailbox.messages[code.msgid]


def _update_targets(state: State, message: Message, body: dict[str, Any]) -> list[str]:
    """Userids named by the request, as the copies spell them. Raises 82101 when it names nobody."""
    if body.get("atall") == 1:
        return list(message.copies)
    users, parties = body.get("userids") or [], body.get("partyids") or []
    if not isinstance(users, list) or not isinstance(parties, list):
        raise ApiError(40031, "userids and partyids are lists")
    if len(users) > USERS:
        raise ApiError(40032)
    if not users and not parties and not body.get("tagids"):
        raise ApiError(82101)
    below = {below for party in parties if isinstance(party, int) for below in state.directory.below(party)}
    found = [*map(str, users), *(member.userid for member in state.directory.visible_members(below))]
    spelled = {userid.lower(): userid for userid in message.copies}
    return list(dict.fromkeys(spelled.get(userid.lower(), userid) for userid in found))


def _is_in_range(state: State, userid: str) -> bool:
    member = state.directory.find(userid)
    return member is not None and member.present and state.directory.sees(member)


def _check_change(message: Message, body: dict[str, Any]) -> dict[str, Any]:
    """The new card, or the text for the dead button. Raises 40063 when the request carries neither."""
    card = body.get("template_card")
    if isinstance(card, dict) and card:
        cards.check_card(card, updating=True)
        return {"template_card": card}
    button = body.get("button")
    name = button.get("replace_name") if isinstance(button, dict) else None
    if not name:
        raise ApiError(40063, "button.replace_name or template_card")
    if message.body["template_card"]["card_type"] not in cards.INTERACTIVE:
        raise ApiError(42031, "only cards with buttons take button.replace_name")
    return {"replace_name": name}


def _apply(message: Message, userids: list[str], change: dict[str, Any], *, now: float) -> None:
    message.updates.append(Update(now, userids, change))
    for userid in userids:
        copy = message.copies[userid]
        copy.tap = None
        card = change.get("template_card")
        if card:
            copy.content = card
        copy.dead_button = card.get("replace_text") if card else change["replace_name"]
