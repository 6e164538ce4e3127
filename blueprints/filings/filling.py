"""What a form starts from: the particulars that are known already, or a filing made before."""

from typing import Any

from blueprints.filings.forms import FilingForm
from models import Contact, ContactRole, Filing, Person
from operations import reading
from operations.actors import Actor
from operations.finding import directory_particulars
from operations.reading import FormChoices
from operations.rules import rules_for
from regulation import Regulation, Tier

#: Taken over from a group's row as they are.
PLAIN = (
    *("kind", "tier", "platform", "other_platform", "name", "number", "owner_account"),
    *("member_count", "size_reason"),
    *("composition", "opened_on", "purpose", "is_project", "ends_on"),
)


def new_form(actor: Actor, choices: FormChoices) -> FilingForm:
    """An empty form, with what the directory and this person's earlier forms tell."""
    person = reading.get_person(actor.id)
    head = choices.heads.get(actor.department_id or 0)
    known = {
        "department_id": str(actor.department_id or ""),
        "responsible": _colleague(head),
        "owner": _own_particulars(person),
    }
    return FilingForm(choices, rules_for(None), data=known)


def posted_form(choices: FormChoices, filing: Filing | None = None) -> FilingForm:
    """The form as it was sent, anew or over `filing`."""
    return FilingForm(choices, rules_for(filing))


def form_of(filing: Filing, choices: FormChoices) -> FilingForm:
    """The form of a filing made before, with what was kept of it."""
    group = filing.group
    kept: dict[str, Any] = {name: getattr(group, name, None) for name in PLAIN} | {
        "kind": filing.kind.value,
        "department_id": str(group.department_id or ""),
        "supervisor_id": str(group.supervisor_id or ""),
        "tier": group.tier or "",
        "platform": group.platform or "",
        "responsible": _particulars(group.contacts, ContactRole.RESPONSIBLE)[0],
        "owner": _particulars(group.contacts, ContactRole.OWNER)[0],
        "administrators": _particulars(group.contacts, ContactRole.ADMINISTRATOR),
    }
    # No formdata: a form shown again beside a refusal that came after it was kept says what was kept.
    return FilingForm(choices, rules_for(filing), formdata=None, data=kept)


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
        "heads": {unit_id: _colleague(head) for unit_id, head in choices.heads.items()},
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


def _particulars(contacts: list[Contact], role: ContactRole) -> list[dict[str, str]]:
    """What was kept of the people of this role; one blank entry if there is nobody yet."""
    fields = ("name", "job_title", "mobile", "office_phone", "email", "person_id")
    named = [
        {name: str(getattr(contact, name) or "") for name in fields} for contact in contacts if contact.role is role
    ]
    return named or [{}]
