"""People and groups: who left and is still named, who is called alike, groups of one name or of a former one."""

from sqlalchemy import ScalarSelect, func, select

from extensions import db
from models import Contact, Group, Person, PlatformIdentity
from operations.health.report import MOST_NAMED, Check, Level, Place, Row, Way, found
from operations.namesakes import as_told
from operations.renaming import units_with_proposals


def leavers_still_named() -> Check:
    """People who left and still answer for a live group."""
    groups = func.count(Contact.group_id.distinct())
    query = (
        select(Person.id, Person.name, func.coalesce(_account(), ""), groups, func.count().over())
        .join(Contact, Contact.person_id == Person.id)
        .join(Group, Group.id == Contact.group_id)
        .where(Person.left_at.is_not(None), Group.live)
        .group_by(Person.id, Person.name)
        .order_by(groups.desc(), Person.id)
        .limit(MOST_NAMED)
    )
    rows = db.session.execute(query).all()
    return found(
        "已离职但仍是群的责任人",
        Level.CARE,
        "第一责任人、群主或管理员离职后，由部门负责人安排移交。",
        (
            Row(
                name,
                _subject(user_id, person_id),
                Way(Place.PERSON, "查看", {"person_id": person_id}),
                f"{number}个群",
                names_people=True,
            )
            for person_id, name, user_id, number, _ in rows
        ),
        count=rows[0][4] if rows else 0,
        way=Way(Place.HANDOVERS, "办理移交"),
    )


def _account() -> ScalarSelect[str]:
    """An account of the person at hand."""
    theirs = select(func.min(PlatformIdentity.user_id)).where(PlatformIdentity.person_id == Person.id)
    return theirs.correlate(Person).scalar_subquery()


def _subject(user_id: str, person_id: int) -> str:
    """What a terminal calls somebody: by an account, where that may be told."""
    return as_told(user_id) or f"people {person_id}"


def of_one_name() -> Check:
    """People here who are called alike: they are told apart by their departments."""
    query = (
        select(
            Person.name,
            func.count(),
            func.coalesce(func.min(_account()), ""),
            func.min(Person.id),
            func.count().over(),
        )
        .where(Person.left_at.is_(None))
        .group_by(Person.name)
        .having(func.count() > 1)
        .order_by(func.count().desc(), Person.name)
        .limit(MOST_NAMED)
    )
    rows = db.session.execute(query).all()
    return found(
        "同名的人",
        Level.HINT,
        "填写备案时请从列表中选择，或写成“姓名（部门）”。",
        (
            Row(
                name,
                f"{_subject(user_id, lowest)} 等",
                Way(Place.PEOPLE, "查看", {"q": name}),
                f"{number}人",
                names_people=True,
            )
            for name, number, user_id, lowest, _ in rows
        ),
        count=rows[0][4] if rows else 0,
    )


def groups_of_one_name() -> Check:
    """Live groups of different departments that are called alike."""
    departments = func.count(Group.department_id.distinct())
    query = (
        select(Group.name, departments, func.max(Group.id), func.count().over())
        .where(Group.live)
        .group_by(Group.name)
        .having(departments > 1)
        .order_by(departments.desc(), Group.name)
        .limit(MOST_NAMED)
    )
    rows = db.session.execute(query).all()
    return found(
        "不同部门的同名群",
        Level.CARE,
        "请联系其中一个部门变更群名（第九条、第十三条）。",
        (
            Row(name, f"groups {last} and others", Way(Place.GROUP, "查看", {"group_id": last}), f"{number}个部门")
            for name, number, last, _ in rows
        ),
        count=rows[0][3] if rows else 0,
    )


def names_to_change() -> Check:
    """Departments that were renamed or merged, and whose live groups' names do not follow yet (第九条)."""
    return found(
        "群名待改的部门",
        Level.HINT,
        "单位更名、并入或调整简称后，群名与“单位简称+群名”不再相符（第九条）。由部门负责人安排改名。",
        (
            Row(unit.name, f"departments {unit.id}", Way(Place.NAMES, "查看", {"department_id": unit.id}), f"{n}个群")
            for unit, n in units_with_proposals(db.session())
        ),
    )
