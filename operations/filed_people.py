"""The people of a filing: those of its group now, or, once it is over and they have changed, those of its day."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models import Contact, ContactRole, Filing, FilingState, Group
from models.encryption import Unreadable

#: Nobody acts on these any more: what they say is history.
OVER = (FilingState.REGISTERED, FilingState.REJECTED, FilingState.WITHDRAWN)


@dataclass(frozen=True)
class FiledPerson:
    """第一责任人, 群主 or 管理员 as a filing named them; reads like a Contact."""

    role: ContactRole
    position: int
    name: str
    job_title: str
    mobile: str
    office_phone: str
    email: str
    given_by_owner: bool = False
    unit: str = ""

    @property
    def has_left(self) -> bool:
        """They are history here, gone or not: the group's own page says who is."""
        return False

    @property
    def is_completed_when_sent(self) -> bool:
        """It was sent."""
        return False

    @classmethod
    def of(cls, contact: Contact) -> "FiledPerson":
        """The contact as it stands now."""
        values: dict[str, Any] = {name: getattr(contact, name) for name in cls.__dataclass_fields__ if name != "unit"}
        return cls(**values)


def keep_people(session: Session, group_ids: Collection[int]) -> None:
    """Let each filing of these groups that is over keep its people, in the transaction that is about to change them.

    Whoever ends one at the same moment is waited for, or waits.
    """
    here = select(Filing.id).where(Filing.group_id.in_(group_ids)).order_by(Filing.id)
    # Locked first, read afterwards: PostgreSQL reads joined rows as they were before it waited for the lock.
    session.execute(here.with_for_update())
    query = (
        select(Filing)
        .where(Filing.group_id.in_(group_ids), Filing.state.in_(OVER))
        .options(joinedload(Filing.group).selectinload(Group.contacts))
        .execution_options(populate_existing=True)
    )
    for filing in session.scalars(query):
        if not filing.people_as_filed:
            people = [asdict(FiledPerson.of(contact)) for contact in filing.group.contacts]
            filing.people_as_filed = json.dumps(people, ensure_ascii=False)
    session.flush()


def people_of(filing: Filing) -> Sequence[Contact | FiledPerson]:
    """Whom the filing's page names; where the key of what was kept is lost, it says so."""
    if not filing.people_as_filed:
        return filing.group.contacts
    if isinstance(filing.people_as_filed, Unreadable):
        lost = filing.people_as_filed
        return [FiledPerson(role, 1, lost, "", lost, "", "") for role in ContactRole]
    kept = json.loads(filing.people_as_filed)
    return [FiledPerson(**{**person, "role": ContactRole(person["role"])}) for person in kept]
