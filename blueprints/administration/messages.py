"""消息发送: what the outbox holds, what failed and why, and sending it again."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.returning import came_from, here
from blueprints.administration.views import administration
from blueprints.filings.fields import an_id
from blueprints.guards import may
from blueprints.paging import asked_before
from models import utc_now
from operations import permissions, sending
from operations.errors import NotFound
from operations.resending import MOST_AT_ONCE, resend, resend_all
from operations.sending import Cause, Listed

#: More than so many are sent again only after one was asked once more.
MOST_UNASKED = 20


@administration.get("/messages")
@may(permissions.can_administer)
def messages() -> ResponseReturnValue:
    """How the outbox stands, why messages failed with what to do about it, and the messages, newest first."""
    causes, before = sending.causes(), asked_before()
    listed = _listed()
    cause = _cause(causes) if listed is Listed.FAILED else None
    return render_template(
        "administration/messages.html",
        glance=sending.glance(utc_now()),
        causes=causes,
        cause=cause,
        listed=listed,
        kinds=tuple(Listed),
        outbox=sending.outbox(listed, cause=cause, before=before),
        is_first=before is None,
        asks_first=sum(each.count for each in causes) > MOST_UNASKED,
        here=here(),
    )


@administration.post("/messages/resend")
@may(permissions.can_administer)
def resend_messages() -> ResponseReturnValue:
    """Send one failed message again, or all of them where none is named; of many, one is asked first."""
    named = request.form.get("message_id", "")
    if named:
        _resend_one(an_id(named))
    elif sending.count_of_failed() > MOST_UNASKED:
        return redirect(url_for(".resend_many"))
    else:
        _say_how_many(resend_all(g.actor))
    return redirect(came_from() or url_for(".show", _anchor="messages"))


@administration.route("/messages/resending", methods=["GET", "POST"])
@may(permissions.can_administer)
def resend_many() -> ResponseReturnValue:
    """Say how many would be sent again and why they failed, ask whether that was mended, and do it."""
    if request.method == "POST":
        _say_how_many(resend_all(g.actor))
        return redirect(url_for(".messages"))
    causes = sending.causes()
    if not causes:
        flash("目前没有未送达的消息。", "info")
        return redirect(url_for(".messages"))
    count = sum(cause.count for cause in causes)
    return render_template("administration/resending.html", causes=causes, count=count, most=MOST_AT_ONCE)


def _listed() -> Listed:
    """What is asked to be listed; what is no such thing is taken as what failed."""
    return next((listed for listed in Listed if listed.value == request.args.get("show")), Listed.FAILED)


def _cause(causes: list[Cause]) -> Cause | None:
    """The cause that is asked for, if anything failed for it; if nothing does any more, that is said."""
    asked = request.args.get("cause", "")
    found = next((cause for cause in causes if asked == cause.key), None)
    if asked and found is None:
        flash("这个原因的消息已经没有了，以下是其他未送达的消息。" if causes else "这个原因的消息已经没有了。", "info")
    return found


def _resend_one(message_id: int | None) -> None:
    if message_id is None:
        raise NotFound
    if resend(g.actor, message_id):
        flash("消息将重新发送。", "success")
    else:
        flash("这条消息已经不需要发送，不再列出。", "info")


def _say_how_many(count: int) -> None:
    left = f"一次最多重发{MOST_AT_ONCE}条，其余的请再按一次。" if count >= MOST_AT_ONCE else ""
    flash(f"{count}条消息将重新发送。{left}", "success")
