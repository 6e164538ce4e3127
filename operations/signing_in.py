"""Signing in: from the single-use code that the platform gave to a person of ours."""

import logging

from flask import current_app

from extensions import db
from messaging.platforms.errors import PlatformError
from messaging.platforms.wecom import UNUSABLE_CODE, PlatformRefused, PlatformUnreachable, wecom_client
from messaging.platforms.wecom_transport import NOT_TRUSTED, SECRET_REFUSED
from operations.appointing import find_person
from operations.directory import fetch_person, is_marked_left
from operations.errors import OperationRefused

log = logging.getLogger(__name__)


class CodeRejected(OperationRefused):
    """The platform takes the code no more: it was used, or is too old."""

    sentence = "登录链接已失效，请重新登录。"


class NotAMember(OperationRefused):
    """The platform knows whoever signed in, but not as a member of the college."""

    sentence = "您不是本企业的成员，无法使用群备。如有疑问，请联系学院的系统管理员。"


class OutOfRange(OperationRefused):
    """A member whom the app's visible range does not hold."""

    sentence = "群备尚未对您开放。请联系学院的系统管理员，把您加入应用的可见范围。"


class MarkedLeft(OperationRefused):
    """An administrator marked the person as gone, whatever the platform says."""

    sentence = "您已被标记为离职，不能再使用群备。如有误，请联系学院的系统管理员。"


class PlatformAway(OperationRefused):
    """The platform does not say who signed in, and nobody is known under the account."""

    sentence = "企业微信暂时无法连接，请稍后再试。"


class ServiceRefused(OperationRefused):
    """The platform lets nothing of this service in, until somebody mends a setting."""

    sentence = "企业微信目前不接受群备的请求，所有人都不能登录，重试没有用。请告诉学院的系统管理员。"


def sign_in(code: str) -> int:
    """The id of the person whom the platform names for this code, read from the directory as it is now.

    The platform names members outside the app's range too [91023]: signing in there is no right to be here.
    Raises CodeRejected, NotAMember, MarkedLeft, OutOfRange, PlatformAway or ServiceRefused.
    """
    try:
        login = wecom_client().user_of_code(code)
    except PlatformUnreachable:
        raise PlatformAway from None
    except PlatformRefused as refused:
        raise _told(refused.errcode) from None
    _note_refused(None)
    if not login.is_member or not login.user_id:
        raise NotAMember
    if is_marked_left(login.user_id):
        raise MarkedLeft
    person_id = _read_again(login.user_id)
    if person_id is None:
        raise OutOfRange
    return person_id


def _told(errcode: int) -> OperationRefused:
    """What a person hears of a refusal. One that concerns everybody is logged: nobody may be left who sees a page."""
    if errcode in UNUSABLE_CODE:
        return CodeRejected()
    if errcode in {*SECRET_REFUSED, NOT_TRUSTED}:
        _note_refused(errcode)
        return ServiceRefused()
    return PlatformAway()


def _note_refused(errcode: int | None) -> None:
    """Say once that nobody can sign in, however many try."""
    before = current_app.extensions.get("sign_in_refused")
    if errcode is not None and errcode != before:
        log.error("nobody can sign in: the platform refuses this app (%s)", errcode)
    current_app.extensions["sign_in_refused"] = errcode


def _read_again(user_id: str) -> int | None:
    """The person as the directory has them now; where it does not answer, as we knew them."""
    try:
        return fetch_person(user_id)
    except PlatformError:
        person = find_person(db.session(), user_id)
        if person is None:
            raise PlatformAway from None
        return person.id
