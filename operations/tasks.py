"""待我办理: how much waits for a person, of every kind."""

from sqlalchemy import select

from extensions import db
from operations.actors import Actor
from operations.handover_lists import count_of_filings_to_take_over, count_of_handovers
from operations.opinions import count_of_opinions
from operations.reading import count_of_steps


def count_tasks(actor: Actor) -> int:
    """How many steps, handovers, opinions and filings to take over wait for this person, in one query."""
    counts = count_of_steps(actor) + count_of_handovers(actor) + count_of_opinions(actor)
    if actor.headed_in_person:
        counts += count_of_filings_to_take_over(actor)
    return db.session.scalar(select(counts)) or 0
