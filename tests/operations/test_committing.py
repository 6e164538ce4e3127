"""职责确认: who is asked, who confirms and when, and what becomes of it in every state."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from extensions import db
from models import AuditEntry, Channel, Commitment, ContactRole, EventKind, Message, MessageKind, MessageState, Outcome
from operations.actors import Actor
from operations.committing import commit
from operations.decisions import decide
from operations.drafts import ContactFacts, save_draft
from operations.errors import NotAsked, NotFound
from operations.filings import submit, withdraw
from operations.timeline import events_of
from tests.college import College
from tests.operations.test_every_state import REACHED, S

pytestmark = pytest.mark.usefixtures("context")

OWNER, ADMINISTRATOR = "wangqunzhu", "zhaoguanli"


def requests(college: College, user_id: str) -> list[Message]:
    return [m for m in college.told(user_id) if m.kind is MessageKind.REQUEST and m.commitment_id is not None]


def commitments() -> dict[str, bool]:
    """Who has a row, by name, and whether they have confirmed."""
    db.session.expire_all()
    return {row.person_name: row.confirmed_at is not None for row in db.session.scalars(select(Commitment))}


def people(college: College, *named: tuple[ContactRole, str]) -> tuple[ContactFacts, ...]:
    first = [contact for contact in college.facts().contacts if contact.role is ContactRole.RESPONSIBLE]
    return (*first, *(ContactFacts(role, 1, name, "", "19900000007") for role, name in named))


def send_back(college: College, filing_id: int) -> None:
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请改")


def name_another(college: College, filing_id: int, owner: str) -> None:
    contacts = people(college, (ContactRole.OWNER, owner), (ContactRole.ADMINISTRATOR, "赵管理"))
    save_draft(college.actor("lilaoshi"), college.facts(contacts=contacts), form_key="", filing_id=filing_id)
    submit(college.actor("lilaoshi"), filing_id)


def test_owner_and_administrators_are_each_asked_once_when_a_filing_is_sent(college: College) -> None:
    """F11: whoever is to answer for the group is asked, by a card that names it and who filed it."""
    college.submitted()
    [card] = requests(college, OWNER)
    assert card.card["title"] == "护理系教师工作群"
    assert card.card["lead"] == "请确认群主职责（第六条、第七条）"
    assert ["申请人", "李老师"] in [list(row) for row in card.card["rows"]]
    assert [m.card["lead"] for m in requests(college, ADMINISTRATOR)] == ["请确认管理员职责（第六条、第七条）"]
    assert commitments() == {"王群主": False, "赵管理": False}
    assert [m for m in college.told("zhangzhuren") if m.commitment_id] == []


def test_whoever_is_both_is_asked_once_for_both(college: College) -> None:
    """E11: one person as 群主 and 管理员 has one row and one card."""
    both = people(college, (ContactRole.OWNER, "王群主"), (ContactRole.ADMINISTRATOR, "王群主"))
    college.submitted(contacts=both)
    assert [m.card["lead"] for m in requests(college, OWNER)] == ["请确认群主、管理员职责（第六条、第七条）"]
    assert commitments() == {"王群主": False}


def test_an_applicant_who_owns_the_group_is_asked_on_the_page_and_gets_no_card(college: College) -> None:
    """E52: who files for others is told apart from those who answer; who files for themselves stands on the page."""
    filing_id = college.submitted(OWNER)
    assert requests(college, OWNER) == []
    assert commitments() == {"王群主": False, "赵管理": False}
    commit(college.actor(OWNER), filing_id)
    assert commitments() == {"王群主": True, "赵管理": False}


def test_people_from_outside_are_asked_nothing(college: College) -> None:
    """E13: nobody can be asked who has no account here."""
    outside = people(college, (ContactRole.OWNER, "校外医生"), (ContactRole.ADMINISTRATOR, "赵管理"))
    college.submitted(contacts=outside)
    assert commitments() == {"赵管理": False}


def test_confirming_is_kept_with_its_time_and_way_told_and_recorded(college: College) -> None:
    filing_id = college.submitted()
    commit(college.actor(OWNER), filing_id)
    row = db.session.scalars(select(Commitment).where(Commitment.person_name == "王群主")).one()
    assert row.confirmed_at is not None
    assert row.channel is Channel.PAGE
    [event] = [event for event in events_of(filing_id) if event.kind is EventKind.COMMITTED]
    assert (event.person_name, event.post_label, event.channel) == ("王群主", "群主", Channel.PAGE)
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "duties.confirm"))
    assert (entry.subject_type, entry.subject_id, entry.details["commitment"]) == ("filings", filing_id, row.id)
    assert [m.state for m in requests(college, OWNER)] == [MessageState.CANCELLED]
    assert [m.state for m in requests(college, ADMINISTRATOR)] == [MessageState.PENDING]


def test_confirming_a_second_time_changes_nothing_and_says_so(college: College) -> None:
    filing_id = college.submitted()
    commit(college.actor(OWNER), filing_id)
    with pytest.raises(NotAsked) as refused:
        commit(college.actor(OWNER), filing_id)
    assert refused.value.sentence == "您已确认职责，不用重复确认。"
    assert refused.value.card.startswith("已确认职责 · 王群主 · ")
    assert len([event for event in events_of(filing_id) if event.kind is EventKind.COMMITTED]) == 1


def test_sending_again_asks_only_whoever_is_newly_named(college: College) -> None:
    filing_id = college.submitted()
    commit(college.actor(ADMINISTRATOR), filing_id)
    send_back(college, filing_id)
    name_another(college, filing_id, "陈书记")
    assert [m.state for m in requests(college, OWNER)] == [MessageState.CANCELLED]
    assert [m.state for m in requests(college, "chenshuji")] == [MessageState.PENDING]
    assert len(requests(college, ADMINISTRATOR)) == 1
    with pytest.raises(NotAsked, match="NotAsked") as refused:
        commit(college.actor(OWNER), filing_id)
    assert refused.value.sentence == "您已不是这个群的群主或管理员，不用确认职责。"


def test_whoever_waits_to_be_asked_is_not_asked_again_when_a_filing_is_sent_again(college: College) -> None:
    filing_id = college.submitted()
    send_back(college, filing_id)
    submit(college.actor("lilaoshi"), filing_id)
    assert [m.state for m in requests(college, OWNER)] == [MessageState.PENDING]


def test_somebody_who_is_named_again_is_asked_anew(college: College) -> None:
    filing_id = college.submitted()
    send_back(college, filing_id)
    name_another(college, filing_id, "陈书记")
    send_back(college, filing_id)
    name_another(college, filing_id, "王群主")
    assert [m.state for m in requests(college, OWNER)] == [MessageState.CANCELLED, MessageState.PENDING]
    commit(college.actor(OWNER), filing_id)
    assert commitments()["王群主"]


@pytest.mark.parametrize(("end", "state"), [("withdraw", "cancelled"), ("reject", "cancelled"), ("return", "pending")])
def test_a_card_is_closed_when_the_filing_is_over_and_stays_while_it_is_being_mended(
    college: College, end: str, state: str
) -> None:
    filing_id = college.submitted()
    if end == "withdraw":
        withdraw(college.actor("lilaoshi"), filing_id)
    else:
        outcome = Outcome.REJECTED if end == "reject" else Outcome.RETURNED
        decide(college.actor("zhangzhuren"), filing_id, outcome, reason="理由")
    assert [m.state.value for m in requests(college, OWNER)] == [state]


@pytest.mark.parametrize("state", S)
def test_duties_are_confirmed_in_the_states_in_which_there_is_or_will_be_a_group(college: College, state: S) -> None:
    reached: Callable[[College], int] = REACHED[state]
    filing_id = reached(college)
    if state in (S.IN_REVIEW, S.APPROVED, S.RETURNED, S.REGISTERED):
        commit(college.actor(OWNER), filing_id)
        assert commitments()["王群主"]
    else:
        with pytest.raises(NotAsked) as refused:
            commit(college.actor(OWNER), filing_id)
        assert refused.value.sentence
        assert commitments().get("王群主") is not True


def test_nobody_else_confirms_and_no_unknown_filing_is_confirmed(college: College) -> None:
    filing_id = college.submitted()
    for actor in (college.actor("jiwai"), college.actor("lilaoshi"), Actor(id=0, name="")):
        with pytest.raises(NotAsked):
            commit(actor, filing_id)
    with pytest.raises(NotFound):
        commit(college.actor(OWNER), filing_id + 1)
    assert commitments() == {"王群主": False, "赵管理": False}


def test_a_group_that_was_registered_before_anybody_was_asked_can_be_confirmed_all_the_same(college: College) -> None:
    filing_id = REACHED[S.REGISTERED](college)
    db.session.query(Message).update({"commitment_id": None})
    db.session.query(Commitment).delete()
    db.session.commit()
    commit(college.actor(OWNER), filing_id)
    assert commitments() == {"王群主": True}


def test_the_applicants_own_promise_is_recorded_with_the_rules_it_was_made_under(college: College) -> None:
    filing_id = college.submitted()
    filing = college.filing(filing_id)
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "filing.submit"))
    assert entry.details == {"round": 1, "promised": True, "rules": filing.regulation_digest}
