"""Whom a name on a form means, and what tells people of one name apart.

One rule for every form: whoever was picked, as far as the name is theirs; else who bears the whole text as their name,
brackets and all; else, where nobody does, whom the brackets behind a name tell apart: 李静（学生处）. A search reads
them alike (operations.finding), so that what a form asks to write can be searched for.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from extensions import db
from models import Membership, Person, PlatformIdentity
from operations.errors import RefusedField
from regulation.phones import holds_mobile

#: A name as a form has it, and the id of whom was picked, if anybody.
Said = tuple[str, int | None]

#: How many of one name a sentence lists.
MOST_LISTED = 20
#: The same brackets in both widths: an input method has other ones than the directory.
WIDE, NARROW = str.maketrans("()", "（）"), str.maketrans("（）", "()")
#: What sets the parts of a mark apart.
SET_APART = re.compile(r"[\s,，、·]+")


def the_person(field: str, text: str, person_id: int | None = None) -> Person:
    """The person whom a form means. Raises RefusedField naming `field`, with whom it could be and how to say which."""
    text = text.strip()
    if not text:
        raise RefusedField(field, "请填写姓名。")
    [found] = whom_they_mean([(text, person_id)])
    if not found:
        raise RefusedField(field, f"通讯录中没有“{text}”，请核对姓名，或从列表中选择。")
    if len(found) > 1:
        raise RefusedField(field, _which_of(found))
    return found[0]


def unclear(said: Sequence[Said], *, near: int | None) -> list[str]:
    """For each name the sentence that asks which of several people it is; empty where it is one person, or nobody."""
    return [_which_of(found) if len(found) > 1 else "" for found in whom_they_mean(said, near=near)]


def whom_they_mean(said: Sequence[Said], *, near: int | None = None) -> list[Sequence[Person]]:
    """For each name the people here whom it may mean, one where it is clear; as many queries for several as for one.

    Of several the only one of the department `near` is meant.
    """
    known = _known(said)
    return [_nearest(_meant(text, person_id, known), near) for text, person_id in said]


def accounts_of_alike(people: Sequence[Person]) -> dict[int, str]:
    """The accounts of those among them whom name, main department and 职务 do not tell from another, by person."""
    looks = Counter(map(_look, people))
    alike = [person.id for person in people if looks[_look(person)] > 1]
    accounts = select(PlatformIdentity.person_id, PlatformIdentity.user_id).where(PlatformIdentity.person_id.in_(alike))
    rows = db.session.execute(accounts.order_by(PlatformIdentity.id.desc()))
    return {person_id: told for person_id, account in rows if (told := as_told(account))}


def as_told(mark: str) -> str:
    """An account, or what else tells people apart, as others may be told it: nothing of it where it holds a mobile."""
    return "" if holds_mobile(mark) else mark


def _look(person: Person) -> tuple[str, int | None, str]:
    return person.name, person.department_id, person.job_title


def _meant(text: str, person_id: int | None, known: Sequence[Person]) -> Sequence[Person]:
    name = _bare(text)
    named = [person for person in known if _bare(person.name) == name] or [
        person for person in known if _is_told_apart(person, name)
    ]
    return [person for person in named if person.id == person_id] or named


def _nearest(people: Sequence[Person], department_id: int | None) -> Sequence[Person]:
    near = [person for person in people if person.department_id == department_id]
    return near if len(near) == 1 else people


def _known(said: Iterable[Said]) -> Sequence[Person]:
    """Everybody here who bears a name that one of these texts may say, or was picked."""
    names, picked = set[str](), set[int]()
    for text, person_id in said:
        for name in (text, *(name for name, _ in bracketed(text))):
            names |= in_either_width(name)
        picked |= {person_id} if person_id is not None else set()
    query = (
        select(Person)
        .where(or_(Person.name.in_(names), Person.id.in_(picked)), Person.left_at.is_(None))
        .options(
            joinedload(Person.department),
            selectinload(Person.memberships).joinedload(Membership.department),
            selectinload(Person.identities),
        )
        .order_by(Person.id)
    )
    return db.session.scalars(query).all()


def in_either_width(text: str) -> set[str]:
    """The text as it is, with wide brackets and with narrow ones."""
    return {text, text.translate(WIDE), text.translate(NARROW)}


def bracketed(text: str) -> Iterator[tuple[str, str]]:
    """The ways to read a text as a name with something in brackets behind it: names and departments have some too."""
    if text.endswith((")", "）")):
        for opening in re.finditer("[(（]", text):
            yield text[: opening.start()].strip(), text[opening.end() : -1]


def _is_told_apart(person: Person, name: str) -> bool:
    own = _bare(person.name)
    return any(head == own and _has_mark(person, mark) for head, mark in bracketed(name))


def _has_mark(person: Person, mark: str) -> bool:
    wanted = squeezed(mark)
    return any(squeezed(own) == wanted for own in _marks(person))


def _marks(person: Person) -> list[str]:
    """What is known of a person that a namesake may lack, in the order in which people would say it."""
    main = [person.department.name] if person.department else []
    units = list(dict.fromkeys([*main, *(listed.department.name for listed in person.memberships)]))
    titles = [person.job_title] if person.job_title else []
    both = [f"{unit}，{title}" for unit in units for title in titles]
    return [*units, *both, *titles, *(account.user_id for account in person.identities)]


def _which_of(people: Sequence[Person]) -> str:
    listed = "、".join(f"{person.name}（{_shortest_mark(person, people)}）" for person in people[:MOST_LISTED])
    return f"有{len(people)}位同名，请从列表中选择，或照写其中一位：{listed}。"


def _shortest_mark(person: Person, people: Collection[Person]) -> str:
    """What only this one of them has; of somebody with nothing of their own, all that there is to say.

    An account that is a mobile number is understood, but not told.
    """
    others = [other for other in people if other is not person]
    own = list(filter(as_told, _marks(person)))
    alone = (mark for mark in own if not any(_has_mark(other, mark) for other in others))
    return next(alone, own[-1] if own else "无部门")


def _bare(text: str) -> str:
    """A name without what nobody sees, in one width, with single spaces; forms and directories differ in these."""
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).split())


def squeezed(mark: str) -> str:
    """A mark by its letters: however its parts are set apart, and in any letter case, as accounts are."""
    return "".join(parts_of(_bare(mark))).lower()


def parts_of(mark: str) -> list[str]:
    """What a mark says of somebody, one after the other: 护理系，教师 is a department and a 职务."""
    return [part for part in SET_APART.split(mark) if part]
