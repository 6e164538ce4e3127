"""待我办理: how much waits for a person, of every kind."""

from dataclasses import astuple, dataclass

from sqlalchemy import literal, select

from extensions import db
from operations.actors import Actor
from operations.handover_lists import count_of_filings_to_take_over, count_of_handovers
from operations.opinions import count_of_opinions
from operations.reading import APPROVALS, REGISTRATIONS, count_of_steps


@dataclass(frozen=True)
class Tasks:
    """How much of each kind waits."""

    approvals: int
    registrations: int
    opinions: int
    handovers: int
    to_take_over: int

    @property
    def total(self) -> int:
        return sum(astuple(self))


def tasks_of(actor: Actor) -> Tasks:
    """How many steps, opinions, handovers and filings to take over wait for this person, in one query."""
    counts = (
        count_of_steps(actor, APPROVALS),
        count_of_steps(actor, REGISTRATIONS),
        count_of_opinions(actor),
        count_of_handovers(actor),
        count_of_filings_to_take_over(actor) if actor.headed_in_person else literal(0),
    )
    return Tasks(*db.session.execute(select(*counts)).one())
