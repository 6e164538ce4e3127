"""职责确认: who of a group's 群主 and 管理员 has confirmed their duties (第六条, 第七条), and who is asked to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from extensions import db
from messaging import cards, outbox
from models import Channel, Commitment, Contact, ContactRole, Filing, FilingState, Group, GroupState, Person, utc_now
from operations.posts import accounts_of
from operations.rules import rules_for, rules_in_force
from regulation.rules import Duties

#: Who has them: 第七条 speaks of 群主 and 管理员.
HAVE_DUTIES = (ContactRole.OWNER, ContactRole.ADMINISTRATOR)
#: The filings whose group is, or is to be.
UNDER_WAY = (FilingState.IN_REVIEW, FilingState.APPROVED, FilingState.RETURNED, FilingState.REGISTERED)


@dataclass(frozen=True)
class Duty:
    """One 群主 or 管理员 of a group, and what has come of asking them; nobody is asked who has no account here."""

    role: str
    name: str
    person_id: int | None
    commitment: Commitment | None

    @property
    def is_confirmed(self) -> bool:
        """Whether the person has confirmed, for this group."""
        return self.commitment is not None and self.commitment.confirmed_at is not None

    @property
    def by_card(self) -> bool:
        """Whether the person confirmed with a tap."""
        return self.commitment is not None and self.commitment.channel is Channel.CARD


def ask_of_duties(session: Session, filing: Filing) -> None:
    """Ask whomever a filing that is being sent names as 群主 or 管理员, each once for the group.

    The applicant stands on the page and is asked there. The card of somebody whom it names no more is closed.
    """
    group, named = filing.group, roles_by_person(filing.group)
    known = _commitments(session, group.id)
    outbox_asked = outbox.asked_to_commit(session, group.id) if known else set()
    if gone := outbox_asked - named.keys():
        outbox.close_commitments(session, group.id, cards.NO_LONGER_NAMED, people=gone)
    unsure = {person_id for person_id in named if person_id not in known or known[person_id].confirmed_at is None}
    accounts = accounts_of(session, unsure - outbox_asked - {filing.applicant_id})
    for person_id in sorted(unsure):
        commitment = known.get(person_id) or begin(session, filing, person_id, named[person_id][0].name)
        if person_id in accounts:
            card = cards.commitment_request(filing, _labels(named[person_id]))
            event = f"filing:{filing.id}:{filing.round}:duties"
            account = [accounts[person_id]]
            outbox.tell(session, event, card, recipients=account, filing=filing, commitment=commitment)


def begin(session: Session, filing: Filing, person_id: int, name: str) -> Commitment:
    """A new row for somebody who has not confirmed yet."""
    commitment = Commitment(group_id=filing.group_id, filing_id=filing.id, person_id=person_id, person_name=name)
    session.add(commitment)
    return commitment


def confirm_by_takeover(session: Session, person: Person, group_ids: Collection[int], channel: Channel) -> None:
    """Whoever takes a group over confirms its duties by that: the page and the card of the takeover say so."""
    query = (
        select(Filing)
        .where(Filing.group_id.in_(group_ids), Filing.state != FilingState.DRAFT)
        .order_by(Filing.group_id, Filing.id)
    )
    own = select(Commitment).where(Commitment.group_id.in_(group_ids), Commitment.person_id == person.id)
    known = {row.group_id: row for row in session.scalars(own)}
    for filing in {filing.group_id: filing for filing in session.scalars(query)}.values():
        commitment = known.get(filing.group_id) or begin(session, filing, person.id, person.name)
        if commitment.confirmed_at is None:
            commitment.confirmed_at, commitment.channel = utc_now(), channel
            outbox.close_commitments(session, filing.group_id, cards.committed_text(commitment), people={person.id})


def roles_by_person(group: Group) -> dict[int, list[Contact]]:
    """The colleagues who are 群主 or 管理员 of the group, with what they are in it."""
    found: dict[int, list[Contact]] = {}
    for contact in _with_duties(group.contacts):
        if contact.person_id is not None:
            found.setdefault(contact.person_id, []).append(contact)
    return found


@dataclass(frozen=True)
class DutySheet:
    """职责确认 of a group: the filing by which it is asked, who of its people of today has confirmed, and the text."""

    filing: Filing
    people: list[Duty]
    text: Duties

    def asks(self, person_id: int) -> bool:
        """Whether this person has still to confirm."""
        return any(duty.person_id == person_id and not duty.is_confirmed for duty in self.people)


def duty_sheet(filings: Sequence[Filing]) -> DutySheet | None:
    """The sheet of the group whose filings these are, newest first; None where nobody is asked, now or any more."""
    filing = next((filing for filing in filings if filing.state in UNDER_WAY), None)
    if filing is None or filing.group.state is GroupState.DISSOLVED:
        return None
    known = _commitments(db.session(), filing.group_id)
    people = [
        Duty(contact.role.label, contact.name, contact.person_id, known.get(contact.person_id or 0))
        for contact in _with_duties(filing.group.contacts)
    ]
    return DutySheet(filing, people, _text_for(filing))


def _text_for(filing: Filing) -> Duties:
    """The duties, item by item, by the filing's own rules; by those in force where its text was older than them."""
    own = rules_for(filing).duties
    return own if own.members or own.administrators else rules_in_force().duties


def _commitments(session: Session, group_id: int) -> dict[int, Commitment]:
    rows = session.scalars(select(Commitment).where(Commitment.group_id == group_id))
    return {row.person_id: row for row in rows}


def _with_duties(contacts: Iterable[Contact]) -> list[Contact]:
    return [contact for role in HAVE_DUTIES for contact in contacts if contact.role is role]


def _labels(contacts: Sequence[Contact]) -> list[str]:
    return list(dict.fromkeys(contact.role.label for contact in contacts))


def role_labels(contacts: Sequence[Contact]) -> str:
    """What somebody is in a group, in words: 群主、管理员."""
    return "、".join(_labels(contacts))
