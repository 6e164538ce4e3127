"""Pushing events to the service, encrypted and repeated as the platform does [90930, 90238, 90240]."""

import http.client
import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

import xmltodict

from simulator.crypto import BadMessage, Crypto
from simulator.settings import Settings

KEPT = 500  # deliveries that the log remembers
PUSHERS = 64  # pushes that may be under way at once


@dataclass
class Attempt:
    """One try to deliver: the answer's HTTP status (None: no answer), milliseconds, and the decrypted reply."""

    status: int | None
    ms: int
    error: str = ""
    reply: str = ""


@dataclass
class Delivery:
    """One event on its way to the service."""

    id: int
    event: str
    facts: dict[str, Any]
    at: float
    attempts: list[Attempt] = field(default_factory=list)
    ok: bool | None = None  # None while it is under way


@dataclass(frozen=True)
class Receiver:
    """An address that gets events, with its own token and key; only an app's has an `agent_id`."""

    url: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    agent_id: int | None = None


def app_receiver(settings: Settings) -> Receiver:
    """接收消息 of the app."""
    return Receiver(settings.callback_url, settings.callback_token, settings.callback_aes_key, settings.agent_id)


def contact_receiver(settings: Settings) -> Receiver | None:
    """通讯录同步 > 接收事件服务器, if there is one."""
    if not settings.contact_callback_url:
        return None
    return Receiver(settings.contact_callback_url, settings.contact_callback_token, settings.contact_callback_aes_key)


class Callbacks:
    """Sends to a callback address; keeps a log. Pushing blocks its thread, work given to `later` does not."""

    def __init__(self, settings: Settings, receiver: Receiver) -> None:
        self._settings = settings
        self._receiver = receiver
        self._crypto = Crypto(receiver.token, receiver.aes_key, settings.corp_id)
        self._pool = ThreadPoolExecutor(PUSHERS, thread_name_prefix="simulator-push")
        self._numbers = itertools.count(1)
        self._closing = threading.Event()
        self.log: deque[Delivery] = deque(maxlen=KEPT)

    @property
    def url(self) -> str:
        """The address; empty if none is set."""
        return self._receiver.url

    def clear(self) -> None:
        """Forgets what was delivered."""
        self.log.clear()

    def close(self) -> None:
        """Gives up what has not been delivered."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def push(self, event: str, userid: str, *, created_at: int | None = None, **elements: Any) -> Delivery:
        """Delivers one event about `userid`, trying again as set, and tells how it went.

        `created_at` (unix seconds) is now by default; one event pushed twice keeps its time.
        """
        xml = self.event_xml(event, userid, created_at or int(time.time()), elements)
        delivery = Delivery(next(self._numbers), event, {"userid": userid, **elements}, time.time())
        self.log.append(delivery)
        for number in range(1 + self._settings.callback_retries):
            if number and self._closing.wait(self._settings.retry_pause):
                break
            attempt = self._post(xml)
            delivery.attempts.append(attempt)
            if attempt.status == 200 or (attempt.status and not self._settings.retry_on_status):
                break
        delivery.ok = bool(delivery.attempts) and delivery.attempts[-1].status == 200
        return delivery

    def later(self, work: Callable[..., Delivery], *args: Any, **named: Any) -> "Future[Delivery]":
        """Does what pushes on a thread of its own."""
        return self._pool.submit(work, *args, **named)

    def event_xml(self, event: str, userid: str, created_at: int, elements: Mapping[str, Any]) -> str:
        """The plaintext of an event: strings as CDATA, numbers bare [90240]."""
        head = {"ToUserName": self._settings.corp_id, "FromUserName": userid, "CreateTime": created_at}
        # The events of 通讯录同步 belong to no app [90970].
        tail = {"AgentID": self._receiver.agent_id} if self._receiver.agent_id else {}
        every = head | {"MsgType": "event", "Event": event, **elements} | tail
        return f"<xml>{''.join(_element(name, value) for name, value in every.items())}</xml>"

    def check_url(self) -> Attempt:
        """What pressing 保存 does [90930]: the address must answer the decrypted echostr and nothing else."""
        echo = str(secrets.randbelow(10**19))
        encrypted = self._crypto.encrypt(echo)
        attempt = self._send("GET", encrypted, {"echostr": encrypted})
        if attempt.status == 200 and attempt.reply != echo:
            attempt.error = "the answer is not the decrypted echostr"
        return attempt

    def _post(self, xml: str) -> Attempt:
        encrypted = self._crypto.encrypt(xml)
        body = (
            f"<xml><ToUserName><![CDATA[{self._settings.corp_id}]]></ToUserName>"
            f"<AgentID><![CDATA[{self._receiver.agent_id or ''}]]></AgentID>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        )
        attempt = self._send("POST", encrypted, {}, body)
        if attempt.status == 200 and attempt.reply:
            attempt.reply, attempt.error = self._open_reply(attempt.reply)
        return attempt

    def _open_reply(self, text: str) -> tuple[str, str]:
        """The decrypted passive reply, or what is wrong with it."""
        try:
            reply = xmltodict.parse(text)["xml"]
            signature, timestamp, nonce = reply["MsgSignature"], reply["TimeStamp"], reply["Nonce"]
            opened = self._crypto.open(reply["Encrypt"], signature=signature, timestamp=timestamp, nonce=nonce)
        except (BadMessage, ExpatError, KeyError, TypeError, ValueError) as error:
            return text, f"the reply is no encrypted message: {error}"
        return opened, ""

    def _send(self, method: str, encrypted: str, query: Mapping[str, str], body: str = "") -> Attempt:
        timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
        signature = self._crypto.sign(timestamp, nonce, encrypted)
        signed = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce, **query}
        started = time.monotonic()
        try:
            status, reply = _request(method, self._receiver.url, signed, body, timeout=self._settings.callback_timeout)
            error = ""
        except (OSError, http.client.HTTPException) as problem:
            status, reply, error = None, "", type(problem).__name__
        return Attempt(status, round((time.monotonic() - started) * 1000), error, reply)


def _request(method: str, address: str, query: Mapping[str, str], body: str, *, timeout: float) -> tuple[int, str]:
    """One HTTP exchange with the callback address, no proxy, no redirect followed."""
    url = urlsplit(address)
    secure = url.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=timeout)
    try:
        path = f"{url.path or '/'}?{'&'.join(filter(None, [url.query, urlencode(query)]))}"
        headers = {"Content-Type": "text/xml"} if body else {}
        connection.request(method, path, body.encode() or None, headers)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    finally:
        connection.close()


def _element(name: str, value: Any) -> str:
    """One element; a mapping nests, a list repeats the element."""
    if isinstance(value, list):
        return "".join(_element(name, entry) for entry in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, entry) for key, entry in value.items())
    elif isinstance(value, int):
        inner = str(value)
    else:
        inner = f"<![CDATA[{value}]]>" if "]]>" not in value else escape(value)
    return f"<{name}>{inner}</{name}>"
