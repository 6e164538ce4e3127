"""实名昵称核对 of a group: its member list held against the directory. Only counts are kept."""

from collections import defaultdict

from sqlalchemy import select

from extensions import db
from models import Department, Group, Membership, NicknameCheck, Person
from models.audit import record
from models.database import unit_of_work
from operations.actors import Actor
from operations.errors import RefusedField
from operations.rules import rules_for
from regulation.nicknames import Comparison, Directory, Fault, read_nicknames

#: How many nicknames are compared at a time.
MOST = 5_000


def last_check(group_id: int) -> NicknameCheck | None:
    """What came of the group's newest comparison."""
    query = select(NicknameCheck).where(NicknameCheck.group_id == group_id).order_by(NicknameCheck.id.desc()).limit(1)
    return db.session.scalar(query)


def example_for(group: Group) -> str:
    """A nickname as 第九条 wants it, of the group's own department; of 宣传统战部 for a group of the college's."""
    rules, unit = rules_for(None), group.department
    if unit is None or unit.is_college:
        return f"张三+{rules.registry_office}"
    return f"张三+{unit.unit_short_name(rules.college_short_name)}"


def check_nicknames(actor: Actor, group_id: int, text: str) -> Comparison:
    """Compare a pasted member list with the directory and keep how many fit; none of the nicknames is kept.

    Raises RefusedField for a list without a nickname, or with too many.
    """
    nicknames = read_nicknames(text)
    if not nicknames:
        raise RefusedField("members", "成员名单里没有昵称。请粘贴群成员的昵称，一行一个，用于核对第九条的实名+部门。")
    if len(nicknames) > MOST:
        raise RefusedField("members", f"成员名单有{len(nicknames)}个昵称，一次最多核对{MOST}个，请分几次核对。")
    found = _read_directory().compare(nicknames)
    _keep(actor, group_id, found)
    return found


def _keep(actor: Actor, group_id: int, found: Comparison) -> None:
    counts = {
        "total": found.total,
        "fitting": found.fitting,
        "malformed": found.malformed,
        "unknown": found.count(Fault.UNKNOWN),
        "misplaced": found.count(Fault.MISPLACED),
    }
    with unit_of_work() as session:
        session.add(NicknameCheck(group_id=group_id, person_id=actor.id, person_name=actor.name, **counts))
        group = session.get_one(Group, group_id)
        record(session, "nicknames.check", group, by=(actor.id, actor.name), details=counts)


def _read_directory() -> Directory:
    """Everybody who is here, by their departments and the units above these, in three queries."""
    living = Department.removed_at.is_(None)
    units = {unit.id: unit for unit in db.session.scalars(select(Department).where(living))}
    names = {unit_id: _names_within(unit, units) for unit_id, unit in units.items()}
    belongs: dict[int, list[int]] = defaultdict(list)
    for person_id, unit_id in db.session.execute(select(Membership.person_id, Membership.department_id)):
        belongs[person_id].append(unit_id)
    people: dict[str, list[list[str]]] = defaultdict(list)
    here = select(Person.id, Person.name, Person.department_id).where(Person.left_at.is_(None))
    for person_id, name, main_id in db.session.execute(here):
        # The main department first: it is what a remedy names.
        own = dict.fromkeys([main_id, *belongs[person_id]])
        people[name].append([said for key in own if key for said in names.get(key, ())])
    return Directory(people, {said for words in names.values() for said in words})


def _names_within(unit: Department, units: dict[int, Department]) -> list[str]:
    """What the department may be called in a nickname: by itself, or by a unit above it; the college is no department,
    but to those who belong to nothing else."""
    college = rules_for(None).college_short_name
    said, above, seen = [], unit, {unit.id}
    while above is unit or not above.is_college:
        said += [above.unit_short_name(college), above.name]
        if above.parent_id not in units or above.parent_id in seen:
            break
        above = units[above.parent_id]
        seen.add(above.id)
    return list(dict.fromkeys(said))
