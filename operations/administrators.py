"""系统管理员: one who is here and whose post has no last day must remain, since an administrator appoints the next."""

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from models import Person, Post
from operations.clock import college_today
from operations.errors import RefusedField
from regulation import PostKind

RULE = "任何时候都要有一位不设结束日期的系统管理员"


def administrators() -> Select[Post]:
    """The administrators' posts that are held today by those who are here."""
    held = (Post.kind == PostKind.ADMINISTRATOR, Post.held(college_today()), Person.left_at.is_(None))
    return select(Post).join(Post.person).where(*held)


def refuse_ending(session: Session, post: Post) -> None:
    """Raise RefusedField where the last lasting administrator's post would end, or the last one's at all."""
    if post.kind is PostKind.ADMINISTRATOR and _is_needed(session, post):
        raise RefusedField("post", f"{RULE}，请先任命另一位，再免去这一位。")


def refuse_leaving(session: Session, person: Person) -> None:
    """Raise RefusedField where the person's post is one that `refuse_ending` would not let end."""
    theirs = session.scalars(administrators().where(Post.person_id == person.id)).first()
    if theirs is not None and _is_needed(session, theirs):
        raise RefusedField("person", f"{RULE}，请先任命另一位系统管理员，再把{person.name}标记为离职。")


def refuse_last_day(session: Session, person: Person) -> None:
    """Raise RefusedField where an administrator with a last day would be the only one."""
    if not _one_lasts(session, Post.person_id != person.id):
        raise RefusedField("ends_on", f"{RULE}，请不填结束日期，或先任命另一位。")


def _is_needed(session: Session, post: Post) -> bool:
    """Whether without this administrator's post nobody would be left, or nobody who lasts though this one does."""
    another = Post.person_id != post.person_id
    if session.scalars(administrators().where(another)).first() is None:
        return True
    return post.ends_on is None and not _one_lasts(session, another)


def _one_lasts(session: Session, among: ColumnElement[bool]) -> bool:
    return session.scalars(administrators().where(Post.ends_on.is_(None), among)).first() is not None
