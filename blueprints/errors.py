"""What people see when something is refused or fails: one page each, in our own look, from one place."""

import traceback
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from blueprints import sessions
from blueprints.guards import ask_to_sign_in, find_signed_in, where_from
from blueprints.uploads import allowance_of
from models.filings import WrongState
from operations.errors import NotAllowed, NotFound, OperationRefused


class Words(NamedTuple):
    """A page's heading, and the sentence below it that says what to do."""

    heading: str
    sentence: str


PAGES = {
    400: Words("请求无法识别", "浏览器发来的内容不完整或有误，请返回上一页重试。"),
    403: Words("没有权限", "您没有查看或办理这项内容的权限。如确有需要，请联系学院的系统管理员。"),
    404: Words("页面不存在", "没有找到您要打开的页面，它可能已被删除，或者地址有误。"),
    405: Words("不支持这种操作", "这个地址不能这样打开，请用下面的按钮进入。"),
    413: Words("内容太大", "提交的内容超出了允许的大小，请删减后重试。"),
    429: Words("操作太频繁", "请稍候一分钟再试。"),
    500: Words("系统出错了", "您的操作没有完成，请稍后重试。如仍有问题，请联系系统管理员。"),
}
EXPIRED = Words("页面已过期", "页面打开太久或已重新登录，这次操作没有生效。请重新打开后再试。")


def init_errors(app: Flask) -> None:
    """Turn every refusal and failure into its page."""
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(OperationRefused, refused)
    app.register_error_handler(WrongState, _out_of_date)
    app.log_exception = _log_where  # type: ignore[method-assign]


def _log_where(exc_info: Any) -> None:
    """Log where a request failed and with what kind of error: an error's own text may quote a row."""
    kind, _, trace = exc_info
    where = "".join(traceback.format_tb(trace))
    current_app.logger.error("%s at %s\n%s", kind.__name__, request.endpoint, where)


def _page(status: int, words: Words, back: str = "") -> str:
    if status >= 500:
        g.pop("actor", None)  # the navigation asks the database, which may be what failed
    elif "actor" not in g:  # refused before any guard: an unknown address, a wrong method, an expired form
        g.actor = find_signed_in()
    return render_template("errors/error.html", status=status, words=words, back=back)


def _expired(error: CSRFError) -> ResponseReturnValue:
    """The token goes with the session. Where that has ended, signing in is what helps."""
    view = current_app.view_functions.get(request.endpoint or "")
    if sessions.find_person_id() is None and getattr(view, "rule", None):
        return ask_to_sign_in()
    return _page(400, EXPIRED, back=where_from()), 400


def _failed(error: HTTPException) -> ResponseReturnValue:
    """The framework's own answer, with its status and headers (Allow, Retry-After), as a page of ours."""
    answer = error.get_response()
    status = answer.status_code
    words, back = PAGES.get(status, PAGES[500 if status >= 500 else 400]), ""
    if status == 405:
        back = _page_above()
    elif status == 413 and (allowance := allowance_of(request.endpoint)) is not None:
        words, back = words._replace(sentence=allowance.sentence), request.path
    page = Response(_page(status, words, back=back), status)
    page.headers.extend((key, value) for key, value in answer.headers if key in ("Allow", "Retry-After"))
    return page


def _page_above() -> str:
    """The nearest page above this address, as a form that is sent below its page has one; "" where there is none.

    Whoever reloads a form that was refused asks for such an address.
    """
    routes = current_app.create_url_adapter(request)
    path = request.path.rpartition("/")[0]
    while path and routes is not None and not routes.test(path, method="GET"):
        path = path.rpartition("/")[0]
    return path


def refused(error: OperationRefused) -> ResponseReturnValue:
    """The page that says why nothing was done."""
    status = status_of(error)
    heading = PAGES[status].heading if status in PAGES else "未能办理"
    return _page(status, Words(heading, error.sentence)), status


def status_of(error: OperationRefused) -> int:
    """The status that says best why it was refused."""
    return 404 if isinstance(error, NotFound) else 403 if isinstance(error, NotAllowed) else 409


def _out_of_date(error: WrongState) -> ResponseReturnValue:
    return _page(409, Words("未能办理", error.sentence)), 409
