"""WeCom in our own words: who signs in, who is in the directory, what was sent."""

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from flask import current_app

from config import WeComSettings
from messaging.platforms.errors import PlatformError, PlatformRefused, PlatformUnreachable
from messaging.platforms.text import cut, one_line
from messaging.platforms.wecom_app import AppFacts, app_of
from messaging.platforms.wecom_directory import (
    LONGEST_EMAIL,
    LONGEST_TEXT,
    PLATFORM,
    DirectoryDepartment,
    DirectoryMember,
    departments_of,
    member_of,
    members_of,
)
from messaging.platforms.wecom_pages import AgentTicket, PageSignature, new_nonce, sign
from messaging.platforms.wecom_transport import BUSY, HardenedClient

__all__ = [
    "PLATFORM",
    "UNUSABLE_CODE",
    "UNUSABLE_TICKET",
    "AppFacts",
    "DirectoryDepartment",
    "DirectoryMember",
    "Login",
    "PageSignature",
    "Particulars",
    "PlatformRefused",
    "PlatformUnreachable",
    "Sent",
    "WeComClient",
    "wecom_client",
]

#: The sign-in's code is wrong, used, expired or missing: the sign-in starts again [90313].
UNUSABLE_CODE = frozenset({40029, 42022, 42003, 41008})
#: The right to read somebody's sensitive fields has lapsed or is none: the consent starts again [90313].
UNUSABLE_TICKET = frozenset({84014, 84015})
LONGEST_CODE = 512
#: As long as the columns that keep them.
LONGEST_MSGID = 255
LONGEST_RESPONSE_CODE = 512
#: No such member, or none that this app may see [90313].
NO_MEMBER = frozenset({60111, 46004, 60011})
#: Seconds before each further try of a read that found the platform busy; three tries in all [90313].
PAUSES = (0.3, 0.6)

_BUILDING = threading.Lock()


@dataclass(frozen=True)
class Login:
    """Who signed in: a member of the college by user id, or somebody else (a customer, a linked corp's member).

    `ticket` permits reading their sensitive fields, where they were asked for their consent.
    """

    user_id: str | None
    is_member: bool
    ticket: str = field(default="", repr=False)


@dataclass(frozen=True)
class Particulars:
    """A member's own mobile and e-mail, each empty where the app or the member does not give it."""

    user_id: str
    mobile: str = field(repr=False)
    email: str = field(repr=False)


@dataclass(frozen=True)
class Sent:
    """What came of a message: `refused` holds the user ids, in lower case, that did not get it."""

    msgid: str
    response_code: str
    refused: frozenset[str]


class WeComClient:
    """The one client of this process. Its calls need an app context and no unit of work.

    They raise PlatformUnreachable, or PlatformRefused with WeCom's errcode.
    """

    def __init__(self, settings: WeComSettings) -> None:
        self.settings = settings
        self.pid = os.getpid()
        self._api = HardenedClient(settings)
        self._ticket = AgentTicket(self._api)

    def authorize_url(self, redirect_uri: str, state: str, *, private: bool = False) -> str:
        """Where a browser inside WeCom goes to sign in, silently [91022]. `state`: letters and digits only.

        With `private` the member is asked for their consent to giving their mobile and e-mail.
        """
        query = {
            "appid": self.settings.corp_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_privateinfo" if private else "snsapi_base",
            "state": state,
            "agentid": self.settings.agent_id,
        }
        return f"{_with_query(self.settings.authorize_url, query)}#wechat_redirect"

    def sso_url(self, redirect_uri: str, state: str) -> str:
        """Where a desktop browser goes to sign in by scanning [98152]."""
        query = {
            "login_type": "CorpApp",
            "appid": self.settings.corp_id,
            "agentid": self.settings.agent_id,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return _with_query(self.settings.sso_url, query)

    def user_of_code(self, code: str) -> Login:
        """Who a sign-in's code stands for [91023]; never asked twice, since a code works once.

        Raises PlatformRefused with an errcode of UNUSABLE_CODE when the sign-in must start again.
        """
        if not (code.isascii() and 0 < len(code) <= LONGEST_CODE):
            raise PlatformRefused(40029, "invalid code")
        answer = self._api.get("auth/getuserinfo", params={"code": code})
        # Web sign-in was seen to answer in the older spelling.
        user_id = one_line(answer.get("userid") or answer.get("UserId"))
        # A linked corp's member comes as CorpId/userid [91023].
        is_member = bool(user_id) and "/" not in user_id
        ticket = one_line(answer.get("user_ticket"))
        return Login(user_id if is_member else None, is_member, ticket if len(ticket) <= LONGEST_CODE else "")

    def particulars_of(self, ticket: str) -> Particulars:
        """The mobile and e-mail that a ticket permits to read [95833].

        Raises PlatformRefused with an errcode of UNUSABLE_TICKET when the member must be asked again.
        """
        answer = self._api.post("auth/getuserdetail", data={"user_ticket": ticket})
        return Particulars(
            user_id=one_line(answer.get("userid")),
            mobile=cut(answer.get("mobile"), LONGEST_TEXT),
            email=cut(answer.get("email"), LONGEST_EMAIL) or cut(answer.get("biz_mail"), LONGEST_EMAIL),
        )

    def sign_page(self, url: str, *, refused: bool = False) -> PageSignature:
        """What the page at `url` registers itself with; `refused` when the platform would not take the last one."""
        timestamp, nonce = int(time.time()), new_nonce()
        signature = sign(self._ticket.get(refused=refused), nonce=nonce, timestamp=timestamp, url=url)
        return PageSignature(self.settings.corp_id, self.settings.agent_id, timestamp, nonce, signature)

    def try_secret(self) -> None:
        """Prove the secret by fetching a token anew. A refused one is not tried again for half a minute."""
        self._api.try_secret()

    def clock(self) -> datetime | None:
        """What the platform's clock says, if it says."""
        return self._api.clock()

    def app(self) -> AppFacts:
        """What the console says of this app [90227]."""
        return app_of(self._read("agent/get", agentid=str(self.settings.agent_id)))

    def departments(self) -> list[DirectoryDepartment]:
        """All departments that the app may see [90208]."""
        return departments_of(self._read("department/list"))

    def members(self, department_id: str) -> list[DirectoryMember]:
        """The members of one department, without those of the departments below it [90201]."""
        return members_of(self._read("user/list", department_id=department_id))

    def single_members(self) -> tuple[str, ...]:
        """The user ids that the app's 可见范围 names one by one [90227], whatever their departments.

        It may name tags, too; who has a tag is not told.
        """
        return self.app().members

    def member(self, user_id: str) -> DirectoryMember | None:
        """One member [90196], or None if there is none or the app may not see them."""
        try:
            return member_of({"userid": user_id, **self._read("user/get", userid=user_id)})
        except PlatformRefused as refusal:
            if refusal.errcode in NO_MEMBER:
                return None
            raise

    def send(self, payload: dict[str, Any]) -> Sent:
        """Send the message that `payload` describes [90236]. Tried once: the outbox tries again."""
        return _sent(self._api.post("message/send", data=payload))

    def update_card(self, payload: dict[str, Any]) -> Sent:
        """Change a card that was sent [94888]; errcode 60140 when the right to change it is spent."""
        return _sent(self._api.post("message/update_template_card", data=payload))

    def recall(self, msgid: str) -> None:
        """Take a message back within 24 hours [94867]; errcode 42052 later, 40058 when it is not ours."""
        self._api.post("message/recall", data={"msgid": msgid})

    def trouble(self) -> PlatformError | None:
        """What keeps every call of ours out at the moment, as one of the processes met it a short while ago."""
        return self._api.trouble()

    def _read(self, endpoint: str, **params: str) -> dict[str, Any]:
        for pause in PAUSES:
            try:
                return self._api.get(endpoint, params=params)
            except PlatformRefused as refusal:
                if refusal.errcode != BUSY:
                    raise
            time.sleep(pause)
        return self._api.get(endpoint, params=params)


def wecom_client() -> WeComClient:
    """This process's client, made at first use: connections made before a fork must not be used after it."""
    with _BUILDING:
        client = current_app.extensions.get("wecom_client")
        if client is None or client.pid != os.getpid():
            client = WeComClient(current_app.config["SETTINGS"].wecom)
            current_app.extensions["wecom_client"] = client
        return client


def _with_query(address: str, query: dict[str, Any]) -> str:
    return f"{address}?{urlencode(query, quote_via=quote, safe='')}"


def _sent(answer: dict[str, Any]) -> Sent:
    response_code = one_line(answer.get("response_code"))
    return Sent(
        msgid=one_line(answer.get("msgid"))[:LONGEST_MSGID],
        response_code=response_code if len(response_code) <= LONGEST_RESPONSE_CODE else "",
        refused=frozenset(_user_ids(answer.get("invaliduser")) | _user_ids(answer.get("unlicenseduser"))),
    )


def _user_ids(value: Any) -> set[str]:
    """Joined by | in an answer to a message [90236], a list in an answer to a card's change [94888]."""
    items = value if isinstance(value, list) else one_line(value).split("|")
    return {one_line(item).lower() for item in items} - {""}
