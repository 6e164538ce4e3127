"""What a form starts from: the particulars that are known already, or a filing made before."""

from collections.abc import Sequence
from typing import Any

from blueprints.filings.forms import KINDS, FilingForm
from models import Contact, ContactRole, Filing, Person
from operations import reading
from operations.actors import Actor
from operations.clock import college_today
from operations.filed_people import FiledPerson, people_of
from operations.finding import directory_particulars
from operations.reading import FormChoices
from operations.rules import rules_for
from regulation import FilingKind, Regulation, Tier

#: Taken over from a group's row as they are.
PLAIN = (
    *("kind", "tier", "platform", "other_platform", "name", "number", "owner_account"),
    *("member_count", "size_reason"),
    *("composition", "opened_on", "purpose", "is_project", "ends_on"),
)
SAID_OF_PEOPLE = ("name", "job_title", "mobile", "office_phone", "email", "person_id")


def new_form(actor: Actor, choices: FormChoices) -> FilingForm:
    """An empty form, with what the directory and this person's earlier filings tell."""
    habits = reading.habits_of(actor)
    head = choices.heads.get(actor.department_id or 0)
    known = {
        "platform": habits.platform or "",
        "other_platform": habits.other_platform or "",
        "tier": habits.tier or "",
        "department_id": str(actor.department_id or ""),
        "supervisor_id": str(habits.supervisor_id or ""),
        "opened_on": college_today(),
        "responsible": _colleague(head),
        "owner": _own_particulars(habits.person),
    }
    form = FilingForm(choices, rules_for(None), data=known)
    form.responsible.form.mobile_is_on_record = head is not None and head.id in choices.reachable
    return form


def copied_form(filing: Filing, choices: FormChoices) -> FilingForm:
    """A new form with what an earlier filing said, but for what is another group's alone.

    What people gave of themselves is not copied, and nobody who has left is named.
    """
    people = [person for person in people_of(filing) if not person.has_left]
    said = _kept(filing, people)
    kind = filing.kind if filing.kind in KINDS else KINDS[0]
    opened_on = college_today() if kind is FilingKind.ESTABLISH else None
    said |= {
        "kind": kind.value,
        "name": "",
        "number": "",
        "owner_account": "",
        "size_reason": "",
        "opened_on": opened_on,
        "version": "",
    }
    return _with_mobiles_noted(FilingForm(choices, rules_for(None), formdata=None, data=said), people)


def posted_form(choices: FormChoices, filing: Filing | None = None) -> FilingForm:
    """The form as it was sent, anew or over `filing`."""
    return FilingForm(choices, rules_for(filing))


def form_of(filing: Filing, choices: FormChoices) -> FilingForm:
    """The form of a filing made before, with what was kept of it."""
    # No formdata: a form shown again beside a refusal that came after it was kept says what was kept.
    people = filing.group.contacts
    form = FilingForm(choices, rules_for(filing), formdata=None, data=_kept(filing, people))
    return _with_mobiles_noted(form, people)


def _with_mobiles_noted(form: FilingForm, people: Sequence[Contact | FiledPerson]) -> FilingForm:
    """The form, saying of whom it leaves blank what they gave of themselves."""
    on_record = {
        (person.role, person.name) for person in people if person.given_by_owner or person.is_completed_when_sent
    }
    for entry, role in form.people():
        entry.mobile_is_on_record = (role, entry.name.data) in on_record
    return form


def _kept(filing: Filing, people: Sequence[Contact | FiledPerson]) -> dict[str, Any]:
    group = filing.group
    return {name: getattr(group, name, None) for name in PLAIN} | {
        "kind": filing.kind.value,
        "version": str(filing.version),
        "department_id": str(group.department_id or ""),
        "supervisor_id": str(group.supervisor_id or ""),
        "partner_ids": [str(partner_id) for partner_id in group.partner_ids],
        "tier": group.tier or "",
        "platform": group.platform or "",
        "responsible": _particulars(people, ContactRole.RESPONSIBLE)[0],
        "owner": _particulars(people, ContactRole.OWNER)[0],
        "administrators": _particulars(people, ContactRole.ADMINISTRATOR),
    }


def hints(choices: FormChoices, rules: Regulation) -> dict[str, Any]:
    """What the page's script helps with: who heads each department, and what its groups' names begin with."""
    college = rules.college_short_name
    units = [*choices.own, *choices.others]
    return {
        "college": college,
        "collegeTier": Tier.COLLEGE.value,
        "sizeLimit": rules.size_limit,
        "sizeReasons": rules.size_reasons,
        "shortNames": {unit.id: unit.unit_short_name(college) for unit in units},
        "heads": {
            unit_id: {**_colleague(head), "mobile_is_on_record": head.id in choices.reachable}
            for unit_id, head in choices.heads.items()
        },
    }


def _colleague(person: Person | None) -> dict[str, str]:
    return {} if person is None else {"person_id": str(person.id), **directory_particulars(person)}


def _own_particulars(person: Person) -> dict[str, str]:
    return {
        **_colleague(person),
        "office_phone": person.office_phone,
        "mobile": person.mobile or "",
        "email": person.email or "",
    }


def _particulars(people: Sequence[Contact | FiledPerson], role: ContactRole) -> list[dict[str, str]]:
    """What was kept of the people of this role; one blank entry if there is nobody yet."""
    return [_said_of(person) for person in people if person.role is role] or [{}]


def _said_of(person: Contact | FiledPerson) -> dict[str, str]:
    """What the form says of somebody. What they gave of themselves is no applicant's to see: it stays with the filing
    as long as they do, and the form leaves it blank."""
    said = {name: str(getattr(person, name, "") or "") for name in SAID_OF_PEOPLE}
    return said | {"mobile": "", "email": ""} if person.given_by_owner else said
