"""What stands against a filing: the regulation, what the annex still lacks, what is filed already."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import Contact, ContactRole, Department, Filing, Group, Person
from operations.answering import Somebody, named_people
from operations.clock import college_today
from operations.drafts import FilingFacts, meaning
from operations.errors import RefusedByRules
from operations.lookalikes import is_name_taken, likeness_findings, others_like, taken_names
from operations.namesakes import unclear
from operations.partnering import partner_findings
from operations.renaming import former_names
from operations.rules import rules_for, rules_in_force
from regulation import (
    FilingKind,
    Finding,
    Platform,
    Proposal,
    Regulation,
    Severity,
    Tier,
    normalize_name,
    normalize_number,
)
from regulation.rules import Limits


class Facts(Protocol):
    """The annex's facts about a group, as a form or a group's row holds them."""

    @property
    def tier(self) -> Tier | None: ...
    @property
    def platform(self) -> Platform | None: ...
    @property
    def other_platform(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def member_count(self) -> int | None: ...
    @property
    def size_reason(self) -> str: ...
    @property
    def composition(self) -> str: ...
    @property
    def is_project(self) -> bool: ...
    @property
    def opened_on(self) -> date | None: ...
    @property
    def ends_on(self) -> date | None: ...
    @property
    def purpose(self) -> str: ...
    @property
    def owner_account(self) -> str: ...
    @property
    def partner_ids(self) -> tuple[int, ...]: ...
    @property
    def contacts(self) -> Sequence[Somebody]: ...


def check(
    regulation: Regulation,
    facts: Facts,
    *,
    kind: FilingKind,
    unit: Department,
    filing: Filing | None,
) -> list[Finding]:
    """What the regulation, and what is filed already, say about these facts, of `filing` or anew; refusals first."""
    group_id = filing.group_id if filing else None
    proposal = Proposal(
        kind=kind,
        tier=facts.tier or Tier.DEPARTMENT,
        platform=facts.platform or Platform.OTHER,
        name=normalize_name(facts.name),
        number=normalize_number(facts.number),
        member_count=facts.member_count,
        size_reason=facts.size_reason,
        composition=facts.composition,
        is_project=facts.is_project,
        opened_on=facts.opened_on,
        ends_on=facts.ends_on,
        unit_short_name=unit.unit_short_name(regulation.college_short_name),
        today=college_today(),
        other_platform=facts.other_platform,
        unit_kind=unit.kind,
        purpose=facts.purpose,
        owner_account=facts.owner_account,
        people=named_people(facts.contacts, group_id),
    )
    found, others = regulation.check(proposal), others_like(proposal, unit, group_id)
    if any(finding.field == "name" for finding in found) or is_name_taken(proposal, unit, others):
        # Asked only now: a name that will do, as nearly all do, costs no query.
        former = former_names(db.session(), filing, unit)
        taken = taken_names(proposal, unit, group_id)
        proposal = replace(proposal, former_short_names=tuple(former), taken_names=taken)
        found = regulation.check(proposal)
    likenesses = likeness_findings(proposal, unit, others, regulation.propose_name(proposal))
    shared = partner_findings(unit.id, facts.partner_ids)
    return sorted([*found, *likenesses, *shared], key=lambda finding: finding.severity is not Severity.REFUSE)


def check_facts(facts: FilingFacts, *, filing: Filing | None) -> list[Finding]:
    """What stands against these facts, for the form that is being filled in: anew, or over `filing`."""
    unit = db.session.get(Department, facts.department_id) if facts.department_id else None
    if unit is None:
        return []
    return check(rules_for(filing), meaning(facts), kind=facts.kind, unit=unit, filing=filing)


def refuse_what_the_rules_refuse(filing: Filing) -> None:
    """Raise RefusedByRules with everything that keeps the filing, as it is, from being sent."""
    group = filing.group
    if group.department is None:
        raise RefusedByRules([incomplete("department_id", "请选择备案部门。")])
    limits = rules_for(filing).limits()
    findings = [
        *_gone(group),
        *_missing(group),
        *_out_of_number(group, limits),
        *_naming_the_left(group),
        *_unclear(group),
        *findings_of(filing),
    ]
    refusals = [finding for finding in findings if finding.severity is Severity.REFUSE]
    if refusals:
        raise RefusedByRules(refusals)


def findings_of(filing: Filing) -> list[Finding]:
    """What the filing's own rules say about it now; refusals first."""
    group = filing.group
    if group.department is None:
        return []
    return check(rules_for(filing), group, kind=filing.kind, unit=group.department, filing=filing)


def name_instead(filing: Filing) -> str:
    """What today's rules propose to call the filing's group instead (第九条); "" where they propose nothing."""
    group = filing.group
    if group.department is None:
        return ""
    found = check(rules_in_force(), group, kind=FilingKind.ESTABLISH, unit=group.department, filing=filing)
    return next((finding.suggestion for finding in found if finding.field == "name" and finding.suggestion), "")


def _gone(group: Group) -> Iterable[Finding]:
    """Departments that are no more by the time the filing is sent: nobody there could decide."""
    partners = (("partner_ids", partner) for partner in group.partners)
    for field, unit in (("department_id", group.department), ("supervisor_id", group.supervisor), *partners):
        if unit is not None and unit.removed_at is not None:
            yield incomplete(field, f"{unit.name}已撤销或已并入其他部门，请重新选择。")


def _missing(group: Group) -> Iterable[Finding]:
    """What the annex asks for and a draft may still lack."""
    needed = (
        ("tier", group.tier, "请选择建群主体。"),
        ("platform", group.platform, "请选择群组类型。"),
        ("member_count", group.member_count, "请填写群人数。"),
        ("opened_on", group.opened_on, "请选择开通时间。"),
        ("purpose", group.purpose, "请填写平台用途。"),
    )
    yield from (incomplete(field, sentence) for field, value, sentence in needed if not value)
    for role in ContactRole:
        people = [contact for contact in group.contacts if contact.role is role]
        if not people or not all(c.name and (c.mobile or c.is_completed_when_sent) for c in people):
            yield incomplete(role.value, f"请填写{role.label}的姓名和手机。")


def _out_of_number(group: Group, limits: Limits) -> Iterable[Finding]:
    """第七条（一）: the administrators are neither fewer nor more than the regulation says."""
    named = sum(contact.role is ContactRole.ADMINISTRATOR for contact in group.contacts)
    if not named:
        return  # said already, as what the annex asks for
    if named < limits.min_administrators:
        yield incomplete("administrator", f"管理员至少{limits.min_administrators}位，请再填一位。")
    if named > limits.max_administrators:
        yield incomplete("administrator", f"管理员最多{limits.max_administrators}位，请删去多出的。")


def _naming_the_left(group: Group) -> Iterable[Finding]:
    """People who have left since the form was filled in: nobody who is gone can answer for a group."""
    query = (
        select(Contact.role, Contact.name)
        .join(Person, Person.id == Contact.person_id)
        .where(Contact.group_id == group.id, Person.left_at.is_not(None))
        .order_by(Contact.position)
    )
    for role, name in db.session.execute(query):
        yield incomplete(role.value, f"{name}已离职，请另填一位{role.label}。")


def _unclear(group: Group) -> Iterable[Finding]:
    """Names that several people here bear, none of whom was meant: whoever answers for a group is somebody."""
    unlinked = [contact for contact in group.contacts if contact.name and contact.person_id is None]
    sentences = unclear([(contact.name, None) for contact in unlinked], near=group.department_id) if unlinked else []
    for contact, sentence in zip(unlinked, sentences, strict=True):
        if sentence:
            yield incomplete(contact.role.value, sentence)


def incomplete(field: str, sentence: str) -> Finding:
    """A refusal because the annex asks for more."""
    return Finding(article="备案登记表", severity=Severity.REFUSE, field=field, sentence=sentence, remedy="")


def taken_meanwhile(error: IntegrityError) -> RefusedByRules:
    """Two people filed the same group at the same moment and the table let one of them in: the other's refusal.

    Raises the error again if it is of another kind.
    """
    said = str(error.orig)
    if "live_number" in said or "groups.number_key" in said:
        field, word = "number", "群号"
    elif "live_name" in said or "groups.name" in said:
        field, word = "name", "群名"
    else:
        raise error
    sentence = f"这个{word}刚刚已有人提交备案。"
    refusal = Finding("第八条", Severity.REFUSE, field, sentence, "请核对是否重复。")
    return RefusedByRules([refusal])
