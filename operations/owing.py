"""What a registered group still owes: 待建群, its number and opening once it is made; 须改名, a name of 第九条.

Whatever is said of it is told to 宣传统战部 (第十三条: 关键信息变动或解散应及时反馈).
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import ContactRole, EventKind, Filing, FilingState, Group, GroupState
from models.audit import record
from models.database import unit_of_work
from models.groups import number_key
from operations import permissions, timeline
from operations.actors import Actor, as_held
from operations.checks import check, incomplete, taken_meanwhile
from operations.clock import college_today
from operations.errors import NotAllowed, NotFound, NothingOwed, RefusedByRules
from operations.posts import Holders, accounts_of
from operations.rules import rules_for, rules_in_force
from operations.turns import holders_for, locked_filing
from regulation import FilingKind, Finding, Platform, PostKind, Severity


@dataclass(frozen=True)
class Owed:
    """What a group owes, and by which day; None: nothing, or no day was set when it was registered."""

    number: bool
    number_by: date | None
    number_overdue: bool
    name_by: date | None
    name_overdue: bool


@dataclass(frozen=True)
class Made:
    """What is said of a group that has been made: its number, or what a WeChat group is known by instead."""

    number: str = ""
    owner_account: str = ""
    opened_on: date | None = None


def owed_by(group: Group) -> Owed | None:
    """What the group still owes today, if anything."""
    if not group.awaits_number and not group.must_be_renamed:
        return None
    number_by = group.number_due_on if group.awaits_number else None
    name_by = group.rename_due_on if group.must_be_renamed else None
    today = college_today()
    return Owed(
        group.awaits_number,
        number_by,
        number_by is not None and number_by < today,
        name_by,
        name_by is not None and name_by < today,
    )


def note_what_is_owed(filing: Filing, day: date) -> None:
    """Set by when a group that is registered on this day owes its number, and a name of 第九条.

    The number counts from the opening where that lies ahead: before it nobody can make the group (第八条).
    """
    group, deadlines = filing.group, rules_for(filing).deadlines
    if filing.kind is FilingKind.ESTABLISH and _is_to_be_made(group, day):
        group.number_due_on = max(day, group.opened_on or day) + timedelta(days=deadlines.number)
    if filing.kind is FilingKind.RETROACTIVE and _breaks_the_naming_rule(filing):
        group.rename_due_on = day + timedelta(days=deadlines.rename)


def give_number(actor: Actor, group_id: int, made: Made) -> None:
    """Complete a group that has been made since it was registered.

    Raises NotFound, NotAllowed, NothingOwed where nothing is owed or somebody was faster, or RefusedByRules with what
    stands against it.
    """
    with _against_the_table(), unit_of_work() as session, session.no_autoflush:
        filing, held = _locked(session, actor, group_id)
        group = filing.group
        if not group.awaits_number:
            raise NothingOwed("这个群的群号已经补报，不用再填。页面已按最新情况显示。")
        group.number = group.number_key = number_key(made.number)
        group.owner_account = made.owner_account
        group.opened_on = made.opened_on or group.opened_on
        if refusals := list(_against_number(filing, made)):
            raise RefusedByRules(refusals)
        group.number_due_on = None
        _tell(session, actor, filing, held, "number", cards.number_given(filing, actor.name))
        timeline.note(session, filing, EventKind.NUMBER_GIVEN, by=(actor.id, actor.name), text=_said_of(group))
        session.flush()
        record(session, "group.give_number", group, by=(actor.id, actor.name), details={"filing": filing.id})


def give_name(actor: Actor, group_id: int, name: str) -> None:
    """Give a group the name that it goes by now, which 第九条 has asked for.

    The former one stays on the timeline and in the record. Raises as `give_number`.
    """
    with _against_the_table(), unit_of_work() as session, session.no_autoflush:
        filing, held = _locked(session, actor, group_id)
        group = filing.group
        if not group.must_be_renamed:
            raise NothingOwed("这个群的群名已经改好，不用再填。页面已按最新情况显示。")
        former = group.name
        group.call(name)
        if refusals := [finding for finding in _of_today(filing) if finding.field == "name"]:
            raise RefusedByRules(refusals)
        group.rename_due_on = None
        _tell(session, actor, filing, held, "name", cards.name_given(filing, former, actor.name))
        text = f"原群名「{former}」，现群名「{group.name}」"
        timeline.note(session, filing, EventKind.RENAMED, by=(actor.id, actor.name), text=text)
        session.flush()
        details = {"filing": filing.id, "from": former, "to": group.name}
        record(session, "group.rename", group, by=(actor.id, actor.name), details=details)


def give_up(actor: Actor, group_id: int) -> None:
    """End a group that was registered and will not be made; its 备案编号 is not used again.

    Raises NotFound, NotAllowed or NothingOwed.
    """
    with unit_of_work() as session:
        filing, held = _locked(session, actor, group_id)
        group = filing.group
        if not group.awaits_number:
            raise NothingOwed("这个群已经建好或已经注销，不能按“不再建群”办理。")
        group.state, group.live = GroupState.DISSOLVED, False
        group.number_due_on = group.rename_due_on = None
        outbox.close_commitments(session, group.id, cards.DISSOLVED)
        told = {filing.applicant_id, *(c.person_id for c in group.contacts if c.role is ContactRole.OWNER)}
        concerned = {person for person in told if person is not None}
        _tell(session, actor, filing, held, "given_up", cards.given_up(filing, actor.name), besides=concerned)
        timeline.note(session, filing, EventKind.GIVEN_UP, by=(actor.id, actor.name))
        session.flush()
        details = {"filing": filing.id, "number": group.registration_number}
        record(session, "group.give_up", group, by=(actor.id, actor.name), details=details)


def _is_to_be_made(group: Group, day: date) -> bool:
    """Whether nothing is said yet that the group is known by, or its opening lies ahead.

    The form proposes the day it is filled in as the opening, so that this day proves nothing.
    """
    later = group.opened_on is not None and group.opened_on > day
    nameless = group.platform is Platform.WECHAT and not group.owner_account
    return not group.number_key and (group.platform is Platform.QQ or nameless or later)


def _breaks_the_naming_rule(filing: Filing) -> bool:
    group, rules = filing.group, rules_for(filing)
    if group.tier is None or group.department is None:
        return False
    short_name = group.department.unit_short_name(rules.college_short_name)
    return rules.breaks_naming(group.tier, group.name, short_name)


def _tell(
    session: Session,
    actor: Actor,
    filing: Filing,
    held: Holders,
    what: str,
    card: cards.Card,
    *,
    besides: Collection[int] = (),
) -> None:
    """The registry hears of it, and the people `besides`, but for whoever did it; each happens to a group once."""
    told = {account.person_id: account for account in held.of(PostKind.REGISTRAR)}
    told |= accounts_of(session, set(besides) - told.keys())
    told.pop(actor.id, None)
    outbox.tell(session, f"group:{filing.group_id}:{what}", card, recipients=told.values(), filing=filing)


def _locked(session: Session, actor: Actor, group_id: int) -> tuple[Filing, Holders]:
    """The filing by which the group was registered, locked until the transaction ends, and who may be told of it; the
    actor may complete it."""
    if session.get(Group, group_id) is None:
        raise NotFound
    registering = (Filing.group_id == group_id, Filing.state == FilingState.REGISTERED)
    filing_id = session.scalar(select(func.min(Filing.id)).where(*registering))
    if filing_id is None:
        raise NothingOwed("这个群还没有备案，没有要补报的内容。")
    filing = locked_filing(session, filing_id)
    held = holders_for(session, filing)
    if not permissions.completes_group(as_held(actor, held), [filing]):
        raise NotAllowed
    return filing, held


def _of_today(filing: Filing) -> list[Finding]:
    """What today's rules refuse of the group as it stands in the transaction at hand."""
    group = filing.group
    assert group.department is not None  # noqa: S101 - a registered group has one
    found = check(rules_in_force(), group, kind=FilingKind.ESTABLISH, unit=group.department, filing=filing)
    return [finding for finding in found if finding.severity is Severity.REFUSE]


def _against_number(filing: Filing, made: Made) -> Iterator[Finding]:
    group = filing.group
    if group.platform is Platform.QQ and not group.number_key:
        yield incomplete("number", "请填写群号：QQ群建好后，群资料里的5至11位数字。")
    if group.platform is Platform.WECHAT and not group.owner_account:
        yield incomplete("owner_account", "请填写群主微信名：微信群没有群号，以群主微信名和开通时间识别。")
    if made.opened_on is None:
        yield incomplete("opened_on", "请选择开通时间。")
    elif made.opened_on > college_today():
        yield incomplete("opened_on", "群建好以后才能补报，开通时间不能晚于今天。")
    yield from (finding for finding in _of_today(filing) if finding.field == "number")


def _said_of(group: Group) -> str:
    said = (
        ("群号", group.number),
        ("群主微信名", group.owner_account),
        ("开通时间", group.opened_on.isoformat() if group.opened_on else ""),
    )
    return "，".join(f"{label} {value}" for label, value in said if value)


@contextmanager
def _against_the_table() -> Iterator[None]:
    """Another group took the number or the name at the same moment, and the table let one of them in."""
    try:
        yield
    except IntegrityError as error:
        raise taken_meanwhile(error) from None
