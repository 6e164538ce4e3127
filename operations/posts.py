"""Posts: who holds which now."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, contains_eager

from models import Person, PlatformIdentity, Post, Step
from regulation import PostKind

PostKey = tuple[PostKind, int | None]
#: Where a step lands that nobody can take: told in this order, the first kind of post that somebody holds.
FALL_BACK = (PostKind.ADMINISTRATOR, PostKind.REGISTRAR)


class Holders:
    """The people who hold some posts now, and perhaps a few others, each with the account they are told at."""

    def __init__(self, rows: Iterable[tuple[PlatformIdentity, Post | None]]) -> None:
        self.accounts: dict[int, PlatformIdentity] = {}
        self._of: dict[PostKey, dict[int, PlatformIdentity]] = defaultdict(dict)
        for identity, post in rows:
            self.accounts.setdefault(identity.person_id, identity)
            if post is not None:
                self._of[post.kind, post.department_id].setdefault(identity.person_id, identity)

    def of(self, kind: PostKind, department_id: int | None = None) -> list[PlatformIdentity]:
        """Who holds the post: one account a person."""
        return list(self._of.get((kind, department_id), {}).values())

    def of_step(self, step: Step) -> list[PlatformIdentity]:
        """Who may take the step, the applicant included."""
        return self.of(step.post, step.department_id)

    def fall_back(self) -> list[PlatformIdentity]:
        """Who is told of a post without a holder."""
        return next((found for kind in FALL_BACK if (found := self.of(kind))), [])


def holders(session: Session, keys: Iterable[PostKey], *, besides: int | None = None) -> Holders:
    """The present holders of these posts and of the fall-back's, and the person `besides`, in one query."""
    wanted = or_(*[_is_post(key) for key in {*keys, *((kind, None) for kind in FALL_BACK)}])
    held = and_(Post.person_id == Person.id, Post.ended_at.is_(None), wanted)
    query = (
        select(PlatformIdentity, Post)
        .join(PlatformIdentity.person)
        .outerjoin(Post, held)
        .where(Person.left_at.is_(None), or_(Post.id.is_not(None), Person.id == besides))
        .options(contains_eager(PlatformIdentity.person).load_only(Person.name))
        .order_by(Post.id, PlatformIdentity.id)
    )
    return Holders((identity, post) for identity, post in session.execute(query))


def _is_post(key: PostKey) -> ColumnElement[bool]:
    kind, department_id = key
    return and_(Post.kind == kind, Post.department_id == department_id)
