"""办理进度: what happens to a filing beside its decisions, written down where it happens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
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


@dataclass(frozen=True)
class Line:
    """What the service itself says of a filing's step: the kind of thing, the names of those told, and the rest."""

    filing_id: int
    step_id: int
    kind: EventKind
    to: Sequence[str]
    text: str


def note_at_once(session: Session, lines: Sequence[Line], *, at: datetime) -> None:
    """Add these lines in one statement, however many: nobody did what they tell of."""
    rows = [
        {
            "filing_id": line.filing_id,
            "step_id": line.step_id,
            "kind": line.kind,
            "to_names": "、".join(line.to),
            "text": line.text,
            "at": at,
        }
        for line in lines
    ]
    if rows:
        session.execute(insert(FilingEvent), rows)


def events_of(filing_id: int) -> Sequence[FilingEvent]:
    """The filing's timeline beside its decisions, oldest first."""
    return db.session.scalars(
        select(FilingEvent).where(FilingEvent.filing_id == filing_id).order_by(FilingEvent.id)
    ).all()


def last_promise(events: Sequence[FilingEvent]) -> FilingEvent | None:
    """Who sent the filing last, and when: nobody sends it without the annex's 承诺."""
    return next((event for event in reversed(events) if event.kind is EventKind.SUBMITTED), None)
