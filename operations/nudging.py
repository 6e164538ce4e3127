"""催办: the applicant asks whoever has the filing to see to it, with a brake on how often."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import EventKind, Filing, FilingEvent, PlatformIdentity, Step, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import permissions, timeline
from operations.actors import Actor
from operations.clock import college_today
from operations.errors import NotAllowed, OperationRefused
from operations.posts import Holders
from operations.rules import rules_in_force
from operations.turns import holders_for, locked_filing


class NotNudged(OperationRefused):
    """There is nobody to nudge, or it was done already; the sentence says until when that rests."""

    sentence = "这份备案目前没有等待他人办理，不用催办。"


@dataclass(frozen=True)
class Rest:
    """The filing was nudged on `on`, and may be again from the day `again_on` on."""

    on: date
    again_on: date

    def said(self, today: date) -> str:
        """Why the button rests, for the applicant to read."""
        day = "今天" if self.on == today else _short(self.on)
        return f"{day}已催办过，{_short(self.again_on)}起可再次催办"


def rest_of(events: Iterable[FilingEvent], today: date) -> Rest | None:
    """Whether a filing with this timeline was nudged so lately that it may not be again today."""
    nudged = [college_today(event.at) for event in events if event.kind is EventKind.NUDGED]
    rest = Rest(nudged[-1], _again_on(nudged[-1])) if nudged else None
    return rest if rest and today < rest.again_on else None


def nudge(actor: Actor, filing_id: int) -> list[str]:
    """Tell whoever is asked now that the applicant waits, at once and at any hour; the names of those told.

    Not more than once a working day for one filing, whoever has it then. Raises NotFound, NotAllowed or NotNudged.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        if not permissions.is_applicant(actor, filing):
            raise NotAllowed
        step, now = filing.pending_step, utc_now()
        if step is None:
            raise NotNudged
        if rest := rest_of(_earlier(session, filing), college_today(now)):
            raise NotNudged(f"{rest.said(college_today(now))}。")
        return _tell(session, actor, filing, step, now)


def _tell(session: Session, actor: Actor, filing: Filing, step: Step, now: datetime) -> list[str]:
    held = holders_for(session, filing)
    told = [(name, identity) for name, identity in _asked(held, step) if identity.person_id != actor.id]
    if not told:
        raise NotNudged(f"目前没有其他人可以通知，请联系{rules_in_force().registry_office}。")
    names = [name for name, _ in told]
    # The same step may be nudged on another day: each time is news.
    event = f"filing:{filing.id}:{step.round}.{step.position}:nudged:{now}"
    outbox.tell(session, event, cards.nudged(filing, step), recipients=(i for _, i in told), filing=filing, step=step)
    by = (actor.id, actor.name)
    timeline.note(session, filing, EventKind.NUDGED, by=by, step=step, to=names, at=now)
    session.flush()
    record(session, "filing.nudge", filing, by=by, details={"step": step.id})
    return names


def _asked(held: Holders, step: Step) -> list[tuple[str, PlatformIdentity]]:
    """Who is asked to take the step now, named with for whom; where there is nobody, the fall-back."""
    asked = [(taker.who, taker.identity) for taker in held.to_ask(step)]
    return asked or [(account.person.name, account) for account in held.fall_back()]


def _earlier(session: Session, filing: Filing) -> Iterable[FilingEvent]:
    query = (
        select(FilingEvent)
        .where(FilingEvent.filing_id == filing.id, FilingEvent.kind == EventKind.NUDGED)
        .order_by(FilingEvent.id)
    )
    return session.scalars(query).all()


def _again_on(day: date) -> date:
    """The next working day: what was said on a day off, or on the last day before one, rests until then."""
    return rules_in_force().calendar.after(day, 1)


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"
