"""主管院领导: one leader of the college oversees several departments, and is given them together."""

from collections.abc import Collection

from sqlalchemy import select

from models import Department
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.actors import Actor
from operations.appointing import appointee, give_post
from regulation import PostKind


def oversee(actor: Actor, person_id: int, department_ids: Collection[int]) -> int:
    """Make the person leader of these departments, as far as they are living; of how many they were not before.

    Raises NotFound, or RefusedField for somebody who left, a student, or where the person is a deputy already.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = appointee(session, person_id, field="person")
        living = (Department.id.in_(department_ids), Department.removed_at.is_(None))
        units = session.scalars(select(Department.id).where(*living).order_by(Department.id)).all()
        by = (actor.id, actor.name)
        return sum(give_post(session, person, PostKind.COLLEGE_LEADER, unit_id, by=by) for unit_id in units)
