"""A department merged into another, and groups split off to another: what was filed before stays as it was filed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from extensions import db
from messaging import cards
from models import (
    ChangeKind,
    Department,
    DepartmentChange,
    Filing,
    FilingState,
    Group,
    Handover,
    HandoverItem,
    Post,
    Step,
    StepState,
    utc_now,
)
from models.audit import By, record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import end_post_in
from operations.departments import OPEN
from operations.errors import NotFound, RefusedField
from operations.partnering import follow_merger, leave_to_lead
from operations.posts import Holders, barred_from, holders
from operations.renaming import names_after_move, tell_of_names
from operations.rules import rules_in_force
from operations.turns import SELF_APPROVAL, give_turn, holders_for, locked_filing
from operations.vacancies import ask_anew, clear, read_handover, tell_heads, tell_heads_anew, tell_of_filings
from regulation import PostKind

#: A filing's steps that are still to be taken: they go with it.
STEPS_AHEAD = (StepState.PENDING, StepState.WAITING)


@dataclass(frozen=True)
class Passing:
    """A filing under way, and what becomes of it: who would be asked to decide, in a sentence."""

    filing: Filing
    sentence: str


@dataclass(frozen=True)
class Affected:
    """What a merger or a split moves or ends, as its page shows it beforehand.

    `names` are the names that no longer fit there, each with the one that would be proposed instead.
    """

    groups: Sequence[Group]
    filings: Sequence[Passing]
    names: Sequence[tuple[str, str]]
    clash: str
    supervised: Sequence[Group] = ()
    posts: Sequence[Post] = ()


def preview_merger(source: Department, target: Department) -> Affected:
    """What would move and end if the one were merged into the other now; changes nothing."""
    session = db.session()
    groups = session.scalars(_live_groups(source.id)).all()
    return Affected(
        groups=groups,
        filings=_passing(session, source, target, _filings_at(source.id)),
        names=names_after_move(groups, source, target),
        clash=_clash(session, [group.id for group in groups], target),
        supervised=session.scalars(_supervised_groups(source.id)).all(),
        posts=session.scalars(_posts_of(source.id).options(joinedload(Post.person), joinedload(Post.department))).all(),
    )


def preview_split(source: Department, target: Department, groups: Sequence[Group]) -> Affected:
    """What would move if these groups of the one went to the other now; changes nothing."""
    session, ids = db.session(), [group.id for group in groups]
    return Affected(
        groups=groups,
        filings=_passing(session, source, target, _under_way(ids)),
        names=names_after_move(groups, source, target),
        clash=_clash(session, ids, target),
    )


def groups_to_split(source: Department) -> Sequence[Group]:
    """The live groups of a department, to choose those from that go to another."""
    return db.session.scalars(_live_groups(source.id)).all()


def merge(by: By, source_id: int, target_id: int) -> None:
    """Put everything that the one department has into the other; its posts end, its history stays.

    Raises NotFound, or RefusedField naming `target`. Merged there already, nothing happens.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        source, target = _source(session, source_id), _target(session, source_id, target_id)
        if source.merged_into_id == target.id:
            return
        _refuse_merger(source)
        groups = list(session.scalars(_live_groups(source.id)))
        _refuse_clash(session, [group.id for group in groups], target)
        supervised = list(session.scalars(_supervised_groups(source.id)))
        follow_merger(session, source.id, target.id)
        moved = _Move(session, source, target).carry_out(_filings_at(source.id), [*groups, *supervised])
        _follow(session, source, target)
        _hand_over(session, source, target, None, by=by)
        source.merged_into_id, source.removed_at = target.id, source.removed_at or utc_now()
        session.flush()
        for post in session.scalars(_posts_of(source.id)).all():
            end_post_in(session, post, by=by)
        _note(session, ChangeKind.MERGED, source, target)
        details = {"into": target.id, "groups": len(groups), "supervised": len(supervised), "filings": moved}
        record(session, "department.merge", source, by=by, details=details)


def split(by: By, source_id: int, target_id: int, group_ids: Collection[int]) -> None:
    """Let these live groups of the one department go to the other, with what is under way about them.

    Raises NotFound, or RefusedField naming `target` or `groups`. Groups that are there already stay as they are.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        source, target = _source(session, source_id), _target(session, source_id, target_id)
        groups = _chosen(session, source, target, group_ids)
        if not groups:
            return
        ids = [group.id for group in groups]
        _refuse_clash(session, ids, target)
        leave_to_lead(session, select(Group.id).where(Group.id.in_(ids)), target.id)
        moved = _Move(session, source, target).carry_out(_under_way(ids), groups)
        _hand_over(session, source, target, ids, by=by)
        session.flush()
        _note(session, ChangeKind.SPLIT, source, target)
        details = {"to": target.id, "groups": sorted(ids), "filings": moved}
        record(session, "department.split", source, by=by, details=details)


def _live_groups(source_id: int) -> Select[Group]:
    return select(Group).where(Group.live, Group.department_id == source_id).order_by(Group.name, Group.id)


def _supervised_groups(source_id: int) -> Select[Group]:
    """The live groups of other departments that this one supervises (第八条第3项)."""
    others = (Group.supervisor_id == source_id, Group.department_id != source_id)
    return select(Group).where(Group.live, *others).order_by(Group.name, Group.id)


def _filings_at(source_id: int) -> Select[int]:
    """The filings, not over yet, of this department's groups, of those it supervises, or waiting at its posts."""
    waits = exists().where(Step.filing_id == Filing.id, Step.department_id == source_id, Step.state.in_(STEPS_AHEAD))
    here = or_(Group.department_id == source_id, Group.supervisor_id == source_id, waits)
    return select(Filing.id).join(Filing.group).where(Filing.state.in_(OPEN), here)


def _under_way(group_ids: Collection[int]) -> Select[int]:
    """The filings, not over yet, of these groups."""
    return select(Filing.id).where(Filing.group_id.in_(group_ids), Filing.state.in_(OPEN))


def _posts_of(source_id: int) -> Select[Post]:
    return select(Post).where(Post.department_id == source_id, Post.ended_at.is_(None)).order_by(Post.id)


def _source(session: Session, source_id: int) -> Department:
    source = session.get(Department, source_id)
    if source is None:
        raise NotFound
    return source


def _target(session: Session, source_id: int, target_id: int) -> Department:
    target = session.get(Department, target_id)
    if target_id == source_id:
        raise RefusedField("target", "不能选择这个部门自己，请选择另一个部门。")
    if target is None or target.removed_at is not None:
        raise RefusedField("target", "所选部门已撤销或已并入其他部门，请另选一个部门。")
    return target


def _refuse_merger(source: Department) -> None:
    if source.is_college:
        raise RefusedField("target", "学院本身不能并入其他部门。")
    if source.merged_into_id is not None:
        raise RefusedField("target", f"{source.name}已经并入其他部门，不能再次并入。")


def _chosen(session: Session, source: Department, target: Department, group_ids: Collection[int]) -> list[Group]:
    """The chosen groups that are still the source's; raises RefusedField when any is neither's."""
    chosen = session.scalars(select(Group).where(Group.id.in_(group_ids), Group.live).order_by(Group.id)).all()
    if not chosen or any(group.department_id not in (source.id, target.id) for group in chosen):
        raise RefusedField("groups", f"请至少选择一个{source.name}的群组；页面打开后有变动的，请重新选择。")
    return [group for group in chosen if group.department_id == source.id]


def _refuse_clash(session: Session, group_ids: Collection[int], target: Department) -> None:
    if clash := _clash(session, group_ids, target):
        raise RefusedField("target", clash)


def _clash(session: Session, group_ids: Collection[int], target: Department) -> str:
    """The sentence about a group whose name the target has already (第九条: a name means one group of a unit)."""
    there = aliased(Group)
    same = (there.platform == Group.platform, there.name == Group.name, there.id != Group.id)
    query = select(Group).join(there, there.live & (there.department_id == target.id)).where(*same)
    group = session.scalars(query.where(Group.id.in_(group_ids)).order_by(Group.id).limit(1)).first()
    if group is None:
        return ""
    return f"{target.name}已有同名的{group.platform_label}「{group.name}」，请先让其中一个群改名或解散，再来办理。"


def _branch_of(unit: Department) -> Department:
    """Where the secretary of this unit has their post (第八条第4项)."""
    return unit.party_branch or unit


@dataclass(frozen=True)
class _Move:
    """Groups on their way from one department to another, with the steps that wait at the posts they leave."""

    session: Session
    source: Department
    target: Department

    def carry_out(self, filing_ids: Select[int], groups: Iterable[Group]) -> int:
        """Move the groups and these filings, and ask whoever has to decide now; how many filings it were."""
        # In one order everywhere: two who lock the same filings must not wait for each other.
        ids = sorted(self.session.scalars(filing_ids))
        filings = [locked_filing(self.session, filing_id) for filing_id in ids]
        waiting = [filing for filing in filings if self._reseat(filing)]
        for group in {*groups, *(filing.group for filing in filings)}:
            self._rehouse(group)
        self.session.flush()
        for filing in waiting:
            give_turn(self.session, filing, holders_for(self.session, filing), utc_now())
            self.session.flush()
        return len(filings)

    def _reseat(self, filing: Filing) -> bool:
        """Let the steps ahead go to the target's posts; whether the one whose turn it is has gone there."""
        moved = [
            (step, seat) for step in filing.steps if step.state in STEPS_AHEAD and (seat := self.seat(filing, step))
        ]
        for step, seat in moved:
            step.department_id, step.department_name = seat.id, seat.name
        return any(step.state is StepState.PENDING for step, _ in moved)

    def seat(self, filing: Filing, step: Step) -> Department | None:
        """Where the step goes, or None if it stays. The secretary's step of a group that moves goes along."""
        of_secretary = step.post is PostKind.PARTY_SECRETARY
        leaves = step.department_id == self.source.id
        if of_secretary and filing.group.department_id == self.source.id:
            leaves = leaves or step.department_id == _branch_of(self.source).id
        if not leaves:
            return None
        branch = _branch_of(self.target)
        return branch if of_secretary and branch.id != self.source.id else self.target

    def _rehouse(self, group: Group) -> None:
        if group.department_id == self.source.id:
            group.department_id = self.target.id
        if group.supervisor_id == self.source.id:
            group.supervisor_id = self.target.id


def _passing(session: Session, source: Department, target: Department, filing_ids: Select[int]) -> list[Passing]:
    """Who would be asked about these filings if they moved, drafts left out; a fixed number of queries."""
    query = (
        select(Filing)
        .where(Filing.id.in_(filing_ids), Filing.state != FilingState.DRAFT)
        .options(joinedload(Filing.group), selectinload(Filing.steps).joinedload(Step.decision))
        .options(selectinload(Filing.steps).joinedload(Step.assignee))
        .order_by(Filing.id)
    )
    move, filings = _Move(session, source, target), session.scalars(query).all()
    seats = {filing: move.seat(filing, step) for filing in filings if (step := filing.pending_step)}
    keys = {(filing.pending_step.post, seat.id) for filing, seat in seats.items() if seat and filing.pending_step}
    held = holders(session, keys)
    return [Passing(filing, _asked(filing, seats.get(filing), target, held)) for filing in filings]


def _asked(filing: Filing, seat: Department | None, target: Department, held: Holders) -> str:
    step = filing.pending_step
    if step is None:
        return f"已退回修改，重新提交后由{target.name}的岗位审核"
    if seat is None:
        return f"仍由{step.post_label}办理"
    if step.assignee is not None:
        return f"仍由{step.assignee.name}办理"
    post = step.post.at(seat.name)
    takers = held.takers(step.post, seat.id)
    barred = barred_from(step)
    if names := "、".join(taker.who for taker in takers if taker.person_id not in barred):
        return f"改由{post}{names}审核"
    return f"改由{post}审核，{SELF_APPROVAL if takers else '目前岗位空缺，会通知系统管理员'}"


def _follow(session: Session, source: Department, target: Department) -> None:
    """Whoever belonged to the source as their 党总支 belongs to the target, or to whom the target belongs to."""
    branch = _branch_of(target)
    branch = target if branch.id == source.id else branch
    for unit in session.scalars(select(Department).where(Department.party_branch_id == source.id)):
        unit.party_branch_id = None if unit.id == branch.id else branch.id


def _hand_over(
    session: Session, source: Department, target: Department, group_ids: Collection[int] | None, *, by: By
) -> None:
    """Let the open handovers of the groups that move (None: all) go to the target."""
    mine = (Handover.department_id == source.id, Handover.closed_at.is_(None))
    for handover in session.scalars(select(Handover).where(*mine).options(joinedload(Handover.items))).unique().all():
        items = [item for item in handover.items if group_ids is None or item.group_id in group_ids]
        if items:
            _pass_on(session, handover, items, target, by=by)
    session.flush()
    tell_heads(session, {target.id})
    tell_of_filings(session, {target.id})


def _pass_on(
    session: Session, handover: Handover, items: Sequence[HandoverItem], target: Department, *, by: By
) -> None:
    """One task a person and department: the items join the target's own, or make it."""
    same = (Handover.person_id == handover.person_id, Handover.department_id == target.id)
    theirs = session.scalars(select(Handover).where(*same, Handover.closed_at.is_(None))).one_or_none()
    if theirs is None and len(items) == len(handover.items):
        handover.department_id = target.id
        return
    if theirs is None:
        theirs = Handover(person_id=handover.person_id, person_name=handover.person_name, department_id=target.id)
        session.add(theirs)
    elif any(item.confirmed_at is None for item in items):
        tell_heads_anew(session, theirs)
    if len(items) == len(handover.items):
        handover.closed_at = utc_now()
    asked = {item.successor_id for item in items if item.awaits_answer and item.successor_id}
    for item in items:
        item.handover = theirs
        if item.confirmed_at is None:
            # Asked in the name of the other task: whoever heads the target asks anew.
            clear(item)
    session.flush()
    # Their cards named what is gone: they are asked on new ones for what stays.
    ask_anew(session, read_handover(session, handover.id), asked, cards.REASSIGNED, asker=by[1])


def _note(session: Session, kind: ChangeKind, source: Department, target: Department) -> None:
    college = rules_in_force().college_short_name
    change = DepartmentChange(
        department_id=source.id,
        kind=kind,
        old_name=source.unit_short_name(college),
        new_name=target.unit_short_name(college),
        other_id=target.id,
    )
    session.add(change)
    tell_of_names(session, target, change)
