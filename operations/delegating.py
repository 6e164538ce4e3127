"""委托: a holder lets somebody act in their post from a day to a day (第八条's approvals never wait for a leave)."""

from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from models import Delegation, Person, Post, utc_now
from models.audit import record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.actors import Actor
from operations.appointing import ask_what_waits
from operations.clock import college_today
from operations.errors import NotAllowed, NotFound, RefusedField
from operations.posts import acts_for
from regulation import PostKind

#: What cannot be lent: running the service, and looking over everybody's shoulder.
NOT_DELEGATED = (PostKind.ADMINISTRATOR, PostKind.AUDITOR)
#: From the holder to a delegate, and from there to one more.
LONGEST_CHAIN = 2
LONGEST_DAYS = 366


def delegate(actor: Actor, post_id: int, to_person_id: int, *, starts_on: date, ends_on: date) -> int:
    """Let `to_person_id` act in the post, which is the actor's own or delegated to them; the delegation's id.

    Raises NotFound, NotAllowed, or RefusedField naming what is wrong: the days, the person, a chain longer than two,
    a circle. The same delegation given again is the one that stands.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        post = _post(session, actor, post_id)
        _refuse_days(post, starts_on, ends_on)
        standing = _chain(session, post)
        same = next((d for d in standing if (d.from_person_id, d.to_person_id) == (actor.id, to_person_id)), None)
        if same is not None and (same.starts_on, same.ends_on) == (starts_on, ends_on):
            return same.id
        _refuse_person(session, actor, post, to_person_id, standing)
        row = Delegation(
            post_id=post.id,
            from_person_id=actor.id,
            to_person_id=to_person_id,
            starts_on=starts_on,
            ends_on=ends_on,
            begun=starts_on <= college_today(),
        )
        session.add(row)
        session.flush()
        ask_what_waits(session, post.kind, post.department_id)
        record(session, "delegation.give", row, by=(actor.id, actor.name), details=_details(row))
        return row.id


def end_delegation(actor: Actor, delegation_id: int) -> None:
    """End a delegation before its time: by whoever gave it, whoever has it, or an administrator.

    What was passed on from it ends too. Raises NotFound or NotAllowed; one that has ended is left as it is.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        row = session.scalar(
            select(Delegation).where(Delegation.id == delegation_id).options(joinedload(Delegation.post))
        )
        if row is None:
            raise NotFound
        if actor.id not in (row.from_person_id, row.to_person_id) and not actor.holds(PostKind.ADMINISTRATOR):
            raise NotAllowed
        if row.ended_at is not None:
            return
        for ended in (row, *(d for d in _chain(session, row.post) if d.from_person_id == row.to_person_id)):
            ended.ended_at = utc_now()
        session.flush()
        ask_what_waits(session, row.post.kind, row.post.department_id)
        record(session, "delegation.end", row, by=(actor.id, actor.name), details=_details(row))


def _post(session: Session, actor: Actor, post_id: int) -> Post:
    """The post, if the actor holds it or acts in it by delegation."""
    today = college_today()
    own = or_(Post.person_id == actor.id, acts_for(Person.id, today))
    query = select(Post).join(Person, Person.id == actor.id).where(Post.id == post_id, Post.held(today), own)
    post = session.scalar(query)
    if post is None:
        raise NotFound
    if post.kind in NOT_DELEGATED:
        raise RefusedField("post_id", f"{post.kind.label}的权限不能委托，请联系系统管理员另行任命。")
    return post


def _refuse_days(post: Post, starts_on: date, ends_on: date) -> None:
    if ends_on < starts_on:
        raise RefusedField("ends_on", "结束日期不能早于开始日期。")
    if ends_on < college_today():
        raise RefusedField("ends_on", "结束日期已经过去，请选择今天或以后的日期。")
    if (ends_on - starts_on).days > LONGEST_DAYS:
        raise RefusedField("ends_on", "一次委托最长一年，请缩短期限；长期变动请由系统管理员任命。")
    if post.ends_on is not None and ends_on > post.ends_on:
        raise RefusedField("ends_on", f"您的任期到{post.ends_on}为止，委托不能超过任期。")


def _chain(session: Session, post: Post) -> list[Delegation]:
    """What stands delegated of this post, now or ahead."""
    standing = (Delegation.ended_at.is_(None), Delegation.ends_on >= college_today())
    return list(session.scalars(select(Delegation).where(Delegation.post_id == post.id, *standing)))


def _refuse_person(session: Session, actor: Actor, post: Post, to_person_id: int, standing: list[Delegation]) -> None:
    if to_person_id == actor.id:
        raise RefusedField("person", "不能委托给自己，请另选一位同事。")
    here = (Person.id == to_person_id, Person.left_at.is_(None))
    if not session.scalar(select(func.count()).select_from(Person).where(*here)):
        raise RefusedField("person", "没有找到这位同事，请从通讯录中选择。")
    if to_person_id == post.person_id or any(d.from_person_id == to_person_id for d in standing):
        raise RefusedField("person", "这项权限正是由对方委托出来的，不能再委托回去。")
    if any(d.to_person_id == to_person_id for d in standing):
        raise RefusedField("person", "这项权限已经委托给这位同事，要改期限请先结束原来的委托。")
    if post.person_id != actor.id and any(
        d.to_person_id == actor.id and d.from_person_id != post.person_id for d in standing
    ):
        raise RefusedField("person", f"这项权限已经转委托过一次，最多{LONGEST_CHAIN}层，不能再转。")


def _details(row: Delegation) -> dict[str, object]:
    return {"post": row.post_id, "to": row.to_person_id, "from": str(row.starts_on), "until": str(row.ends_on)}
