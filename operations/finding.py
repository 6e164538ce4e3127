"""Finding people: by part of their name, by how it sounds, by their department, by their account."""

from collections.abc import Sequence
from itertools import islice, product

from pypinyin import Style, pinyin
from sqlalchemy import ColumnElement, Select, or_, select
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


def directory_particulars(person: Person) -> dict[str, str]:
    """What anybody may know of a colleague. Their mobile and e-mail are theirs to give, wherever the mobile stands."""
    phone = person.office_phone
    hidden = holds_mobile(phone) or isinstance(phone, Unreadable)
    return {"name": person.name, "job_title": person.job_title, "office_phone": "" if hidden else phone}


def _present() -> Select[Person]:
    return select(Person).where(Person.left_at.is_(None)).options(joinedload(Person.department))
