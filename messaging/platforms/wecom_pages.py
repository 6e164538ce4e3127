"""What lets a page of ours call WeCom's own functions: the app's ticket, and the page's signature with it [90506]."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from messaging import sharing
from messaging.platforms.errors import PlatformError, PlatformUnreachable
from messaging.platforms.wecom_transport import LOOK_AGAIN, PATIENCE, HardenedClient, life

#: A ticket is asked for at most once in this time, whatever came of it: an hour allows 100 [90506].
PAUSE = timedelta(seconds=40)
#: Longer than a request for a ticket and the token it needs can take.
LEASE = timedelta(seconds=30)
LONGEST_TICKET = 512


@dataclass(frozen=True)
class PageSignature:
    """What agentConfig is told on the page at one address."""

    corp_id: str
    agent_id: int
    timestamp: int
    nonce: str
    signature: str


def sign(ticket: str, *, nonce: str, timestamp: int, url: str) -> str:
    """The signature of the page at `url`, which ends before any fragment; all values as they are, unquoted."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class AgentTicket:
    """The app's ticket, shared by all processes: one of them fetches it, the others wait.

    It is another than the corp's ticket of get_jsapi_ticket, with which agentConfig would be refused [90313].
    """

    def __init__(self, api: HardenedClient) -> None:
        self._api = api
        self._key, self._lease_key = f"{api.shared_name}:ticket", f"{api.shared_name}:ticket-lease"
        self._pause_key = f"{api.shared_name}:ticket-pause"

    def get(self, *, refused: bool = False) -> str:
        """The ticket; another one where the platform refused the last, unless that is new itself.

        Raises PlatformError; a failure met by one caller is met by all for a while.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            ticket = self._kept(refused) or self._fetched_by_one(refused)
            if ticket:
                return ticket
            if time.monotonic() > deadline:
                raise PlatformUnreachable("ticket/get: another process is still waiting")
            time.sleep(LOOK_AGAIN)

    def _kept(self, refused: bool) -> str | None:
        ticket = sharing.read(self._key)
        if ticket and not refused:
            return ticket
        if sharing.read(self._pause_key) is None:
            return None
        # Read again: whoever asked may have written it since.
        ticket = sharing.read(self._key)
        if ticket is None:
            raise PlatformUnreachable("ticket/get: it failed a moment ago")
        return ticket

    def _fetched_by_one(self, refused: bool) -> str | None:
        with sharing.lease(self._lease_key, lasts=LEASE) as mine:
            return (self._kept(refused) or self._new()) if mine else None

    def _new(self) -> str:
        try:
            answer = self._api.get("ticket/get", params={"type": "agent_config"})
            ticket = answer.get("ticket")
            if not isinstance(ticket, str) or not 0 < len(ticket) <= LONGEST_TICKET:
                raise PlatformUnreachable("ticket/get: no ticket in the answer")
        except PlatformError:
            sharing.write(self._pause_key, "failed", lasts=PAUSE)
            raise
        sharing.write(self._key, ticket, lasts=life(answer.get("expires_in")))
        sharing.write(self._pause_key, "fetched", lasts=PAUSE)
        return ticket


def new_nonce() -> str:
    """A nonce of letters and digits."""
    return secrets.token_hex(8)
