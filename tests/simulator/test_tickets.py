"""Tickets for the JS-SDK, and the check that a client does with one."""

import hashlib
from typing import Any

from tests.simulator.support import SETTINGS, Platform

URL = "http://127.0.0.1:8000/filings/new?form=1"


def config(ticket: str, **changes: Any) -> dict[str, Any]:
    """What a page at URL tells the client, signed with this ticket."""
    text = f"jsapi_ticket={ticket}&noncestr=N0nce&timestamp=1760000000&url={URL}"
    signature = hashlib.sha1(text.encode()).hexdigest()
    said = {"timestamp": "1760000000", "nonceStr": "N0nce", "signature": signature, "url": URL}
    return {"corpid": SETTINGS.corp_id, "agentid": str(SETTINGS.agent_id), **said, **changes}


def app_ticket(platform: Platform) -> dict[str, Any]:
    return platform.get("ticket/get", type="agent_config")


def test_a_ticket_is_the_same_while_it_works(shared: Platform) -> None:
    shared.control("reset")
    first = app_ticket(shared)
    assert (first["errcode"], first["expires_in"]) == (0, 7200)
    assert app_ticket(shared)["ticket"] == first["ticket"]
    shared.control("clock", seconds=7201)
    assert app_ticket(shared)["ticket"] != first["ticket"]


def test_the_apps_ticket_needs_its_type_and_both_a_token(shared: Platform) -> None:
    shared.control("reset")
    assert shared.get("ticket/get")["errcode"] == 40058
    assert shared.get("ticket/get", type="jsapi")["errcode"] == 40058
    assert shared.get("ticket/get", type="agent_config", access_token=None)["errcode"] == 41001
    assert shared.get("get_jsapi_ticket", access_token=None)["errcode"] == 41001


def test_an_hour_allows_a_hundred_of_the_app_and_four_hundred_of_the_corp(shared: Platform) -> None:
    shared.control("reset")
    token = shared.token()
    for path, args, most in [("ticket/get", {"type": "agent_config"}, 100), ("get_jsapi_ticket", {}, 400)]:
        codes = [shared.get(path, access_token=token, **args)["errcode"] for _ in range(most + 1)]
        assert codes == [0] * most + [45009]
    shared.control("clock", seconds=3601)
    assert app_ticket(shared)["errcode"] == 0


def test_a_client_takes_a_page_signed_with_the_apps_ticket_and_no_other(shared: Platform) -> None:
    shared.control("reset")
    ticket, corp = app_ticket(shared)["ticket"], shared.get("get_jsapi_ticket")["ticket"]
    assert shared.control("agent-config", **config(ticket))["errcode"] == 0
    assert shared.control("agent-config", **config(corp))["errcode"] == 40093
    assert shared.control("agent-config", **config(ticket, url=URL + "#here"))["errcode"] == 40093
    assert shared.control("agent-config", **config(ticket, agentid="1"))["errcode"] == 40056
    assert shared.control("agent-config", **config(ticket, corpid="wwother"))["errcode"] == 92002
    shared.control("tickets/revoke")
    assert shared.control("agent-config", **config(ticket))["errcode"] == 42012
