"""Departments as an administrator looks over them: what each has, and what it still lacks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from extensions import db
from models import Department, DepartmentChange, Group, Membership, Person, Post
from operations.clock import college_today
from operations.reading import living_departments
from operations.rules import rules_in_force
from regulation import DepartmentKind, PostKind, fold_name

#: More departments than this are not shown at once; who looks for one of the others searches.
MOST_SHOWN = 500
#: What the page of one department shows of its past and of its groups.
MOST_LISTED = 50


@dataclass(frozen=True)
class Surveyed:
    """A department in its place in the tree, with who holds its posts now and what it lacks."""

    department: Department
    depth: int
    short_name: str
    heads: Sequence[Post]
    secretaries: Sequence[Post]
    leaders: Sequence[Post]
    groups: int
    clashes: bool

    @property
    def is_gone(self) -> bool:
        """Whether the directory removed it while it still has live groups."""
        return self.department.removed_at is not None

    @property
    def lacks(self) -> list[str]:
        """待完善: what an administrator still has to see to, in a word each."""
        # The college as a whole is no unit of its own.
        wanted = [] if self.is_gone or self.department.is_college else [*self._lacking_posts()]
        return ["简称重复", *wanted] if self.clashes else wanted

    def _lacking_posts(self) -> Iterator[str]:
        department = self.department
        is_branch = department.kind is DepartmentKind.PARTY_BRANCH
        if department.kind is None:
            yield "类别"
        if not self.heads and not is_branch:
            yield "负责人"
        yield from self._lacking_branch()
        if not self.leaders and not is_branch:
            yield "主管院领导"

    def _lacking_branch(self) -> Iterator[str]:
        department = self.department
        if department.party_branch is not None and department.party_branch.removed_at is not None:
            yield "所属党总支已撤销"
        # A unit that has no 党总支 of its own wants one only once it opens class or student groups.
        elif not self.secretaries and (
            department.party_branch_id or (department.kind and department.kind.has_secretary)
        ):
            yield "党总支负责人"


def survey(*, named: str = "", lacking: bool = False) -> list[Surveyed]:
    """The living departments, each below its parent, and those removed that still have live groups.

    `named` keeps those whose name or short name holds this text, `lacking` those that lack something.
    """
    session = db.session()
    departments = _departments(session)
    posts, groups, clashing = _posts(session), _groups(session), _clashing(departments)
    wanted = fold_name(named)
    shown = (
        _surveyed(department, depth, posts, groups, clashing)
        for department, depth in _in_order(departments)
        if department.removed_at is None or groups.get(department.id)
    )
    return [
        row
        for row in shown
        if (wanted in fold_name(row.department.name) or wanted in fold_name(row.short_name))
        and (row.lacks or row.is_gone or not lacking)
    ]


def next_lacking(department: Department) -> Department | None:
    """The department that lacks something and comes after this one in the list, from its top again; None: no other."""
    rows = [row.department for row in survey() if row.lacks or row.is_gone or row.department.id == department.id]
    at = next((n for n, row in enumerate(rows) if row.id == department.id), -1)
    return next((row for row in [*rows[at + 1 :], *rows[: max(at, 0)]] if row.id != department.id), None)


def _departments(session: Session) -> Sequence[Department]:
    query = select(Department).options(joinedload(Department.parent), joinedload(Department.party_branch))
    return session.scalars(query.order_by(Department.sort_order.desc(), Department.id)).all()


def _posts(session: Session) -> dict[tuple[PostKind, int | None], list[Post]]:
    """Who holds the departments' posts today, deputies last."""
    query = (
        select(Post)
        .join(Post.person)
        .where(Post.held(college_today()), Post.department_id.is_not(None), Person.left_at.is_(None))
        .options(contains_eager(Post.person))
        .order_by(Post.is_deputy, Post.id)
    )
    found: dict[tuple[PostKind, int | None], list[Post]] = defaultdict(list)
    for post in session.scalars(query):
        found[post.kind, post.department_id].append(post)
    return found


def _groups(session: Session) -> dict[int, int]:
    """How many live groups each department has."""
    query = select(Group.department_id, func.count()).where(Group.live).group_by(Group.department_id)
    return {department_id: count for department_id, count in session.execute(query) if department_id}


def _clashing(departments: Sequence[Department]) -> set[int]:
    """Those whose 单位简称 another has too: the directory may give two departments one name."""
    college = rules_in_force().college_short_name
    named: dict[str, list[int]] = defaultdict(list)
    for department in departments:
        if department.removed_at is None:
            named[fold_name(department.unit_short_name(college))].append(department.id)
    return {department_id for ids in named.values() if len(ids) > 1 for department_id in ids}


def _in_order(departments: Sequence[Department]) -> Iterator[tuple[Department, int]]:
    """Each department after its parent, with how deep it stands; a circle in the directory hides nobody."""
    below: dict[int | None, list[Department]] = defaultdict(list)
    living = {department.id for department in departments if department.removed_at is None}
    for department in departments:
        below[department.parent_id if department.parent_id in living else None].append(department)
    seen: set[int] = set()
    stack = [(department, 0) for department in reversed(below[None])]
    while stack:
        department, depth = stack.pop()
        if department.id not in seen:
            seen.add(department.id)
            yield department, depth
            # What stands below the college itself stands beside it: the app may not see the college at all.
            deeper = depth if department.is_college else depth + 1
            stack += [(child, deeper) for child in reversed(below[department.id])]
    yield from ((department, 0) for department in departments if department.id not in seen)


def _surveyed(
    department: Department,
    depth: int,
    posts: dict[tuple[PostKind, int | None], list[Post]],
    groups: dict[int, int],
    clashing: set[int],
) -> Surveyed:
    return Surveyed(
        department=department,
        depth=depth,
        short_name=department.unit_short_name(rules_in_force().college_short_name),
        heads=posts[PostKind.DEPARTMENT_HEAD, department.id],
        secretaries=posts[PostKind.PARTY_SECRETARY, department.party_branch_id or department.id],
        leaders=posts[PostKind.COLLEGE_LEADER, department.id],
        groups=groups.get(department.id, 0),
        clashes=department.id in clashing,
    )


@dataclass(frozen=True)
class DepartmentRecord:
    """One department: what the directory says, who held its posts and when, what it was called, its live groups."""

    members: int
    leaders: Sequence[Person]
    posts: Sequence[Post]
    changes: Sequence[tuple[DepartmentChange, str, str]]
    groups: Sequence[Group]
    group_count: int

    def held(self, kind: PostKind, department_id: int | None) -> list[Post]:
        """The holders of a post, now or from a day to come."""
        return [p for p in self.posts if p.kind == kind and p.department_id == department_id and p.ended_at is None]

    def past(self, department_id: int) -> list[Post]:
        """Whoever held a post of the department, latest first."""
        return [post for post in self.posts if post.department_id == department_id and post.ended_at is not None]


def record_of(department: Department) -> DepartmentRecord:
    """What the page of a department shows, in a fixed number of queries."""
    session = db.session()
    present = (Membership.department_id == department.id, Person.left_at.is_(None))
    people = select(Person).join(Person.memberships).where(*present).order_by(Person.id)
    live = (Group.live, Group.department_id == department.id)
    return DepartmentRecord(
        members=session.scalar(select(func.count()).select_from(people.subquery())) or 0,
        leaders=session.scalars(people.where(Membership.is_leader)).all(),
        posts=_posts_ever(session, [department.id, *filter(None, [department.party_branch_id])]),
        changes=_changes(session, department),
        groups=session.scalars(select(Group).where(*live).order_by(Group.name, Group.id).limit(MOST_LISTED)).all(),
        group_count=session.scalar(select(func.count()).select_from(Group).where(*live)) or 0,
    )


def _posts_ever(session: Session, department_ids: Sequence[int]) -> Sequence[Post]:
    query = (
        select(Post)
        .where(Post.department_id.in_(department_ids))
        .options(joinedload(Post.person))
        .order_by(Post.ended_at.is_not(None), Post.is_deputy, Post.ended_at.desc(), Post.id)
        .limit(MOST_LISTED * 4)
    )
    return session.scalars(query).all()


def _changes(session: Session, department: Department) -> Sequence[tuple[DepartmentChange, str, str]]:
    """What became of the department and what came into it, newest first, with the names of the two."""
    source, other = aliased(Department), aliased(Department)
    here = (DepartmentChange.department_id == department.id) | (DepartmentChange.other_id == department.id)
    query = (
        select(DepartmentChange, source.name, func.coalesce(other.name, ""))
        .join(source, source.id == DepartmentChange.department_id)
        .outerjoin(other, other.id == DepartmentChange.other_id)
        .where(here)
        .order_by(DepartmentChange.id.desc())
        .limit(MOST_LISTED)
    )
    return [(change, name, other_name) for change, name, other_name in session.execute(query)]


def branches_for(department: Department) -> Sequence[Department]:
    """The departments that may be its 党总支: those of that kind, those with a secretary, and the one it has."""
    secretary = select(Post.department_id).where(Post.kind == PostKind.PARTY_SECRETARY, Post.held(college_today()))
    fits = (Department.kind == DepartmentKind.PARTY_BRANCH) | Department.id.in_(secretary)
    living = Department.removed_at.is_(None) & (Department.id != department.id) & fits
    query = select(Department).where(living | (Department.id == department.party_branch_id))
    return db.session.scalars(query.order_by(Department.sort_order.desc(), Department.id)).all()


def other_departments(department: Department) -> Sequence[Department]:
    """The living departments but this one, to choose where its groups go."""
    return [unit for unit in living_departments() if unit.id != department.id]
