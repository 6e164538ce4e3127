"""改名建议: live groups whose names no longer fit their unit's short name, and what they may be called (第九条).

Nothing of it is stored: it follows from the groups, the units as they are called now, and their changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, contains_eager

from messaging import cards, outbox
from models import Department, DepartmentChange, Filing, Group
from operations.posts import holders
from operations.rules import rules_in_force
from regulation import PostKind, fold_name


@dataclass(frozen=True)
class NameProposal:
    """A group's name and the one proposed instead; `is_taken`: another group of the unit has that one already."""

    group_id: int
    old: str
    new: str
    is_taken: bool
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
            found.append(NameProposal(group.id, group.name, new, (group.platform, fold_name(new)) in taken))
    return found


def proposal_for(session: Session, filings: Sequence[Filing]) -> NameProposal | None:
    """What a live group may be called instead, if its name no longer fits its unit; `filings` are all it has."""
    group = filings[0].group
    sent = [filing for filing in filings if filing.submitted_at is not None]
    if not group.live or group.department is None or not sent:
        return None
    new = _successor(max(sent, key=lambda filing: filing.id), group.department, _changes(session))
    if new == group.name:
        return None
    same = (Group.department_id == group.department_id, Group.platform == group.platform, Group.name == new)
    is_taken = bool(session.scalar(select(exists().where(Group.live, *same))))
    return NameProposal(group.id, group.name, new, is_taken)


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
    """The last filing that was sent of each live group that the query means, with the group."""
    query = (
        query.join(Filing.group)
        .where(Group.live, Filing.submitted_at.is_not(None))
        .options(contains_eager(Filing.group))
        .order_by(Filing.group_id, Filing.id)
    )
    return list({filing.group_id: filing for filing in session.scalars(query)}.values())


def _changes(session: Session) -> Sequence[DepartmentChange]:
    """Every change there ever was: units change a few times in a generation."""
    return session.scalars(select(DepartmentChange).order_by(DepartmentChange.id)).all()


def _successor(filing: Filing, unit: Department, changes: Sequence[DepartmentChange]) -> str:
    group, rules = filing.group, rules_in_force()
    assert group.tier is not None and filing.submitted_at is not None  # noqa: S101, PT018 - a live group has both
    of_that_day = {filing.department_name} - {unit.name}
    former = of_that_day.union(_names_since(filing.submitted_at, unit.id, changes))
    short_name = unit.unit_short_name(rules.college_short_name)
    return rules.succeed_name(group.tier, group.name, short_name, sorted(former))


def _names_since(day: datetime, unit_id: int, changes: Sequence[DepartmentChange]) -> Iterator[str]:
    """What the unit, and those whose groups it took over, have been called since."""
    units, seen = [unit_id], set()
    while units:
        here = units.pop()
        seen.add(here)
        for change in changes:
            if change.at >= day and here in (change.department_id, change.other_id):
                yield change.old_name
                units += [] if change.department_id in seen else [change.department_id]
