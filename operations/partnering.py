"""参与单位: departments that share a group which another one leads. They are informed, and decide nothing."""

from collections.abc import Collection, Iterator

from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import Filing
from operations.posts import holders
from regulation import Finding, PostKind, Severity


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
