"""The control API for tests: what was delivered, taps, faults, and changes to the corp. Not the platform's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from simulator import contact_events, oauth, taps, tickets
from simulator.api import ENDPOINTS
from simulator.callbacks import Delivery
from simulator.calls import Call
from simulator.college import VisibleRange
from simulator.directory import Directory
from simulator.errors import ApiError, failure
from simulator.faults import Fault
from simulator.mailbox import Copy, Message
from simulator.state import State

MOST_AT_ONCE = 200

control = Blueprint("control", __name__, url_prefix="/simulator")


def _state() -> State:
    state: State = current_app.extensions["simulator"]
    return state


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else {}


@control.errorhandler(KeyError)
@control.errorhandler(TypeError)
@control.errorhandler(ValueError)
def refuse_bad_request(error: Exception) -> tuple[Response, int]:
    """A field is missing, unknown or of the wrong type."""
    return jsonify(error=f"{type(error).__name__}: {error}"), 400


@control.errorhandler(taps.NothingToTap)
def refuse_tap(error: taps.NothingToTap) -> tuple[Response, int]:
    """The phone shows nothing to tap on."""
    return jsonify(error=str(error)), 409


@control.get("/messages")
def list_messages() -> Response:
    """All copies, or one member's: as sent, as shown now, and what happened to them; and what was dropped."""
    state, userid = _state(), request.args.get("userid")
    with state.lock:
        every = state.mailbox.messages.values()
        copies = [_describe(m, copy) for m in every for copy in m.copies.values() if userid in (None, copy.userid)]
        dropped = [
            {"msgid": m.msgid, "userid": dropped, "body": m.body}
            for m in every
            for dropped in m.dropped
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


@control.post("/tap")
def tap_once() -> Response:
    """{userid, task_id, key, options?, force?, deliveries?, wait?}: one tap; `deliveries` repeats its event.

    Answers the deliveries' statuses; with wait=false at once. 409 if the phone shows no such button.
    """
    state, body = _state(), _body()
    tap = _prepare(state, body)
    futures = [state.callbacks.later(taps.push, state, tap) for _ in range(int(body.get("deliveries", 1)))]
    if not body.get("wait", True):
        return jsonify(pushed=len(futures))
    deliveries = [asdict(future.result()) for future in futures]
    return jsonify(deliveries[0] | {"deliveries": deliveries})


@control.post("/taps")
def tap_many() -> Response:
    """{taps: [{userid, task_id, key, …}, …]}: all at the same moment; answers their deliveries in order."""
    state = _state()
    prepared = [_prepare(state, each) for each in _body()["taps"][:MOST_AT_ONCE]]
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
    body = _body()
    delivery = _state().callbacks.push(body["event"], body["userid"], **body.get("elements", {}))
    return jsonify(asdict(delivery))


@control.post("/contact-events")
def push_contact_event() -> Response:
    """{elements, created_at?, deliveries?}: pushes one change_contact, true or not; answers its deliveries."""
    body = _body()
    deliveries = [
        contact_events.push(_state(), body["elements"], created_at=body.get("created_at"))
        for _ in range(int(body.get("deliveries", 1)))
    ]
    return jsonify(deliveries=[asdict(delivery) for delivery in deliveries])


@control.post("/check-url")
def check_url() -> Response:
    """{contacts?}: what pressing 保存 in the console does, the echostr check of the app's or 通讯录同步's address."""
    receiver = _state().contact_callbacks if _body().get("contacts") else _state().callbacks
    if receiver is None:
        raise ValueError("no address for the events of 通讯录同步 is set")
    attempt = receiver.check_url()
    return jsonify(asdict(attempt) | {"ok": attempt.status == 200 and not attempt.error})


@control.post("/tokens/revoke")
def revoke_tokens() -> Response:
    """Every access token becomes unknown: 40014."""
    with _state().lock:
        _state().tokens.revoke()
    return jsonify(ok=True)


@control.post("/tokens/expire")
def expire_tokens() -> Response:
    """Every access token is past its time: 42001."""
    with _state().lock:
        _state().tokens.expire(now=_state().now())
    return jsonify(ok=True)


@control.post("/tickets/revoke")
def revoke_tickets() -> Response:
    """Every JS-SDK ticket signs no more: 42012."""
    with _state().lock:
        _state().tickets.revoke()
    return jsonify(ok=True)


@control.post("/agent-config")
def check_agent_config() -> Response:
    """{corpid, agentid, timestamp, nonceStr, signature, url}: what a client answers the page at `url`."""
    with _state().lock:
        try:
            tickets.check_agent_config(Call(_state(), {}, _body()))
        except ApiError as error:
            return jsonify(failure(error.code))
    return jsonify(errcode=0, errmsg="ok")


@control.post("/private-fields")
def tick_private_fields() -> Response:
    """{fields: ["mobile", "email", "biz_mail"]}: what the administrator ticked for the app; members agree to each."""
    with _state().lock:
        _state().sign_ins.ticked = [name for name in oauth.PRIVATE_FIELDS if name in _body()["fields"]]
    return jsonify(ok=True)


@control.post("/clock")
def advance_clock() -> Response:
    """{seconds}: sets the platform's clock forward; callbacks keep real time."""
    with _state().lock:
        _state().advance(float(_body()["seconds"]))
    return jsonify(ok=True)


@control.post("/faults")
def order_fault() -> Response:
    """{path, errcode | http_status, delay_ms?, times?, userid?, after?}: how the next calls of a path fail."""
    fault = Fault(**_body())
    if fault.path not in ENDPOINTS:
        raise ValueError(f"no endpoint {fault.path}")
    with _state().lock:
        _state().faults.add(fault)
    return jsonify(ok=True)


@control.delete("/faults")
def forget_faults() -> Response:
    """Forgets every fault that has not happened yet."""
    with _state().lock:
        _state().faults.clear()
    return jsonify(ok=True)


@control.get("/calls")
def count_calls() -> Response:
    """How often each path was called, and how often it failed with which code."""
    with _state().lock:
        calls = _state().calls
        return jsonify(calls=dict(calls.counts), errors={path: dict(codes) for path, codes in calls.errors.items()})


@control.get("/callbacks")
def list_callbacks() -> Response:
    """?contacts=1: the log of deliveries to the app's or to 通讯录同步's address, oldest first."""
    receiver = _state().contact_callbacks if request.args.get("contacts") else _state().callbacks
    return jsonify(callbacks=[asdict(delivery) for delivery in list(receiver.log if receiver else ())])


@control.get("/members")
def list_members() -> Response:
    """Everybody in the corp with all particulars, seen by the app or not."""
    with _state().lock:
        return jsonify(members=[asdict(member) for member in _state().directory.members.values()])


@control.post("/members")
def change_member() -> Response:
    """{userid, name?, departments?, …} adds or changes a member; {userid, new_userid} renames the account;
    {userid, remove: true} takes one out."""
    body = _body()
    userid, new_userid, remove = body["userid"], body.pop("new_userid", ""), body.pop("remove", False)
    if remove:
        told = contact_events.change(_state(), lambda directory: directory.remove(userid))
    elif new_userid:
        told = _rename(_state(), userid, new_userid)
    else:
        told = contact_events.change(_state(), lambda directory: directory.put(body))
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
    body = _body()
    row = body | {"id": int(body["id"])}
    if row.pop("remove", False):
        told = contact_events.change(_state(), lambda directory: directory.remove_department(row["id"]))
    else:
        told = contact_events.change(_state(), lambda directory: directory.put_department(row))
    return jsonify(ok=True, told=told)


@control.post("/visible-range")
def change_visible_range() -> Response:
    """{departments: [ids], members: [userids], tags: {id: [userids]}}: the app's 可见范围 from now on."""
    visible = VisibleRange(**_body())
    state = _state()
    with state.lock:
        state.directory.visible = visible
        state.directory_changed = True
        state.changed()
    return jsonify(ok=True)


@control.post("/reset")
def reset() -> Response:
    """Back to the college's file, an empty mailbox, no tokens, no faults."""
    with _state().lock:
        _state().reset()
        _state().changed()
    return jsonify(ok=True)
