"""离职: marking somebody as gone whatever the directory lists, and taking the mark back."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.views import administration
from blueprints.guards import may
from blueprints.statuses import UNPROCESSABLE
from models import Person
from operations import permissions
from operations.errors import RefusedField
from operations.leaving import mark_left, unmark_left, why_not_left
from operations.left_behind import left_behind_by


@administration.route("/people/<int:person_id>/leaving", methods=["GET", "POST"])
@may(permissions.can_administer_person)
def leaving(person: Person) -> ResponseReturnValue:
    """Say what would become of the person's posts, tasks and groups, and do it; or bring somebody marked back."""
    if request.method == "GET":
        return _page_of(person)
    person_id, name, action = person.id, person.name, request.form.get("action")
    if action not in ("mark", "unmark"):
        return _page_of(person, "请从下面的按钮中选择。"), UNPROCESSABLE
    try:
        mark_left(g.actor, person_id) if action == "mark" else unmark_left(g.actor, person_id)
    except RefusedField as refused:
        return _page_of(person, refused.sentence), UNPROCESSABLE
    flash(f"{name}已标记为离职。" if action == "mark" else f"已取消{name}的离职标记。", "success")
    return redirect(url_for(".person", person_id=person_id))


def _page_of(person: Person, refusal: str = "") -> str:
    kept = "" if person.marked_left else why_not_left(g.actor, person)
    parts = [] if person.marked_left or kept else left_behind_by(person)
    return render_template("administration/leaving.html", person=person, parts=parts, refusal=refusal, kept=kept)
