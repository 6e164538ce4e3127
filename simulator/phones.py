"""The phones: choose a person, see what the app sent them, tap, and open the app."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from simulator import links, taps
from simulator.app_info import APP_NAME
from simulator.callbacks import Attempt
from simulator.cards import shortened
from simulator.college import Member
from simulator.mailbox import Copy, Message
from simulator.people import PHONE_COOKIE, by_department, describe
from simulator.state import State

APP, CONTACTS = "接收消息", "通讯录同步"  # who gets events
OPENED_COOKIE = "simulated_phone_opened"  # whose phone last opened the service in this browser
SHANGHAI = ZoneInfo("Asia/Shanghai")
ID_TOKEN = re.compile(r"\$(userName|userAlias|userAliasOrName|departmentName)=([^$]+)\$")

phones = Blueprint("phones", __name__)


@dataclass(frozen=True)
class Bubble:
    """One message as the phone shows it; `waiting` while a tap has not changed the card yet."""

    msgid: str
    kind: str
    content: dict[str, Any]
    sent_at: str
    task_id: str
    dead_button: str | None
    waiting: bool
    failed: bool
    warnings: list[str]


@phones.get("/")
def choose() -> str:
    """Everybody whose phone can be taken, those to begin with first."""
    state, wanted = _state(), request.args.get("q", "").strip()
    with state.lock:
        found = [(guide, state.directory.find(guide.userid)) for guide in state.college.guides]
        guides = [(guide, describe(state, member)) for guide, member in found if member]
        groups = by_department(state, wanted)
    return render_template("choose.html", college=state.college.name, guides=guides, groups=groups, wanted=wanted)


@phones.get("/phones/<userid>")
def show(userid: str) -> Response:
    """A person's chat with the app; from now on this browser plays their phone."""
    response = make_response(render_template("phone.html", **_chat(userid)))
    response.set_cookie(PHONE_COOKIE, _owner(userid).userid, samesite="Lax", httponly=True)
    return response


@phones.get("/phones/<userid>/chat")
def show_chat(userid: str) -> str:
    """The chat alone, for the script that keeps it fresh."""
    return render_template("chat.html", **_chat(userid))


@phones.post("/phones/<userid>/tap")
def tap(userid: str) -> BaseResponse:
    """A tap on a card's button; the callback goes out while the page is already back."""
    state, owner = _state(), _owner(userid)
    chosen = {
        name.removeprefix("option:"): request.form.getlist(name) for name in request.form if name.startswith("option:")
    }
    try:
        prepared = taps.prepare(state, owner.userid, request.form["task_id"], request.form["key"], options=chosen)
    except taps.NothingToTap:
        return redirect(url_for(".show", userid=userid), 303)  # the card changed under the finger: show it
    state.callbacks.later(taps.push, state, prepared)
    return redirect(url_for(".show", userid=userid), 303)


@phones.get("/phones/<userid>/open")
def open_link(userid: str) -> BaseResponse:
    """Goes to the home page or to an address from this person's messages, and nowhere else."""
    state, owner, url = _state(), _owner(userid), request.args.get("url", "")
    with state.lock:
        known = {address for _, copy in state.mailbox.of(owner.userid) for address in links.addresses(copy.content)}
    if url not in known | {state.settings.home_url} or urlsplit(url).scheme not in ("http", "https"):
        abort(403)
    if url == state.settings.home_url and state.settings.callback_url:
        state.callbacks.later(state.callbacks.push, "enter_agent", owner.userid, EventKey="")
    response = redirect(_through_sign_in(state, owner.userid, url), 302)
    for cookie in (PHONE_COOKIE, OPENED_COOKIE):
        response.set_cookie(cookie, owner.userid, samesite="Lax", httponly=True)
    return response


@phones.get("/console")
def console() -> str:
    """What went to the callback addresses, and the check of each."""
    return _console({})


@phones.post("/console/check-url")
def check_url() -> str:
    """What pressing 保存 in the real console does, for the address whose button it was."""
    state = _state()
    title, receiver = (CONTACTS, state.contact_callbacks) if "contacts" in request.form else (APP, state.callbacks)
    if receiver is None or not receiver.url:
        abort(404)
    return _console({title: receiver.check_url()})


def _console(checks: dict[str, Attempt]) -> str:
    state = _state()
    receivers = [(APP, state.callbacks), (CONTACTS, state.contact_callbacks)]
    log = sorted((delivery for each in state.receivers() for delivery in list(each.log)), key=lambda d: -d.at)
    return render_template("console.html", receivers=receivers, log=log, checks=checks)


@phones.app_template_filter("clock")
def clock(at: float) -> str:
    """Unix seconds as the college's wall clock shows them."""
    return datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


def _state() -> State:
    state: State = current_app.extensions["simulator"]
    return state


def _owner(userid: str) -> Member:
    """The member whose phone it is; 404 for nobody's and for those who can no longer use WeCom."""
    with _state().lock:
        member = _state().directory.find(userid)
    if member is None or not member.present:
        abort(404)
    return member


def _chat(userid: str) -> dict[str, Any]:
    """What the chat's template shows; its messages count as read from now on."""
    state, owner = _state(), _owner(userid)
    with state.lock:
        copies = state.mailbox.of(owner.userid)
        bubbles = [_bubble(state, message, copy) for message, copy in copies]
        for _, copy in copies:
            copy.read = True
        person = describe(state, owner)

    def link(url: str) -> str:
        return url_for("phones.open_link", userid=owner.userid, url=url)

    return {
        "person": person,
        "bubbles": bubbles,
        "app_name": APP_NAME,
        "link": link,
        "home": link(state.settings.home_url) if state.settings.home_url else "",
        "rich": lambda text: links.rich(text, link),
        "markdown": lambda text: links.markdown(text, link),
    }


def _bubble(state: State, message: Message, copy: Copy) -> Bubble:
    content = _translated(state, copy.content) if message.body.get("enable_id_trans") == 1 else copy.content
    if message.msgtype == "template_card":
        content = shortened(content)
    return Bubble(
        msgid=message.msgid,
        kind=message.msgtype,
        content=content,
        sent_at=clock(message.sent_at)[:-3],
        task_id=message.task_id,
        dead_button=copy.dead_button,
        waiting=copy.tap is not None and copy.tap.is_waiting(state.now()),
        failed=copy.tap is not None and copy.tap.state == "failed",
        warnings=message.warnings,
    )


def _translated(state: State, value: Any) -> Any:
    """Names in place of $userName=…$ and the like; what names nobody stays as typed [90236]."""
    if isinstance(value, dict):
        return {key: _translated(state, entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_translated(state, entry) for entry in value]
    return ID_TOKEN.sub(lambda match: _name(state, match), value) if isinstance(value, str) else value


def _name(state: State, token: re.Match[str]) -> str:
    if token[1] == "departmentName":
        department = state.directory.departments.get(int(token[2])) if token[2].isdecimal() else None
        return department.name if department else token[0]
    member = state.directory.find(token[2])
    return member.name if member else token[0]


def _through_sign_in(state: State, userid: str, url: str) -> str:
    """The address itself, or the service's sign-in that leads there.

    Every real phone keeps its own session; one browser plays many phones and has one. So the first
    opening by another person must sign in anew.
    """
    target, home = urlsplit(url), urlsplit(state.settings.home_url)
    same_service = (target.scheme, target.netloc) == (home.scheme, home.netloc)
    if not state.settings.sign_in_url or not same_service or request.cookies.get(OPENED_COOKIE) == userid:
        return url
    path = f"{target.path or '/'}?{target.query}" if target.query else target.path or "/"
    return state.settings.sign_in_url.replace("{path}", quote(path, safe=""))
