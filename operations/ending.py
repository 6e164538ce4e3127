"""委托 that end: with their post, with the one they were passed on from, by somebody's word or with their last day.

Each end is recorded here, with who or what ended it; who is told is worked out here, too.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import Delegation, Person, Post, utc_now
from models.audit import By, record
from operations.posts import accounts_of

#: What begins and ends posts and delegations by their days.
CLOCK: By = (None, "calendar")


def end_delegations(session: Session, rows: Iterable[Delegation], *, by: By) -> None:
    """End these delegations now, and tell those concerned but whoever ended them."""
    for row in rows:
        _end(session, row, by)
        tell(session, row, "ended", {row.to_person_id, row.from_person_id} - {by[0]})


def end_delegations_of(session: Session, post: Post, *, by: By) -> None:
    """End whatever is delegated of this post, now or ahead."""
    here = (Delegation.post_id == post.id, Delegation.ended_at.is_(None))
    end_delegations(session, session.scalars(select(Delegation).where(*here).order_by(Delegation.id)).all(), by=by)


def let_lapse(session: Session, row: Delegation) -> None:
    """End a delegation whose last day is over; nobody is told what they were told when it was given."""
    _end(session, row, CLOCK)


def _end(session: Session, row: Delegation, by: By) -> None:
    row.ended_at = utc_now()
    record(session, "delegation.end", row, by=by, details=facts_of(row))


def facts_of(row: Delegation) -> dict[str, object]:
    """What the record of a delegation given or ended says of it."""
    return {"post": row.post_id, "to": row.to_person_id, "from": str(row.starts_on), "until": str(row.ends_on)}


def tell(session: Session, row: Delegation, what: str, people: set[int]) -> None:
    """Tell these people that the delegation was given or has ended, each at the account they have."""
    post = session.get_one(Post, row.post_id)
    holder = session.get_one(Person, row.from_person_id)
    delegate = session.get_one(Person, row.to_person_id)
    make = cards.delegation_given if what == "given" else cards.delegation_ended
    card = make(post.label, holder.name, delegate.name, (row.starts_on, row.ends_on))
    accounts = accounts_of(session, people)
    recipients = [accounts[person_id] for person_id in sorted(accounts)]
    outbox.tell(session, f"delegation:{row.id}:{what}", card, recipients=recipients)
