"""The platform's HTTP API below /cgi-bin/: one dispatcher, and the table of its endpoints."""

import contextlib
import socket
import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request

from simulator import app_info, directory, messages, oauth, tickets, tokens
from simulator.calls import Call, Endpoint, parse_body
from simulator.errors import TOO_OFTEN, ApiError, failure
from simulator.faults import Fault
from simulator.state import State

APP, CONTACTS, NOBODY = frozenset({"app"}), frozenset({"contacts"}), frozenset[str]()
CONTACT_READERS = {"user/get", "user/list", "user/simplelist", "department/list", "department/get"}

ENDPOINTS = {
    "gettoken": Endpoint("GET", tokens.get_token, NOBODY),
    "getcallbackip": Endpoint("GET", app_info.get_callback_ips, APP | CONTACTS),
    "agent/get": Endpoint("GET", app_info.get_agent),
    "auth/getuserinfo": Endpoint("GET", oauth.get_user_info),
    "auth/getuserdetail": Endpoint("POST", oauth.get_user_detail),
    "get_jsapi_ticket": Endpoint("GET", tickets.get_corp_ticket),
    "ticket/get": Endpoint("GET", tickets.get_app_ticket),
    "user/get": Endpoint("GET", directory.get_user),
    "user/list": Endpoint("GET", directory.list_users),
    "user/simplelist": Endpoint("GET", directory.simple_list_users),
    "user/list_id": Endpoint("POST", directory.list_user_ids, CONTACTS),
    "department/list": Endpoint("GET", directory.list_departments),
    "department/simplelist": Endpoint("GET", directory.simple_list_departments, APP | CONTACTS),
    "department/get": Endpoint("GET", directory.get_department),
    "message/send": Endpoint("POST", messages.send),
    "message/update_template_card": Endpoint("POST", messages.update),
    "message/recall": Endpoint("POST", messages.recall),
}

api = Blueprint("api", __name__, url_prefix="/cgi-bin")


@api.route("/<path:path>", methods=["GET", "POST"])
def answer(path: str) -> Response:
    """Any call: HTTP 200 whatever happened, the outcome in `errcode`, unless a test ordered otherwise."""
    if path not in ENDPOINTS:
        abort(404)
    state: State = current_app.extensions["simulator"]
    raw = request.get_data()
    fault = _fault(state, path, raw)
    if fault is None:
        return jsonify(_perform(state, path, request.args, raw))
    return _fail(state, path, fault, raw)


def _fault(state: State, path: str, raw: bytes) -> Fault | None:
    """What was ordered for this call; nothing for one that is refused anyhow."""
    text = f"{request.query_string.decode()} {raw.decode('utf-8', 'replace')}"
    with state.lock:
        return None if state.rates.is_blocked(path, now=state.now()) else state.faults.take(path, text)


def _fail(state: State, path: str, fault: Fault, raw: bytes) -> Response:
    """The call with what was ordered for it; a mere delay lets it succeed, late."""
    result = _perform(state, path, request.args, raw) if fault.after else None
    time.sleep(fault.delay_ms / 1000)
    if fault.is_only_late:
        return jsonify(result or _perform(state, path, request.args, raw))
    with state.lock:
        state.calls.count(path, fault.errcode or fault.http_status or 0)
        if fault.errcode == TOO_OFTEN:
            state.rates.block(path, until=state.now() + fault.block_seconds)
    if fault.hang_up:
        return _hung_up()
    if fault.http_status is not None:
        return Response("", fault.http_status)
    return jsonify(failure(fault.errcode or -1))


def _hung_up() -> Response:
    """Closes the connection, so that this answer does not arrive."""
    with contextlib.suppress(OSError):
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response("")


def _perform(state: State, path: str, args: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    endpoint = ENDPOINTS[path]
    with state.lock:
        call = Call(state, args)
        well_formed = True
        try:
            _admit(call, path, endpoint)
            call.body, well_formed = parse_body(raw) if endpoint.method == "POST" else ({}, True)
            result: dict[str, Any] = {"errcode": 0, "errmsg": "ok"} | endpoint.act(call)
        except ApiError as error:
            detail = error.detail if well_formed else f"{error.detail} Warning: wrong json format."
            result = failure(error.code, detail)
        state.calls.count(path, result["errcode"])
    return result


def _admit(call: Call, path: str, endpoint: Endpoint) -> None:
    """Raises for a caller who calls too often, a wrong method, a bad token, or a secret that may not do this."""
    call.state.rates.admit(path, now=call.state.now())
    if request.method != endpoint.method:
        raise ApiError(40063 if endpoint.method == "POST" else 40058, f"use {endpoint.method}")
    if not endpoint.callers:
        return
    if call.state.trusted_ips is not None and request.remote_addr not in call.state.trusted_ips:
        raise ApiError(60020)
    call.caller = call.state.tokens.caller(call.args.get("access_token"), now=call.state.now())
    if call.caller not in endpoint.callers:
        # 通讯录同步 secrets set up after 2022-08-15 read no particulars [96067].
        raise ApiError(48009 if call.caller == "contacts" and path in CONTACT_READERS else 48002)
