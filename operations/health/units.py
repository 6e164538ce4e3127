"""Posts and departments: what 第八条 needs to find its approvers, and 第九条 for names. There are hundreds at most."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from extensions import db
from models import Department, Group, Person, Post, Step, StepState
from operations.clock import college_today
from operations.health.report import Check, Level, Place, Row, Way, found
from operations.posts import PostKey
from operations.reading import living_departments
from operations.rules import rules_in_force
from regulation import DepartmentKind, PostKind, fold_name

#: Posts without which nothing is registered and nobody appoints the next.
COLLEGE_POSTS = (PostKind.ADMINISTRATOR, PostKind.REGISTRAR)


@dataclass(frozen=True)
class Units:
    """The living departments, and by post the names of those who hold it: present, and gone; present until when."""

    departments: dict[int, Department]
    present: dict[PostKey, list[str]]
    gone: dict[PostKey, list[tuple[int, str]]]
    last_days: dict[PostKey, list[date | None]]

    @property
    def filing(self) -> list[Department]:
        """Those that groups are filed for: neither the college itself nor a 党总支."""
        return [
            unit
            for unit in self.departments.values()
            if not unit.is_college and unit.kind is not DepartmentKind.PARTY_BRANCH
        ]

    def lacking(self, kind: PostKind) -> list[Department]:
        """The departments of which nobody holds this post, nor held it until they left."""
        held = {*self.present, *self.gone}
        return [unit for unit in self.filing if (kind, unit.id) not in held]

    def without_branch(self) -> list[Department]:
        """The units that neither have a 党总支 of their own nor belong to one, nor have a secretary all the same."""
        return [
            unit
            for unit in self.filing
            if unit.kind is not None
            and not unit.kind.has_secretary
            and unit.party_branch_id is None
            and (PostKind.PARTY_SECRETARY, unit.id) not in self.present
        ]

    def lacking_secretary(self) -> list[tuple[Department, Department | None]]:
        """The 系部, and what belongs to a 党总支, that no secretary answers for; each with where one is looked for:
        nowhere, if the 党总支 is no more."""
        due = [unit for unit in self.filing if unit.kind is DepartmentKind.FACULTY or unit.party_branch_id]
        asked = [(unit, self.departments.get(unit.party_branch_id or unit.id)) for unit in due]
        held = {unit_id for kind, unit_id in self.present if kind is PostKind.PARTY_SECRETARY}
        return [(unit, branch) for unit, branch in asked if branch is None or branch.id not in held]


def read_units() -> Units:
    """The departments and who holds which post today, in two queries."""
    departments = {unit.id: unit for unit in living_departments()}
    held = (
        select(Post.kind, Post.department_id, Person.id, Person.name, Person.left_at, Post.ends_on)
        .join(Post.person)
        .where(Post.held(college_today()))
        .order_by(Post.id)
    )
    present: dict[PostKey, list[str]] = defaultdict(list)
    gone: dict[PostKey, list[tuple[int, str]]] = defaultdict(list)
    last_days: dict[PostKey, list[date | None]] = defaultdict(list)
    for kind, department_id, person_id, name, left_at, ends_on in db.session.execute(held):
        if left_at is None:
            present[kind, department_id].append(name)
            last_days[kind, department_id].append(ends_on)
        else:
            gone[kind, department_id].append((person_id, name))
    alone = {key: who for key, who in gone.items() if key not in present}
    return Units(departments, dict(present), alone, dict(last_days))


def college_posts(units: Units) -> Check:
    """The posts of the whole college that nobody holds."""
    missing = [kind for kind in COLLEGE_POSTS if (kind, None) not in units.present]
    rows = (Row(f"没有人担任{kind.label}", f"post {kind.name}", _appoint(kind)) for kind in missing)
    said = {
        PostKind.ADMINISTRATOR: "没有系统管理员，请在服务器上用 flask --app app appoint 任命；"
        "INITIAL_ADMINISTRATORS 里的人在下次同步或登录时也会恢复。",
        PostKind.REGISTRAR: "没有备案登记人，审核通过的备案无法办理。",
    }
    return found("全院岗位空缺", Level.FAULT, "".join(said[kind] for kind in missing), rows)


def lasting_administrator(units: Units) -> Check:
    """Whether an administrator will be there after every last day that is set."""
    days = units.last_days.get((PostKind.ADMINISTRATOR, None), [])
    last = max((day for day in days if day is not None), default=None)
    rows = [] if last is None or None in days else [Row(f"最晚到{last}", f"post {PostKind.ADMINISTRATOR.name}")]
    return found(
        "系统管理员都有结束日期",
        Level.CARE,
        "到期以后没有人能任命下一位。请任命一位不设结束日期的系统管理员。",
        rows,
        way=_appoint(PostKind.ADMINISTRATOR),
    )


def posts_of_leavers(units: Units) -> Check:
    """The posts whose only holders have left, but for those that `college_posts` tells of."""
    told = {(kind, None) for kind in COLLEGE_POSTS}
    places = {None, *units.departments}
    left = [(key, who) for key, who in units.gone.items() if key not in told and key[1] in places]
    return found(
        "任职人已离职的岗位",
        Level.CARE,
        "这些岗位没有其他人担任，到了这一步的备案无人审核。本人回到通讯录后恢复任职；另行任命后不再恢复。",
        (_left_behind(units, key, who) for key, who in left),
        way=_posts(left[0][0][0]) if left else None,
    )


def _left_behind(units: Units, key: PostKey, who: list[tuple[int, str]]) -> Row:
    kind, department_id = key
    unit = units.departments[department_id].name if department_id else ""
    names = "、".join(name for _, name in who)
    return Row(
        f"{unit}{kind.label}：{names}已离职", f"{unit}{kind.label}", _appoint(kind, department_id), names_people=True
    )


def waiting_at_vacancies(units: Units) -> Check:
    """The posts that nobody holds and that filings wait at."""
    query = (
        select(Step.post, Step.department_id, func.max(Step.department_name), func.count())
        .where(Step.state == StepState.PENDING)
        .group_by(Step.post, Step.department_id)
        .order_by(func.count().desc())
    )
    waiting = [
        (kind, unit_id, name, number)
        for kind, unit_id, name, number in db.session.execute(query)
        if (kind, unit_id) not in units.present
    ]
    return found(
        "有备案在等的空缺岗位",
        Level.FAULT,
        "岗位一经任命，系统会自动通知新的审核人。",
        (
            Row(f"{name}{kind.label}：{number}份备案在等", _post((kind, unit_id)), *_filling(units, kind, unit_id))
            for kind, unit_id, name, number in waiting
        ),
    )


def _filling(units: Units, kind: PostKind, unit_id: int | None) -> tuple[Way, str]:
    """How the post is filled; in a department that is no more it is not, but what waits can go to another."""
    if unit_id is None or unit_id in units.departments:
        return _appoint(kind, unit_id), ""
    return Way(Place.DEPARTMENT, "处理", {"department_id": unit_id}), "部门已撤销，请并入其他部门"


def without_head(units: Units) -> Check:
    """The departments that nobody heads."""
    return found(
        "没有部门负责人的部门",
        Level.CARE,
        "以部门名义的群由部门负责人审核（第八条第2项）。",
        _lacking(units, PostKind.DEPARTMENT_HEAD),
        way=_posts(PostKind.DEPARTMENT_HEAD),
    )


def without_leader(units: Units) -> Check:
    """The departments that no leader of the college oversees."""
    return found(
        "没有主管院领导的部门",
        Level.CARE,
        "以学院名义的群须经主管院领导审核（第八条第1项）。",
        _lacking(units, PostKind.COLLEGE_LEADER),
        way=_posts(PostKind.COLLEGE_LEADER),
    )


def _lacking(units: Units, kind: PostKind) -> Iterator[Row]:
    return (Row(unit.name, _unit(unit), _appoint(kind, unit.id)) for unit in units.lacking(kind))


def without_secretary(units: Units) -> Check:
    """The 系部 whose class and student groups nobody could approve."""
    return found(
        "没有党总支负责人的系部和单位",
        Level.CARE,
        "系部团学组织和班级的群由党总支负责人审核（第八条第4项）。请设置所属党总支，或任命本系部的党总支负责人。",
        (
            Row(unit.name, _unit(unit), _secretary_way(unit, branch), _branch_in_words(unit, branch))
            for unit, branch in units.lacking_secretary()
        ),
    )


def _branch_in_words(unit: Department, branch: Department | None) -> str:
    if branch is None:
        return "所属党总支已撤销，请另选"
    return "" if branch is unit else f"所属：{branch.name}"


def _secretary_way(unit: Department, branch: Department | None) -> Way:
    if branch is None or branch is unit:
        return _of_unit(unit, "设置")
    return _appoint(PostKind.PARTY_SECRETARY, branch.id)


def without_branch(units: Units) -> Check:
    """The other units that have no 党总支: whoever files a class or student group there is stopped."""
    return found(
        "没有对应党总支的单位",
        Level.HINT,
        "这些单位不能以系部团学组织或班级的名义建群（第八条第4项）。需要时请为它设置所属党总支。",
        (Row(unit.name, _unit(unit), _of_unit(unit, "设置")) for unit in units.without_branch()),
        way=Way(Place.DEPARTMENTS, "查看部门"),
    )


def of_unknown_kind(units: Units) -> Check:
    """The departments of which nobody has said yet what kind of unit they are."""
    return found(
        "未设置单位类别的部门",
        Level.CARE,
        "单位类别决定由谁审核系部和团学组织的群。",
        (Row(unit.name, _unit(unit), _of_unit(unit, "设置")) for unit in units.filing if unit.kind is None),
        way=Way(Place.DEPARTMENTS, "查看部门"),
    )


def without_short_name(units: Units) -> Check:
    """The departments whose 单位简称 is their whole name, for want of another."""
    return found(
        "没有单独设置单位简称的部门",
        Level.HINT,
        "目前以通讯录中的部门名称作为单位简称，可以正常使用（第九条）。",
        (Row(unit.name, _unit(unit), _of_unit(unit, "设置")) for unit in units.filing if not unit.short_name),
        way=Way(Place.DEPARTMENTS, "查看部门"),
    )


def one_short_name_twice(units: Units) -> Check:
    """The 单位简称 that several departments go by."""
    college = rules_in_force().college_short_name
    by_name: dict[str, list[Department]] = defaultdict(list)
    for unit in units.departments.values():
        by_name[fold_name(unit.unit_short_name(college))].append(unit)
    return found(
        "相同的单位简称",
        Level.CARE,
        "群名以单位简称开头（第九条），简称相同就分不清是哪个部门的群。",
        (_shared(name, of_name) for name, of_name in by_name.items() if len(of_name) > 1),
    )


def _shared(name: str, units: list[Department]) -> Row:
    to_change = next((unit for unit in units if not unit.short_name), units[-1])
    ids = ", ".join(str(unit.id) for unit in units)
    return Row(f"“{name}”：{_some(unit.name for unit in units)}", f"departments {ids}", _of_unit(to_change, "修改"))


def removed_with_groups() -> Check:
    """The departments that the directory no longer has, and that groups still belong to."""
    query = (
        select(Department.id, Department.name, func.count(), func.count().over())
        .join(Group, Group.department_id == Department.id)
        .where(Department.removed_at.is_not(None), Group.live)
        .group_by(Department.id, Department.name)
        .order_by(Department.id)
    )
    rows = db.session.execute(query).all()
    return found(
        "已撤销但还有群的部门",
        Level.CARE,
        "请把这些群划到现在的部门。",
        (
            Row(name, f"departments {unit_id}", Way(Place.DEPARTMENT, "处理", {"department_id": unit_id}), f"{n}个群")
            for unit_id, name, n, _ in rows
        ),
    )


def _some(names: Iterable[str], most: int = 4) -> str:
    listed = list(names)
    return "、".join(listed[:most]) + (f"等{len(listed)}个" if len(listed) > most else "")


def _appoint(kind: PostKind, department_id: int | None = None) -> Way:
    ids: dict[str, int | str] = {"post": kind.value}
    return Way(Place.APPOINT, "任命", ids if department_id is None else {**ids, "department": department_id})


def _posts(kind: PostKind) -> Way:
    return Way(Place.POSTS, f"查看{kind.label}", {"kind": kind.value})


def _of_unit(unit: Department, label: str) -> Way:
    return Way(Place.DEPARTMENT, label, {"department_id": unit.id})


def _unit(unit: Department) -> str:
    return f"departments {unit.id}"


def _post(key: PostKey) -> str:
    kind, department_id = key
    return f"post {kind.name}" + (f" of departments {department_id}" if department_id else "")
