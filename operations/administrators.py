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
    if post.kind is not PostKind.ADMINISTRATOR:
        return
    others = administrators().where(Post.id != post.id)
    nobody = session.scalars(others).first() is None
    if nobody or (post.ends_on is None and not _one_lasts(session, Post.id != post.id)):
        raise RefusedField("post", f"{RULE}，请先任命另一位，再免去这一位。")


def refuse_leaving(session: Session, person: Person) -> None:
    """Raise RefusedField where the person administers and no lasting administrator would remain without them."""
    theirs = administrators().where(Post.person_id == person.id)
    if session.scalars(theirs).first() is not None and not _one_lasts(session, Post.person_id != person.id):
        raise RefusedField("person", f"{RULE}，请先任命另一位系统管理员，再把{person.name}标记为离职。")


def refuse_last_day(session: Session, person: Person) -> None:
    """Raise RefusedField where an administrator with a last day would be the only one."""
    if not _one_lasts(session, Post.person_id != person.id):
        raise RefusedField("ends_on", f"{RULE}，请不填结束日期，或先任命另一位。")


def _one_lasts(session: Session, among: ColumnElement[bool]) -> bool:
    return session.scalars(administrators().where(Post.ends_on.is_(None), among)).first() is not None
