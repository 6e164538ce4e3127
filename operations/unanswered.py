"""What people have not answered, and what groups owe, found for the reminders: each is said to each person once."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    Subquery,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, contains_eager

from messaging import reminders as said
from messaging.reminders import Notice
from models import Commitment, Contact, Filing, FilingState, Group, GroupState, Opinion, Reminder, Step
from operations.clock import in_college
from operations.duties import HAVE_DUTIES
from operations.opinions import is_still_open
from operations.overdue import Due
from operations.rules import rules_in_force

#: The filings whose group is, or is to be: one that was returned waits for its applicant first.
CONFIRMABLE = (FilingState.IN_REVIEW, FilingState.APPROVED, FilingState.REGISTERED)

_FIRST = aliased(Filing)


def find_unanswered(session: Session, now: datetime) -> list[Due]:
    """What single people have not answered, and what they owe: each is told of it once."""
    rules, at = rules_in_force(), in_college(now)
    latest = rules.latest_due(at, rules.deadlines.remind_after)
    today, soon = at.date(), rules.calendar.after(at.date(), 1)
    return [
        *_commitments(session, latest),
        *_opinions(session, latest),
        *_owed(session, "number", Group.number_due_on, said.number_is_owed, today=today, soon=soon),
        *_owed(session, "rename", Group.rename_due_on, said.name_is_owed, today=today, soon=soon),
    ]


def _commitments(session: Session, latest: datetime) -> list[Due]:
    """Duties that nobody has confirmed: of those who are named still, in a group that is or is to be."""
    key = _key("commitment", Commitment.id)
    named = exists().where(
        *(Contact.group_id == Commitment.group_id, Contact.person_id == Commitment.person_id),
        Contact.role.in_(HAVE_DUTIES),
    )
    # Not joined: SQLite would begin with all the filings of these states.
    confirmable = exists().where(Filing.id == Commitment.filing_id, Filing.state.in_(CONFIRMABLE))
    query = (
        select(Commitment, Group.name, key)
        .join(Group, Group.id == Commitment.group_id)
        .where(Commitment.confirmed_at.is_(None), Commitment.asked_at <= latest, named, ~_is_known(key))
        .where(Group.live, confirmable)
        .order_by(Commitment.asked_at, Commitment.id)
    )
    rows = session.execute(query).all()
    return [Due({asked.person_id: said.duties_wait(asked, name)}, key=key) for asked, name, key in rows]


def _opinions(session: Session, latest: datetime) -> list[Due]:
    """Opinions that were not given. One that was asked anew is a new one."""
    key = _key("opinion", Opinion.id)
    query = (
        select(Opinion, key)
        .join(Opinion.step)
        .join(Step.filing)
        .join(Filing.group)
        .where(is_still_open(), Opinion.asked_at <= latest, ~_is_known(key, since=Opinion.asked_at))
        .options(contains_eager(Opinion.step).contains_eager(Step.filing).contains_eager(Filing.group))
        .order_by(Opinion.asked_at, Opinion.id)
    )
    rows = session.execute(query).all()
    return [Due({row.adviser_id: said.opinion_waits(row.step.filing, row)}, key=key) for row, key in rows]


def _owed(
    session: Session,
    what: str,
    by: InstrumentedAttribute[date | None],
    notice: Callable[..., Notice],
    *,
    today: date,
    soon: date,
) -> list[Due]:
    """What groups owe by a day that comes before the next working day is over, or that has passed; each said once.

    A day that was put off is another one.
    """
    owing = _answering(by, soon)
    late = case((owing.c.day < today, "late"), else_="near")
    key = _key("group", owing.c.group_id, literal(what), cast(owing.c.day, String), late, owing.c.person_id)
    query = (
        select(owing.c.group_id, owing.c.name, owing.c.day, late, owing.c.person_id, key)
        .where(~_is_known(key))
        .order_by(owing.c.group_id, owing.c.person_id)
    )
    return [
        Due({person_id: notice(group_id, name, day, late=late == "late")}, key=key)
        for group_id, name, day, late, person_id, key in session.execute(query)
    ]


def _answering(by: InstrumentedAttribute[date | None], soon: date) -> Subquery:
    """The groups that owe something by then, each with who answers for it: 群主, 管理员, and whoever filed it.

    Once each. The groups are found first, by their index, and then their people: this is asked every minute.
    """
    owes = (Group.state == GroupState.OPERATING, by <= soon)
    group = (Group.id.label("group_id"), Group.name, by.label("day"))
    registering = (_FIRST.group_id == Group.id, _FIRST.state == FilingState.REGISTERED)
    first = select(func.min(_FIRST.id)).where(*registering).correlate(Group).scalar_subquery()
    filed = select(*group, Filing.applicant_id.label("person_id")).join(Filing, Filing.id == first).where(*owes)
    contacts = (Contact.group_id == Group.id, Contact.role.in_(HAVE_DUTIES), Contact.person_id.is_not(None))
    named = select(*group, Contact.person_id).join(Contact, and_(*contacts)).where(*owes)
    return union(filed, named).subquery()


def _key(*parts: Any) -> ColumnElement[str]:
    """The parts, with colons between them, as text."""
    whole: ColumnElement[str] = literal(parts[0], String)
    for part in parts[1:]:
        whole = whole + ":" + cast(part, String)
    return whole.label("key")


def _is_known(key: ColumnElement[str], *, since: InstrumentedAttribute[datetime] | None = None) -> ColumnElement[bool]:
    """Whether somebody was reminded of this already, since that moment."""
    lately = () if since is None else (Reminder.sent_at >= since,)
    return exists().where(Reminder.key == key, *lately)
