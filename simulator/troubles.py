"""The control API for tests, its other half: what goes wrong at the platform, and for how long.

A switch stays as it was set until it is set anew, or /simulator/reset puts everything back.
"""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from simulator.api import ENDPOINTS
from simulator.asking import body_sent, refuse_bad_requests, state_at_hand
from simulator.faults import Fault
from simulator.rates import EVERY_PATH
from simulator.recipients import Refused

troubles = Blueprint("troubles", __name__, url_prefix="/simulator")
refuse_bad_requests(troubles)


@troubles.post("/tokens/revoke")
def revoke_tokens() -> Response:
    """Every access token becomes unknown: 40014."""
    state = state_at_hand()
    with state.lock:
        state.tokens.revoke()
    return jsonify(ok=True)


@troubles.post("/tokens/expire")
def expire_tokens() -> Response:
    """Every access token is past its time: 42001."""
    state = state_at_hand()
    with state.lock:
        state.tokens.expire(now=state.now())
    return jsonify(ok=True)


@troubles.post("/tokens/refuse")
def refuse_tokens() -> Response:
    """{errcode: 40014 | 42001 | null}: every token is refused so from now on, and a new one at once; null ends it."""
    state, errcode = state_at_hand(), body_sent()["errcode"]
    if errcode not in (40014, 42001, None):
        raise ValueError("a token is refused with 40014 or 42001")
    with state.lock:
        state.tokens.refused_with = errcode
    return jsonify(ok=True)


@troubles.post("/secret")
def change_secret() -> Response:
    """{secret}: the app's secret was reset in the console; the old one gets 40001, and what it got works no more."""
    state, secret = state_at_hand(), str(body_sent()["secret"])
    with state.lock:
        state.tokens.set_secret(secret)
    return jsonify(ok=True)


@troubles.post("/trusted-ips")
def trust_only() -> Response:
    """{ips: [addresses] | null}: 企业可信IP; whoever calls from elsewhere gets 60020. Null: an app that needs none."""
    state, ips = state_at_hand(), body_sent()["ips"]
    with state.lock:
        state.trusted_ips = None if ips is None else frozenset(ips)
    return jsonify(ok=True)


@troubles.post("/refused-members")
def refuse_members() -> Response:
    """{invalid?: [userids], unlicensed?: [userids]}: whom no message reaches; the answer to a send names them."""
    state = state_at_hand()
    refused = {key: frozenset(userid.lower() for userid in userids) for key, userids in body_sent().items()}
    with state.lock:
        state.refused = Refused(**refused)
    return jsonify(ok=True)


@troubles.post("/accounts")
def limit_accounts() -> Response:
    """{accounts: number | null}: how many the corp may have, 200 times which go out a day; null: as many as it has."""
    state, accounts = state_at_hand(), body_sent()["accounts"]
    with state.lock:
        state.mailbox.quotas.accounts = None if accounts is None else int(accounts)
    return jsonify(ok=True)


@troubles.post("/clock")
def advance_clock() -> Response:
    """{seconds}: sets the platform's clock forward; callbacks keep real time."""
    state, seconds = state_at_hand(), float(body_sent()["seconds"])
    with state.lock:
        state.advance(seconds)
    return jsonify(ok=True)


@troubles.post("/faults")
def order_fault() -> Response:
    """{path, errcode | http_status | hang_up, delay_ms?, times?, userid?, after?, block_seconds?}: how calls fail."""
    state, fault = state_at_hand(), Fault(**body_sent())
    if fault.path not in (*ENDPOINTS, EVERY_PATH):
        raise ValueError(f"no endpoint {fault.path}")
    with state.lock:
        state.faults.add(fault)
    return jsonify(ok=True)


@troubles.get("/faults")
def list_faults() -> Response:
    """The faults that have still to happen, as they were ordered but for the times that they did."""
    state = state_at_hand()
    with state.lock:
        return jsonify(faults=[asdict(fault) for fault in state.faults.waiting()])


@troubles.delete("/faults")
def forget_faults() -> Response:
    """Forgets every fault that has not happened yet, and lets everybody call again."""
    state = state_at_hand()
    with state.lock:
        state.faults.clear()
        state.rates.clear()
    return jsonify(ok=True)


@troubles.get("/calls")
def count_calls() -> Response:
    """How often each path was called, and how often it failed with which code."""
    state = state_at_hand()
    with state.lock:
        calls = state.calls
        return jsonify(calls=dict(calls.counts), errors={path: dict(codes) for path, codes in calls.errors.items()})
