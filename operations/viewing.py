"""Who looked at somebody's particulars."""

from collections.abc import Iterable

from models import Contact, Filing, Group
from models.audit import record
from models.database import unit_of_work
from operations.actors import Actor
from operations.filed_people import FiledPerson


def note_mobiles_seen(actor: Actor, filing: Filing, shown: Iterable[Contact | FiledPerson]) -> None:
    """Leave a trace that this person was shown these mobiles in full; what applicants typed is their own.

    What others typed before a takeover, or gave of themselves, is not. Call it when the page is made: what was
    loaded for it is forgotten.
    """
    typed_all = not filing.taken_over_from and not any(contact.given_by_owner for contact in shown)
    if filing.applicant_id == actor.id and typed_all:
        return
    group_id = filing.group_id
    with unit_of_work() as session:
        record(session, "contacts.view", session.get_one(Group, group_id), by=(actor.id, actor.name))
