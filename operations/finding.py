"""Finding people: by part of their name, by how it sounds, by their department; and the one person that is meant."""

import re
from collections.abc import Sequence
from itertools import islice, product

from pypinyin import Style, pinyin
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Department, Membership, Person, PlatformIdentity
from operations.errors import RefusedField

MOST_FOUND = 20
#: A name of several characters that are read in several ways has no more readings than this kept.
MOST_READINGS = 8
#: As long as the columns that keep them.
LONGEST_PINYIN = 255
LONGEST_INITIALS = 64
#: 李静（学生处）: a name, and the department that tells its bearer from another.
WITH_DEPARTMENT = re.compile(r"(.+?)\s*[（(]\s*(.+?)\s*[）)]")


def spell(name: str) -> tuple[str, str]:
    """A name in pinyin, whole and as initials; several readings (单 dan, shan) are joined by spaces."""
    return _readings(name, Style.NORMAL)[:LONGEST_PINYIN], _readings(name, Style.FIRST_LETTER)[:LONGEST_INITIALS]


def _readings(name: str, style: Style) -> str:
    sounds = pinyin(name, style=style, heteronym=True, errors=str.lower)
    # The surname's readings first: it is what several are known for.
    spelled = ("".join(reversed(reading)) for reading in product(*reversed(sounds)))
    return " ".join(dict.fromkeys(islice(spelled, MOST_READINGS)))


def search_people(text: str, *, most: int = MOST_FOUND, gone: bool = False) -> Sequence[Person]:
    """People still here whose name, its pinyin or initials, or whose department fits; each with its department.

    `gone`: those who left, too. An empty text finds nobody.
    """
    wanted = text.strip().lower()
    if not wanted:
        return []
    sound = wanted.replace(" ", "")
    fits = or_(
        Person.name.icontains(wanted, autoescape=True),
        Person.pinyin.startswith(sound, autoescape=True),
        Person.pinyin.contains(f" {sound}", autoescape=True),
        Person.initials.startswith(sound, autoescape=True),
        Person.initials.contains(f" {sound}", autoescape=True),
        Person.memberships.any(_in_unit(wanted)),
        Person.department.has(Department.name.icontains(wanted, autoescape=True)),
    )
    among = select(Person).options(joinedload(Person.department)) if gone else _present()
    return db.session.scalars(among.where(fits).order_by(Person.name, Person.id).limit(most)).all()


def _in_unit(name: str) -> ColumnElement[bool]:
    return (Membership.department_id == Department.id) & Department.name.icontains(name, autoescape=True)


def find_account(platform: str, user_id: str) -> Person | None:
    """Whose account this is on the platform, if they are still here."""
    account = (PlatformIdentity.platform == platform, PlatformIdentity.user_key == user_id.strip().lower())
    return db.session.scalars(_present().join(Person.identities).where(*account)).first()


def the_person(field: str, text: str, person_id: int | None = None) -> Person:
    """The person whom a form means: by id as far as the name still fits, else by the only one of the name.

    `text` is a name, or 姓名（部门）. Raises RefusedField naming `field`, with whom it could be.
    """
    named = WITH_DEPARTMENT.fullmatch(text.strip())
    name, unit = (named[1], named[2]) if named else (text.strip(), "")
    if not name:
        raise RefusedField(field, "请填写姓名。")
    query = _present().where(Person.name == name)
    if unit:
        in_unit = Membership.department_id == Department.id
        query = query.where(Person.memberships.any(in_unit & (Department.name == unit)))
    found = db.session.scalars(query.order_by(Person.id).limit(MOST_FOUND)).all()
    chosen = [person for person in found if person.id == person_id] or list(found)
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise RefusedField(field, f"通讯录中没有“{text.strip()}”，请核对姓名，或从列表中选择。")
    whom = "、".join(
        f"{person.name}（{person.department.name if person.department else '无部门'}）" for person in chosen
    )
    raise RefusedField(field, f"有{len(chosen)}位同名：{whom}。请从列表中选择，或写成“姓名（部门）”。")


def _present() -> Select[Person]:
    return select(Person).where(Person.left_at.is_(None)).options(joinedload(Person.department))
