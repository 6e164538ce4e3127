"""WeCom's callback: its address is checked with GET, its events come by POST [90238]."""

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints.guards import public
from extensions import csrf
from messaging.platforms.wecom_callbacks import LARGEST_BODY, CallbackRefused, CardTap, read_callback, read_echo
from models import utc_now
from operations.taps import answer_tap

callbacks = Blueprint("callbacks", __name__)
# Its callers prove themselves by signature, and have no session to forge from.
csrf.exempt(callbacks)


@callbacks.get("/callbacks/wecom")
@public
def check_wecom() -> ResponseReturnValue:
    """Answer the platform's check of this address with what it sent, decrypted."""
    return _plain(read_echo(current_app.config["SETTINGS"].wecom, request.args))


@callbacks.post("/callbacks/wecom")
@public
def receive_wecom() -> ResponseReturnValue:
    """Act on a tap; any other event is taken and left. An empty 200 tells the platform not to send it again."""
    event = read_callback(current_app.config["SETTINGS"].wecom, request.args, _body(), utc_now())
    if isinstance(event, CardTap):
        answer_tap(event)
    return _plain("")


@callbacks.errorhandler(CallbackRefused)
def refuse(refused: CallbackRefused) -> ResponseReturnValue:
    """A short answer: whoever sent this is no person."""
    return _plain(str(refused)), refused.status


def _body() -> bytes:
    # One more than allowed: a body of unknown length is cut there, and is then seen to be too large.
    request.max_content_length = LARGEST_BODY + 1
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise CallbackRefused(413, "too large") from None


def _plain(text: str) -> Response:
    return Response(text, mimetype="text/plain")
