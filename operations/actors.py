"""Who acts: a signed-in person with the posts they act in now, as a plain value."""

from dataclasses import dataclass

from sqlalchemy import and_, exists, not_, or_, select
from sqlalchemy.orm import aliased

from extensions import db
from models import Department, Person, Post
from operations.clock import college_today
from operations.posts import acts_for
from regulation import PostKind


@dataclass(frozen=True)
class Actor:
    """A person at the moment of a request. `posts` holds kind and department id of each post they act in now:
    those they hold, those delegated to them, and as a deputy those that nobody else holds."""

    id: int
    name: str
    department_id: int | None = None
    department_name: str = ""
    posts: frozenset[tuple[PostKind, int | None]] = frozenset()

    def holds(self, kind: PostKind, department_id: int | None = None) -> bool:
        """Whether the person acts in this post now; for a department's post, in that department."""
        return (kind, department_id) in self.posts

    @property
    def headed(self) -> frozenset[int]:
        """The departments whose head the person is."""
        return frozenset(unit for kind, unit in self.posts if kind is PostKind.DEPARTMENT_HEAD and unit is not None)

    @property
    def oversees(self) -> bool:
        """Registrars, auditors and administrators see every group of the college."""
        return any(self.holds(kind) for kind in (PostKind.REGISTRAR, PostKind.AUDITOR, PostKind.ADMINISTRATOR))


def find_actor(person_id: int) -> Actor | None:
    """The person as an actor, or None if there is no such person in the college (any more)."""
    today = college_today()
    holder, other, other_holder = aliased(Person), aliased(Post), aliased(Person)
    somebody_else_holds_it = exists().where(
        other.kind == Post.kind,
        other.department_id.is_not_distinct_from(Post.department_id),
        not_(other.is_deputy),
        other.held(today),
        other_holder.id == other.person_id,
        other_holder.left_at.is_(None),
    )
    acts = and_(
        Post.held(today),
        or_(Post.person_id == Person.id, acts_for(Person.id, today)),
        # Nobody acts for somebody who left.
        exists().where(holder.id == Post.person_id, holder.left_at.is_(None)),
        or_(not_(Post.is_deputy), not_(somebody_else_holds_it)),
    )
    query = (
        select(Person.name, Person.department_id, Department.name, Post.kind, Post.department_id)
        .outerjoin(Department, Department.id == Person.department_id)
        .outerjoin(Post, acts)
        .where(Person.id == person_id, Person.left_at.is_(None))
    )
    rows = db.session.execute(query).all()
    if not rows:
        return None
    name, department_id, department_name, *_ = rows[0]
    posts = frozenset((kind, unit) for *_, kind, unit in rows if kind is not None)
    return Actor(person_id, name, department_id, department_name or "", posts)
