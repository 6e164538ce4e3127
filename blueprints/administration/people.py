"""人员: finding somebody, what they hold, and giving them a post."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.forms import PostForm
from blueprints.administration.returning import came_from
from blueprints.administration.views import administration
from blueprints.filings.fields import clean
from blueprints.guards import may
from blueprints.paging import asked_before
from blueprints.picking import LONGEST_NAME
from blueprints.statuses import UNPROCESSABLE
from models import Department, Person
from operations import appointing, finding, permissions, tenures
from operations.clock import college_today
from operations.errors import RefusedField
from operations.reading import living_departments
from regulation import PostKind


@administration.get("/people")
@may(permissions.can_administer)
def people() -> ResponseReturnValue:
    """Search by name, pinyin or department; on the way to an appointment each row leads to the prefilled form."""
    text, gone = clean(request.args.get("q"))[:LONGEST_NAME], bool(request.args.get("gone"))
    found = finding.find_people(text, gone=gone, after=asked_before("after"))
    wanted = _wanted_post(living_departments())
    return render_template(
        "administration/people.html",
        text=text,
        gone=gone,
        found=found,
        posts=tenures.posts_of(found.people),
        wanted=wanted,
        wanted_label=_label(*wanted) if wanted else "",
        back=came_from(),
    )


@administration.get("/people/<int:person_id>")
@may(permissions.can_administer_person)
def person(person: Person) -> ResponseReturnValue:
    """Who somebody is, what they hold, held and will hold, and the form to give them a post."""
    departments = living_departments()
    form = PostForm(departments, formdata=None)
    if wanted := _wanted_post(departments):
        kind, department = wanted
        form.kind.data, form.department_id.data = kind.value, str(department.id) if department else ""
    return _page_of(person, form)


@administration.post("/people/<int:person_id>/posts")
@may(permissions.can_administer_person)
def give_post(person: Person) -> ResponseReturnValue:
    """Give the person the post that the form says."""
    form = PostForm(living_departments())
    if not form.says_all():
        return _page_of(person, form), UNPROCESSABLE
    kind, department_id = form.post
    person_id, name = person.id, person.name
    try:
        given = appointing.give((g.actor.id, g.actor.name), person_id, kind, department_id, form.term)
    except RefusedField as refused:
        form.show(refused)
        return _page_of(tenures.get_somebody(person_id), form), UNPROCESSABLE
    if given:
        flash(f"已任命{name}为{form.post_label}。", "success")
    else:
        flash(f"{name}已担任这个岗位，没有重复任命。要改任期，请先免去再任命。", "warning")
    return redirect(came_from() or url_for(".person", person_id=person_id))


def _page_of(person: Person, form: PostForm) -> str:
    return render_template(
        "administration/person.html",
        person=person,
        record=tenures.record_of(person),
        form=form,
        today=college_today(),
        back=came_from(),
    )


def _wanted_post(departments: list[Department]) -> tuple[PostKind, Department | None] | None:
    """The post that the address asks to give; None where it asks for none, or for none that there is."""
    kind = next((kind for kind in PostKind if kind.value == request.args.get("post", "").lower()), None)
    if kind is None or not kind.for_department:
        return (kind, None) if kind else None
    unit = next((unit for unit in departments if str(unit.id) == request.args.get("department")), None)
    return (kind, unit) if unit else None


def _label(kind: PostKind, department: Department | None) -> str:
    return f"{department.name if department else ''}{kind.label}"
