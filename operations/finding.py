"""Finding people: by part of their name, by how it sounds, by their department, by their account."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product

from pypinyin import Style, pinyin
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Department, Membership, Person, PlatformIdentity
from models.encryption import Unreadable
from regulation.phones import holds_mobile

MOST_FOUND = 20
#: A name of several characters that are read in several ways has no more readings than this kept.
MOST_READINGS = 8
#: As long as the columns that keep them.
LONGEST_PINYIN = 255
LONGEST_INITIALS = 64
#: 李静（学生处） or 李静 学生处: a name and a department, as they are typed into a search.
WITH_DEPARTMENT = re.compile(r"(.+?)\s*[（(]\s*(.+?)\s*[）)]")
BESIDE_DEPARTMENT = re.compile(r"(.+?)\s+(\S+)")


def spell(name: str) -> tuple[str, str]:
    """A name in pinyin, whole and as initials; several readings (单 dan, shan) are joined by spaces."""
    return _readings(name, Style.NORMAL)[:LONGEST_PINYIN], _readings(name, Style.FIRST_LETTER)[:LONGEST_INITIALS]


def _readings(name: str, style: Style) -> str:
    sounds = pinyin(name, style=style, heteronym=True, errors=str.lower)
    # The surname's readings first: it is what several are known for.
    spelled = ("".join(reversed(reading)) for reading in product(*reversed(sounds)))
    return " ".join(dict.fromkeys(islice(spelled, MOST_READINGS)))


@dataclass(frozen=True)
class Found:
    """Some of the people who fit, how many do in all, and the key to read on from (None: there are no more)."""

    people: Sequence[Person]
    count: int
    next_key: int | None


def search_people(text: str) -> Sequence[Person]:
    """The first of the people still here whose name, its pinyin or initials, or whose department fits.

    A department behind the name, as in 李静（学生处） or 李静 学生处, has to fit as well. Each comes with their own
    department. An empty text finds nobody.
    """
    wanted = text.strip().lower()
    return db.session.scalars(_in_order(_present().where(_fits(wanted))).limit(MOST_FOUND)).all() if wanted else []


def find_people(text: str, *, gone: bool = False, after: int | None = None) -> Found:
    """As `search_people`, a page of them after the person of this id. `gone`: those who left, too."""
    wanted = text.strip().lower()
    if not wanted:
        return Found([], 0, None)
    among = select(Person).options(joinedload(Person.department)) if gone else _present()
    fitting = among.where(_fits(wanted))
    count = db.session.scalar(fitting.with_only_columns(func.count(Person.id))) or 0
    if after is not None:
        last = select(Person.name).where(Person.id == after).scalar_subquery()
        fitting = fitting.where(or_(Person.name > last, and_(Person.name == last, Person.id > after)))
    found = db.session.scalars(_in_order(fitting).limit(MOST_FOUND + 1)).all()
    shown = found[:MOST_FOUND]
    return Found(shown, count, shown[-1].id if len(found) > MOST_FOUND else None)


def _in_order(people: Select[Person]) -> Select[Person]:
    return people.order_by(Person.name, Person.id)


def _fits(wanted: str) -> ColumnElement[bool]:
    whole = or_(_named(wanted), _works_in(wanted))
    parts = WITH_DEPARTMENT.fullmatch(wanted) or BESIDE_DEPARTMENT.fullmatch(wanted)
    return or_(whole, and_(_named(parts[1]), _works_in(parts[2]))) if parts else whole


def _named(wanted: str) -> ColumnElement[bool]:
    sound = wanted.replace(" ", "")
    return or_(
        Person.name.icontains(wanted, autoescape=True),
        Person.pinyin.startswith(sound, autoescape=True),
        Person.pinyin.contains(f" {sound}", autoescape=True),
        Person.initials.startswith(sound, autoescape=True),
        Person.initials.contains(f" {sound}", autoescape=True),
    )


def _works_in(unit: str) -> ColumnElement[bool]:
    return or_(
        Person.memberships.any(_in_unit(unit)),
        Person.department.has(Department.name.icontains(unit, autoescape=True)),
    )


def _in_unit(name: str) -> ColumnElement[bool]:
    return (Membership.department_id == Department.id) & Department.name.icontains(name, autoescape=True)


def find_account(platform: str, user_id: str) -> Person | None:
    """Whose account this is on the platform, if they are still here."""
    account = (PlatformIdentity.platform == platform, PlatformIdentity.user_key == user_id.strip().lower())
    return db.session.scalars(_present().join(Person.identities).where(*account)).first()


def directory_particulars(person: Person) -> dict[str, str]:
    """What anybody may know of a colleague. Their mobile and e-mail are theirs to give, wherever the mobile stands."""
    phone = person.office_phone
    hidden = holds_mobile(phone) or isinstance(phone, Unreadable)
    return {"name": person.name, "job_title": person.job_title, "office_phone": "" if hidden else phone}


def _present() -> Select[Person]:
    return select(Person).where(Person.left_at.is_(None)).options(joinedload(Person.department))
