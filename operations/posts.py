"""Posts: who holds which now."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from models import Person, PlatformIdentity, Post, Step
from regulation import PostKind

PostKey = tuple[PostKind, int | None]
#: Where a step lands that nobody can take: told in this order, the first kind of post that somebody holds.
FALL_BACK = (PostKind.ADMINISTRATOR, PostKind.REGISTRAR)


class Holders:
    """The people who hold some posts now, each with the account they are told at."""

    def __init__(self, posts: Iterable[tuple[Post, PlatformIdentity]]) -> None:
        self._of: dict[PostKey, dict[int, PlatformIdentity]] = defaultdict(dict)
        for post, identity in posts:
            self._of[post.kind, post.department_id].setdefault(post.person_id, identity)

    def of(self, kind: PostKind, department_id: int | None = None) -> list[PlatformIdentity]:
        """Who holds the post: one account a person."""
        return list(self._of.get((kind, department_id), {}).values())

    def of_step(self, step: Step) -> list[PlatformIdentity]:
        """Who may take the step, the applicant included."""
        return self.of(step.post, step.department_id)

    def fall_back(self) -> list[PlatformIdentity]:
        """Who is told of a post without a holder."""
        return next((found for kind in FALL_BACK if (found := self.of(kind))), [])


def holders(session: Session, keys: Iterable[PostKey]) -> Holders:
    """The present holders of these posts and of the fall-back's, in one query."""
    wanted = {*keys, *((kind, None) for kind in FALL_BACK)}
    query = (
        select(Post, PlatformIdentity)
        .join(Person, Person.id == Post.person_id)
        .join(PlatformIdentity, PlatformIdentity.person_id == Person.id)
        .where(Post.ended_at.is_(None), Person.left_at.is_(None), or_(*[_is_post(key) for key in wanted]))
        .options(joinedload(PlatformIdentity.person))
        .order_by(Post.id, PlatformIdentity.id)
    )
    return Holders((post, identity) for post, identity in session.execute(query))


def _is_post(key: PostKey) -> ColumnElement[bool]:
    kind, department_id = key
    return and_(Post.kind == kind, Post.department_id == department_id)
