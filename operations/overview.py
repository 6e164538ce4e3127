"""Who holds which post, college-wide: by department with the vacant ones first, and what ending a post would do."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from extensions import db
from models import Delegation, Department, Person, Post, Step, StepState
from operations.clock import college_today
from operations.posts import PostKey, holders
from operations.reading import living_departments
from operations.tenures import Tenure, open_delegations, tenures_of
from regulation import DepartmentKind, PostKind

#: How many departments one page shows.
PAGE_SIZE = 50


#: Where a line stands: those without a holder first, then in the directory's order.
Place = tuple[int, int, int]


@dataclass
class Line:
    """One department of the overview, or the whole college: who holds the post there, and how many filings wait."""

    department: Department | None
    holders: list[Tenure] = field(default_factory=list)
    deputies: list[Tenure] = field(default_factory=list)
    planned: list[Tenure] = field(default_factory=list)
    waiting: int = 0

    @property
    def vacant(self) -> bool:
        """Whether nobody holds the post, be there a deputy or not."""
        return not self.holders

    @property
    def place(self) -> Place:
        """Where it stands among the others: the key that the list is paged by."""
        unit = self.department
        return (int(not self.vacant), -unit.sort_order, unit.id) if unit else (0, 0, 0)

    def add(self, tenure: Tenure) -> None:
        """Put a holding of the post where it belongs."""
        if tenure.state == "planned":
            self.planned.append(tenure)
        else:
            (self.deputies if tenure.post.is_deputy else self.holders).append(tenure)


@dataclass(frozen=True)
class Overview:
    """A page of lines, vacant ones first; how many are vacant in all, and the place to read on behind."""

    lines: Sequence[Line]
    vacant: int
    next_place: Place | None


@dataclass(frozen=True)
class Ending:
    """What ending a post brings about: how many filings wait there, who is asked then, or who is told instead."""

    waiting: int
    next_ones: Sequence[str]
    told: Sequence[str]
    delegations: Sequence[Delegation]


def overview(kind: PostKind, *, after: Place | None = None) -> Overview:
    """Who holds this kind of post, by department, vacant ones first; a page of what stands behind `after`.

    Whatever is appointed between two pages, no department is shown twice or left out for it but the one concerned.
    """
    lines = sorted(_lines(kind), key=lambda line: line.place)
    rest = [line for line in lines if after is None or line.place > after]
    shown = rest[:PAGE_SIZE]
    return Overview(shown, sum(line.vacant for line in lines), shown[-1].place if len(rest) > PAGE_SIZE else None)


def _lines(kind: PostKind) -> list[Line]:
    """A line for each department that has such a post or should have one, in the directory's order; four queries."""
    units = living_departments() if kind.for_department else [None]
    lines = {unit.id if unit else None: Line(unit) for unit in units}
    for tenure in tenures_of(db.session.scalars(_present().where(Post.kind == kind)).all()):
        line = lines.get(tenure.post.department_id)
        if line is not None:
            line.add(tenure)
    for department_id, waiting in _waiting(kind).items():
        if department_id in lines:
            lines[department_id].waiting = waiting
    return [line for line in lines.values() if _is_shown(kind, line)]


def _is_shown(kind: PostKind, line: Line) -> bool:
    """Whether the department should have such a post, has it, or is asked for it."""
    unit = line.department
    if unit is None:
        return True
    if kind is PostKind.PARTY_SECRETARY:
        due = unit.kind is not None and unit.kind.has_secretary and unit.party_branch_id is None
    else:
        due = unit.kind is not DepartmentKind.PARTY_BRANCH
    return bool(due or line.holders or line.deputies or line.planned or line.waiting)


def _present() -> Select[Post]:
    """The posts that are held or planned by people who are here."""
    going_on = or_(Post.ends_on.is_(None), Post.ends_on >= college_today())
    return (
        select(Post)
        .join(Post.person)
        .where(Post.ended_at.is_(None), going_on, Person.left_at.is_(None))
        .options(contains_eager(Post.person), joinedload(Post.department))
        .order_by(Post.id)
    )


def _waiting(kind: PostKind) -> dict[int | None, int]:
    query = (
        select(Step.department_id, func.count())
        .where(Step.post == kind, Step.state == StepState.PENDING)
        .group_by(Step.department_id)
    )
    rows = db.session.execute(query).all()
    return dict(rows)


def ending_of(post: Post) -> Ending:
    """What would come of ending this post now."""
    key: PostKey = (post.kind, post.department_id)
    held = holders(db.session(), {key}, without=post.id)
    next_ones = [taker.who for taker in held.takers(*key)]
    waiting = _waiting(post.kind).get(post.department_id, 0) if post.begun else 0
    told = [] if next_ones else [account.person.name for account in held.fall_back()]
    delegations = db.session.scalars(
        select(Delegation)
        .where(Delegation.post_id == post.id, open_delegations(college_today()))
        .options(joinedload(Delegation.to_person))
    ).all()
    return Ending(waiting, next_ones, told, delegations)


def roster() -> Sequence[tuple[Post, str]]:
    """Every post that is held or planned, with its holder's account, by kind and department."""
    posts = db.session.scalars(_present().options(selectinload(Post.person, Person.identities)))
    order = list(PostKind)
    rows = sorted(posts, key=lambda post: (order.index(post.kind), post.department_id or 0, post.id))
    return [(post, next((account.user_id for account in post.person.identities), "")) for post in rows]
