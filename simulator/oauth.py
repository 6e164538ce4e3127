"""Sign-in codes: who stands behind one, and how an app redeems it [91022, 91023, 95833, 98152, 98176]."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError

if TYPE_CHECKING:
    from simulator.calls import Call
    from simulator.college import Member

CODE_LIFETIME = 300  # seconds
TICKET_LIFETIME = 1800  # seconds


@dataclass
class Code:
    """A one-time code for a member, or for a non-member by `openid`; `private` codes bring a user_ticket."""

    expires_at: float
    userid: str = ""
    openid: str = ""
    private: bool = False
    used: bool = False


@dataclass
class Ticket:
    """Permits getuserdetail for one member until `expires_at` (unix seconds)."""

    userid: str
    expires_at: float


class SignIns:
    """Codes and tickets of the one app that the simulator serves."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._tickets: dict[str, Ticket] = {}

    def new_code(self, *, now: float, userid: str = "", openid: str = "", private: bool = False) -> str:
        """A code that works once within five minutes."""
        value = secrets.token_urlsafe(32)
        self._codes[value] = Code(now + CODE_LIFETIME, userid, openid, private)
        return value

    def redeem(self, value: str | None, *, now: float) -> Code:
        """Spends a code. Raises 41008 (none), 40029 (unknown or used), 42003 (too old)."""
        if not value:
            raise ApiError(41008)
        code = self._codes.get(value)
        if code is None or code.used:
            raise ApiError(40029)
        if code.expires_at <= now:
            raise ApiError(42003)
        code.used = True
        return code

    def new_ticket(self, userid: str, *, now: float) -> str:
        """A user_ticket for the member."""
        value = secrets.token_urlsafe(48)
        self._tickets[value] = Ticket(userid, now + TICKET_LIFETIME)
        return value

    def ticket(self, value: Any, *, now: float) -> Ticket:
        """The ticket with this value. Raises 84015 (unknown), 84014 (too old)."""
        ticket = self._tickets.get(value) if isinstance(value, str) else None
        if ticket is None:
            raise ApiError(84015)
        if ticket.expires_at <= now:
            raise ApiError(84014)
        return ticket


def get_user_info(call: "Call") -> dict[str, Any]:
    """GET auth/getuserinfo [91023]: a member's userid even out of the visible range, a non-member's openid."""
    state = call.state
    code = state.sign_ins.redeem(call.args.get("code"), now=state.now())
    if code.openid:
        return {"openid": code.openid}
    member = state.directory.find(code.userid)
    if member and code.private and state.directory.sees(member):
        return {"userid": code.userid, "user_ticket": state.sign_ins.new_ticket(code.userid, now=state.now())}
    return {"userid": code.userid}


def get_user_detail(call: "Call") -> dict[str, Any]:
    """POST auth/getuserdetail [95833], as when the administrator ticked every field and the member agreed."""
    ticket = call.state.sign_ins.ticket(call.body.get("user_ticket"), now=call.state.now())
    member = call.state.directory.find(ticket.userid)
    if member is None or not call.state.directory.sees(member):
        raise ApiError(60111)
    return describe(member)


def describe(member: "Member") -> dict[str, Any]:
    """The sensitive fields of a member; the simulator knows no gender, picture or address."""
    return {
        "userid": member.userid,
        "gender": "0",
        "avatar": "",
        "qr_code": "",
        "mobile": member.mobile,
        "email": member.email,
        "biz_mail": "",
        "address": "",
    }
