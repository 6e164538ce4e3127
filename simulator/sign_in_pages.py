"""The pages where people say who they are: OAuth inside the client, SSO in a desktop browser [91022, 98152]."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from simulator.college import Member
from simulator.oauth import PRIVATE_FIELDS
from simulator.people import PHONE_COOKIE, by_department
from simulator.state import State

STATE = re.compile(r"[0-9A-Za-z]{0,128}")
SCOPES = {"snsapi_base", "snsapi_privateinfo"}
CUSTOMER, CUSTOMER_OPENID = "customer:", "oSimulatedCustomer0001"

pages = Blueprint("sign_in", __name__)


class Refused(Exception):
    """The platform shows a page with this text instead of going on."""


@pages.errorhandler(Refused)
def show_refusal(refusal: Refused) -> tuple[str, int]:
    """The platform's own error page."""
    return render_template("refused.html", text=str(refusal)), 400


@pages.get("/connect/oauth2/authorize")
def authorize() -> BaseResponse:
    """Inside the client [91022]: at once for the phone's owner, else a choice of persons."""
    if "wxwork" not in request.user_agent.string.lower():
        raise Refused("请在企业微信客户端打开链接")
    state: State = current_app.extensions["simulator"]
    _check_app(state, request.args)
    _check_oauth(request.args)
    person = _person(state)
    if person is None:
        return _picker(state, "企业微信网页授权", customer=True)
    private = request.args["scope"] == "snsapi_privateinfo"
    if private and not _has_answered(state, person):
        return _consent(state, person)
    return _send_back(state, person, private=private)


@pages.get("/wwlogin/sso/login")
def sso() -> BaseResponse:
    """In a desktop browser [98152]: the scan is a choice of persons; a simulated phone stands for quick login."""
    state: State = current_app.extensions["simulator"]
    if request.args.get("login_type") != "CorpApp":
        raise Refused("login_type 参数错误")
    _check_app(state, request.args)
    person = _person(state)
    if person is None:
        return _picker(state, "企业微信扫码登录", customer=False)
    member = state.directory.find(person)
    if member is None or not state.directory.sees(member):
        raise Refused("你不在该应用的可见范围内，无法登录")
    return _send_back(state, person, private=False)


def _check_app(state: State, args: Mapping[str, str]) -> None:
    if args.get("appid") != state.settings.corp_id:
        raise Refused("appid 参数错误")
    if args.get("agentid") != str(state.settings.agent_id):
        raise Refused("agentid 参数错误")
    target = urlsplit(args.get("redirect_uri", ""))
    if target.scheme not in ("http", "https") or target.netloc.lower() not in state.settings.trusted_hosts:
        raise Refused("redirect_uri参数错误")


def _check_oauth(args: Mapping[str, str]) -> None:
    if args.get("response_type") != "code":
        raise Refused("response_type 参数错误")
    if args.get("scope") not in SCOPES:
        raise Refused("scope 参数错误")
    if not STATE.fullmatch(args.get("state", "")):
        raise Refused("state 参数错误")


def _person(state: State) -> str | None:
    """Who signs in: the one just chosen, else the phone's owner; None when neither is known."""
    named = request.args.get("simulated_person") or request.cookies.get(PHONE_COOKIE, "")
    if named == CUSTOMER:
        return named
    with state.lock:
        member = state.directory.find(named)
    return member.userid if member and member.present else None


def _picker(state: State, title: str, *, customer: bool) -> Response:
    with state.lock:
        groups = by_department(state)
    here = request.full_path
    return make_response(render_template("picker.html", title=title, groups=groups, here=here, customer=customer))


def _has_answered(state: State, person: str) -> bool:
    """Whether the member agreed to something, or to nothing, just now or within thirty days [91335]."""
    answer = request.args.get("simulated_consent", "")
    with state.lock:
        if answer and _member_in_range(state, person):
            fields = [name for name in PRIVATE_FIELDS if answer in ("all", name)]
            state.sign_ins.agree(person, fields, now=state.now())
        return state.sign_ins.agreed(person, now=state.now()) is not None


def _consent(state: State, person: str) -> Response:
    with state.lock:
        member = _member_in_range(state, person)
        asked = {name: PRIVATE_FIELDS[name] for name in state.sign_ins.ticked}
    if member is None:
        raise Refused("你不在该应用的可见范围内，无法授权个人信息")
    url = f"{request.full_path}&simulated_person={person}&simulated_consent="
    return make_response(render_template("consent.html", member=member, asked=asked, url=url))


def _member_in_range(state: State, person: str) -> Member | None:
    member = state.directory.find(person)
    return member if member and state.directory.sees(member) else None


def _send_back(state: State, person: str, *, private: bool) -> BaseResponse:
    """302 to redirect_uri with code and state added; the query it had is kept."""
    openid = CUSTOMER_OPENID if person == CUSTOMER else ""
    with state.lock:
        userid = "" if openid else person
        code = state.sign_ins.new_code(now=state.now(), userid=userid, openid=openid, private=private)
    target = urlsplit(request.args["redirect_uri"])
    query = [*parse_qsl(target.query, keep_blank_values=True), ("code", code)]
    if "state" in request.args:
        query.append(("state", request.args["state"]))
    return redirect(urlunsplit(target._replace(query=urlencode(query), fragment="")), 302)
