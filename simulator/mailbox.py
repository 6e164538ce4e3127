"""Messages that were sent, each member's copy of them, and the codes that update cards."""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.quotas import Quotas

CODE_LIFETIME = 72 * 3600  # seconds [94888]
RECALL_LIFETIME = 24 * 3600  # seconds [94867]
PENDING_SECONDS = 10  # how long a phone waits for the card to change after a tap


@dataclass
class Tap:
    """The last tap on a copy: which key, when (unix seconds), and how its callback fared."""

    key: str
    at: float
    state: str = "pushing"  # then "delivered" or "failed"

    def is_waiting(self, now: float) -> bool:
        """Whether the phone still waits for the card to change."""
        return self.state == "pushing" or (self.state == "delivered" and now - self.at < PENDING_SECONDS)


@dataclass
class Copy:
    """One member's copy of a message; `content` is what the phone shows now."""

    userid: str
    content: dict[str, Any]
    dead_button: str | None = None
    tap: Tap | None = None
    read: bool = False


@dataclass
class Update:
    """One accepted update of a card."""

    at: float
    userids: list[str]
    body: dict[str, Any]


@dataclass
class Message:
    """A message as it was accepted; `warnings` name texts longer than recommended.

    `dropped` holds by userid who got no copy, and the limit that was to blame: "minute", "hour" or "day".
    """

    msgid: str
    msgtype: str
    body: dict[str, Any]
    sent_at: float
    digest: str
    task_id: str = ""
    warnings: list[str] = field(default_factory=list)
    copies: dict[str, Copy] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)
    duplicates: int = 0
    recalled_at: float | None = None


@dataclass
class ResponseCode:
    """Permits one update of a message's card until `expires_at` (unix seconds)."""

    msgid: str
    expires_at: float
    spent: bool = False


class Mailbox:
    """All messages and response codes of the app."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.codes: dict[str, ResponseCode] = {}
        self._by_task: dict[str, str] = {}
        self._by_digest: dict[str, str] = {}
        self.quotas = Quotas()

    def find_duplicate(self, body: dict[str, Any], *, within: float, now: float) -> Message | None:
        """An earlier message with the same JSON, sent less than `within` seconds ago."""
        earlier = self.messages.get(self._by_digest.get(digest(body), ""))
        return earlier if earlier and now - earlier.sent_at < within else None

    def find_task(self, task_id: str) -> Message | None:
        """The message that carries this task_id, recalled or not."""
        return self.messages.get(self._by_task.get(task_id, ""))

    def deliver(self, message: Message, userids: list[str], *, members: int, now: float) -> None:
        """Gives each member a copy, but for those who got too many of late; the corp has so many members."""
        for userid in userids:
            over = self.quotas.take(userid, members=members, now=now)
            if over:
                message.dropped[userid] = over
            else:
                content = json.loads(json.dumps(message.body[message.msgtype]))
                message.copies[userid] = Copy(userid, content)
        self._index(message)

    def _index(self, message: Message) -> None:
        self.messages[message.msgid] = message
        self._by_digest[message.digest] = message.msgid
        if message.task_id:
            self._by_task[message.task_id] = message.msgid

    def new_code(self, message: Message, *, now: float) -> str:
        """A fresh response_code for the message."""
        code = secrets.token_urlsafe(32)
        self.codes[code] = ResponseCode(message.msgid, now + CODE_LIFETIME)
        return code

    def of(self, userid: str) -> list[tuple[Message, Copy]]:
        """A member's copies in the order of sending, without recalled ones."""
        return [
            (message, message.copies[userid])
            for message in self.messages.values()
            if userid in message.copies and message.recalled_at is None
        ]

    def rename(self, userid: str, new_userid: str) -> None:
        """Lets a member whose account is renamed keep their copies."""
        for message in self.messages.values():
            if userid in message.copies:
                message.copies[new_userid] = message.copies.pop(userid)
                message.copies[new_userid].userid = new_userid

    def unread(self, userid: str) -> int:
        """How many of a member's copies the phone has not shown yet."""
        return sum(1 for _, copy in self.of(userid) if not copy.read)

    def snapshot(self) -> dict[str, Any]:
        """Plain data that `restore` takes back."""
        return {
            "messages": [asdict(message) for message in self.messages.values()],
            "codes": {code: asdict(entry) for code, entry in self.codes.items()},
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Replaces everything by what `snapshot` gave."""
        self.codes = {code: ResponseCode(**entry) for code, entry in data["codes"].items()}
        for row in data["messages"]:
            row["copies"] = {userid: _copy(copy) for userid, copy in row["copies"].items()}
            row["dropped"] = dict(row["dropped"])
            row["updates"] = [Update(**update) for update in row["updates"]]
            self._index(Message(**row))


def digest(body: dict[str, Any]) -> str:
    """Equal for requests with the same JSON."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _copy(row: dict[str, Any]) -> Copy:
    tap = row.pop("tap")
    return Copy(**row, tap=Tap(**tap) if tap else None)
