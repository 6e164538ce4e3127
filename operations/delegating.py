"""委托: a holder lets somebody act in their post from a day to a day (第八条's approvals never wait for a leave)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from extensions import db
from models import Delegation, Person, Post
from models.audit import record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.actors import Actor
from operations.appointing import ask_what_waits
from operations.clock import college_today
from operations.ending import end_delegations, facts_of, let_lapse, tell
from operations.errors import NotAllowed, NotFound, RefusedField
from operations.permissions import NOT_DELEGATED, can_end_delegation
from operations.posts import acts_for
from operations.students import why_no_approver

#: From the holder to a delegate, and from there to one more.
LONGEST_CHAIN = 2
LONGEST_DAYS = 366


def delegate(actor: Actor, post_id: int, to_person_id: int, *, starts_on: date, ends_on: date) -> int:
    """Let `to_person_id` act in the post, which is the actor's own or delegated to them; the delegation's id.

    The delegate is told. Raises NotFound, NotAllowed, or RefusedField naming what is wrong: the days, the person (a
    student, say), a chain longer than two, a circle. The same delegation given again is the one that stands.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        post = _post(session, actor, post_id)
        standing = _standing(session, post)
        same = next((d for d in standing if _said(d) == (actor.id, to_person_id, starts_on, ends_on)), None)
        if same is not None:
            return same.id
        received = None if post.person_id == actor.id else next(d for d in standing if d.to_person_id == actor.id)
        _refuse_days(post, received, starts_on, ends_on)
        _refuse_person(session, actor, post, to_person_id, standing)
        if received is not None and received.from_person_id != post.person_id:
            raise RefusedField("post_id", f"这项权限已经转委托过一次，最多{LONGEST_CHAIN}层，不能再转。")
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
        tell(session, row, "given", {to_person_id})
        ask_what_waits(session, post.kind, post.department_id)
        record(session, "delegation.give", row, by=(actor.id, actor.name), details=facts_of(row))
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
        if not can_end_delegation(actor, row):
            raise NotAllowed
        if row.ended_at is not None:
            return
        passed_on = [d for d in _standing(session, row.post) if d.from_person_id == row.to_person_id]
        end_delegations(session, [row, *passed_on], by=(actor.id, actor.name))
        session.flush()
        ask_what_waits(session, row.post.kind, row.post.department_id)


def delegable(actor: Actor) -> Sequence[Post]:
    """The posts that this person may let somebody act in: their own, and those they act in by delegation."""
    query = _of(actor).where(Post.kind.not_in(NOT_DELEGATED)).order_by(Post.id)
    return db.session.scalars(query.options(joinedload(Post.department), joinedload(Post.person))).all()


def _of(actor: Actor) -> Select[Post]:
    """The posts that the actor holds or acts in by delegation; nobody acts for somebody who left."""
    today = college_today()
    own = or_(Post.person_id == actor.id, acts_for(literal(actor.id), today))
    return select(Post).join(Post.person).where(Post.held(today), Person.left_at.is_(None), own)


def _post(session: Session, actor: Actor, post_id: int) -> Post:
    post = session.scalar(_of(actor).where(Post.id == post_id))
    if post is None:
        raise NotFound
    if post.kind in NOT_DELEGATED:
        raise RefusedField("post_id", f"{post.kind.label}的权限不能委托，请联系系统管理员另行任命。")
    return post


def _refuse_days(post: Post, received: Delegation | None, starts_on: date, ends_on: date) -> None:
    if starts_on < college_today():
        raise RefusedField("starts_on", "开始日期不能早于今天。")
    if ends_on < starts_on:
        raise RefusedField("ends_on", "结束日期不能早于开始日期。")
    if (ends_on - starts_on).days > LONGEST_DAYS:
        raise RefusedField("ends_on", "一次委托最长一年，请缩短期限；长期变动请由系统管理员任命。")
    if post.ends_on is not None and ends_on > post.ends_on:
        raise RefusedField("ends_on", f"这个岗位的任期到{post.ends_on}为止，委托不能超过任期。")
    if received is not None and ends_on > received.ends_on:
        raise RefusedField("ends_on", f"您受托到{received.ends_on}为止，转委托不能超过这一天。")


def _standing(session: Session, post: Post) -> list[Delegation]:
    """What stands delegated of this post, now or ahead; whatever has lapsed ends here, so that it can be given anew."""
    rows = session.scalars(select(Delegation).where(Delegation.post_id == post.id, Delegation.ended_at.is_(None))).all()
    for row in rows:
        if row.ends_on < college_today():
            let_lapse(session, row)
    session.flush()
    return [row for row in rows if row.ended_at is None]


def _said(row: Delegation) -> tuple[int, int, date, date]:
    return (row.from_person_id, row.to_person_id, row.starts_on, row.ends_on)


def _refuse_person(session: Session, actor: Actor, post: Post, to_person_id: int, standing: list[Delegation]) -> None:
    if to_person_id == actor.id:
        raise RefusedField("person", "不能委托给自己，请另选一位同事。")
    here = (Person.id == to_person_id, Person.left_at.is_(None))
    person = session.scalar(select(Person).where(*here))
    if person is None:
        raise RefusedField("person", "没有找到这位同事，请从通讯录中选择。")
    if sentence := why_no_approver(person):
        raise RefusedField("person", sentence)
    givers = {post.person_id, *(d.from_person_id for d in standing if d.to_person_id == actor.id)}
    if to_person_id in givers:
        raise RefusedField("person", "这项权限正是由对方委托出来的，不能再委托回去。")
    if any(d.to_person_id == to_person_id for d in standing):
        raise RefusedField("person", "这项权限已经委托给这位同事，要改期限请先结束原来的委托。")
