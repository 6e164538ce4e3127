"""Who acts: a signed-in person with the posts they hold now, as a plain value."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, load_only

from extensions import db
from models import Person, Post
from regulation import PostKind


@dataclass(frozen=True)
class Actor:
    """A person at the moment of a request. `posts` holds kind and department id of each post held now."""

    id: int
    name: str
    department_id: int | None = None
    department_name: str = ""
    posts: frozenset[tuple[PostKind, int | None]] = frozenset()

    def holds(self, kind: PostKind, department_id: int | None = None) -> bool:
        """Whether the person holds this post now; for a department's post, in that department."""
        return (kind, department_id) in self.posts

    @property
    def oversees(self) -> bool:
        """Registrars, auditors and administrators see every group of the college."""
        return any(self.holds(kind) for kind in (PostKind.REGISTRAR, PostKind.AUDITOR, PostKind.ADMINISTRATOR))


def find_actor(person_id: int) -> Actor | None:
    """The person as an actor, or None if there is no such person in the college (any more)."""
    query = (
        select(Person)
        .outerjoin(Post, (Post.person_id == Person.id) & Post.ended_at.is_(None))
        .where(Person.id == person_id, Person.left_at.is_(None))
        .options(
            load_only(Person.name, Person.department_id), contains_eager(Person.posts), joinedload(Person.department)
        )
        .execution_options(populate_existing=True)
    )
    person = db.session.scalars(query).unique().one_or_none()
    return actor_of(person) if person else None


def actor_of(person: Person) -> Actor:
    """The actor that a loaded person is."""
    return Actor(
        id=person.id,
        name=person.name,
        department_id=person.department_id,
        department_name=person.department.name if person.department else "",
        posts=frozenset((post.kind, post.department_id) for post in person.posts if post.ended_at is None),
    )
