"""What somebody would leave behind: their posts, tasks, filings and groups, and who sees to each when they are gone.

For the page that asks before somebody is marked 离职. Nothing is changed; a fixed number of queries.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from extensions import db
from models import Contact, Filing, Group, Person, Post, Step
from operations.actors import find_actor
from operations.clock import college_today
from operations.handover_lists import HandoverRow, filings_to_take_over, handovers_waiting_for
from operations.leaving import WIDE
from operations.posts import Holders, PostKey, holders
from operations.reading import steps_waiting_for
from operations.tasks import tasks_of
from operations.tenures import delegations_from, delegations_to
from operations.turns import leader_instead, why_passed
from operations.vacancies import UNFINISHED_FILINGS
from regulation import PostKind

#: So many of each kind are named; the rest are counted.
MOST_NAMED = 20


@dataclass(frozen=True)
class Line:
    """One thing that would be left behind, and what becomes of it."""

    name: str
    fate: str


@dataclass(frozen=True)
class Part:
    """The things of one kind: the first of them named, all of them counted."""

    title: str
    unit: str
    count: int
    lines: Sequence[Line]


def left_behind_by(person: Person) -> list[Part]:
    """What hangs on this person now and what becomes of it, part by part; parts without anything are left out."""
    actor = find_actor(person.id)
    posts, filings, groups = _posts_of(person), _filings_of(person), _groups_of(person)
    steps = steps_waiting_for(actor).rows if actor else ()
    _load_rounds(steps)
    handovers = handovers_waiting_for(actor).rows if actor else ()
    orphaned = filings_to_take_over(actor).rows if actor else ()
    keys: set[PostKey] = {(post.kind, post.department_id) for post in posts}
    keys |= {(step.post, step.department_id) for step in steps}
    groups_filed = {step.filing.group for step in steps}
    keys |= {
        (PostKind.COLLEGE_LEADER, unit) for group in groups_filed for unit in (group.department_id, group.supervisor_id)
    }
    units = {group.department_id for group in [*groups, *(filing.group for filing in [*filings, *orphaned])]}
    keys |= {(PostKind.DEPARTMENT_HEAD, unit_id) for unit_id in units | {row.department_id for row in handovers}}
    held = holders(db.session(), keys, gone=person.id)
    tasks = [
        *(_task(step, held) for step in steps),
        *(_handover(row, held) for row in handovers),
        *(_filing(filing, held) for filing in orphaned),
    ]
    parts = [
        _part("岗位", "个", [_post(post, held) for post in posts]),
        _part("委托", "项", list(_delegations(person))),
        Part("等本人办理的", "项", tasks_of(actor).total if actor else 0, tasks[:MOST_NAMED]),
        _part("本人申请、还在办理的备案", "份", [_filing(filing, held) for filing in filings]),
        _part("担任责任人的群组", "个", [_group(group, roles, held) for group, roles in groups.items()]),
    ]
    return [part for part in parts if part.count]


def _part(title: str, unit: str, lines: Sequence[Line]) -> Part:
    return Part(title, unit, len(lines), lines[:MOST_NAMED])


def _posts_of(person: Person) -> Sequence[Post]:
    query = select(Post).where(Post.person_id == person.id, Post.held(college_today())).order_by(Post.id)
    return db.session.scalars(query.options(joinedload(Post.department))).all()


def _filings_of(person: Person) -> Sequence[Filing]:
    query = (
        select(Filing)
        .join(Filing.group)
        .where(Filing.applicant_id == person.id, Filing.state.in_(UNFINISHED_FILINGS))
        .options(contains_eager(Filing.group).joinedload(Group.department))
        .order_by(Filing.id)
    )
    return db.session.scalars(query).all()


def _groups_of(person: Person) -> dict[Group, list[str]]:
    """The live groups the person answers for, each with the roles."""
    query = (
        select(Group, Contact.role)
        .join(Contact, Contact.group_id == Group.id)
        .where(Contact.person_id == person.id, Group.live)
        .options(joinedload(Group.department))
        .order_by(Group.id, Contact.role, Contact.position)
    )
    groups: dict[Group, list[str]] = {}
    for group, role in db.session.execute(query):
        groups.setdefault(group, []).append(role.label)
    return groups


def _post(post: Post, held: Holders) -> Line:
    others = _names(taker.who for taker in held.takers(post.kind, post.department_id))
    if post.kind in WIDE:
        return Line(post.label, f"随即终止；{f'另有{others}担任' if others else '没有其他人担任，请先另行任命'}。")
    meanwhile = f"期间由{others}办理" if others else f"期间岗位空缺，{_told(held)}"
    return Line(post.label, f"保留但不起作用：本人返岗后恢复，另行任命后终止；{meanwhile}。")


def _delegations(person: Person) -> Iterator[Line]:
    for given in delegations_from(person.id):
        yield Line(given.post.label, f"委托{given.to_person.name}代办，随即终止。")
    for received in delegations_to(person.id):
        yield Line(received.post.label, f"受{received.from_person.name}委托代办，随即终止。")


def _load_rounds(steps: Sequence[Step]) -> None:
    """Read what was decided beside these steps: it has a say in whether they pass. Two queries, however many."""
    of_steps = Filing.id.in_([step.filing_id for step in steps])
    db.session.scalars(
        select(Filing).where(of_steps).options(selectinload(Filing.steps).joinedload(Step.decision))
    ).all()


def _task(step: Step, held: Holders) -> Line:
    filing, applicant_id = step.filing, step.filing.applicant_id
    leads = leader_instead(filing, step, held, applicant_id=applicant_id, beside=filing.current_steps)
    if leads is not None:
        leaders = _names(taker.who for taker in held.takers(PostKind.COLLEGE_LEADER, leads))
        fate = f"改由主管院领导{leaders}审核" if leaders else f"改由主管院领导审核，岗位空缺，{_told(held)}"
    elif passed := why_passed(step, held, applicant_id=applicant_id):
        fate = f"记为“{passed.reason}”，转下一步"
    else:
        able = _names(taker.who for taker in held.able(step))
        fate = f"转由{able}办理" if able else f"岗位空缺，{_told(held)}"
    return Line(step.filing.group.name, f"{step.post_label} · {fate}。")


def _handover(row: HandoverRow, held: Holders) -> Line:
    """Whatever the person was asked to take over goes back to the head, who may be gone with them."""
    return Line(f"{row.person_name}的群组移交", f"{row.department_name} · {_seen_to(row.department_id, held)}办理。")


def _filing(filing: Filing, held: Holders) -> Line:
    """Nobody takes over a filing of their own: another head does."""
    heads = _names(
        account.person.name
        for account in held.in_person(PostKind.DEPARTMENT_HEAD, filing.group.department_id)
        if account.person_id != filing.applicant_id
    )
    unit = filing.group.department.name if filing.group.department else ""
    fate = f"由部门负责人{heads}接办" if heads else "没有部门负责人，任命后由其接办"
    return Line(filing.group.name, f"{unit} · {filing.state.label} · {fate}。")


def _group(group: Group, roles: Sequence[str], held: Holders) -> Line:
    unit = group.department.name if group.department else ""
    named = "、".join(dict.fromkeys(roles))
    return Line(group.name, f"{named} · 显示“责任人缺位”，{_seen_to(group.department_id, held)}办理移交（{unit}）。")


def _seen_to(department_id: int | None, held: Holders) -> str:
    """Who hands over what the department's head would have to."""
    heads = _names(taker.who for taker in held.takers(PostKind.DEPARTMENT_HEAD, department_id))
    if heads:
        return f"由部门负责人{heads}"
    return f"没有部门负责人，由{_names(account.person.name for account in held.fall_back()) or '系统管理员'}"


def _told(held: Holders) -> str:
    return f"通知{_names(account.person.name for account in held.fall_back()) or '系统管理员'}"


def _names(names: Iterator[str] | Collection[str]) -> str:
    return "、".join(names)
