"""Tickets for the JS-SDK, and the check of a page's signature that the client does with one [90506, 90514]."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.calls import Call
from simulator.errors import ApiError

LIFETIME = 7200  # seconds
HOUR = 3600
#: How often an hour each may be fetched: the corp's, and the app's.
MOST_FETCHES = {"corp": 400, "app": 100}


@dataclass
class Ticket:
    """The ticket of the corp or the app, and when it was fetched in the last hour (unix seconds)."""

    value: str = ""
    expires_at: float = 0.0
    fetched_at: list[float] = field(default_factory=list)


class Tickets:
    """The corp's ticket and the app's; neither signs for the other."""

    def __init__(self) -> None:
        self._tickets = {kind: Ticket() for kind in MOST_FETCHES}

    def fetch(self, kind: str, *, now: float) -> tuple[str, int]:
        """The ticket and its seconds to live, the same one while it works. Raises 45009."""
        ticket = self._tickets[kind]
        ticket.fetched_at = [at for at in ticket.fetched_at if at > now - HOUR]
        if len(ticket.fetched_at) >= MOST_FETCHES[kind]:
            raise ApiError(45009)
        ticket.fetched_at.append(now)
        if ticket.expires_at <= now:
            ticket.value, ticket.expires_at = secrets.token_urlsafe(48), now + LIFETIME
        return ticket.value, int(ticket.expires_at - now)

    def revoke(self) -> None:
        """No ticket signs any more."""
        for ticket in self._tickets.values():
            ticket.expires_at = 0.0

    def check(self, said: Mapping[str, Any], *, now: float) -> None:
        """What the client does with agentConfig's parameters and the page's `url`. Raises 42012, 40093."""
        ticket = self._tickets["app"]
        if ticket.expires_at <= now:
            raise ApiError(42012)
        parts = (ticket.value, said.get("nonceStr"), said.get("timestamp"), said.get("url"))
        text = "jsapi_ticket={}&noncestr={}&timestamp={}&url={}".format(*parts)
        if hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() != said.get("signature"):
            raise ApiError(40093)


def get_corp_ticket(call: Call) -> dict[str, Any]:
    """GET get_jsapi_ticket [90506]: the corp's, for config."""
    return _answer(call, "corp")


def get_app_ticket(call: Call) -> dict[str, Any]:
    """GET ticket/get [90506]: the app's, for agentConfig."""
    if call.args.get("type") != "agent_config":
        raise ApiError(40058, "type must be agent_config")
    return _answer(call, "app")


def check_agent_config(call: Call) -> dict[str, Any]:
    """What a client answers a page that registers itself: the app must be ours and the signature right."""
    settings = call.state.settings
    if call.body.get("corpid") != settings.corp_id:
        raise ApiError(92002)
    if str(call.body.get("agentid")) != str(settings.agent_id):
        raise ApiError(40056)
    call.state.tickets.check(call.body, now=call.state.now())
    return {}


def _answer(call: Call, kind: str) -> dict[str, Any]:
    ticket, seconds = call.state.tickets.fetch(kind, now=call.state.now())
    return {"ticket": ticket, "expires_in": seconds}
