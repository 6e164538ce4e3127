"""Sign-in by the platform: out to it with a state, back with a code, then on to a clean address."""

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import sessions
from blueprints.errors import Words
from blueprints.guards import public, safe_target
from extensions import limiter
from messaging.platforms.wecom import wecom_client
from operations.actors import find_actor
from operations.errors import OperationRefused
from operations.signing_in import (
    CodeRejected,
    MarkedLeft,
    NotAMember,
    OutOfRange,
    PlatformAway,
    ServiceRefused,
    sign_in,
)

login = Blueprint("login", __name__)
# Two hundred people behind one address may arrive in the same minute, with three requests each.
limiter.limit("1200 per minute")(login)

REFUSALS = {
    CodeRejected: 400,
    NotAMember: 403,
    MarkedLeft: 403,
    OutOfRange: 403,
    PlatformAway: 503,
    ServiceRefused: 503,
}
HEADINGS = {400: "登录链接已失效", 403: "无法登录", 503: "暂时无法登录"}


@login.get("/login")
@public
def choose() -> ResponseReturnValue:
    """Go to the platform's sign-in."""
    return redirect(url_for(".begin_wecom", next=safe_target(request.args.get("next", ""))))


@login.get("/login/wecom")
@public
def begin_wecom() -> ResponseReturnValue:
    """Inside WeCom the silent sign-in [91022], elsewhere the page with the code to scan [98152]."""
    state = sessions.begin_sign_in(safe_target(request.args.get("next", "")))
    back = current_app.config["SETTINGS"].public_url + url_for(".end_wecom")
    client = wecom_client()
    inside = "wxwork" in request.user_agent.string.lower()  # [90315]
    return redirect(client.authorize_url(back, state) if inside else client.sso_url(back, state))


@login.get("/login/wecom/callback")
@public
def end_wecom() -> ResponseReturnValue:
    """Sign in whomever the platform names; the address with the code in it is left at once."""
    target = sessions.end_sign_in(request.args.get("state", ""))
    code = request.args.get("code", "")
    if target is None or not code:
        return _not_begun_here()
    try:
        sessions.start(sign_in(code))
    except OperationRefused as refused:
        return _refused(REFUSALS[type(refused)], refused.sentence, target)
    return redirect(target)


@login.route("/logout", methods=["GET", "POST"])
@public
def leave() -> ResponseReturnValue:
    """Ask whether to sign out, and do it."""
    if request.method == "POST":
        sessions.end()
    return render_template("login/leave.html", signed_in=_is_signed_in())


@login.get("/WW_verify_<name>.txt")
@public
def verify_domain(name: str) -> ResponseReturnValue:
    """The file by which WeCom sees that this domain is ours, before it sends anybody back to it."""
    content = current_app.config["SETTINGS"].domain_verification.get(f"WW_verify_{name}.txt")
    return abort(404) if content is None else Response(content, mimetype="text/plain")


def _not_begun_here() -> ResponseReturnValue:
    """An old or foreign link: harmless to somebody signed in, such as after going back in the browser."""
    if _is_signed_in():
        return redirect(url_for("home.show"))
    return _refused(400, CodeRejected.sentence, "/")


def _is_signed_in() -> bool:
    person_id = sessions.find_person_id()
    return person_id is not None and find_actor(person_id) is not None


def _refused(status: int, sentence: str, target: str) -> ResponseReturnValue:
    words = Words(HEADINGS[status], sentence)
    return render_template("login/refused.html", words=words, status=status, target=target), status
