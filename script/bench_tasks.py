"""What is measured: submitting a draft, deciding by a card's tap, and the page with the empty form."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import xmltodict
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from sqlalchemy import Select, select
from wechatpy.work.crypto import WeChatCrypto

from blueprints import sessions
from config import WeComSettings
from extensions import db
from messaging.platforms.wecom_cards import APPROVE_KEY
from models import Filing, FilingState, Message, MessageKind
from operations.drafts import fingerprint
from script.bench_college import APPROVER, College, copies
from script.bench_load import Request


@dataclass(frozen=True)
class Task:
    """A kind of request: `prepare` makes what so many of them need and gives their keys, `request` is built just
    before it is sent, and `done` selects the keys whose work the database shows as done (None: none is)."""

    writes: bool
    prepare: Callable[[int], list[str]]
    request: Callable[[str], Request]
    done: Select[Any] | None = None

    def count_done(self, keys: set[str]) -> int:
        """How many of these keys the database shows as done."""
        return 0 if self.done is None else len(keys & {str(key) for key in db.session.scalars(self.done)})


def tasks(app: Flask, college: College) -> dict[str, Task]:
    """The tasks by name, for this app and the college in its database."""
    return {"submit": _submit(app, college), "decide": _decide(app, college), "form": _form(app, college)}


def _submit(app: Flask, college: College) -> Task:
    """The applicant sends a prepared draft from its confirming page."""
    headers, token = signed_in(app, college.applicant.id)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    seen: dict[str, str] = {}

    def request(key: str) -> Request:
        body = urlencode({"csrf_token": token, "promise": "y", "seen": seen[key]}).encode()
        return Request("POST", f"/filings/{key}/confirm", body, headers, status=302, location=f"/filings/{key}")

    def prepare(count: int) -> list[str]:
        made = [str(filing_id) for filing_id in copies(college.draft(), count)]
        seen.update((key, fingerprint(db.session.get_one(Filing, int(key)))) for key in made)
        return made

    return Task(True, prepare, request, select(Filing.id).where(Filing.state == FilingState.IN_REVIEW))


def _decide(app: Flask, college: College) -> Task:
    """The approver taps 同意 on a card that was delivered; the platform pushes the tap, encrypted and signed."""
    settings = app.config["SETTINGS"].wecom
    cards = select(Message.task_id).where(Message.kind == MessageKind.REQUEST)

    def prepare(count: int) -> list[str]:
        filing_ids = set(copies(college.filing_with_card(), count))
        rows = db.session.execute(cards.add_columns(Message.filing_id))
        return [task_id for task_id, filing_id in rows if filing_id in filing_ids]

    done = cards.join(Filing, Filing.id == Message.filing_id).where(Filing.state == FilingState.APPROVED)
    return Task(True, prepare, lambda key: tap(settings, APPROVER, key), done)


def _form(app: Flask, college: College) -> Task:
    """A member of staff opens the empty form."""
    headers, _ = signed_in(app, college.applicant.id)
    page = Request("GET", "/filings/new", headers=headers, contains="提交备案".encode())
    return Task(False, lambda count: [str(number) for number in range(count)], lambda _key: page)


def signed_in(app: Flask, person_id: int) -> tuple[dict[str, str], str]:
    """The cookie of this person's session as a header, and its CSRF token."""
    with app.test_request_context():
        sessions.start(person_id)
        token = generate_csrf()
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signer is not None  # noqa: S101 - there is always a secret key
        return {"Cookie": f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(dict(session))}"}, token


def tap(settings: WeComSettings, user_id: str, task_id: str) -> Request:
    """The push of this member's tap on the card of this task id [90240], made now: an older one is refused."""
    now = str(int(time.time()))
    event = {
        "ToUserName": settings.corp_id,
        "FromUserName": user_id,
        "CreateTime": now,
        "MsgType": "event",
        "Event": "template_card_event",
        "EventKey": APPROVE_KEY,
        "TaskId": task_id,
        "CardType": "button_interaction",
        "ResponseCode": uuid.uuid4().hex,
        "AgentID": str(settings.agent_id),
    }
    crypto = WeChatCrypto(settings.receiver.token, settings.receiver.aes_key, settings.corp_id)
    pushed = crypto.encrypt_message(xmltodict.unparse({"xml": event}, full_document=False), "nonce", now)
    told = xmltodict.parse(pushed)["xml"]
    query = urlencode({"msg_signature": told["MsgSignature"], "timestamp": now, "nonce": "nonce"})
    body = {"ToUserName": settings.corp_id, "AgentID": event["AgentID"], "Encrypt": told["Encrypt"]}
    return Request("POST", f"/callbacks/wecom?{query}", xmltodict.unparse({"xml": body}, full_document=False).encode())
