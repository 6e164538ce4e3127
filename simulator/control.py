"""The control API for tests: what was delivered, taps, and changes to the corp. Not the platform's.

What goes wrong is ordered in troubles.py.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator import contact_events, oauth, taps, tickets
from simulator.asking import body_sent, refuse_bad_requests, state_at_hand
from simulator.callbacks import Delivery
from simulator.calls import Call
from simulator.college import VisibleRange
from simulator.directory import Directory
from simulator.errors import ApiError, failure
from simulator.mailbox import Copy, Message
from simulator.state import State

MOST_AT_ONCE = 200

control = Blueprint("control", __name__, url_prefix="/simulator")
refuse_bad_requests(control)


@control.errorhandler(taps.NothingToTap)
def refuse_tap(error: taps.NothingToTap) -> tuple[Response, int]:
    """The phone shows nothing to tap on."""
    return jsonify(error=str(error)), 409


@control.get("/messages")
def list_messages() -> Response:
    """All copies, or one member's: as sent, as shown now, and what happened to them; and what was dropped."""
    state, userid = state_at_hand(), request.args.get("userid")
    with state.lock:
        every = state.mailbox.messages.values()
        copies = [_describe(m, copy) for m in every for copy in m.copies.values() if userid in (None, copy.userid)]
        dropped = [
            {"msgid": m.msgid, "userid": dropped, "limit": limit, "body": m.body}
            for m in every
            for dropped, limit in m.dropped.items()
            if userid in (None, dropped)
        ]
    return jsonify(messages=copies, dropped=dropped)


def _describe(message: Message, copy: Copy) -> dict[str, Any]:
    return {
        "msgid": message.msgid,
        "userid": copy.userid,
        "msgtype": message.msgtype,
        "task_id": message.task_id,
        "body": message.body,
        "content": copy.content,
        "dead_button": copy.dead_button,
        "warnings": message.warnings,
        "sent_at": message.sent_at,
        "duplicates": message.duplicates,
        "updates": [asdict(update) for update in message.updates if copy.userid in update.userids],
        "recalled": message.recalled_at is not None,
    }


@control.get("/copies")
def count_copies() -> Response:
    """By task id: how many members got it, who was dropped by which limit, how often it was sent again."""
    state = state_at_hand()
    with state.lock:
        sent = [message for message in state.mailbox.messages.values() if message.task_id]
        return jsonify(
            copies={message.task_id: len(message.copies) for message in sent},
            dropped={message.task_id: message.dropped for message in sent if message.dropped},
            duplicates={message.task_id: message.duplicates for message in sent if message.duplicates},
        )


@control.post("/tap")
def tap_once() -> Response:
    """{userid, task_id, key, options?, force?, deliveries?, wait?}: one tap; `deliveries` repeats its event.

    Answers the deliveries' statuses; with wait=false at once. 409 if the phone shows no such button.
    """
    state, body = state_at_hand(), body_sent()
    tap = _prepare(state, body)
    futures = [state.callbacks.later(taps.push, state, tap) for _ in range(int(body.get("deliveries", 1)))]
    if not body.get("wait", True):
        return jsonify(pushed=len(futures))
    deliveries = [asdict(future.result()) for future in futures]
    return jsonify(deliveries[0] | {"deliveries": deliveries})


@control.post("/taps")
def tap_many() -> Response:
    """{taps: [{userid, task_id, key, …}, …]}: all at the same moment; answers their deliveries in order."""
    state = state_at_hand()
    prepared = [_prepare(state, each) for each in body_sent()["taps"][:MOST_AT_ONCE]]
    with ThreadPoolExecutor(max(1, len(prepared))) as pool:
        deliveries: Iterator[Delivery] = pool.map(lambda tap: taps.push(state, tap), prepared)
        return jsonify(deliveries=[asdict(delivery) for delivery in deliveries])


def _prepare(state: State, body: dict[str, Any]) -> taps.PreparedTap:
    return taps.prepare(
        state,
        body["userid"],
        body["task_id"],
        body["key"],
        options=body.get("options", {}),
        force=bool(body.get("force", False)),
    )


@control.post("/events")
def push_event() -> Response:
    """{event, userid, elements?}: pushes any event, known to the service or not."""
    body = body_sent()
    delivery = state_at_hand().callbacks.push(body["event"], body["userid"], **body.get("elements", {}))
    return jsonify(asdict(delivery))


@control.post("/contact-events")
def push_contact_event() -> Response:
    """{elements, created_at?, deliveries?}: pushes one change_contact, true or not; answers its deliveries."""
    body = body_sent()
    deliveries = [
        contact_events.push(state_at_hand(), body["elements"], created_at=body.get("created_at"))
        for _ in range(int(body.get("deliveries", 1)))
    ]
    return jsonify(deliveries=[asdict(delivery) for delivery in deliveries])


@control.post("/check-url")
def check_url() -> Response:
    """{contacts?}: what pressing 保存 in the console does, the echostr check of the app's or 通讯录同步's address."""
    receiver = state_at_hand().contact_callbacks if body_sent().get("contacts") else state_at_hand().callbacks
    if receiver is None:
        raise ValueError("no address for the events of 通讯录同步 is set")
    attempt = receiver.check_url()
    return jsonify(asdict(attempt) | {"ok": attempt.status == 200 and not attempt.error})


@control.post("/tickets/revoke")
def revoke_tickets() -> Response:
    """Every JS-SDK ticket signs no more: 42012."""
    with state_at_hand().lock:
        state_at_hand().tickets.revoke()
    return jsonify(ok=True)


@control.post("/agent-config")
def check_agent_config() -> Response:
    """{corpid, agentid, timestamp, nonceStr, signature, url}: what a client answers the page at `url`."""
    with state_at_hand().lock:
        try:
            tickets.check_agent_config(Call(state_at_hand(), {}, body_sent()))
        except ApiError as error:
            return jsonify(failure(error.code))
    return jsonify(errcode=0, errmsg="ok")


@control.post("/private-fields")
def tick_private_fields() -> Response:
    """{fields: ["mobile", "email", "biz_mail"]}: what the administrator ticked for the app; members agree to each."""
    with state_at_hand().lock:
        state_at_hand().sign_ins.ticked = [name for name in oauth.PRIVATE_FIELDS if name in body_sent()["fields"]]
    return jsonify(ok=True)


@control.get("/callbacks")
def list_callbacks() -> Response:
    """?contacts=1: the log of deliveries to the app's or to 通讯录同步's address, oldest first."""
    receiver = state_at_hand().contact_callbacks if request.args.get("contacts") else state_at_hand().callbacks
    return jsonify(callbacks=[asdict(delivery) for delivery in list(receiver.log if receiver else ())])


@control.get("/members")
def list_members() -> Response:
    """Everybody in the corp with all particulars, seen by the app or not."""
    with state_at_hand().lock:
        return jsonify(members=[asdict(member) for member in state_at_hand().directory.members.values()])


@control.post("/members")
def change_member() -> Response:
    """{userid, name?, departments?, …} adds or changes a member; {userid, new_userid} renames the account;
    {userid, remove: true} takes one out."""
    body = body_sent()
    userid, new_userid, remove = body["userid"], body.pop("new_userid", ""), body.pop("remove", False)
    if remove:
        told = contact_events.change(state_at_hand(), lambda directory: directory.remove(userid))
    elif new_userid:
        told = _rename(state_at_hand(), userid, new_userid)
    else:
        told = contact_events.change(state_at_hand(), lambda directory: directory.put(body))
    return jsonify(ok=True, told=told)


def _rename(state: State, userid: str, new_userid: str) -> int:
    def act(directory: Directory) -> None:
        directory.rename(userid, new_userid)
        state.mailbox.rename(userid, new_userid)

    return contact_events.change(state, act, renamed=(userid, new_userid))


@control.post("/departments")
def change_department() -> Response:
    """{id, name?, parentid?, order?, leaders?} adds or changes a department; {id, remove: true} takes out one that is
    empty."""
    body = body_sent()
    row = body | {"id": int(body["id"])}
    if row.pop("remove", False):
        told = contact_events.change(state_at_hand(), lambda directory: directory.remove_department(row["id"]))
    else:
        told = contact_events.change(state_at_hand(), lambda directory: directory.put_department(row))
    return jsonify(ok=True, told=told)


@control.post("/visible-range")
def change_visible_range() -> Response:
    """{departments: [ids], members: [userids], tags: {id: [userids]}}: the app's 可见范围 from now on."""
    visible = VisibleRange(**body_sent())
    state = state_at_hand()
    with state.lock:
        state.directory.visible = visible
        state.directory_changed = True
        state.changed()
    return jsonify(ok=True)


@control.post("/reset")
def reset() -> Response:
    """Back to the college's file, an empty mailbox, no tokens, no faults."""
    with state_at_hand().lock:
        state_at_hand().reset()
        state_at_hand().changed()
    return jsonify(ok=True)
