"""Reminders: what has waited too long is said by day, on working days, once, and to each person in one message.

Everybody gets at most one such message a day. Whatever falls due later that day is said on the next working day,
together with what fell due at night or on days off; and what several people are told of waits until all of them can
be, so that the timeline names them in one line. One that could not leave by day, since the platform was away, waits for
the next morning that is worked. What somebody's act causes is never held back: it is told where it is
done, and passes by all this.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from extensions import db
from messaging import outbox
from messaging.reminders import Notice, card_of, steps_of
from models import PlatformIdentity, Reminder, Urgency, utc_now
from models.database import POSTS_TURN, REMINDERS_TURN, insert_for, take_turn, unit_of_work
from operations import timeline
from operations.clock import in_college
from operations.overdue import Due, find_overdue, lock_overdue
from operations.posts import accounts_of
from operations.rules import rules_in_force
from operations.unanswered import find_unanswered

Accounts = dict[int, PlatformIdentity]


def remind(now: datetime | None = None) -> None:
    """Say what is due, if people may be reminded at this moment; the worker's chore, in several workers at once.

    One transaction: what was written of it is said once, and what was not is found again at the next look. A look
    that finds nothing takes no lock.
    """
    now = now or utc_now()
    if not rules_in_force().may_remind(in_college(now)):
        return
    due, _ = _find(db.session(), now)
    db.session.rollback()
    if not due:
        return
    with unit_of_work() as session:
        take_turn(session, REMINDERS_TURN)
        take_turn(session, POSTS_TURN, shared=True)
        lock_overdue(session, now)
        due, accounts = _find(session, now)
        _say(session, due, accounts, now)


def awake_from(now: datetime) -> datetime:
    """When a reminder that is due now may leave: at once, or when people work again."""
    return rules_in_force().awake_from(in_college(now))


def _find(session: Session, now: datetime) -> tuple[list[Due], Accounts]:
    """What is due and can be said now, with the accounts of those who are to be told."""
    due = [*find_overdue(session, now), *find_unanswered(session, now)]
    if not due:
        return [], {}
    accounts = accounts_of(session, {person_id for each in due for person_id in each.notices})
    may_be_told = {a.person_id for a in outbox.not_yet_told(session, _event(now), accounts.values())}
    here = [told for each in due if (told := each.to(accounts)).notices]
    return [each for each in here if may_be_told.issuperset(each.notices)], accounts


def _say(session: Session, due: Sequence[Due], accounts: Accounts, now: datetime) -> None:
    notices: dict[int, list[Notice]] = defaultdict(list)
    for each in due:
        for person_id, notice in each.notices.items():
            notices[person_id].append(notice)
    for person_id in sorted(notices):
        theirs, to = notices[person_id], [accounts[person_id]]
        outbox.tell(
            session,
            _event(now),
            card_of(theirs),
            recipients=to,
            reminds_of=steps_of(theirs),
            urgency=Urgency.CAMPAIGN,
        )
    timeline.note_at_once(session, [each.line for each in due if each.line], at=now)
    _remember(session, due, now)


def _remember(session: Session, due: Sequence[Due], now: datetime) -> None:
    """Note what the timeline does not tell; a thing that is said anew has the later moment."""
    rows = [{"key": e.key, "person_id": person_id, "sent_at": now} for e in due if e.key for person_id in e.notices]
    if rows:
        new = insert_for(session, Reminder)
        session.execute(new.on_conflict_do_update(index_elements=["key"], set_={"sent_at": now}), rows)


def _event(now: datetime) -> str:
    """The day's message: whoever has had it is told no more on that day."""
    return f"reminder:{in_college(now).date()}"
