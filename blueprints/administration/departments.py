"""部门: what the directory does not know of them, the 党总支 that no directory has, mergers and splits."""

from collections.abc import Collection, Sequence
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.department_forms import BranchForm, DepartmentForm, KindForm, TargetForm
from blueprints.administration.returning import came_from, here
from blueprints.administration.ticking import ticked_ids
from blueprints.administration.views import administration
from blueprints.filings.fields import clean
from blueprints.filings.forms import PageForm
from blueprints.guards import may
from blueprints.statuses import CONFLICT, UNPROCESSABLE
from extensions import db
from models import Department, Group
from models.audit import By
from operations import merging, permissions, surveying
from operations.departments import (
    add_branch,
    describe,
    fingerprint,
    get_department,
    remove_branch,
    set_kind,
    what_holds,
)
from operations.errors import ChangedMeanwhile, RefusedField
from operations.renaming import proposals_in
from operations.rules import rules_in_force

#: As long as a department's name may be.
LONGEST_SEARCH = 64


@administration.get("/departments")
@may(permissions.can_administer)
def departments() -> ResponseReturnValue:
    """The departments of the college with who answers for each, and what is still to be set."""
    return _list(KindForm(formdata=None))


@administration.post("/departments")
@may(permissions.can_administer)
def set_kinds() -> ResponseReturnValue:
    """Say of the departments that were ticked what kind they are, and show the same list again."""
    form, ticked = KindForm(), ticked_ids("unit")
    kind = form.chosen()
    if kind is None or not ticked:
        return _list(form, ticked, refusal="" if ticked else "请至少勾选一个部门。")
    count = set_kind(_by(), ticked, kind)
    if count:
        flash(f"已将{count}个部门的类别设为{kind.label}。", "success")
    else:
        flash(f"没有改动：所选部门的类别已是{kind.label}，或部门有了变化。", "info")
    return redirect(here())


def _list(form: KindForm, ticked: Collection[int] = (), *, refusal: str = "") -> ResponseReturnValue:
    named, lacking = clean(request.args.get("q"))[:LONGEST_SEARCH], bool(request.args.get("lacking"))
    found = surveying.survey(named=named, lacking=lacking)
    return _answer(
        "administration/departments.html",
        form,
        refused=bool(refusal),
        rows=found[: surveying.MOST_SHOWN],
        count=len(found),
        named=named,
        lacking=lacking,
        ticked=ticked,
        refusal=refusal,
        here=here(),
    )


@administration.route("/departments/new", methods=["GET", "POST"])
@may(permissions.can_administer)
def new_branch() -> ResponseReturnValue:
    """Enter a 党总支 that no directory has."""
    form = BranchForm()
    if form.validate_on_submit():
        try:
            department_id = add_branch(_by(), form.name.data)
        except RefusedField as refused:
            _show(form, refused)
        else:
            flash("已添加，请任命党总支负责人，并在各部门的页面选择它。", "success")
            return redirect(url_for(".department", department_id=department_id))
    return _answer("administration/branch.html", form)


@administration.route("/departments/<int:department_id>", methods=["GET", "POST"])
@may(permissions.can_administer_department)
def department(department: Department) -> ResponseReturnValue:
    """One department: what the directory says, what an administrator says, who answers for it, what became of it."""
    department_id = department.id
    form = DepartmentForm(department, surveying.branches_for(department))
    if form.validate_on_submit():
        try:
            describe(_by(), department_id, form.facts(), seen=form.seen.data)
        except ChangedMeanwhile as changed:
            department = get_department(department_id)
            form.seen.data = fingerprint(department)
            return _answer("administration/department.html", form, changed=changed.sentence, **_page_of(department))
        except RefusedField as refused:
            _show(form, refused)
            department = get_department(department_id)
        else:
            flash("已保存。", "success")
            return redirect(here())
    return _answer("administration/department.html", form, **_page_of(department))


def _page_of(department: Department) -> dict[str, Any]:
    return {
        "department": department,
        "record": surveying.record_of(department),
        "proposals": proposals_in(db.session(), department),
        "next_one": surveying.next_lacking(department),
        "back": came_from(),
        "here": here(),
        "default_name": department.name if not department.is_college else rules_in_force().college_short_name,
    }


@administration.route("/departments/<int:department_id>/removal", methods=["GET", "POST"])
@may(permissions.can_administer_department)
def remove_department(department: Department) -> ResponseReturnValue:
    """Ask whether to remove a 党总支 that was entered here, or say what hangs on it, and do it."""
    if request.method == "POST":
        remove_branch(_by(), department.id)
        flash("已删除。", "success")
        return redirect(url_for(".departments"))
    reasons = what_holds(db.session(), department)
    return render_template("administration/removal.html", department=department, reasons=reasons)


@administration.route("/departments/<int:department_id>/merger", methods=["GET", "POST"])
@may(permissions.can_administer_department)
def merge_department(department: Department) -> ResponseReturnValue:
    """Choose the department that this one goes into, see what that moves and ends, and do it."""
    department_id, name = department.id, department.name
    others = surveying.other_departments(department)
    form = TargetForm("并入部门", others, formdata=request.values if "target" in request.values else None)
    target = _chosen(form, others) if "target" in request.values else None
    if target is not None and request.method == "POST":
        target_id, target_name = target.id, target.name
        try:
            merging.merge(_by(), department_id, target_id)
        except RefusedField as refused:
            _show(form, refused)
            department, target = get_department(department_id), None
        else:
            flash(f"{name}已并入{target_name}。", "success")
            return redirect(url_for(".department", department_id=target_id))
    affected = merging.preview_merger(department, target) if target else None
    return _answer("administration/merger.html", form, department=department, target=target, affected=affected)


@administration.route("/departments/<int:department_id>/split", methods=["GET", "POST"])
@may(permissions.can_administer_department)
def split_department(department: Department) -> ResponseReturnValue:
    """Choose groups and the department they go to, see them once more, and let them go."""
    department_id, others = department.id, surveying.other_departments(department)
    form, groups = TargetForm("划入部门", others), merging.groups_to_split(department)
    if request.method == "GET":
        return _split_page(form, department, groups)
    target, chosen = _chosen(form, others), _chosen_groups(groups)
    refusal = "" if chosen else "请至少勾选一个群组。"
    if target is None or not chosen:
        return _split_page(form, department, groups, chosen=chosen, refusal=refusal)
    if request.form.get("action") != "confirm":
        affected = merging.preview_split(department, target, chosen)
        if affected.clash:
            form.target.errors = [affected.clash]
            return _split_page(form, department, groups, chosen=chosen)
        return render_template(
            "administration/split_confirm.html", department=department, target=target, affected=affected
        )
    merging.split(_by(), department_id, target.id, [group.id for group in chosen])
    flash(f"已划出{len(chosen)}个群组。", "success")
    return redirect(url_for(".department", department_id=department_id))


def _split_page(
    form: TargetForm,
    department: Department,
    groups: Sequence[Group],
    *,
    chosen: Sequence[Group] = (),
    refusal: str = "",
) -> ResponseReturnValue:
    values: dict[str, Any] = {"department": department, "groups": groups, "refusal": refusal}
    chosen_ids = {group.id for group in chosen}
    return _answer("administration/split.html", form, refused=bool(refusal), chosen=chosen_ids, **values)


def _chosen_groups(groups: Sequence[Group]) -> list[Group]:
    wanted = set(request.form.getlist("group"))
    return [group for group in groups if str(group.id) in wanted]


def _chosen(form: TargetForm, departments: Sequence[Department]) -> Department | None:
    """The department that was chosen, or None with the sentence at the field."""
    if not form.validate():
        return None
    return next(unit for unit in departments if str(unit.id) == form.target.data)


def _by() -> By:
    return g.actor.id, g.actor.name


def _show(form: PageForm, refused: RefusedField) -> None:
    """Put the sentence beside the field it is about."""
    form[refused.field].errors = [refused.sentence]


def _answer(
    template: str, form: PageForm, *, refused: bool = False, changed: str = "", **values: Any
) -> ResponseReturnValue:
    """The page with its form; with an error status when that, or something beside it, was refused."""
    errors = [("", field) for field in form if field.errors]
    page = render_template(template, form=form, errors=errors, changed=changed, **values)
    return page, CONFLICT if changed else UNPROCESSABLE if errors or refused else 200
