"""Finding people: by part of their name, by how it sounds, by their department, by their account."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from extensions import db
from models import Department, Membership, Person, PlatformIdentity
from models.encryption import Unreadable
from operations.namesakes import bracketed, in_either_width, parts_of, squeezed
from regulation.phones import holds_mobile

MOST_FOUND = 20
#: A name of several characters that are read in several ways has no more readings than this kept.
MOST_READINGS = 8
#: As long as the columns that keep them.
LONGEST_PINYIN = 255
LONGEST_INITIALS = 64
#: A text of more brackets, or more words in them, is read no further: nobody is called so.
MOST_READ = 8
#: 李静 学生处: a name and what tells its bearer apart, without brackets.
BESIDE = re.compile(r"(.+?)\s+(\S+)")


def spell(name: str) -> tuple[str, str]:
    """A name in pinyin, whole and as initials; several readings (单 dan, shan) are joined by spaces."""
    # Imported when it is needed: its dictionaries are a third of a process's memory and a fifth of its start, and most
    # processes spell nothing.
    from pypinyin import Style, pinyin

    whole, initials = (
        pinyin(name, style=style, heteronym=True, errors=str.lower) for style in (Style.NORMAL, Style.FIRST_LETTER)
    )
    return _readings(whole)[:LONGEST_PINYIN], _readings(initials)[:LONGEST_INITIALS]


def _readings(sounds: list[list[str]]) -> str:
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

    What stands behind the name, as in 李静（学生处，教师） or 李静 学生处, has to fit as well: department, 职务 or
    account. Each comes with their own department. An empty text finds nobody.
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
    apart = (and_(_named(name), _is_told_apart(mark)) for name, mark in _read(wanted))
    return or_(_named(wanted), _works_in(wanted), *apart)


def _read(wanted: str) -> Iterator[tuple[str, str]]:
    """The ways to read the text as a name and what tells its bearer apart."""
    beside = BESIDE.fullmatch(wanted)
    readings = [*islice(bracketed(wanted), MOST_READ), *([(beside[1], beside[2])] if beside else [])]
    return ((name, mark) for name, mark in readings if name and parts_of(mark))


def _named(wanted: str) -> ColumnElement[bool]:
    sound = wanted.replace(" ", "")
    return or_(
        _holds(Person.name, wanted),
        Person.pinyin.startswith(sound, autoescape=True),
        Person.pinyin.contains(f" {sound}", autoescape=True),
        Person.initials.startswith(sound, autoescape=True),
        Person.initials.contains(f" {sound}", autoescape=True),
    )


def _is_told_apart(mark: str) -> ColumnElement[bool]:
    """By departments and 职务, in part and in any order, or by their account: as the forms ask to write it."""
    known = (or_(_works_in(part), _holds(Person.job_title, part)) for part in parts_of(mark)[:MOST_READ])
    return or_(and_(*known), Person.identities.any(PlatformIdentity.user_key == squeezed(mark)))


def _works_in(unit: str) -> ColumnElement[bool]:
    named = _holds(Department.name, unit)
    return or_(
        Person.memberships.any((Membership.department_id == Department.id) & named),
        Person.department.has(named),
    )


def _holds(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Whether the text stands in the column, in either width of brackets."""
    return or_(*(column.icontains(form, autoescape=True) for form in sorted(in_either_width(text))))


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
