"""办理进度: what happens to a filing beside its decisions, written down where it happens."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from extensions import db
from models import Channel, EventKind, Filing, FilingEvent, Step, utc_now
from models.audit import By


def note(
    session: Session,
    filing: Filing,
    kind: EventKind,
    *,
    by: By,
    step: Step | None = None,
    post_label: str = "",
    on_behalf_of: str = "",
    to: Iterable[str] = (),
    text: str = "",
    channel: Channel = Channel.PAGE,
    at: datetime | None = None,
) -> None:
    """Add a line to the filing's timeline, in the transaction of what it tells of.

    `by` is who did it (no id: the service itself), `post_label` in which post, `on_behalf_of` for whom; `to` are the
    names of those it was done to, `text` what was written; `at` is when, if other rows of the act have that moment too.
    """
    person_id, name = by
    session.add(
        FilingEvent(
            filing_id=filing.id,
            step_id=step.id if step else None,
            kind=kind,
            person_id=person_id,
            person_name=name,
            post_label=post_label,
            on_behalf_of=on_behalf_of,
            to_names="、".join(to),
            text=text,
            channel=channel,
            at=at or utc_now(),
        )
    )


def events_of(filing_id: int) -> Sequence[FilingEvent]:
    """The filing's timeline beside its decisions, oldest first."""
    return db.session.scalars(
        select(FilingEvent).where(FilingEvent.filing_id == filing_id).order_by(FilingEvent.id)
    ).all()


def last_promise(events: Sequence[FilingEvent]) -> FilingEvent | None:
    """Who sent the filing last, and when: nobody sends it without the annex's 承诺."""
    return next((event for event in reversed(events) if event.kind is EventKind.SUBMITTED), None)
