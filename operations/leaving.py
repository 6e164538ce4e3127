"""Leaving the college: what becomes of whoever is gone from the directory, or was marked 离职."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from models import Person, utc_now
from operations.appointing import ask_what_waits


def leave(session: Session, people: Sequence[Person]) -> None:
    """Mark these people as gone, in the transaction at hand, which has taken the turn of the posts.

    From the next request on they are let in no more. Their history stays; what waits for them goes on to whoever
    acts in their posts now.
    """
    for person in people:
        person.left_at = person.left_at or utc_now()
    session.flush()
    for post in {(post.kind, post.department_id) for person in people for post in person.posts if not post.ended_at}:
        ask_what_waits(session, *post)
