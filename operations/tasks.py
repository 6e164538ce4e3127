"""待我办理: how much waits for a person, of every kind."""

from sqlalchemy import select

from extensions import db
from operations.actors import Actor
from operations.handover_lists import count_of_handovers
from operations.reading import count_of_steps


def count_tasks(actor: Actor) -> int:
    """How many steps and handovers wait for this person, in one query."""
    return db.session.scalar(select(count_of_steps(actor) + count_of_handovers(actor))) or 0
