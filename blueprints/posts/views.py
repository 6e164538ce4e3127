"""委托: a holder's own posts, what they let others do for them, and what they do for others."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from blueprints.posts.forms import DelegationForm
from blueprints.statuses import UNPROCESSABLE
from models import Delegation
from operations import delegating, permissions, tenures
from operations.clock import college_today
from operations.errors import RefusedField

posts = Blueprint("posts", __name__)


@posts.route("/delegations", methods=["GET", "POST"])
@may(permissions.is_member)
def delegations() -> ResponseReturnValue:
    """My posts, what I have delegated, what was delegated to me, and the form to delegate."""
    form = DelegationForm(g.actor, delegating.delegable(g.actor))
    if not form.is_submitted():
        form.propose(college_today())
        return _page(form)
    if not form.post_id.choices:
        flash("您目前没有可以委托的岗位。", "warning")
        return redirect(url_for(".delegations"))
    if not _give(form):
        return _page(form), UNPROCESSABLE
    flash(f"已委托{form.person.data}，对方会收到通知。", "success")
    return redirect(url_for(".delegations"))


@posts.route("/delegations/<int:delegation_id>/end", methods=["GET", "POST"])
@may(permissions.can_end_delegation)
def end_delegation(delegation: Delegation) -> ResponseReturnValue:
    """Ask whether to end the delegation, and do it."""
    back = _way_back(delegation)
    if delegation.ended_at is not None:
        flash("这项委托已经结束。", "warning")
        return redirect(back)
    if request.method == "GET":
        return render_template("posts/end_delegation.html", delegation=delegation, back=back)
    delegating.end_delegation(g.actor, delegation.id)
    flash("委托已结束。", "success")
    return redirect(back)


def _give(form: DelegationForm) -> bool:
    """Give the delegation that the form says; False with the sentences at its fields."""
    fits, person = form.says_all(), form.find_person()
    if not fits or person is None:
        return False
    try:
        starts_on, ends_on = form.days
        delegating.delegate(g.actor, int(form.post_id.data), person.id, starts_on=starts_on, ends_on=ends_on)
    except RefusedField as refused:
        form.show(refused)
        return False
    return True


def _page(form: DelegationForm) -> str:
    return render_template(
        "posts/delegations.html",
        form=form,
        mine=tenures.tenures_held_by(g.actor.id),
        given=tenures.delegations_from(g.actor.id),
        received=tenures.delegations_to(g.actor.id),
        undelegated=[kind.label for kind in permissions.NOT_DELEGATED],
        today=college_today(),
    )


def _way_back(delegation: Delegation) -> str:
    """The person's own page of delegations; for an administrator who takes no part, the holder's page."""
    if g.actor.id in (delegation.from_person_id, delegation.to_person_id):
        return url_for(".delegations")
    return url_for("administration.person", person_id=delegation.post.person_id)
