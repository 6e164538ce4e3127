"""Deleting a draft: nothing of what was typed stays, and nobody finds it any more."""

from uuid import uuid4

from sqlalchemy import exists, select

from extensions import db
from models import Action, Filing, Group, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import evidence, evidence_files, permissions
from operations.actors import Actor
from operations.errors import NotAllowed
from operations.turns import locked_filing

#: What is no fact of the form, and stays in the empty row.
OF_THE_ROW = frozenset({"id", "state", "live", "created_at"})


def delete_draft(actor: Actor, filing_id: int) -> None:
    """Delete the author's own draft for good; the same form sent from another window makes a new one.

    Raises NotFound, NotAllowed, or WrongState for what was ever sent: that is part of the college's record.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        if not permissions.is_applicant(actor, filing):
            raise NotAllowed
        filing.move(Action.DELETE)
        filing.deleted_at, filing.form_key = utc_now(), uuid4().hex
        _empty(filing.group)
        files = evidence.remove_all_of(session, actor, filing)
        session.flush()
        record(session, "filing.delete", filing, by=(actor.id, actor.name))
    evidence_files.discard(files)


def has_deleted(actor: Actor, filing_id: int) -> bool:
    """Whether this was a draft of theirs, and is deleted."""
    own = (Filing.id == filing_id, Filing.applicant_id == actor.id, Filing.deleted_at.is_not(None))
    return bool(db.session.scalar(select(exists().where(*own))))


def _empty(group: Group) -> None:
    group.contacts.clear()
    group.partners.clear()
    for column in Group.__table__.columns:
        if column.name not in OF_THE_ROW:
            setattr(group, column.name, column.default.arg if column.default is not None else None)
