"""委托 that end: with their post, with the one they were passed on from, or by somebody's word; and who is told."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import Delegation, Person, Post, utc_now
from operations.posts import accounts_of


def end_delegations(session: Session, rows: Iterable[Delegation], *, by: int | None = None) -> None:
    """End these delegations now, and tell those concerned but whoever ended them (`by`)."""
    for row in rows:
        row.ended_at = utc_now()
        tell(session, row, "ended", {row.to_person_id, row.from_person_id} - {by})


def end_delegations_of(session: Session, post: Post) -> None:
    """End whatever is delegated of this post, now or ahead."""
    here = (Delegation.post_id == post.id, Delegation.ended_at.is_(None))
    end_delegations(session, session.scalars(select(Delegation).where(*here)).all())


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
