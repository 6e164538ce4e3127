"""What the regulation says of a form while it is being filled in; the form's script asks, and nothing is kept."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue
from wtforms import Field

from blueprints.filings.fields import an_id
from blueprints.filings.filling import posted_form
from blueprints.filings.forms import FilingForm
from blueprints.filings.sending import add_unclear_names, field_of, fields_with_errors, is_understood
from blueprints.guards import may, who_asks
from extensions import limiter
from models import Filing
from operations import permissions, reading
from operations.checks import check_facts
from operations.drafts import FilingFacts
from operations.tiers import tier_found
from regulation import Finding, FoundTier, Severity, Tier, normalize_name, normalize_number

checking = Blueprint("checking", __name__)

# A form is asked about at most once a second or so while it is being typed.
limiter.limit("120 per minute", key_func=who_asks)(checking)


@checking.post("/filings/check")
@may(permissions.is_member)
def check() -> ResponseReturnValue:
    """What is to be said at each field of the form as it stands; what is still empty is not asked for."""
    filing = reading.find_own_filing(g.actor, an_id(request.form.get("filing_id")))
    form = posted_form(reading.form_choices(g.actor), filing)
    form.validate()
    add_unclear_names(form)
    facts = form.facts() if is_understood(form) else None
    found = tier_found(facts, filing=filing) if facts else None
    findings = _findings(facts, found, filing) if facts else []
    return jsonify(
        fields=_said(form, findings),
        suggestion=_suggestion(findings),
        tier=_tier(found),
        number=normalize_number(form.number.data),
        name_length={
            "length": len(normalize_name(form.name.data)),
            "limit": form.rules.name_lengths.get(facts.platform) if facts and facts.platform else None,
        },
    )


def _findings(facts: FilingFacts, found: FoundTier | None, filing: Filing | None) -> list[Finding]:
    """A form without a tier is judged by the one that is found for it."""
    tier = facts.tier or (found.tier if found else None)
    return check_facts(replace(facts, tier=tier), filing=filing) if tier else []


def _said(form: FilingForm, findings: list[Finding]) -> dict[str, list[dict[str, str]]]:
    said: dict[str, list[dict[str, str]]] = defaultdict(list)
    for field, finding in _told(form, findings):
        if field.data:
            entry = {"article": finding.article, "severity": finding.severity.value, "text": finding.text}
            said[field.id].append({**entry, "sentence": finding.sentence, "remedy": finding.remedy})
    return said


def _told(form: FilingForm, findings: list[Finding]) -> Iterator[tuple[Field, Finding]]:
    """Each field with what is said there; one that cannot be read says that alone."""
    wrong = {field.id: field for _, field in fields_with_errors(form)}
    for field in wrong.values():
        # Whether it was read or not, something was typed there.
        field.data = field.data or field.raw_data
        yield from ((field, _Unreadable("", Severity.REFUSE, field.name, str(error), "")) for error in field.errors)
    yield from ((field_of(form, f.field), f) for f in findings if field_of(form, f.field).id not in wrong)


class _Unreadable(Finding):
    """What the form itself says of a field: no article asks for it."""

    @property
    def text(self) -> str:
        return self.sentence


def _suggestion(findings: list[Finding]) -> dict[str, str] | None:
    """The name that is proposed instead, and the one in the college's name, where it may be that this was meant."""
    named = next((finding for finding in findings if finding.suggestion), None)
    if named is None:
        return None
    return {"name": named.suggestion, "college_name": named.college_suggestion, "college_tier": Tier.COLLEGE.value}


def _tier(found: FoundTier | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"tier": found.tier.value, "label": found.tier.label, "article": found.article, "reason": found.reason}
