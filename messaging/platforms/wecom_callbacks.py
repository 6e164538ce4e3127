"""What WeCom pushes to us: checked, decrypted and told in our own words [90930, 90968, 90240]."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner
from wechatpy.work.crypto import PrpCrypto, WeChatCrypto
from werkzeug.datastructures import MultiDict

from config import Receiver, WeComSettings
from models import utc_now

LARGEST_BODY = 64 * 1024
FRESH_FOR = timedelta(minutes=5)
BLOCK = 32
TIMESTAMP = re.compile(r"[0-9]{9,11}")
NONCE = re.compile(r"[!-~]{1,128}")
BASE64 = re.compile(r"[0-9A-Za-z+/]+={0,2}")
#: A document type or an entity has no place here, and costs time to parse.
DECLARATION = re.compile(r"<!(?!\[CDATA\[)")
#: What tells one event from another [90238]; FromUserName and CreateTime alone collide.
IDENTITY = (
    "FromUserName",
    "CreateTime",
    "MsgType",
    "MsgId",
    "Event",
    "ChangeType",
    "EventKey",
    "TaskId",
    "ResponseCode",
    "UserID",
    "NewUserID",
    "Department",
    "Id",
    "ParentId",
    "AgentID",
)
#: The changes of the directory that concern us, by ChangeType; update_tag is none of them [90240].
MEMBER_CHANGES = frozenset({"create_user", "update_user", "delete_user"})
DEPARTMENT_CHANGES = frozenset({"create_party", "update_party", "delete_party"})
#: As long as the columns that keep them.
LONGEST_KIND = 64
LONGEST_ID = 64
LONGEST_RESPONSE_CODE = 512
LONGEST_EVENT_KEY = 1024

BAD_REQUEST, FORBIDDEN, TOO_LARGE = 400, 403, 413


class CallbackRefused(Exception):
    """This did not come from WeCom, or not now, or cannot be read: answered with `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class CardTap:
    """A button of a card of ours was tapped. `event_key` is the same for each delivery of this tap, and no other.

    `response_code` is the right to change the card once, within 72 h [94888]; it may be empty.
    """

    user_id: str
    task_id: str
    key: str
    response_code: str
    event_key: str


@dataclass(frozen=True)
class MemberChanged:
    """A member was made, changed or deleted; `new_user_id` is empty unless the account was renamed.

    Since August 2022 little more is told [90970], and none of it is believed: the member is to be read again.
    """

    user_id: str
    new_user_id: str
    event_key: str


@dataclass(frozen=True)
class DepartmentsChanged:
    """A department was made, moved or deleted: the departments are to be read again."""

    event_key: str


@dataclass(frozen=True)
class OtherEvent:
    """Anything else: a chat message, an opened app, another app's card."""

    kind: str
    event_key: str


def read_callback(
    settings: WeComSettings, query: Mapping[str, str], body: bytes, now: datetime
) -> CardTap | OtherEvent:
    """What a push to the app's address says. Raises CallbackRefused; nothing unauthenticated is believed."""
    return _told(settings, _opened(settings.corp_id, settings.receiver, query, body, now))


def read_contact_event(
    corp_id: str, receiver: Receiver, query: Mapping[str, str], body: bytes, now: datetime
) -> MemberChanged | DepartmentsChanged | OtherEvent:
    """What a push to the 通讯录同步 receiver says. Raises CallbackRefused; nothing unauthenticated is believed."""
    event = _opened(corp_id, receiver, query, body, now)
    kind, key = _text(event.get("Event"), LONGEST_KIND), _event_key(event)
    change = _text(event.get("ChangeType"), LONGEST_KIND) if kind.lower() == "change_contact" else ""
    user_id = _text(event.get("UserID"), LONGEST_ID)
    if change in MEMBER_CHANGES and user_id:
        return MemberChanged(user_id, _text(event.get("NewUserID"), LONGEST_ID), key)
    return DepartmentsChanged(key) if change in DEPARTMENT_CHANGES else OtherEvent(change or kind, key)


def read_echo(corp_id: str, receiver: Receiver, query: Mapping[str, str], now: datetime | None = None) -> str:
    """The plain text that WeCom expects back when an administrator saves the address [90930].

    Raises CallbackRefused.
    """
    echo = _only(query, "echostr")
    if len(echo) > LARGEST_BODY:
        raise CallbackRefused(TOO_LARGE, "too large")
    return _decrypted(corp_id, receiver, _signed(query, now or utc_now()), echo)


def _opened(corp_id: str, receiver: Receiver, query: Mapping[str, str], body: bytes, now: datetime) -> dict[str, Any]:
    """The event inside, once it is known to be the platform's, fresh, and for this corp. Raises CallbackRefused."""
    if len(body) > LARGEST_BODY:
        raise CallbackRefused(TOO_LARGE, "too large")
    signed = _signed(query, now)
    envelope = _parsed(body)
    plain = _decrypted(corp_id, receiver, signed, _text(envelope.get("Encrypt"), LARGEST_BODY))
    event = _parsed(plain.encode())
    outside = _text(envelope.get("ToUserName"), LONGEST_ID) or corp_id
    if {outside, _text(event.get("ToUserName"), LONGEST_ID)} != {corp_id}:
        raise CallbackRefused(FORBIDDEN, "addressed to another corp")
    return event


@dataclass(frozen=True)
class _Signed:
    signature: str
    timestamp: str
    nonce: str


def _signed(query: Mapping[str, str], now: datetime) -> _Signed:
    signed = _Signed(_only(query, "msg_signature"), _only(query, "timestamp"), _only(query, "nonce"))
    if not TIMESTAMP.fullmatch(signed.timestamp) or not NONCE.fullmatch(signed.nonce):
        raise CallbackRefused(BAD_REQUEST, "timestamp or nonce malformed")
    if abs(now.timestamp() - int(signed.timestamp)) > FRESH_FOR.total_seconds():
        raise CallbackRefused(FORBIDDEN, "too old or from the future")
    return signed


def _only(query: Mapping[str, str], name: str) -> str:
    values = MultiDict(query).getlist(name)
    if len(values) != 1:
        raise CallbackRefused(BAD_REQUEST, f"{name} missing or given twice")
    return values[0]


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode()
        root = {} if DECLARATION.search(text) else xmltodict.parse(text).get("xml")
    except (UnicodeDecodeError, ExpatError, ValueError):
        root = None
    if not isinstance(root, dict) or not root:
        raise CallbackRefused(BAD_REQUEST, "not the XML expected")
    return root


def _decrypted(corp_id: str, receiver: Receiver, signed: _Signed, encrypted: str) -> str:
    """The plain text, once the signature over the encrypted one is right. Raises CallbackRefused."""
    if not BASE64.fullmatch(encrypted):
        raise CallbackRefused(BAD_REQUEST, "not encrypted")
    crypto = WeChatCrypto(receiver.token, receiver.aes_key, corp_id)
    _check_signature(crypto.token, signed, encrypted)
    try:
        return _PaddingChecked(crypto.key).decrypt(encrypted, corp_id)
    except WeChatException:
        refused = CallbackRefused(FORBIDDEN, "encrypted for another corp")
    except ValueError:
        refused = CallbackRefused(BAD_REQUEST, "cannot be decrypted")
    raise refused  # out here: the error above may quote what was decrypted, and would be this one's context


def _check_signature(token: str, signed: _Signed, encrypted: str) -> None:
    signer = WeChatSigner()
    signer.add_data(token, signed.timestamp, signed.nonce, encrypted)
    if not hmac.compare_digest(signer.signature.encode(), signed.signature.encode("utf-8", "replace")):
        raise CallbackRefused(FORBIDDEN, "wrong signature")


class _PaddingChecked(PrpCrypto):
    """wechatpy's, but with a padding that is checked: 1 to 32 bytes, each telling how many [90968]."""

    def decrypt(self, text: str, corp_id: str) -> str:
        padded = self.cipher.decrypt(base64.b64decode(text, validate=True))
        count = padded[-1]
        # Sixteen random bytes and the length stand before anything that can be padding.
        if not 1 <= count <= BLOCK or len(padded) - count < 20 or not padded.endswith(bytes([count]) * count):
            raise ValueError("padding")
        plain: str = super().decrypt(text, corp_id)
        return plain


def _told(settings: WeComSettings, event: dict[str, Any]) -> CardTap | OtherEvent:
    kind = _text(event.get("Event"), LONGEST_KIND) or _text(event.get("MsgType"), LONGEST_KIND)
    user_id = _text(event.get("FromUserName"), LONGEST_ID)
    task_id = _text(event.get("TaskId"), LONGEST_ID)
    ours = _text(event.get("AgentID"), LONGEST_ID) == str(settings.agent_id)
    if not (kind.lower() == "template_card_event" and ours and user_id and task_id):
        return OtherEvent(kind, _event_key(event))
    return CardTap(
        user_id=user_id,
        task_id=task_id,
        key=_text(event.get("EventKey"), LONGEST_EVENT_KEY),
        response_code=_text(event.get("ResponseCode"), LONGEST_RESPONSE_CODE),
        event_key=_event_key(event),
    )


def _event_key(event: dict[str, Any]) -> str:
    facts = [_text(event.get(name), LARGEST_BODY) for name in IDENTITY]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _text(value: Any, longest: int) -> str:
    """The element's text; none where it is repeated, has elements inside, or is longer than any real one."""
    return value if isinstance(value, str) and len(value) <= longest else ""
