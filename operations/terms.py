"""Posts and delegations from day to day: those whose first day has come begin, those whose last day is over end."""

from datetime import date

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from extensions import db
from models import Delegation, Person, Post, utc_now
from models.audit import record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import ask_what_waits, details_of
from operations.clock import college_today, first_moment
from operations.ending import CLOCK, end_delegations_of, let_lapse


def change_over() -> None:
    """Begin and end what is due today; what waits at a post is asked of whoever acts in it now.

    Whoever's last day is over acts no more from midnight on, whether this ran or not. On a day without a change it
    costs one query.
    """
    today = college_today()
    posts, delegations = _posts_due(today), _delegations_due(today)
    due = db.session.scalar(select(or_(exists(posts), exists(delegations))))
    db.session.rollback()
    if not due:
        return
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        for post in session.scalars(posts).all():
            _change_post(session, post, today)
        for delegation in session.scalars(delegations.options(joinedload(Delegation.post))).all():
            _change_delegation(session, delegation, today)


def _posts_due(today: date) -> Select[Post]:
    begins = Post.begun.is_(False) & (Post.started_at < first_moment(today, days_later=1))
    return select(Post).where(Post.ended_at.is_(None), begins | (Post.ends_on < today)).order_by(Post.id)


def _delegations_due(today: date) -> Select[Delegation]:
    begins = Delegation.begun.is_(False) & (Delegation.starts_on <= today)
    ends = Delegation.ends_on < today
    return select(Delegation).where(Delegation.ended_at.is_(None), begins | ends).order_by(Delegation.id)


def _change_post(session: Session, post: Post, today: date) -> None:
    over = post.ends_on is not None and post.ends_on < today
    post.begun = True
    post.ended_at = utc_now() if over else None
    if over:
        end_delegations_of(session, post, by=CLOCK)
    session.flush()
    ask_what_waits(session, post.kind, post.department_id)
    person = session.get_one(Person, post.person_id)
    details = details_of(post.kind, post.department_id)
    record(session, "post.end" if over else "post.begin", person, by=CLOCK, details=details)


def _change_delegation(session: Session, delegation: Delegation, today: date) -> None:
    delegation.begun = True
    if delegation.ends_on < today:
        let_lapse(session, delegation)
    else:
        record(session, "delegation.begin", delegation, by=CLOCK)
    session.flush()
    ask_what_waits(session, delegation.post.kind, delegation.post.department_id)
