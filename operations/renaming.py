"""改名建议: live groups whose names no longer fit their unit's short name, and what they may be called (第九条).

Nothing of it is stored: it follows from the groups, the units as they are called now, and their changes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, contains_eager, load_only

from messaging import cards, outbox
from models import ChangeKind, Department, DepartmentChange, Filing, Group, GroupState
from operations.posts import holders
from operations.rules import rules_in_force
from regulation import PostKind, fold_name


@dataclass(frozen=True)
class NameProposal:
    """A group's name, the one proposed instead, and why, in a sentence.

    `is_taken`: another group of the unit has that one already. `under_review`: it is not registered yet, so that the
    name is changed in its filing, and not in a group that may not even be there.
    """

    group_id: int
    old: str
    new: str
    is_taken: bool
    why: str
    under_review: bool = False
    article: str = "第九条"


def proposals_in(session: Session, unit: Department) -> list[NameProposal]:
    """The live groups of the unit whose names no longer fit it, in two queries."""
    filings = _filings(session, select(Filing).where(Group.department_id == unit.id))
    changes = _changes(session)
    taken = {(filing.group.platform, fold_name(filing.group.name)) for filing in filings}
    found = []
    for filing in filings:
        group, new = filing.group, _successor(filing, unit, changes)
        if new != group.name:
            is_taken = (group.platform, fold_name(new)) in taken
            found.append(_proposal(filing, unit, changes, new=new, is_taken=is_taken))
    return found


def units_with_proposals(session: Session, unit_ids: Collection[int] | None = None) -> list[tuple[Department, int]]:
    """Which units have live groups whose names do not follow a change, and how many: of these units, or of all.

    Two queries at most. Units that never changed are not looked into: their groups' names were accepted as they are.
    """
    changes = _changes(session)
    changed = {change.other_id or change.department_id for change in changes}
    if unit_ids is not None:
        changed &= set(unit_ids)
    if not changed:
        return []
    counts: Counter[Department] = Counter()
    for filing in _filings(session, select(Filing).where(Group.department_id.in_(changed))):
        unit = filing.group.department
        if unit is not None and _successor(filing, unit, changes) != filing.group.name:
            counts[unit] += 1
    return sorted(counts.items(), key=lambda found: found[0].id)


def _proposal(
    filing: Filing, unit: Department, changes: Sequence[DepartmentChange], *, new: str, is_taken: bool
) -> NameProposal:
    group = filing.group
    under_review = group.state is GroupState.PROPOSED
    return NameProposal(group.id, group.name, new, is_taken, _why(filing, unit, changes), under_review)


def proposal_for(session: Session, filings: Sequence[Filing]) -> NameProposal | None:
    """What a live group may be called instead, if its name no longer fits its unit; `filings` are all it has."""
    group = filings[0].group
    sent = [filing for filing in filings if filing.submitted_at is not None]
    if not group.live or group.department is None or not sent:
        return None
    last, changes = max(sent, key=lambda filing: filing.id), _changes(session)
    new = _successor(last, group.department, changes)
    if new == group.name:
        return None
    same = (Group.department_id == group.department_id, Group.platform == group.platform, Group.name == new)
    is_taken = bool(session.scalar(select(exists().where(Group.live, *same))))
    return _proposal(last, group.department, changes, new=new, is_taken=is_taken)


def former_names(session: Session, filing: Filing | None, unit: Department) -> list[str]:
    """What the unit was called before, as far as a name may still follow it: since the filing was sent, or ever."""
    return _former(filing, unit, _changes(session))


def names_after_move(groups: Iterable[Group], source: Department, target: Department) -> list[tuple[str, str]]:
    """Which of these groups would be proposed another name if they went from the one unit to the other, and which."""
    rules = rules_in_force()
    former = {source.name, source.unit_short_name(rules.college_short_name)}
    short_name = target.unit_short_name(rules.college_short_name)
    pairs = (
        (group.name, rules.succeed_name(group.tier, group.name, short_name, sorted(former)))
        for group in groups
        if group.tier is not None
    )
    return [(old, new) for old, new in pairs if old != new]


def tell_of_names(session: Session, unit: Department, change: DepartmentChange) -> None:
    """Tell the unit's head once of the groups that should follow this change, if there are any.

    The transaction at hand is the one that writes the change.
    """
    session.flush()
    count = len(proposals_in(session, unit))
    if count:
        heads = holders(session, {(PostKind.DEPARTMENT_HEAD, unit.id)}).of(PostKind.DEPARTMENT_HEAD, unit.id)
        card = cards.names_to_change(unit, change, count)
        outbox.tell(session, f"department-change:{change.id}", card, recipients=heads)


def _filings(session: Session, query: Select[Filing]) -> list[Filing]:
    """The last filing that was sent of each live group that the query means, with the group and its unit."""
    query = (
        query.join(Filing.group)
        .where(Group.live, Filing.submitted_at.is_not(None))
        .options(
            load_only(Filing.group_id, Filing.submitted_at, Filing.department_name),
            contains_eager(Filing.group).joinedload(Group.department),
        )
        .order_by(Filing.group_id, Filing.id)
    )
    return list({filing.group_id: filing for filing in session.scalars(query)}.values())


def _changes(session: Session) -> Sequence[DepartmentChange]:
    """Every change there ever was: units change a few times in a generation."""
    return session.scalars(select(DepartmentChange).order_by(DepartmentChange.id)).all()


def _successor(filing: Filing, unit: Department, changes: Sequence[DepartmentChange]) -> str:
    group, rules = filing.group, rules_in_force()
    assert group.tier is not None  # noqa: S101 - a live group has one
    short_name = unit.unit_short_name(rules.college_short_name)
    return rules.succeed_name(group.tier, group.name, short_name, _former(filing, unit, changes))


def _former(filing: Filing | None, unit: Department, changes: Sequence[DepartmentChange]) -> list[str]:
    of_that_day = {filing.department_name} - {"", unit.name} if filing else set()
    sent_at = filing.submitted_at if filing else None
    return sorted(of_that_day.union(_names_since(sent_at, unit.id, changes)))


def _why(filing: Filing, unit: Department, changes: Sequence[DepartmentChange]) -> str:
    """What of the unit's changes since the filing the name does not follow yet."""
    assert filing.submitted_at is not None  # noqa: S101 - asked of a live group's filing
    since = [change for change in changes if change.at >= filing.submitted_at]
    arrivals = [change for change in since if change.other_id == unit.id]
    own = {change.old_name for change in since if change.department_id == unit.id and change.other_id is None}
    if not arrivals or any(_begins_with(filing.group, name) for name in own):
        return "单位简称有变动"
    begun = [change for change in arrivals if _begins_with(filing.group, change.old_name)]
    change = (begun or arrivals)[-1]
    verb = "已并入" if change.kind is ChangeKind.MERGED else "的部分群组已划入"
    return f"{change.old_name}{verb}{unit.name}"


def _begins_with(group: Group, name: str) -> bool:
    return fold_name(group.name).startswith(fold_name(name))


def _names_since(day: datetime | None, unit_id: int, changes: Sequence[DepartmentChange]) -> Iterator[str]:
    """What the unit, and those whose groups it took over, have been called since; without a day: ever."""
    units, seen = [unit_id], set()
    while units:
        here = units.pop()
        seen.add(here)
        for change in changes:
            if (day is None or change.at >= day) and here in (change.department_id, change.other_id):
                yield change.old_name
                units += [] if change.department_id in seen else [change.department_id]
