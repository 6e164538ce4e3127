"""参与单位: departments that share a group which another one leads. They are informed, and decide nothing."""

from collections.abc import Collection, Iterator

from sqlalchemy import Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from messaging import cards, outbox
from models import Filing, Group, GroupPartner
from operations.departments import OPEN
from operations.posts import holders
from regulation import Finding, PostKind, Severity

_OTHER = aliased(GroupPartner)


def partner_findings(leading_id: int, partner_ids: Collection[int]) -> Iterator[Finding]:
    """第四条: whoever sets a group up answers for it; the department that files it leads it, and is no partner."""
    if leading_id in partner_ids:
        sentence, remedy = "备案部门是牵头单位，不能同时是参与单位。", "请取消选择备案部门，只选其他参与的单位。"
        yield Finding("第四条", Severity.REFUSE, "partner_ids", sentence, remedy)


def tell_partners(session: Session, filing: Filing, *, besides: Collection[int]) -> None:
    """Tell the heads of the 参与单位 that the group is registered; whoever is told of it anyhow is not told twice.

    A unit without a head is told nothing: there is nothing to be done.
    """
    if not filing.group.partners:
        return
    posts = [(PostKind.DEPARTMENT_HEAD, partner.id) for partner in filing.group.partners]
    held = holders(session, posts)
    heads = {head.person_id: head for post in posts for head in held.of(*post) if head.person_id not in besides}
    event, card = f"filing:{filing.id}:partners", cards.shared_group_registered(filing)
    outbox.tell(session, event, card, recipients=heads.values(), filing=filing)


def follow_merger(session: Session, source_id: int, target_id: int) -> None:
    """Let the target take the source's place among the partners, before the groups that the source leads go there.

    Once in each group, and not where it leads or will. What is over keeps the partners of its day.
    """
    ours = (GroupPartner.department_id == source_id, GroupPartner.group_id.in_(_going_on()))
    there = select(_OTHER.group_id).where(_OTHER.department_id == target_id)
    led = select(Group.id).where(Group.department_id.in_((source_id, target_id)))
    needless = or_(GroupPartner.group_id.in_(there), GroupPartner.group_id.in_(led))
    session.execute(delete(GroupPartner).where(*ours, needless))
    session.execute(update(GroupPartner).where(*ours).values(department_id=target_id))
    leave_to_lead(session, _going_on().where(Group.department_id == source_id), target_id)


def leave_to_lead(session: Session, groups: Select[int], leading_id: int) -> None:
    """Let a department that will lead these groups be their partner no more."""
    session.execute(
        delete(GroupPartner).where(GroupPartner.department_id == leading_id, GroupPartner.group_id.in_(groups))
    )


def _going_on() -> Select[int]:
    """The groups that are live, and those of drafts and of what was sent back."""
    filed = exists().where(Filing.group_id == Group.id, Filing.state.in_(OPEN))
    return select(Group.id).where(or_(Group.live, filed))
