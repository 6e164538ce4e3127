"""岗位: who holds which, whom the directory proposes as heads, and ending a post."""

import re
from collections.abc import Collection

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.forms import OverseerForm
from blueprints.administration.returning import here
from blueprints.administration.ticking import ticked_ids
from blueprints.administration.views import administration
from blueprints.guards import may
from blueprints.statuses import UNPROCESSABLE
from models import Post
from operations import appointing, oversight, overview, permissions, tenures
from operations.errors import RefusedField
from operations.proposals import Pair, appoint_proposed
from operations.proposals import proposals as proposed
from regulation import PostKind

#: How many proposals the overview shows; the rest stands on their own page.
FIRST_ONES = 5
_PAIR = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_PLACE = re.compile(r"([01])\.(-?[0-9]{1,10})\.([0-9]{1,10})")


@administration.get("/posts")
@may(permissions.can_administer)
def posts() -> ResponseReturnValue:
    """Who holds a kind of post, by department, vacant ones first."""
    asked = request.args.get("kind", "")
    return _page_of(next((kind for kind in PostKind if kind.value == asked), PostKind.DEPARTMENT_HEAD))


@administration.post("/posts")
@may(permissions.can_administer)
def oversee() -> ResponseReturnValue:
    """Make one person 主管院领导 of the departments that were ticked, and show the same list again."""
    form, ticked = OverseerForm(), ticked_ids("unit")
    person = form.find_person() if form.validate() else None
    if person is None or not ticked:
        refusal = "" if ticked else "请至少勾选一个部门。"
        return _page_of(PostKind.COLLEGE_LEADER, form, ticked, refusal), UNPROCESSABLE
    name = person.name
    try:
        count = oversight.oversee(g.actor, person.id, ticked)
    except RefusedField as refused:
        form.person.errors = [refused.sentence]
        return _page_of(PostKind.COLLEGE_LEADER, form, ticked), UNPROCESSABLE
    if count:
        flash(f"已任命{name}为{count}个部门的主管院领导。", "success")
    else:
        flash(f"没有任命：{name}已是所选部门的主管院领导，或部门有了变化。", "info")
    return redirect(here())


def _page_of(kind: PostKind, form: OverseerForm | None = None, ticked: Collection[int] = (), refusal: str = "") -> str:
    found = proposed() if kind is PostKind.DEPARTMENT_HEAD else []
    oversees = kind is PostKind.COLLEGE_LEADER
    return render_template(
        "administration/posts.html",
        kind=kind,
        kinds=list(PostKind),
        overview=overview.overview(kind, after=_place(request.args.get("after", ""))),
        proposals=found[:FIRST_ONES],
        proposed=len(found),
        form=form or (OverseerForm(formdata=None) if oversees else None),
        ticked=ticked,
        refusal=refusal,
        here=here(),
    )


@administration.route("/posts/proposals", methods=["GET", "POST"])
@may(permissions.can_administer)
def proposals() -> ResponseReturnValue:
    """All whom the directory proposes as heads, to be confirmed together; posted, those named are appointed."""
    if request.method == "GET":
        return render_template("administration/proposals.html", proposals=proposed(), refusal="")
    if not request.form.getlist("head"):
        page = render_template("administration/proposals.html", proposals=proposed(), refusal="请至少勾选一位。")
        return page, UNPROCESSABLE
    given = appoint_proposed(g.actor, _pairs(request.form.getlist("head")))
    if given:
        flash(f"已任命{given}位部门负责人。", "success")
    else:
        flash("没有任命：这些部门已有负责人，或通讯录有了变化。", "warning")
    return redirect(url_for(".posts"))


@administration.route("/posts/<int:post_id>/end", methods=["GET", "POST"])
@may(permissions.can_end_post)
def end_post(post: Post) -> ResponseReturnValue:
    """Ask whether to end the post, saying what waits there and who is asked then; and do it."""
    post_id, person_id, kind = post.id, post.person_id, post.kind
    back = url_for(".person", person_id=person_id)
    if post.ended_at is not None:
        flash("这个岗位已经免去。", "warning")
        return redirect(back)
    if request.method == "GET":
        return _ending_page(post, appointing.why_kept(post))
    try:
        appointing.end_post((g.actor.id, g.actor.name), post_id)
    except RefusedField as refused:
        return _ending_page(tenures.get_post(post_id), refused.sentence), UNPROCESSABLE
    flash("已免去。", "success")
    own = person_id == g.actor.id and kind is PostKind.ADMINISTRATOR
    return redirect(url_for("home.show") if own else back)


def _ending_page(post: Post, refused: str) -> str:
    return render_template("administration/end_post.html", post=post, ending=overview.ending_of(post), refused=refused)


def _place(text: str) -> overview.Place | None:
    """The line that the page before ended with, as the address names it; None where it names none."""
    found = _PLACE.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _pairs(values: list[str]) -> list[Pair]:
    """Who for which department, as the page named them; what it could not have sent is left out."""
    found = (_PAIR.fullmatch(value) for value in values)
    return [(int(pair[1]), int(pair[2])) for pair in found if pair]
