"""Heads that the directory proposes: whom it calls leader (`is_leader_in_dept` [90200]) of a department without one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, exists, not_, or_, select
from sqlalchemy.orm import Session, aliased

from extensions import db
from models import Department, Membership, Person, Post
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.actors import Actor
from operations.appointing import give_post
from operations.clock import college_today
from operations.students import is_student
from regulation import DepartmentKind, PostKind

#: How many are listed, and appointed at once.
MOST_PROPOSED = 100
Pair = tuple[int, int]


@dataclass(frozen=True)
class Proposal:
    """Somebody whom the directory calls the leader of a department that nobody heads."""

    person: Person
    department: Department

    @property
    def pair(self) -> Pair:
        return (self.person.id, self.department.id)


def proposals() -> Sequence[Proposal]:
    """Whom an administrator may want to appoint; worked out anew each time, and never a right by itself."""
    return _proposals(db.session())


def appoint_proposed(actor: Actor, wanted: Iterable[Pair]) -> int:
    """Appoint those of `wanted` who are still proposed; how many were given the post."""
    pairs = set(wanted)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        chosen = [proposal for proposal in _proposals(session) if proposal.pair in pairs]
        by = (actor.id, actor.name)
        return sum(give_post(session, p.person, PostKind.DEPARTMENT_HEAD, p.department.id, by=by) for p in chosen)


def _proposals(session: Session) -> list[Proposal]:
    holder = aliased(Person)
    # A head of the days to come counts: somebody has been thought of.
    still = or_(Post.ends_on.is_(None), Post.ends_on >= college_today())
    headed = exists().where(
        *(Post.kind == PostKind.DEPARTMENT_HEAD, Post.department_id == Department.id, not_(Post.is_deputy)),
        *(Post.ended_at.is_(None), still, holder.id == Post.person_id, holder.left_at.is_(None)),
    )
    own = aliased(Post)
    # A deputy is made head by hand: their first post has to end before.
    deputy = exists().where(
        *(own.kind == PostKind.DEPARTMENT_HEAD, own.department_id == Department.id, own.person_id == Person.id),
        own.ended_at.is_(None),
    )
    # The college itself is no unit, and who answers for a 党总支 is its secretary.
    is_unit = and_(not_(Department.is_college), Department.kind.is_distinct_from(DepartmentKind.PARTY_BRANCH))
    query = (
        select(Person, Department)
        .join(Membership, Membership.person_id == Person.id)
        .join(Department, Department.id == Membership.department_id)
        .where(Membership.is_leader, Person.left_at.is_(None), Department.removed_at.is_(None), is_unit)
        .where(not_(headed), not_(deputy))
        .order_by(Department.sort_order.desc(), Department.id, Person.id)
        .limit(MOST_PROPOSED)
    )
    found = session.execute(query)
    return [Proposal(person, department) for person, department in found if not is_student(person)]
