"""管理: the state of the service, and the way to everything that an administrator looks after."""

import re

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.ways import MATTERS, VIEWS, address_of
from blueprints.guards import may, who_asks
from extensions import limiter
from operations import permissions
from operations.doctor import examine_platform
from operations.errors import NotFound
from operations.health.examination import examine
from operations.health.first_steps import first_steps
from operations.resending import resend, resend_all

administration = Blueprint("administration", __name__, url_prefix="/administration")


@administration.get("/")
@may(permissions.can_administer)
def show() -> ResponseReturnValue:
    """What is in order, what is not, and the button that mends it."""
    matters = [(url_for(VIEWS[place]), label) for place, label in MATTERS]
    return render_template(
        "administration/show.html", areas=examine(), steps=first_steps(), matters=matters, address_of=address_of
    )


@administration.post("/platform")
@may(permissions.can_administer)
@limiter.limit("6 per minute", key_func=who_asks)
def check_platform() -> ResponseReturnValue:
    """Try the platform's settings one by one and show what came of it.

    Beside signing in this is the one page that waits for the platform: to know is what it was asked for.
    """
    return render_template("administration/platform.html", trials=examine_platform())


@administration.post("/messages/resend")
@may(permissions.can_administer)
def resend_messages() -> ResponseReturnValue:
    """Send one failed message again, or all of them where none is named."""
    message_id = request.form.get("message_id", "")
    if message_id:
        _resend_one(message_id)
    else:
        flash(f"{resend_all(g.actor)}条消息将重新发送。", "success")
    return redirect(url_for(".show", _anchor="messages"))


def _resend_one(message_id: str) -> None:
    if not re.fullmatch(r"[0-9]{1,9}", message_id):
        raise NotFound
    if resend(g.actor, int(message_id)):
        flash("消息将重新发送。", "success")
    else:
        flash("这条消息已经不需要发送，不再列出。", "info")
