"""我的信息: a person's own mobile and e-mail, typed by them or given by the platform with their consent."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session, joinedload

from extensions import db
from messaging.platforms.errors import PlatformError
from messaging.platforms.wecom import (
    PLATFORM,
    UNUSABLE_CODE,
    UNUSABLE_TICKET,
    Particulars,
    PlatformRefused,
    wecom_client,
)
from models import Contact, Department, Group, Membership, Person
from models.audit import record
from models.database import unit_of_work
from operations.actors import Actor
from operations.errors import OperationRefused
from operations.finding import find_account


class ConsentLapsed(OperationRefused):
    """The platform takes the code or the ticket of the consent no more."""

    sentence = "这次授权已失效，您的信息没有改动。请重新获取，或者直接填写。"


class ConsentOfAnother(OperationRefused):
    """The consent is that of somebody else than whoever is signed in."""

    sentence = "企业微信里登录的不是您本人，您的信息没有改动。请用本人的企业微信打开群备，或者直接填写。"


class NothingGiven(OperationRefused):
    """The platform gave neither a mobile nor an e-mail address."""

    sentence = "企业微信没有提供您的信息：管理员未勾选，或者您未授权。请直接填写。"


class PlatformAway(OperationRefused):
    """The platform cannot be asked at present."""

    sentence = "企业微信暂时无法连接，您的信息没有改动。请稍后再试，或者直接填写。"


def own_record(actor: Actor) -> Person:
    """What is known of whoever is signed in, with their main department."""
    query = select(Person).where(Person.id == actor.id).options(joinedload(Person.department))
    return db.session.scalars(query).one()


def own_departments(actor: Actor) -> Sequence[str]:
    """The names of all departments that the directory has the person in, the main one first."""
    query = (
        select(Department.name)
        .join(Membership, Membership.department_id == Department.id)
        .where(Membership.person_id == actor.id)
        .order_by(Department.id != actor.department_id, Department.sort_order.desc(), Department.id)
    )
    return db.session.scalars(query).all()


def lacks_mobile(actor: Actor) -> bool:
    """Whether the person has given no mobile yet."""
    return db.session.scalar(select(Person.id).where(Person.id == actor.id, Person.mobile.is_(None))) is not None


def save_particulars(actor: Actor, *, mobile: str | None = None, email: str | None = None, source: str) -> None:
    """Keep what the person said of themselves; None leaves a thing as it was, an empty text takes it away.

    Contacts of theirs in live groups that lack a mobile get it. `source` says where it came from: typed, or wecom.
    """
    said = {name: value for name, value in (("mobile", mobile), ("email", email)) if value is not None}
    with unit_of_work() as session:
        # Whoever writes a row that names this person goes on meanwhile: only the id is theirs to rely on.
        person = session.get_one(Person, actor.id, with_for_update={"key_share": True})
        changed = [name for name, value in said.items() if value != (getattr(person, name) or "")]
        for name in changed:
            setattr(person, name, said[name] or None)
        completed = complete_contacts(session, person)
        if changed or completed:
            details = {"changed": changed, "source": source, "contacts": completed}
            record(session, "person.particulars", person, by=(actor.id, actor.name), details=details)


def complete_contacts(session: Session, person: Person) -> int:
    """Give the person's mobile to their contacts that lack one; how many there were.

    Live groups only: anybody may name anybody in a draft, and would be shown what it is completed with.
    """
    if not person.mobile:
        return 0
    live = select(Group.id).where(Group.live)
    lacking = (Contact.person_id == person.id, Contact.mobile == "", Contact.group_id.in_(live))
    statement = update(Contact).where(*lacking).values(mobile=person.mobile, given_by_owner=True)
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount


def give_own_mobiles(group: Group) -> None:
    """Fill in the mobiles that nobody typed, of the colleagues who gave theirs: the group is being sent."""
    for contact in group.contacts:
        if contact.is_completed_when_sent and contact.person is not None:
            contact.mobile, contact.given_by_owner = contact.person.mobile or "", True


def ask_platform(actor: Actor, code: str) -> Particulars:
    """What the platform gives of whoever is signed in, for the code of their consent. Nothing is kept yet.

    Raises ConsentLapsed, ConsentOfAnother, NothingGiven or PlatformAway.
    """
    try:
        return _asked(actor, code)
    except PlatformRefused as refused:
        raise (ConsentLapsed if refused.errcode in UNUSABLE_CODE | UNUSABLE_TICKET else PlatformAway) from None
    except PlatformError:
        raise PlatformAway from None


def _asked(actor: Actor, code: str) -> Particulars:
    login = wecom_client().user_of_code(code)
    _refuse_another(actor, login.user_id)
    if not login.ticket:
        raise NothingGiven
    given = wecom_client().particulars_of(login.ticket)
    # The answer is read as carefully as the code: what is kept is the person's own.
    _refuse_another(actor, given.user_id)
    if not (given.mobile or given.email):
        raise NothingGiven
    return given


def _refuse_another(actor: Actor, user_id: str | None) -> None:
    person = find_account(PLATFORM, user_id) if user_id else None
    if person is None or person.id != actor.id:
        raise ConsentOfAnother
