"""Departments: what the directory does not know of them, and the 党总支 that no directory has."""

import hashlib
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from extensions import db
from models import (
    OWN,
    ChangeKind,
    Department,
    DepartmentChange,
    Filing,
    FilingState,
    Group,
    Post,
    Step,
    StepState,
    utc_now,
)
from models.audit import By, record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.errors import ChangedMeanwhile, NotFound, RefusedField
from operations.renaming import tell_of_names
from operations.rules import rules_in_force
from regulation import DepartmentKind, fold_name, is_blank, normalize_name

#: A filing in one of these states is not over: its group, live or not, still stands with its department.
OPEN = (FilingState.DRAFT, FilingState.IN_REVIEW, FilingState.APPROVED, FilingState.RETURNED)


CHANGED = "这个部门刚才已被别人修改，您的修改还没有保存。请核对，再按一次“保存”以您填写的为准。"


@dataclass(frozen=True)
class DepartmentFacts:
    """What an administrator says about a department. `name` counts only for one that no directory has."""

    kind: DepartmentKind | None = None
    short_name: str = ""
    party_branch_id: int | None = None
    all_heads: bool = False
    name: str = ""


def get_department(department_id: int) -> Department:
    """The department, living or not, with what it belongs to; raises NotFound."""
    query = (
        select(Department)
        .where(Department.id == department_id)
        .options(joinedload(Department.parent), joinedload(Department.party_branch), joinedload(Department.merged_into))
    )
    department = db.session.scalars(query).one_or_none()
    if department is None:
        raise NotFound
    return department


def facts_of(department: Department) -> DepartmentFacts:
    """What is said of a department now."""
    return DepartmentFacts(
        kind=department.kind,
        short_name=department.short_name or "",
        party_branch_id=department.party_branch_id,
        all_heads=department.all_heads,
        name=department.name,
    )


def fingerprint(department: Department) -> str:
    """What is said of a department now, as a short text: the same for the same facts, another for any other."""
    return hashlib.sha256(repr(facts_of(department)).encode()).hexdigest()[:32]


def describe(by: By, department_id: int, facts: DepartmentFacts, *, seen: str | None = None) -> None:
    """Set what the directory does not know of a department; `seen` is the fingerprint of what the page showed.

    Raises NotFound, ChangedMeanwhile, or RefusedField naming what cannot be.
    """
    with unit_of_work() as session:
        # Whoever else changes departments waits, so that what is checked here stays true.
        take_turn(session, POSTS_TURN)
        department = _living(session, department_id)
        if seen not in (None, fingerprint(department)):
            raise ChangedMeanwhile(CHANGED)
        before = facts_of(department)
        _refuse_branch(session, department, facts.party_branch_id)
        if department.platform == OWN:
            _rename(session, department, facts.name)
        else:
            department.kind = facts.kind
        _set_short_name(session, department, facts.short_name)
        department.all_heads, department.party_branch_id = facts.all_heads, facts.party_branch_id
        session.flush()
        if changes := _changes(before, facts_of(department)):
            record(session, "department.describe", department, by=by, details=changes)


def set_kind(by: By, department_ids: Collection[int], kind: DepartmentKind) -> int:
    """Say of several departments of the directory at once what kind they are; of how many that was not said before.

    Those that are gone meanwhile are left out.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        wanted = (Department.id.in_(department_ids), Department.platform != OWN, Department.removed_at.is_(None))
        rows = session.scalars(select(Department).where(*wanted, Department.kind.is_distinct_from(kind))).all()
        for department in rows:
            before, department.kind = facts_of(department), kind
            changes = _changes(before, facts_of(department))
            record(session, "department.describe", department, by=by, details=changes)
        return len(rows)


def add_branch(by: By, name: str) -> int:
    """Enter a 党总支 that no directory has; its id. Raises RefusedField when the name is taken."""
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        name = normalize_name(name)
        department = Department(platform=OWN, platform_key=uuid.uuid4().hex, kind=DepartmentKind.PARTY_BRANCH)
        _refuse_name(session, department, name)
        department.name = name
        session.add(department)
        session.flush()
        record(session, "department.add", department, by=by, details={"name": name})
        return department.id


def remove_branch(by: By, department_id: int) -> None:
    """Remove a 党总支 that was entered here; raises NotFound, or RefusedField while something still hangs on it."""
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        department = _living(session, department_id)
        if reasons := what_holds(session, department):
            raise RefusedField("department", f"{department.name}还不能删除：{'；'.join(reasons)}。")
        department.removed_at = utc_now()
        session.flush()
        record(session, "department.remove", department, by=by, details={"name": department.name})


def note_renamed(session: Session, department: Department, old_name: str) -> None:
    """Remember that the department is called otherwise now, and tell its head which groups' names should follow."""
    _note(session, department, ChangeKind.RENAMED, old_name, department.name)


def what_holds(session: Session, department: Department) -> list[str]:
    """Why a department that was entered here cannot be removed, in words; nothing when it can."""
    if department.platform != OWN:
        return ["它来自通讯录，请在企业微信管理后台调整"]
    return list(_holds(session, department.id))


def _holds(session: Session, department_id: int) -> Iterator[str]:
    mapped = session.scalars(
        select(Department.name).where(Department.party_branch_id == department_id, Department.removed_at.is_(None))
    ).all()
    if mapped:
        yield f"{'、'.join(mapped)}的所属党总支是它，请先改为其他党总支"
    posts = _count(session, select(Post.id).where(Post.department_id == department_id, Post.ended_at.is_(None)))
    if posts:
        yield f"有{posts}项任职，请先免去"
    here = or_(Group.department_id == department_id, Group.supervisor_id == department_id)
    unfinished = select(Filing.group_id).where(Filing.state.in_(OPEN))
    groups = _count(session, select(Group.id).where(here, or_(Group.live, Group.id.in_(unfinished))))
    if groups:
        yield f"有{groups}个群组或草稿，请先转入其他部门"
    open_steps = Step.state.in_((StepState.PENDING, StepState.WAITING))
    steps = _count(session, select(Step.id).where(Step.department_id == department_id, open_steps))
    if steps:
        yield f"有{steps}份备案等待它审核，请先办结"


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _living(session: Session, department_id: int) -> Department:
    department = session.get(Department, department_id)
    if department is None or department.removed_at is not None:
        raise NotFound("这个部门已撤销或不存在。")
    return department


def _rename(session: Session, department: Department, name: str) -> None:
    name, old = normalize_name(name), department.name
    if name != old:
        _refuse_name(session, department, name)
        department.name = name
        note_renamed(session, department, old)


def _refuse_name(session: Session, department: Department, name: str) -> None:
    if is_blank(name):
        raise RefusedField("name", "请填写党总支的名称，例如：护理系党总支。")
    if department.short_name is None:
        _refuse_taken(session, department, name, field="name")


def _set_short_name(session: Session, department: Department, short_name: str) -> None:
    college = rules_in_force().college_short_name
    short_name, old = normalize_name(short_name), department.unit_short_name(college)
    if short_name and is_blank(short_name):
        raise RefusedField("short_name", "单位简称须含有文字；不另设简称时请留空。")
    new = short_name or (college if department.is_college else department.name)
    if new != old:
        _refuse_taken(session, department, new, field="short_name")
    department.short_name = short_name or None
    if new != old:
        _note(session, department, ChangeKind.SHORT_NAME, old, new)


def _refuse_taken(session: Session, department: Department, short_name: str, *, field: str) -> None:
    """Two units never answer to one 单位简称, their own or by default; an administrator decides whose it is."""
    college = rules_in_force().college_short_name
    wanted = fold_name(short_name)
    with session.no_autoflush:
        others = session.scalars(
            select(Department).where(Department.removed_at.is_(None), Department.id.is_distinct_from(department.id))
        ).all()
    if wanted == fold_name(college) and not department.is_college:
        raise RefusedField(field, f"“{short_name}”是学院的简称，请为部门换一个单位简称。")
    holder = next((other for other in others if fold_name(other.unit_short_name(college)) == wanted), None)
    if holder is not None:
        sentence = f"“{short_name}”已是{holder.name}的单位简称，请换一个，或先为{holder.name}另设单位简称。"
        raise RefusedField(field, sentence)


def _refuse_branch(session: Session, department: Department, branch_id: int | None) -> None:
    """A 党总支 answers for units, and for nobody else's 党总支: so there is never a circle nor a chain."""
    if branch_id is None or branch_id == department.party_branch_id:
        return
    branch = session.get(Department, branch_id)
    if branch is None or branch.removed_at is not None:
        raise RefusedField("party_branch_id", "这个党总支已撤销，请另选一个。")
    if branch.id == department.id:
        raise RefusedField("party_branch_id", f"{department.name}不能隶属于自己；由本单位党总支审核的，请选“本单位”。")
    if branch.party_branch_id is not None:
        raise RefusedField("party_branch_id", f"{branch.name}自身隶属于另一个党总支，请直接选择那个党总支。")
    dependent = session.scalars(
        select(Department.name).where(Department.party_branch_id == department.id, Department.removed_at.is_(None))
    ).first()
    if dependent is not None:
        sentence = f"{dependent}的所属党总支正是{department.name}，请先为{dependent}另选党总支。"
        raise RefusedField("party_branch_id", sentence)


def _changes(before: DepartmentFacts, after: DepartmentFacts) -> dict[str, object]:
    """What is said otherwise now, each with what it was; a 党总支 by its id."""
    old, new = vars(before), vars(after)
    return {name: {"from": old[name], "to": new[name]} for name in old if old[name] != new[name]}


def _note(session: Session, department: Department, kind: ChangeKind, old_name: str, new_name: str) -> None:
    change = DepartmentChange(department_id=department.id, kind=kind, old_name=old_name, new_name=new_name)
    session.add(change)
    tell_of_names(session, department, change)
