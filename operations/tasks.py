"""待我办理 and 消息: how much waits for a person, of every kind."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sqlalchemy import Select, literal, select

from extensions import db
from operations.actors import Actor
from operations.clock import college_today
from operations.handover_lists import count_of_filings_to_take_over, count_of_handovers
from operations.inbox import count_of_unread
from operations.opinions import count_of_opinions
from operations.reading import APPROVALS, REGISTRATIONS, count_of_steps

#: For so many people the query is kept: it takes up to KEPT × 0.2 MB.
KEPT = 64


@dataclass(frozen=True)
class Tasks:
    """How much of each kind waits, and how many messages are unread: these are no tasks."""

    approvals: int
    registrations: int
    opinions: int
    handovers: int
    to_take_over: int
    unread: int

    @property
    def total(self) -> int:
        return self.approvals + self.registrations + self.opinions + self.handovers + self.to_take_over


def tasks_of(actor: Actor) -> Tasks:
    """How many steps, opinions, handovers, filings to take over and unread messages wait for this person, in one
    query."""
    return Tasks(*db.session.execute(_query(actor, college_today())).one())


# Kept, since every page asks it, and somebody who works asks it again and again: to build it takes longer than to ask.
@lru_cache(KEPT)
def _query(actor: Actor, _today: date) -> Select[int, int, int, int, int, int]:
    """The counts of somebody who acts in these posts, on this day: a post may end with it."""
    return select(
        count_of_steps(actor, APPROVALS),
        count_of_steps(actor, REGISTRATIONS),
        count_of_opinions(actor),
        count_of_handovers(actor),
        count_of_filings_to_take_over(actor) if actor.headed_in_person else literal(0),
        count_of_unread(actor),
    )
