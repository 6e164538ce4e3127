"""What a registered group still owes: 补报群号 once it is made, 不再建群 where it is not, and the name of 第九条."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from blueprints.filings.fields import DayField, clean, half_width, text
from blueprints.filings.forms import PageForm
from blueprints.guards import may
from blueprints.statuses import UNPROCESSABLE
from models import Filing, Group
from operations import permissions, reading
from operations.checks import name_instead
from operations.clock import college_today
from operations.errors import NothingOwed, RefusedByRules
from operations.owing import Made, give_name, give_number, give_up, owed_by
from regulation import Finding, Platform

owing = Blueprint("owing", __name__)


class NumberForm(PageForm):
    """What is said of a group that has been made."""

    number = text("群号", 64, half_width)
    owner_account = text("群主微信名", 64)
    opened_on = DayField("开通时间")

    def __init__(self, group: Group, **options: Any) -> None:
        super().__init__(data={"opened_on": min(group.opened_on or college_today(), college_today())}, **options)
        if group.platform is not Platform.WECHAT:
            del self.owner_account

    def made(self) -> Made:
        """What the form says."""
        account = self.owner_account.data if self.owner_account else ""
        return Made(self.number.data or "", account or "", self.opened_on.data)


class NameForm(PageForm):
    """The name that a group goes by now."""

    name = text("新群名", 64, clean)


@owing.route("/groups/<int:group_id>/number", methods=["GET", "POST"])
@may(permissions.completes_group)
def number(filings: Sequence[Filing]) -> ResponseReturnValue:
    """Complete a group that did not exist when it was registered."""
    group = filings[0].group
    if not group.awaits_number:
        raise NothingOwed("这个群没有要补报的群号：已经补报、已经注销，或还没有备案。")
    form = NumberForm(group)
    done = "已补报，群组档案已更新。"
    return _complete("groups/number.html", form, lambda: give_number(g.actor, group.id, form.made()), done)


@owing.route("/groups/<int:group_id>/name", methods=["GET", "POST"])
@may(permissions.completes_group)
def name(filings: Sequence[Filing]) -> ResponseReturnValue:
    """Say what a group is called now whose name broke 第九条."""
    group = filings[0].group
    if not group.must_be_renamed:
        raise NothingOwed("这个群没有要改的群名：已经改好，或不在须改名之列。")
    form = NameForm(data={"name": name_instead(filings[0])} if request.method == "GET" else {})
    done = "新群名已保存，原群名留在办理进度里。"
    return _complete("groups/name.html", form, lambda: give_name(g.actor, group.id, form.name.data), done)


@owing.route("/groups/<int:group_id>/giving-up", methods=["GET", "POST"])
@may(permissions.completes_group)
def giving_up(filings: Sequence[Filing]) -> ResponseReturnValue:
    """Ask whether a group that was not made is really not needed, and end it."""
    group = filings[0].group
    if not group.awaits_number:
        raise NothingOwed("这个群没有要补报的群号：已经补报、已经注销，或还没有备案。")
    if request.method == "GET":
        return render_template("groups/giving_up.html", group=group)
    give_up(g.actor, group.id)
    flash("已注明不再建群，备案编号不再使用。", "success")
    return _to_group()


@owing.errorhandler(NothingOwed)
def show_the_truth(error: NothingOwed) -> ResponseReturnValue:
    """Somebody was faster, or the page was old: say so, and show how things stand."""
    flash(error.sentence, "warning")
    return _to_group()


def _to_group() -> ResponseReturnValue:
    return redirect(url_for("groups.show", group_id=(request.view_args or {})["group_id"]))


def _show(form: PageForm, findings: Iterable[Finding]) -> None:
    """Put each refusal beside its field, once."""
    for finding in findings:
        field: Field = form[finding.field]
        if finding.text not in field.errors:
            field.errors = [*field.errors, finding.text]


def _complete(template: str, form: PageForm, give: Callable[[], None], done: str) -> ResponseReturnValue:
    """Show the form, or do what it was sent for and lead to the group; what the rules refuse stands at its field."""
    if form.validate_on_submit():
        try:
            give()
        except RefusedByRules as refused:
            _show(form, refused.findings)
        else:
            flash(done, "success")
            return _to_group()
    return _page(template, form)


def _page(template: str, form: PageForm) -> ResponseReturnValue:
    # What a refused operation had loaded is forgotten.
    newest = reading.get_group_filings((request.view_args or {})["group_id"])[0]
    group = newest.group
    errors = [("", field) for field in form if field.errors]
    page = render_template(template, group=group, filing=newest, form=form, errors=errors, owed=owed_by(group))
    return page, UNPROCESSABLE if form.is_submitted() else 200
