"""What the tests need: a tiny service for callbacks, a client of the platform, and the smallest good cards."""

import http.server
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import xmltodict

from simulator import Settings
from simulator.crypto import Crypto
from simulator.server import Handle

SETTINGS = Settings(
    corp_id="wwemulator0000001",
    agent_id=1000002,
    secret="app-secret",
    contact_secret="contact-secret",
    callback_token="EmuToken123",
    callback_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE",
    home_url="http://127.0.0.1:8000/",
    retry_pause=0.01,
)
CRYPTO = Crypto(SETTINGS.callback_token, SETTINGS.callback_aes_key, SETTINGS.corp_id)
#: What 通讯录同步 is given for a receiver of its own.
CONTACTS = {
    "contact_callback_token": "ContactToken123",
    "contact_callback_aes_key": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefE",
}
CONTACT_CRYPTO = Crypto(*CONTACTS.values(), SETTINGS.corp_id)


@dataclass
class Service:
    """What stands at the callback address: remembers events, answers `statuses` in turn and 200 afterwards."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    reply: str = ""
    echo_suffix: str = ""
    delay: float = 0.0
    gate: threading.Barrier | None = None
    crypto: Crypto = CRYPTO


def handler_for(service: Service) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = self.query()
            echo = service.crypto.open(
                query["echostr"],
                signature=query["msg_signature"],
                timestamp=query["timestamp"],
                nonce=query["nonce"],
            )
            self.answer(200, echo + service.echo_suffix)

        def do_POST(self) -> None:
            query = self.query()
            body = xmltodict.parse(self.rfile.read(int(self.headers["Content-Length"])))["xml"]
            xml = service.crypto.open(
                body["Encrypt"],
                signature=query["msg_signature"],
                timestamp=query["timestamp"],
                nonce=query["nonce"],
            )
            if service.gate:
                service.gate.wait(timeout=5)
            time.sleep(service.delay)
            service.queries.append(query)
            service.events.append(xmltodict.parse(xml)["xml"])
            self.answer(service.statuses.pop(0) if service.statuses else 200, service.reply)

        def query(self) -> dict[str, str]:
            return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}

        def answer(self, status: int, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@dataclass
class Platform:
    """The platform as a service meets it, and its control API."""

    handle: Handle

    @property
    def url(self) -> str:
        return self.handle.url

    def token(self, secret: str = SETTINGS.secret) -> str:
        reply = self.get("gettoken", corpid=SETTINGS.corp_id, corpsecret=secret, access_token=None)
        return reply["access_token"]

    def get(self, path: str, /, **args: Any) -> dict[str, Any]:
        if "access_token" not in args:
            args["access_token"] = self.token()
        return requests.get(f"{self.url}/cgi-bin/{path}", params=args, timeout=10).json()

    def post(self, path: str, body: Any, *, token: str | None = None) -> dict[str, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        params = {"access_token": token or self.token()}
        return requests.post(f"{self.url}/cgi-bin/{path}", params=params, data=raw, timeout=10).json()

    def send(self, msgtype: str, content: Any, **options: Any) -> dict[str, Any]:
        body = {"touser": "liumei", "agentid": SETTINGS.agent_id, "msgtype": msgtype, msgtype: content, **options}
        return self.post("message/send", {key: value for key, value in body.items() if value is not None})

    def send_card(self, card: dict[str, Any], **options: Any) -> dict[str, Any]:
        return self.send("template_card", card, **options)

    def update(self, response_code: str, **body: Any) -> dict[str, Any]:
        whole = {"agentid": SETTINGS.agent_id, "response_code": response_code, **body}
        return self.post("message/update_template_card", whole)

    def control(self, path: str, /, **body: Any) -> dict[str, Any]:
        return requests.post(f"{self.url}/simulator/{path}", json=body, timeout=20).json()

    def look(self, path: str, /, **args: Any) -> dict[str, Any]:
        return requests.get(f"{self.url}/simulator/{path}", params=args, timeout=10).json()

    def copies(self, userid: str = "liumei") -> list[dict[str, Any]]:
        return self.look("messages", userid=userid)["messages"]


def button_card(task_id: str = "t-1", **changes: Any) -> dict[str, Any]:
    """The smallest good card with buttons."""
    card = {
        "card_type": "button_interaction",
        "main_title": {"title": "待审核"},
        "task_id": task_id,
        "button_list": [{"text": "同意", "key": "approve"}],
    }
    return {key: value for key, value in (card | changes).items() if value is not None}


def notice_card(**changes: Any) -> dict[str, Any]:
    """The smallest good text notice."""
    card = {
        "card_type": "text_notice",
        "main_title": {"title": "已登记"},
        "card_action": {"type": 1, "url": "http://127.0.0.1:8000/filings/1"},
    }
    return {key: value for key, value in (card | changes).items() if value is not None}


def wait_until(condition: Callable[[], Any], *, seconds: float = 5) -> Any:
    """The condition's first true answer; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return answer
