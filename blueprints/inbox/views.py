"""消息: the list of what somebody was told, and opening what it is about."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.filings.fields import an_id
from blueprints.guards import may, safe_target
from blueprints.paging import asked_before
from operations import permissions
from operations.inbox import Shown, inbox_of, is_out_of_reach, open_message, read_all

inbox = Blueprint("inbox", __name__, url_prefix="/messages")


@inbox.get("")
@may(permissions.is_member)
def show() -> ResponseReturnValue:
    """The messages, newest first; whoever pushes do not reach is told so."""
    shown, before = _shown(), asked_before()
    return render_template(
        "inbox/show.html",
        entries=inbox_of(g.actor, shown, before=before),
        shown=shown,
        kinds=tuple(Shown),
        is_first=before is None,
        out_of_reach=is_out_of_reach(g.actor),
    )


@inbox.post("/open")
@may(permissions.is_member)
def read() -> ResponseReturnValue:
    """Go to what the message is about; it counts as read from now on. Another's is not found, as one there is not."""
    message_id = an_id(request.form.get("message_id"))
    if message_id is None:
        return _nothing_named("请从列表中选择要打开的消息。")
    path, _, place = open_message(g.actor, message_id).partition("#")
    target = safe_target(path)
    return redirect(f"{target}#{place}" if place and target == path else target)


@inbox.post("/read")
@may(permissions.is_member)
def read_everything() -> ResponseReturnValue:
    """Count as read all that the page could show; what has come since stays unread."""
    newest = an_id(request.form.get("newest"))
    if newest is None:
        return _nothing_named("没有改动，请在消息列表里按“全部标为已读”。")
    read_all(g.actor, newest=newest)
    flash("已全部标为已读。", "success")
    return redirect(url_for(".show"))


def _shown() -> Shown:
    """What is asked to be listed; what is no such thing is taken as all."""
    return next((shown for shown in Shown if shown.value == request.args.get("show")), Shown.ALL)


def _nothing_named(sentence: str) -> ResponseReturnValue:
    flash(sentence, "warning")
    return redirect(url_for(".show"))
