"""What other live groups say of one that is being filed: it is there already, or may be another's team's.

Of another unit's group nobody learns more than its name, its unit and its number.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, select, text, union_all

from extensions import db
from models import Contact, ContactRole, Department, Group
from models.groups import name_key
from regulation import Description, Finding, Platform, Proposal, Severity, are_alike, fold_name

#: With how many of the unit's groups a new one is compared, the newest first.
MOST_COMPARED = 200
#: How many groups of one name, in other units too, are looked at; and how many likenesses are told at once.
MOST_NAMESAKES = 20
MOST_TOLD = 3


class Other(NamedTuple):
    """Another live group, as far as it is compared."""

    name: str
    name_key: str
    number_key: str
    platform: Platform
    other_platform: str
    purpose: str
    composition: str
    owner_account: str
    opened_on: date | None
    registration_number: str | None
    unit_id: int
    unit: str
    owner_id: int | None

    @property
    def where_filed(self) -> str:
        """Its 备案编号, or how far it has come."""
        return f"（{self.registration_number}）" if self.registration_number else "（正在办理）"

    @property
    def called(self) -> str:
        """The group as it is named to whoever files another."""
        return f"{self.other_platform or self.platform.label}「{self.name}」{self.where_filed}"


def others_like(proposal: Proposal, unit: Department, group_id: int | None) -> Sequence[Other]:
    """The live groups that this one may be, or be like: of its number, of its name, of its unit; in one query."""
    is_owner = and_(Contact.group_id == Group.id, Contact.role == ContactRole.OWNER, Contact.position == 1)
    query = (
        select(
            *(Group.name, Group.name_key, Group.number_key, Group.platform, Group.other_platform, Group.purpose),
            *(Group.composition, Group.owner_account, Group.opened_on, Group.registration_number),
            *(Department.id, Department.name, Contact.person_id),
        )
        .join(Department, Department.id == Group.department_id)
        .outerjoin(Contact, is_owner)
        .where(Group.id.in_(_near(proposal, unit)), Group.id != group_id)
        .order_by(Group.id.desc())
    )
    return [Other._make(row) for row in db.session.execute(query)]


def taken_names(proposal: Proposal, unit: Department, group_id: int | None) -> frozenset[str]:
    """The folded names of the unit's live groups on the platform, but for the group's own."""
    same = (Group.live, Group.department_id == unit.id, Group.platform == proposal.platform, Group.id != group_id)
    return frozenset(db.session.scalars(select(Group.name_key).where(*same)))


def is_name_taken(proposal: Proposal, unit: Department, others: Iterable[Other]) -> bool:
    """Whether one of them has the name, in this unit and on this platform."""
    return any(_has_name(other, proposal, unit) and other.platform is proposal.platform for other in others)


def likeness_findings(proposal: Proposal, unit: Department, others: Iterable[Other], free_name: str) -> list[Finding]:
    """What is said of them: at most one thing of each, and of likenesses the newest few. `free_name`: what the group
    may be called where its name is taken."""
    found = [finding for other in others for finding in _found(other, proposal, unit, free_name)]
    refused = [finding for finding in found if finding.severity is Severity.REFUSE]
    return [*refused, *[finding for finding in found if finding not in refused][:MOST_TOLD]]


def _near(proposal: Proposal, unit: Department) -> Select[int]:
    """Conditions are worded as the partial indexes word them: SQLite uses an index only then."""
    live = select(Group.id).where(text("groups.live"))
    of_unit = live.where(Group.department_id == unit.id)
    parts = [of_unit.order_by(Group.id.desc()).limit(MOST_COMPARED)]
    if name_key := _key(proposal):
        same_name: ColumnElement[bool] = Group.name_key == name_key
        # The unit's own are never crowded out by those of others.
        parts += [of_unit.where(same_name), live.where(same_name).order_by(Group.id.desc()).limit(MOST_NAMESAKES)]
    if proposal.number:
        same_number = (text("groups.number_key <> ''"), Group.number_key == proposal.number)
        parts.append(live.where(Group.platform == proposal.platform, *same_number))
    together = union_all(*(select(part.subquery().c.id) for part in parts)).subquery()
    return select(together.c.id)


def _found(other: Other, proposal: Proposal, unit: Department, free_name: str) -> Iterator[Finding]:
    here, same_platform = other.unit_id == unit.id, other.platform is proposal.platform
    if same_platform and proposal.number and other.number_key == proposal.number:
        yield _refusal("number", f"这个群号已由{other.unit}备案{other.where_filed}。")
    elif _has_name(other, proposal, unit) and same_platform:
        remedy = f"如是另一个群，可改名为「{free_name}」。"
        yield _refusal("name", f"这个群名已由{other.unit}备案{other.where_filed}。", remedy, free_name)
    elif not here and other.name_key == _key(proposal) != "":
        sentence = f"{other.unit}已有同名的{other.called}。"
        yield _warning("第九条", sentence, "请核对是否同一个群；不是的，建议在群名中加以区分。")
    elif here and same_platform and _is_same_wechat_group(other, proposal):
        sentence = f"本部门已有群主和群名（或开通时间）相同的{other.called}。"
        yield _warning("第八条", sentence, "请核对是否同一个群；如是同一个群，无需重复备案。")
    elif here and (other.name_key == _key(proposal) != "" or _is_alike(other, proposal)):
        yield _team(other, same_platform=same_platform)


def _team(other: Other, *, same_platform: bool) -> Finding:
    if same_platform:
        sentence = f"本部门已有用途、成员相近的{other.called}。"
        return _warning("第十二条", sentence, "请确认是否同一团队、可否合并使用；不能合并的可以继续备案。")
    sentence = f"本部门的{other.called}看来属于同一团队。"
    return _warning("第十二条", sentence, "可以分别备案；能合并使用的请合并，确需两个平台的请在平台用途中写明。")


def _is_same_wechat_group(other: Other, proposal: Proposal) -> bool:
    """A WeChat group has no number: its owner, with its name or the day it opened, tells which one it is."""
    if proposal.platform is not Platform.WECHAT:
        return False
    owners = {person.person_id for person in proposal.people if person.role == ContactRole.OWNER.value} - {None}
    account = fold_name(proposal.owner_account)
    same_owner = other.owner_id in owners or (account != "" and fold_name(other.owner_account) == account)
    same_opening = proposal.opened_on is not None and other.opened_on == proposal.opened_on
    return same_owner and (other.name_key == _key(proposal) or same_opening)


def _is_alike(other: Other, proposal: Proposal) -> bool:
    mine = Description(_rest(proposal.name, proposal), proposal.purpose, proposal.composition)
    return are_alike(mine, Description(_rest(other.name, proposal), other.purpose, other.composition))


def _rest(name: str, proposal: Proposal) -> str:
    """The name without what all of its unit's begin with."""
    return fold_name(name).removeprefix(fold_name(proposal.unit_short_name))


def _has_name(other: Other, proposal: Proposal, unit: Department) -> bool:
    return other.unit_id == unit.id and other.name_key == _key(proposal) != ""


def _key(proposal: Proposal) -> str:
    return name_key(proposal.name)


def _refusal(field: str, sentence: str, remedy: str = "", suggestion: str = "") -> Finding:
    also = "请核对是否填错；如是同一个群，无需重复备案。"
    return Finding("第八条", Severity.REFUSE, field, sentence, also + remedy, suggestion)


def _warning(article: str, sentence: str, remedy: str) -> Finding:
    return Finding(article, Severity.WARN, "name", sentence, remedy)
