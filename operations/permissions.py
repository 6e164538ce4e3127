"""Who may do what to which object: one function a question, asked alike by a page, a card tap and a command."""

from collections.abc import Sequence

from models import (
    Action,
    Contact,
    Delegation,
    Department,
    Evidence,
    EvidenceKind,
    Filing,
    FilingState,
    Opinion,
    Person,
    Post,
    Step,
)
from operations.actors import Actor
from operations.duties import roles_by_person
from operations.filed_people import OVER, FiledPerson, people_of
from operations.posts import FALL_BACK, is_free, is_sole_registrar
from operations.vacancies import UNFINISHED_FILINGS, HandoverRecord
from regulation import PostKind

#: What cannot be lent: running the service, and looking over everybody's shoulder.
NOT_DELEGATED = (PostKind.ADMINISTRATOR, PostKind.AUDITOR)
#: Where a filing's 附件 are its applicant's to add and to take away.
BEFORE_REGISTRATION = (FilingState.DRAFT, FilingState.IN_REVIEW, FilingState.APPROVED, FilingState.RETURNED)


def is_member(actor: Actor) -> bool:
    """Everybody the platform has named as a member of the college may file."""
    return True


def can_see(actor: Actor, filing: Filing) -> bool:
    """Those who take part, the head of the department, and those who oversee; from the registration on, of which they
    are told, also the heads of the 参与单位. A draft is its author's alone.

    The department's 主管院领导 takes part once it was reported to them as overdue.
    """
    return _is_concerned(actor, filing) or _heads_partner(actor, filing)


def sees_evidence(actor: Actor, filing: Filing) -> bool:
    """Whoever may see the filing, but for the heads of its 参与单位: a scan shows mobiles, a screenshot the members."""
    return _is_concerned(actor, filing)


def can_see_group(actor: Actor, filings: Sequence[Filing]) -> bool:
    """Whoever may see one of a group's filings may see the group."""
    return any(can_see(actor, filing) for filing in filings)


def completes_group(actor: Actor, filings: Sequence[Filing]) -> bool:
    """Applicants, 第一责任人, 群主, 管理员 and registrars: they say what a registered group still owes."""
    return any(
        can_see(actor, filing)
        and (is_applicant(actor, filing) or _is_named(actor, filing) or actor.holds(PostKind.REGISTRAR))
        for filing in filings
    )


def can_check_nicknames(actor: Actor, filings: Sequence[Filing]) -> bool:
    """Whoever sees the group and answers for it: its people, its applicants, its department's head; and registrars."""
    return any(can_see(actor, filing) and _answers_for_group(actor, filing) for filing in filings)


def _answers_for_group(actor: Actor, filing: Filing) -> bool:
    takes_part = is_applicant(actor, filing) or _is_named(actor, filing)
    return takes_part or _heads_department(actor, filing) or actor.holds(PostKind.REGISTRAR)


def is_applicant(actor: Actor, filing: Filing) -> bool:
    """Whoever filed it: fills it in, sends it, takes it back. Its state says when."""
    return filing.applicant_id == actor.id


def has_duties(actor: Actor, filing: Filing) -> bool:
    """群主 and 管理员 of a sent filing's group, as they are today: they confirm their duties (第六条, 第七条)."""
    return filing.state is not FilingState.DRAFT and actor.id in roles_by_person(filing.group)


def is_approver(actor: Actor, filing: Filing) -> bool:
    """Whoever holds the post of one of its steps, was passed one on, or decided on one: may press, and is told the
    truth if too late."""
    return any(
        actor.holds(step.post, step.department_id)
        or step.assignee_id == actor.id
        or (step.decision is not None and step.decision.person_id == actor.id)
        for step in filing.steps
    )


def may_reassign(actor: Actor, filing: Filing) -> bool:
    """Whoever may decide on one of its steps or was passed one on, and administrators and registrars, who see to what
    nobody can take: may open 转办, and is told how things stand where it is not theirs."""
    sees_to = filing.state is not FilingState.DRAFT and any(actor.holds(kind) for kind in FALL_BACK)
    return sees_to or is_approver(actor, filing)


def may_enter_paper(actor: Actor, filing: Filing) -> bool:
    """Registrars, of a sent filing that is not their own, nor of whoever they stand in for: may open 线下已审, and are
    told what it lacks."""
    seats = actor.seats_in(PostKind.REGISTRAR)
    return filing.state is not FilingState.DRAFT and any(filing.applicant_id not in seat.people for seat in seats)


def can_edit(actor: Actor, filing: Filing) -> bool:
    """The applicant, while the filing is a draft or was sent back."""
    return is_applicant(actor, filing) and filing.allows(Action.EDIT)


def can_withdraw(actor: Actor, filing: Filing) -> bool:
    """The applicant, from submission until the registration."""
    return is_applicant(actor, filing) and filing.allows(Action.WITHDRAW)


def can_nudge(actor: Actor, filing: Filing) -> bool:
    """The applicant, while the filing waits for somebody else to act."""
    return is_applicant(actor, filing) and filing.pending_step is not None


def can_delete(actor: Actor, filing: Filing) -> bool:
    """The author, while it is a draft: what was sent once stays in the record."""
    return is_applicant(actor, filing) and filing.allows(Action.DELETE)


def can_take(actor: Actor, filing: Filing, step: Step) -> bool:
    """Whoever the step was passed on to (转办), and nobody else; or whoever acts in its post now. Nobody approves a
    filing of their own, nor for its applicant, nor twice in one post; whoever registers is a registrar, and registers
    their own filing where there is no other."""
    if step.assignee_id is not None:
        given = {step.assignee_id} | ({step.assigned_by_id} if step.assigned_by_id else set())
        in_post = not step.is_registration or actor.holds(step.post)
        return step.assignee_id == actor.id and in_post and is_free(step, given)
    seats = actor.seats_in(step.post, step.department_id)
    if any(is_free(step, seat.people) for seat in seats):
        return True
    # Asked of a registrar about their own filing only.
    return step.is_registration and bool(seats) and is_sole_registrar(filing.applicant_id)


def can_decide(actor: Actor, filing: Filing) -> bool:
    """The holder of the post whose turn it is, on an approval."""
    step = filing.pending_step
    return step is not None and not step.is_registration and can_take(actor, filing, step)


def can_register(actor: Actor, filing: Filing) -> bool:
    """A registrar, once every approval of 第八条 is given."""
    step = filing.pending_step
    return step is not None and step.is_registration and can_take(actor, filing, step)


def can_answer(actor: Actor, filing: Filing, opinion: Opinion) -> bool:
    """Whoever was asked for this opinion, on the filing it was asked on; its step says until when."""
    return opinion.step.filing_id == filing.id and opinion.adviser_id == actor.id


def sees_full_mobiles(actor: Actor, filing: Filing) -> bool:
    """Whose task needs all of them: whoever has to decide now, registrars and administrators."""
    return can_decide(actor, filing) or actor.holds(PostKind.REGISTRAR) or actor.holds(PostKind.ADMINISTRATOR)


def can_see_evidence(actor: Actor, filing: Filing, evidence: Evidence) -> bool:
    """Whoever sees the 附件 of the filing on which it hangs."""
    return sees_evidence(actor, filing)


def brings_evidence(actor: Actor, filing: Filing) -> bool:
    """Whoever filed it, who answers for its group, and who enters what was signed on paper: may press, and is told
    where 附件 cannot be added."""
    return _files_for_group(actor, filing) or may_enter_paper(actor, filing)


def _files_for_group(actor: Actor, filing: Filing) -> bool:
    return can_see(actor, filing) and (is_applicant(actor, filing) or _is_named(actor, filing))


def kinds_to_add(actor: Actor, filing: Filing) -> tuple[EvidenceKind, ...]:
    """Every kind of 附件: the applicant until the registration; of a registered group that goes on, also who answers
    for it. The scan of the signed form: also who enters what was signed on it, while an approval waits."""
    if filing.state in BEFORE_REGISTRATION:
        adds_all = is_applicant(actor, filing)
    else:
        adds_all = filing.state is FilingState.REGISTERED and filing.group.live and _files_for_group(actor, filing)
    if adds_all:
        return tuple(EvidenceKind)
    scans = filing.state is FilingState.IN_REVIEW and may_enter_paper(actor, filing)
    return (EvidenceKind.SIGNED_FORM,) if scans else ()


def brought_evidence(actor: Actor, filing: Filing, evidence: Evidence) -> bool:
    """Whoever added the file, and the applicant: may take it away, and is told where it has to stay."""
    return can_see(actor, filing) and actor.id in (filing.applicant_id, evidence.uploaded_by_id)


def can_remove_evidence(actor: Actor, filing: Filing, evidence: Evidence) -> bool:
    """Whoever brought it, until the registration; what a registration rests on stays, and what an approval does."""
    stays = filing.state not in BEFORE_REGISTRATION or proves_approval(filing, evidence)
    return not stays and brought_evidence(actor, filing, evidence)


def proves_approval(filing: Filing, evidence: Evidence) -> bool:
    """Whether it is a scan of the signed form, and an approval was entered from such a one (线下已审)."""
    on_paper = any(step.decision is not None and step.decision.on_paper for step in filing.steps)
    return evidence.kind is EvidenceKind.SIGNED_FORM and on_paper


def people_in_full(actor: Actor, filing: Filing) -> Sequence[Contact | FiledPerson]:
    """Those of a filing's people whose mobiles its page shows in full: to its applicant those that were typed into
    it, and never what people gave of themselves, since anybody may name anybody."""
    if sees_full_mobiles(actor, filing):
        return people_of(filing)
    return typed_by_applicant(filing) if is_applicant(actor, filing) else []


def typed_by_applicant(filing: Filing) -> Sequence[Contact | FiledPerson]:
    """Those of a filing's people whose particulars are what an applicant typed."""
    return [person for person in people_of(filing) if not person.given_by_owner]


def group_people_in_full(actor: Actor, filings: Sequence[Filing]) -> Sequence[Contact]:
    """Those of a group's people of today whose mobiles its page shows in full.

    To an applicant what was typed, until the filing is over: whoever stands here afterwards may be somebody else.
    """
    contacts = filings[0].group.contacts
    if any(sees_full_mobiles(actor, filing) for filing in filings):
        return contacts
    files = any(is_applicant(actor, filing) and filing.state not in OVER for filing in filings)
    return [contact for contact in contacts if files and not contact.given_by_owner]


def can_see_registry(actor: Actor) -> bool:
    """The ledger of the whole college: registrars, auditors and administrators."""
    return actor.oversees


def hands_over_in(actor: Actor, department_id: int | None) -> bool:
    """Whoever heads the department, and whoever stands in where nobody does."""
    return actor.holds(PostKind.DEPARTMENT_HEAD, department_id) or any(actor.holds(kind) for kind in FALL_BACK)


def can_hand_over(actor: Actor, record: HandoverRecord) -> bool:
    """Whoever heads the handover's department, administrators and registrars: they choose who takes over."""
    return hands_over_in(actor, record.handover.department_id)


def can_see_handover(actor: Actor, record: HandoverRecord) -> bool:
    """Whoever may hand over, whoever was ever asked to take over, and those who oversee."""
    return can_hand_over(actor, record) or actor.oversees or _was_asked(actor, record)


def can_take_over(actor: Actor, filing: Filing) -> bool:
    """The head of the filing's department, once its applicant has left the college or that department.

    From submission until the registration, and in person: a delegate decides for the head, but files nothing.
    """
    return (
        filing.state in UNFINISHED_FILINGS
        and actor.holds_in_person(PostKind.DEPARTMENT_HEAD, filing.group.department_id)
        and filing.applicant_id != actor.id
        and (filing.applicant.left_at is not None or _has_moved(filing))
    )


def _has_moved(filing: Filing) -> bool:
    """Whether the applicant belonged to the department when they filed, and does no more; a merged one goes on.

    Whoever is listed there still, beside a new main department, has not left it.
    """
    unit, applicant = filing.group.department_id, filing.applicant
    if filing.applicant_department_id != unit or applicant.department_id == unit:
        return False
    merged = applicant.department is not None and applicant.department.merged_into_id == unit
    return not merged and all(listed.department_id != unit for listed in applicant.memberships)


def heads_its_department(actor: Actor, filing: Filing) -> bool:
    """The head of a sent filing's department: may press 接办, and is told where it cannot be."""
    in_person = actor.holds_in_person(PostKind.DEPARTMENT_HEAD, filing.group.department_id)
    return filing.state is not FilingState.DRAFT and in_person


def can_administer(actor: Actor) -> bool:
    """Whoever runs the service: departments, posts, people, the directory, the state of the service."""
    return actor.holds(PostKind.ADMINISTRATOR)


def can_administer_department(actor: Actor, department: Department) -> bool:
    """Administrators, for every department."""
    return can_administer(actor)


def can_see_names(actor: Actor, department: Department) -> bool:
    """改名建议 of a department: its head, and administrators."""
    return actor.holds(PostKind.DEPARTMENT_HEAD, department.id) or can_administer(actor)


def can_administer_person(actor: Actor, person: Person) -> bool:
    """Administrators see anybody's posts, and give them."""
    return can_administer(actor)


def can_end_post(actor: Actor, post: Post) -> bool:
    """Administrators, whoever holds it."""
    return can_administer(actor)


def _was_asked(actor: Actor, record: HandoverRecord) -> bool:
    return actor.id in record.asked or any(item.successor_id == actor.id for item in record.handover.items)


def can_delegate(actor: Actor) -> bool:
    """Whoever acts in a post that may be lent."""
    return any(seat.kind not in NOT_DELEGATED for seat in actor.seats)


def can_end_delegation(actor: Actor, delegation: Delegation) -> bool:
    """Whoever gave it, whoever has it, and administrators."""
    return actor.id in (delegation.from_person_id, delegation.to_person_id) or can_administer(actor)


def _takes_part(actor: Actor, filing: Filing) -> bool:
    return (
        is_applicant(actor, filing)
        or _is_named(actor, filing)
        or is_approver(actor, filing)
        or _was_consulted(actor, filing)
        or _looks_after(actor, filing)
    )


def _was_consulted(actor: Actor, filing: Filing) -> bool:
    return any(opinion.adviser_id == actor.id for step in filing.steps for opinion in step.opinions)


def _looks_after(actor: Actor, filing: Filing) -> bool:
    """主管院领导 of a department, once what waits there was reported to them as overdue; they decide nothing there."""
    units = {filing.group.department_id, *(step.department_id for step in filing.steps)}
    return bool(filing.was_escalated) and any(actor.holds(PostKind.COLLEGE_LEADER, unit) for unit in units)


def _is_concerned(actor: Actor, filing: Filing) -> bool:
    if filing.state is FilingState.DRAFT:
        return filing.applicant_id == actor.id
    return actor.oversees or _takes_part(actor, filing) or _heads_department(actor, filing)


def _heads_partner(actor: Actor, filing: Filing) -> bool:
    """Whether they head a 参与单位 of a group whose filing is registered."""
    is_told = filing.state is FilingState.REGISTERED
    return is_told and not actor.headed.isdisjoint(filing.group.partner_ids)


def _heads_department(actor: Actor, filing: Filing) -> bool:
    return actor.holds(PostKind.DEPARTMENT_HEAD, filing.group.department_id)


def _is_named(actor: Actor, filing: Filing) -> bool:
    """Whether the person answers for the filing's group: as 第一责任人, 群主 or 管理员."""
    return any(contact.person_id == actor.id for contact in filing.group.contacts)
