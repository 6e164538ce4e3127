"""What was sent about a filing: to whom, what it said, when, and whether it arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from extensions import db
from messaging.platforms.wecom_codes import reason_of
from models import UNDER_WAY, Filing, FilingState, Message, MessageKind, MessageState, Person

#: So many of the latest are listed; all are counted.
MOST_LISTED = 50
_CARRIER, _CLOSING = aliased(Message), aliased(Message)


@dataclass(frozen=True)
class Sending:
    """One message about a filing. `lead` is all that is told of what it said: nobody's opinion or reason.

    Where it was told as a line of another message (`is_carried`), it is with that as far as that has come, and has the
    id of that, which is what is sent again.
    """

    id: int
    name: str
    lead: str
    is_request: bool
    is_carried: bool
    created_at: datetime
    state: MessageState
    run_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str
    #: When its card was changed to say how the question ended.
    updated_at: datetime | None

    @property
    def reason(self) -> str:
        """What went wrong at the last try, in plain words."""
        return reason_of(self.error) if self.error else ""


@dataclass(frozen=True)
class Sendings:
    """The latest messages about a filing, and how many there are of each fate."""

    rows: Sequence[Sending]
    count: int
    arrived: int
    under_way: int
    failed: int

    @property
    def rest(self) -> int:
        """Those that nobody needs any more."""
        return self.count - self.arrived - self.under_way - self.failed


NOTHING = Sendings((), 0, 0, 0, 0)


def messages_about(filing: Filing) -> Sendings:
    """The messages about this filing, newest first, in one query; a draft has none, and costs none.

    What closes a card is no message to a person: it is told with the request that it closes.
    """
    if filing.state is FilingState.DRAFT:
        return NOTHING
    rows = db.session.execute(_sendings(filing.id)).all()
    if not rows:
        return NOTHING
    *_, count, arrived, under_way, failed = rows[0]
    return Sendings([Sending(*row[:-4]) for row in rows], count, arrived, under_way, failed)


def _sendings(filing_id: int) -> Select[*tuple[Any, ...]]:
    carried = Message.carried_by_id.is_not(None)
    told = (Person.name, Message.card["lead"].as_string(), Message.kind == MessageKind.REQUEST, carried)
    of_carrier = ("state", "run_at", "sent_at", "attempts", "error")
    fate = [func.coalesce(getattr(_CARRIER, name), getattr(Message, name)) for name in of_carrier]
    updated = (
        select(func.max(_CLOSING.sent_at))
        .where(_CLOSING.closes_id == Message.id, _CLOSING.state == MessageState.SENT)
        .correlate(Message)
        .scalar_subquery()
    )
    state = fate[0]
    arrived, failed = state == MessageState.SENT, state == MessageState.FAILED
    under_way = state.in_(UNDER_WAY)
    # Of all the rows, and not of those listed.
    counted = (func.count().over(), *(func.count().filter(which).over() for which in (arrived, under_way, failed)))
    return (
        select(func.coalesce(Message.carried_by_id, Message.id), *told, Message.created_at, *fate, updated, *counted)
        .join(Person, Person.id == Message.recipient_id)
        .outerjoin(_CARRIER, _CARRIER.id == Message.carried_by_id)
        .where(Message.filing_id == filing_id, Message.kind != MessageKind.CLOSE)
        .order_by(Message.id.desc())
        .limit(MOST_LISTED)
    )
