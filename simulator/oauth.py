"""Sign-in codes: who stands behind one, and how an app redeems it [91022, 91023, 95833, 98152, 98176]."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError

if TYPE_CHECKING:
    from simulator.calls import Call
    from simulator.college import Member

CODE_LIFETIME = 300  # seconds
TICKET_LIFETIME = 1800  # seconds
CONSENT_LIFETIME = 30 * 86400  # seconds [91335]
DEFAULT_AVATAR = "https://wework.qpic.cn/default/0"
#: The sensitive fields that the simulator knows of its members, in words: it has no gender, picture or address.
PRIVATE_FIELDS = {"mobile": "手机", "email": "邮箱"}


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
    """Codes and tickets of the one app that the simulator serves, and what its members agreed to.

    `ticked` are the sensitive fields that the administrator ticked in the app's details.
    """

    def __init__(self) -> None:
        self.ticked = list(PRIVATE_FIELDS)
        self._codes: dict[str, Code] = {}
        self._tickets: dict[str, Ticket] = {}
        self._consents: dict[str, tuple[frozenset[str], float]] = {}

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

    def agree(self, userid: str, fields: Iterable[str], *, now: float) -> None:
        """The member lets the app have these fields and no others, for thirty days."""
        self._consents[userid] = (frozenset(fields), now + CONSENT_LIFETIME)

    def agreed(self, userid: str, *, now: float) -> frozenset[str] | None:
        """The fields that the member agreed to; None when they must be asked."""
        fields, until = self._consents.get(userid, (frozenset[str](), 0.0))
        return fields if until > now else None

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
    """POST auth/getuserdetail [95833]: only what the administrator ticked and the member agreed to."""
    state = call.state
    ticket = state.sign_ins.ticket(call.body.get("user_ticket"), now=state.now())
    member = state.directory.find(ticket.userid)
    if member is None or not state.directory.sees(member):
        raise ApiError(60111)
    agreed = state.sign_ins.agreed(member.userid, now=state.now()) or frozenset()
    return describe(member, [name for name in state.sign_ins.ticked if name in agreed])


def describe(member: "Member", fields: Iterable[str]) -> dict[str, Any]:
    """A member with these sensitive fields. Of those not given, gender and avatar are a default, others absent."""
    given = {name: getattr(member, name) for name in fields}
    return {"userid": member.userid, "gender": "0", "avatar": DEFAULT_AVATAR, **given}
