"""WeCom's callbacks: each address is checked with GET, its events come by POST [90238]."""

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints.callbacks.watching import leave, name_kind, note_refused, watch
from blueprints.guards import public
from blueprints.metrics.instruments import CHANGE, CHECK, TAP
from config import Receiver, WeComSettings
from extensions import csrf
from messaging.platforms.wecom_app import is_own_check
from messaging.platforms.wecom_callbacks import (
    LARGEST_BODY,
    CallbackRefused,
    CardTap,
    OtherEvent,
    read_callback,
    read_contact_event,
    read_echo,
)
from models import utc_now
from operations.directory_events import note_change
from operations.hearing import WECOM_CALLBACK, WECOM_CONTACTS, note_heard
from operations.taps import answer_tap

callbacks = Blueprint("callbacks", __name__)
# Its callers prove themselves by signature, and have no session to forge from.
csrf.exempt(callbacks)
watch(callbacks)


@callbacks.get("/callbacks/wecom")
@public
def check_wecom() -> ResponseReturnValue:
    """Answer the platform's check of this address with what it sent, decrypted."""
    return _checked(_wecom().receiver, WECOM_CALLBACK)


@callbacks.post("/callbacks/wecom")
@public
def receive_wecom() -> ResponseReturnValue:
    """Act on a tap; any other event is taken and left. An empty 200 tells the platform not to send it again."""
    event = read_callback(_wecom(), request.args, _body(), utc_now())
    if isinstance(event, CardTap):
        name_kind(TAP)
        answer_tap(event)
    else:
        leave(event)
    note_heard(WECOM_CALLBACK)
    return _plain("")


@callbacks.get("/callbacks/wecom/contacts")
@public
def check_contacts() -> ResponseReturnValue:
    """Answer the platform's check of the 通讯录同步 receiver's address."""
    return _checked(_contact_receiver(), WECOM_CONTACTS)


@callbacks.post("/callbacks/wecom/contacts")
@public
def receive_contacts() -> ResponseReturnValue:
    """Queue what changed in the directory; the worker reads it from there. Any other event is taken and left."""
    event = read_contact_event(_wecom().corp_id, _contact_receiver(), request.args, _body(), utc_now())
    if isinstance(event, OtherEvent):
        leave(event)
    else:
        name_kind(CHANGE)
        note_change(event)
    note_heard(WECOM_CONTACTS)
    return _plain("")


@callbacks.errorhandler(CallbackRefused)
def refuse(refused: CallbackRefused) -> ResponseReturnValue:
    """A short answer: whoever sent this is no person."""
    note_refused(refused)
    return _plain(str(refused)), refused.status


def _wecom() -> WeComSettings:
    settings: WeComSettings = current_app.config["SETTINGS"].wecom
    return settings


def _contact_receiver() -> Receiver:
    receiver = _wecom().contact_receiver
    if receiver is None:
        raise CallbackRefused(404, "not set up")
    return receiver


def _checked(receiver: Receiver, name: str) -> Response:
    name_kind(CHECK)
    echo = read_echo(_wecom().corp_id, receiver, request.args)
    if not is_own_check(request.args["nonce"]):
        note_heard(name)
    return _plain(echo)


def _body() -> bytes:
    # One more than allowed: a body of unknown length is cut there, and is then seen to be too large.
    request.max_content_length = LARGEST_BODY + 1
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise CallbackRefused(413, "too large") from None


def _plain(text: str) -> Response:
    return Response(text, mimetype="text/plain")
