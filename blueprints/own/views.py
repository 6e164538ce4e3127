"""我的信息: seeing one's record, typing one's mobile and e-mail, or letting the platform give them."""

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import sessions
from blueprints.guards import may
from blueprints.own.forms import ParticularsForm, is_inside_wecom, usable
from blueprints.statuses import UNPROCESSABLE
from messaging.platforms.wecom import wecom_client
from operations import particulars, permissions
from operations.errors import OperationRefused

own = Blueprint("own", __name__)

LABELS = {"mobile": "手机", "email": "邮箱"}
NOT_BEGUN_HERE = "授权链接已失效，您的信息没有改动。请重新获取，或者直接填写。"
NOT_AGREED = "您没有授权，信息没有改动。您也可以直接填写。"
ONLY_INSIDE = "只有在企业微信里打开群备，才能从企业微信获取。您可以直接填写。"


@own.route("/me", methods=["GET", "POST"])
@may(permissions.is_member)
def show() -> ResponseReturnValue:
    """What the directory says, and the form for what it does not."""
    person = particulars.own_record(g.actor)
    sessions.note_asked()
    form = ParticularsForm(data={"mobile": person.mobile or "", "email": person.email or ""})
    if form.validate_on_submit():
        particulars.save_particulars(g.actor, mobile=form.mobile.data, email=form.email.data, source="typed")
        flash("已保存。", "success")
        return redirect(url_for(".show"))
    page = render_template(
        "own/show.html",
        form=form,
        person=person,
        departments=particulars.own_departments(g.actor),
        inside=is_inside_wecom(),
        errors=[("", field) for field in form if field.errors],
    )
    return page, UNPROCESSABLE if form.is_submitted() else 200


@own.get("/login/wecom/consent")
@may(permissions.is_member)
def begin_consent() -> ResponseReturnValue:
    """Go and ask for the person's consent to having their mobile and e-mail [91022]."""
    if not is_inside_wecom():
        flash(ONLY_INSIDE, "warning")
        return redirect(url_for(".show"))
    back = current_app.config["SETTINGS"].public_url + url_for(".end_consent")
    return redirect(wecom_client().authorize_url(back, sessions.begin_consent(), private=True))


@own.get("/login/wecom/consent/callback")
@may(permissions.is_member)
def end_consent() -> ResponseReturnValue:
    """Keep what came of the consent, for whoever is signed in and nobody else; the address is left at once."""
    code = request.args.get("code", "")
    if not sessions.end_consent(request.args.get("state", "")):
        flash(NOT_BEGUN_HERE, "warning")
    elif not code:
        flash(NOT_AGREED, "warning")
    else:
        _keep_what_comes(code)
    return redirect(url_for(".show"))


def _keep_what_comes(code: str) -> None:
    try:
        came = usable(particulars.ask_platform(g.actor, code))
    except OperationRefused as refused:
        flash(refused.sentence, "warning")
        return
    if came:
        particulars.save_particulars(g.actor, **came, source="wecom")
        flash(f"已从企业微信获取{_listed(came)}。", "success")
    if missing := [name for name in LABELS if name not in came]:
        flash(f"企业微信没有提供可用的{_listed(missing)}：管理员未勾选，或者您未授权。请直接填写。", "warning")


def _listed(names: "dict[str, str] | list[str]") -> str:
    return "、".join(LABELS[name] for name in LABELS if name in names)
