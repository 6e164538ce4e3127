"""The summary of failures: on the morning of a working day administrators hear how many messages did not arrive.

It is about what failed since the summary before, until the hour from which people may be reminded on this day, and
still matters. Where nothing did there is none. What failed of the summaries themselves counts for nothing: an
administrator whom the platform does not reach would have all others told of it each day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from extensions import db
from messaging import outbox
from messaging.reminders import messages_failed
from models import Message, PlatformIdentity, Reminder, Urgency, utc_now
from models.database import REMINDERS_TURN, insert_for, take_turn, unit_of_work
from operations.clock import college_today, first_moment, in_college
from operations.posts import holders
from operations.rules import rules_in_force
from operations.sending import causes
from regulation import PostKind

#: What the messages' keys begin with, and those of what each administrator was told last.
EVENT = "failures"
#: How far the first summary looks back.
AT_FIRST = timedelta(days=7)
#: By then whatever was put to the platform before has its outcome written down.
SETTLED = timedelta(minutes=3)


@dataclass(frozen=True)
class _Summary:
    recipients: Sequence[PlatformIdentity]
    reasons: Sequence[tuple[str, int]]


def summarize(now: datetime | None = None) -> None:
    """Tell the administrators what failed, once a day; the worker's chore, in several workers at once.

    A look that finds nothing takes no lock.
    """
    now = now or utc_now()
    rules, today = rules_in_force(), college_today(now)
    until = rules.awake_from(in_college(first_moment(today)))
    if not rules.may_remind(in_college(now)) or now < until + SETTLED:
        return
    found = _find(db.session(), until)
    db.session.rollback()
    if found is None:
        return
    with unit_of_work() as session:
        take_turn(session, REMINDERS_TURN)
        found = _find(session, until)
        if found is not None:
            event, card = f"{EVENT}:{today}", messages_failed(found.reasons)
            told = outbox.not_yet_told(session, event, found.recipients)
            outbox.tell(session, event, card, recipients=told, urgency=Urgency.CAMPAIGN)
            _remember(session, found.recipients, until)


def _find(session: Session, until: datetime) -> _Summary | None:
    """What is to be told and to whom; None where this day's was told, nothing failed, or nobody is there to tell."""
    recipients = holders(session, [(PostKind.ADMINISTRATOR, None)]).of(PostKind.ADMINISTRATOR)
    keys = [_key(recipient) for recipient in recipients]
    last = session.scalar(select(func.max(Reminder.sent_at)).where(Reminder.key.in_(keys)))
    since = last or until - AT_FIRST
    if not recipients or since >= until:
        return None
    reasons = _reasons(since, until)
    return _Summary(recipients, reasons) if reasons else None


def _reasons(since: datetime, until: datetime) -> list[tuple[str, int]]:
    """Why messages failed in that time that somebody still needs, and how many, the most frequent first."""
    failed_at = func.coalesce(Message.tried_at, Message.created_at)
    which = (failed_at > since, failed_at <= until, ~Message.event_key.startswith(f"{EVENT}:"))
    return [(cause.reason, cause.count) for cause in causes(*which)]


def _remember(session: Session, told: Sequence[PlatformIdentity], until: datetime) -> None:
    rows = [{"key": _key(account), "person_id": account.person_id, "sent_at": until} for account in told]
    new = insert_for(session, Reminder)
    session.execute(new.on_conflict_do_update(index_elements=["key"], set_={"sent_at": until}), rows)


def _key(account: PlatformIdentity) -> str:
    return f"{EVENT}:{account.person_id}"
