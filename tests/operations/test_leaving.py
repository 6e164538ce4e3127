"""Leaving the college: tasks and groups go on, each head has one task for all of it, and coming back undoes it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import (
    AuditEntry,
    ContactRole,
    Delegation,
    Handover,
    HandoverItem,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    Person,
    Post,
)
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.actors import find_actor
from operations.appointing import Term, appoint, appoint_first_administrators
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.drafts import ContactFacts
from operations.errors import NotFound, RefusedField
from operations.filings import withdraw
from operations.group_people import vacancies_of
from operations.handover_lists import handovers_waiting_for
from operations.handovers import confirm, fingerprint, propose
from operations.leaving import come_back, leave, mark_left, take_up_again, unmark_left
from operations.reading import get_filing, steps_waiting_for
from operations.tasks import tasks_of
from operations.vacancies import get_handover
from regulation import PostKind
from tests.college import PEOPLE, College
from tests.conftest import StatementCounter

OWNER = "wangqunzhu"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def contacts(owner: str, responsible: str = "张主任") -> tuple[ContactFacts, ...]:
    said = ((ContactRole.RESPONSIBLE, responsible), (ContactRole.OWNER, owner), (ContactRole.ADMINISTRATOR, "赵管理"))
    return tuple(ContactFacts(role, 1, name, "", "19900000009") for role, name in said)


def groups_of_two_departments(college: College, number: int) -> None:
    """As many groups in 护理系 and in 学生处 whose 群主 is 王群主."""
    for key in ("8", "5"):
        for n in range(number):
            college.submitted(
                name=f"{'护理系' if key == '8' else '学生处'}{n}群",
                number=f"7{key}0000{n:02}",
                department_id=college.departments[key],
                contacts=contacts("王群主"),
            )


def handovers() -> list[Handover]:
    db.session.expire_all()
    return list(db.session.scalars(select(Handover).order_by(Handover.department_id)))


def told(college: College, user_id: str, saying: str) -> list[Message]:
    return [m for m in college.told(user_id) if saying in m.card.get("lead", "")]


def gone(college: College, *user_ids: str) -> None:
    """These people are gone from the directory."""
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id]) for user_id in user_ids])


def back(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        come_back(session, session.get_one(Person, college.people[user_id]))


def test_somebody_who_left_is_nobody_here_from_the_next_request_on(college: College) -> None:
    gone(college, OWNER)
    assert find_actor(college.people[OWNER]) is None


def test_a_leaver_with_thirty_groups_in_two_departments_is_two_tasks(college: College) -> None:
    """E10: one task for the head of each unit; L7."""
    groups_of_two_departments(college, 15)
    gone(college, OWNER)
    assert [(h.person_name, len(h.items)) for h in handovers()] == [("王群主", 15), ("王群主", 15)]
    for user_id in ("zhangzhuren", "sunchuzhang"):
        [message] = told(college, user_id, "责任人缺位")
        assert message.card["lead"] == "王群主已离职，15 个群组责任人缺位，请办理移交"
        assert message.card["path"] == f"/handovers/{message.handover_id}"
        actor = college.actor(user_id)
        assert [row.groups for row in handovers_waiting_for(actor).rows] == [15]
        assert tasks_of(actor).total == 1 + len(steps_waiting_for(actor).rows)


def test_each_role_of_a_group_is_an_item_and_the_group_is_vacant(college: College) -> None:
    filing_id = college.submitted(contacts=contacts("张主任"))
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    gone(college, "zhangzhuren")
    [handover] = handovers()
    assert {item.role for item in handover.items} == {ContactRole.RESPONSIBLE, ContactRole.OWNER}
    group_id = college.filing(filing_id).group_id
    vacancy = vacancies_of([group_id])[group_id]
    assert (vacancy.roles, vacancy.doing) == (("群主", "第一责任人"), "等待部门负责人安排接任人")
    assert len(told(college, "jiwai", "1 个群组责任人缺位")) == 1


def test_leaving_again_adds_what_is_new_and_tells_nobody_twice(college: College) -> None:
    college.submitted(contacts=contacts("王群主"))
    gone(college, OWNER)
    [handover] = handovers()
    later = college.submitted(name="护理系新群", number="7300001")
    row = next(c for c in college.filing(later).group.contacts if c.role is ContactRole.OWNER)
    row.person_id = college.people[OWNER]
    db.session.commit()
    gone(college, OWNER)
    [again] = handovers()
    assert (again.id, len(again.items)) == (handover.id, 2)
    assert len(told(college, "zhangzhuren", "责任人缺位")) == 1


def test_where_nobody_heads_the_department_the_fall_back_is_told_and_a_later_head_too(college: College) -> None:
    college.submitted()
    gone(college, "zhangzhuren")
    assert len(told(college, "wuguanli", "责任人缺位")) == 1
    assert tasks_of(college.actor("wuguanli")).total == 1
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    assert len(told(college, "jiwai", "责任人缺位")) == 1
    assert len(handovers_waiting_for(college.actor("jiwai")).rows) == 1
    assert tasks_of(college.actor("wuguanli")).total == 0


def test_what_stands_in_a_department_with_a_head_is_nobody_elses_task(college: College) -> None:
    groups_of_two_departments(college, 1)
    gone(college, OWNER, "zhangzhuren")
    admin = college.actor("wuguanli")
    assert {row.department_name for row in handovers_waiting_for(admin).rows} == {"护理系"}
    assert {row.department_name for row in handovers_waiting_for(college.actor("sunchuzhang")).rows} == {"学生处"}
    assert tasks_of(admin).total == len(handovers_waiting_for(admin).rows) == 2


def test_a_group_that_got_other_people_meanwhile_drops_out_and_the_other_leavers_stays(college: College) -> None:
    first = college.submitted(contacts=contacts("王群主"))
    college.submitted(name="护理系二群", number="7300002", contacts=contacts("李老师"))
    gone(college, OWNER, "lilaoshi")
    row = next(c for c in college.filing(first).group.contacts if c.role is ContactRole.OWNER)
    row.person_id = college.people["zhaoguanli"]
    db.session.commit()
    rows = handovers_waiting_for(college.actor("zhangzhuren")).rows
    assert [(found.person_name, found.groups) for found in rows] == [("李老师", 1)]


def test_open_approvals_go_on_with_whoever_holds_the_post_next(college: College) -> None:
    """L7: a leaver's open tasks are moved with their leaving."""
    filing_id = college.submitted("wangqunzhu")
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    gone(college, "zhangzhuren", "wangqunzhu")
    decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    filing = get_filing(filing_id)
    assert filing.state.value == "registered"
    assert filing.applicant_name == "王群主"


def test_what_waited_for_a_delegate_who_left_is_asked_of_the_holder(college: College) -> None:
    today, head = college_today(), college.actor("zhangzhuren")
    post_id = db.session.get_one(Person, head.id).posts[0].id
    delegate(head, post_id, college.people["lilaoshi"], starts_on=today, ends_on=today)
    college.submitted("jiwai")
    assert told(college, "zhangzhuren", "请您审核") == []
    gone(college, "lilaoshi")
    assert len(told(college, "zhangzhuren", "请您审核")) == 1


def test_a_group_that_is_withdrawn_drops_out(college: College) -> None:
    filing_id = college.submitted()
    gone(college, OWNER)
    withdraw(college.actor("lilaoshi"), filing_id)
    [handover] = handovers()
    assert get_handover(handover.id).open == []
    assert tasks_of(college.actor("zhangzhuren")).total == 0
    assert vacancies_of([college.filing(filing_id).group_id]) == {}


def test_whoever_comes_back_keeps_what_nobody_has_taken_over(college: College) -> None:
    filing_id = college.submitted()
    gone(college, OWNER)
    [handover] = handovers()
    offer(college, handover.id, "lilaoshi")
    card = college.told("lilaoshi")[-1]
    card.state = MessageState.SENT
    db.session.commit()
    back(college, OWNER)
    [handover] = handovers()
    assert handover.closed_at is not None
    assert [(item.successor_id, item.confirmed_at) for item in handover.items] == [(None, None)]
    [closing] = [m for m in college.told("lilaoshi") if m.kind is MessageKind.CLOSE]
    assert closing.card["text"] == "王群主已返岗，无需接任"
    assert find_actor(college.people[OWNER]) is not None
    assert vacancies_of([college.filing(filing_id).group_id]) == {}


def backs(college: College, user_id: str) -> int:
    return len(told(college, user_id, "已返岗，移交已取消"))


def test_nobody_hears_of_a_return_that_cancels_nothing(college: College) -> None:
    filing_id = college.submitted()
    gone(college, OWNER)
    withdraw(college.actor("lilaoshi"), filing_id)
    back(college, OWNER)
    assert backs(college, "zhangzhuren") == 0


def test_a_head_who_is_back_is_told_nothing_of_themselves_but_the_fall_back_is(college: College) -> None:
    college.submitted(contacts=contacts("张主任"))
    gone(college, "zhangzhuren")
    assert len(told(college, "wuguanli", "责任人缺位")) == 1
    back(college, "zhangzhuren")
    assert (backs(college, "zhangzhuren"), backs(college, "wuguanli")) == (0, 1)


def test_of_a_return_hears_whoever_was_told_of_the_handover(college: College) -> None:
    appoint("zhaoguanli", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
    college.submitted(contacts=contacts("张主任"))
    gone(college, "zhangzhuren")
    assert len(told(college, "zhaoguanli", "责任人缺位")) == 1
    back(college, "zhangzhuren")
    # The deputy acts no more, but was asked; the fall-back never heard of it.
    assert (backs(college, "zhaoguanli"), backs(college, "wuguanli"), backs(college, "zhangzhuren")) == (1, 0, 0)


def test_many_who_come_back_at_once_cost_as_many_readings_as_few(college: College, counted: StatementCounter) -> None:
    counts, people = [], ["wangqunzhu", "zhaoguanli", "lilaoshi", "jiwai"]
    for number, user_id in enumerate(people):
        said = (ContactRole.RESPONSIBLE, "张主任"), (ContactRole.OWNER, PEOPLE[user_id][0])
        named = tuple(ContactFacts(role, 1, name, "", "19900000009") for role, name in said)
        third = ContactFacts(ContactRole.ADMINISTRATOR, 1, "刘院长", "", "19900000009")
        college.submitted("sunchuzhang", name=f"护理系{number}群", number=f"7000{number}", contacts=(*named, third))
    for user_ids in (people[:1], people):
        gone(college, *user_ids)
        with unit_of_work() as session:
            take_turn(session, POSTS_TURN)
            for user_id in user_ids:
                session.get_one(Person, college.people[user_id]).left_at = None
            session.flush()
            counted.statements.clear()
            take_up_again(session, {college.people[user_id] for user_id in user_ids})
            session.flush()
            counts.append(sum("FROM posts" in sent or "JOIN posts" in sent for sent in counted.statements))
    assert counts[0] == counts[1]


def test_a_head_who_comes_back_is_asked_for_what_waits(college: College) -> None:
    filing_id = college.submitted()
    gone(college, "zhangzhuren")
    back(college, "zhangzhuren")
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    assert college.filing(filing_id).state.value == "approved"


def test_a_successor_who_leaves_gives_the_task_back_to_the_head(college: College) -> None:
    college.submitted()
    gone(college, OWNER)
    [handover] = handovers()
    offer(college, handover.id, "lilaoshi")
    gone(college, "lilaoshi")
    [item] = get_handover(handover.id).open
    assert item.successor_id is None
    assert len(told(college, "zhangzhuren", "李老师已离职，请另选接任人")) == 1
    assert handovers_waiting_for(college.actor("zhangzhuren")).rows != []


class TestWhatEnds:
    """Leaving ends the posts of the whole college and every delegation; a department's post waits for its holder."""

    @pytest.mark.parametrize("post", ["ADMINISTRATOR", "REGISTRAR", "AUDITOR"])
    def test_whoever_comes_back_has_no_rights_over_the_whole_college(self, college: College, post: str) -> None:
        appoint("jiwai", post, None)
        gone(college, "jiwai")
        back(college, "jiwai")
        assert college.actor("jiwai").seats == frozenset()
        assert acts("post.end") == [("directory", college.people["jiwai"])]

    def test_a_post_of_the_whole_college_that_was_to_begin_ends_too(self, college: College) -> None:
        appoint("jiwai", "AUDITOR", None, Term(starts_on=college_today() + timedelta(days=9)))
        gone(college, "jiwai")
        assert db.session.scalars(select(Post).where(Post.kind == PostKind.AUDITOR)).one().ended_at is not None

    def test_what_waits_at_the_registry_is_asked_of_the_other_registrar(self, college: College) -> None:
        appoint("jiwai", "REGISTRAR", None)
        filing_id = college.approved()
        gone(college, "zhougan")
        back(college, "zhougan")
        with pytest.raises(Exception, match="NotTheHolder"):
            decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
        decide(college.actor("jiwai"), filing_id, Outcome.REGISTERED)

    def test_a_mark_names_the_administrator_who_made_it(self, college: College) -> None:
        appoint("jiwai", "AUDITOR", None)
        mark_left(college.actor("wuguanli"), college.people["jiwai"])
        assert acts("post.end") == [("吴系统", college.people["jiwai"])]

    def test_every_delegation_of_theirs_ends_and_what_was_passed_on_from_there(self, college: College) -> None:
        today, head = college_today(), college.actor("zhangzhuren")
        post_id = db.session.get_one(Person, head.id).posts[0].id
        first = delegate(head, post_id, college.people["lilaoshi"], starts_on=today, ends_on=today)
        second = delegate(
            college.actor("lilaoshi"), post_id, college.people["wangqunzhu"], starts_on=today, ends_on=today
        )
        other = delegate(head, post_id, college.people["jiwai"], starts_on=today, ends_on=today)
        gone(college, "lilaoshi")
        back(college, "lilaoshi")
        assert open_delegations() == [other]
        assert [subject for _, subject in acts("delegation.end")] == [first, second]
        assert college.actor("wangqunzhu").seats == college.actor("lilaoshi").seats == frozenset()
        gone(college, "zhangzhuren")
        back(college, "zhangzhuren")
        assert open_delegations() == []
        assert college.actor("jiwai").seats == frozenset()

    def test_a_head_who_is_followed_by_another_comes_back_without_the_post(self, college: College) -> None:
        gone(college, "zhangzhuren")
        appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
        back(college, "zhangzhuren")
        assert college.actor("zhangzhuren").holds(PostKind.DEPARTMENT_HEAD, college.departments["8"])
        gone(college, "zhangzhuren")
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        back(college, "zhangzhuren")
        assert college.actor("zhangzhuren").seats == frozenset()
        assert acts("post.end") == [("command line", college.people["zhangzhuren"])]

    def test_the_settings_bring_back_the_last_administrator_but_no_other(self, college: College) -> None:
        with unit_of_work() as session:
            appoint_first_administrators(session, ["wuguanli"])
        appoint("jiwai", "ADMINISTRATOR", None)
        for leaver, is_back in (("wuguanli", False), ("jiwai", True)):
            gone(college, leaver)
            back(college, leaver)
            with unit_of_work() as session:
                take_turn(session, POSTS_TURN)
                appoint_first_administrators(session, [leaver, "nobody"])
            assert college.actor(leaver).holds(PostKind.ADMINISTRATOR) is is_back


class TestTheRecord:
    """Whoever loses access, or has it again, and by what, is found in the record, by ids only."""

    def test_somebody_who_left_the_directory_and_is_back_is_recorded_once_each(self, college: College) -> None:
        college.submitted()
        person_id = college.people[OWNER]
        for _ in range(2):
            gone(college, OWNER)
        assert acts("person.leave") == [("directory", person_id)]
        for _ in range(2):
            back(college, OWNER)
        assert acts("person.return") == [("directory", person_id)]
        [handover] = handovers()
        assert details("person.leave") == details("person.return") == [{"handovers": [handover.id]}]

    def test_an_administrator_who_marks_somebody_or_takes_it_back_is_named(self, college: College) -> None:
        admin, person_id = college.actor("wuguanli"), college.people["jiwai"]
        mark_left(admin, person_id)
        unmark_left(admin, person_id)
        assert acts("person.leave") == acts("person.return") == [("吴系统", person_id)]
        assert details("person.leave") == [{"handovers": []}]


def details(action: str) -> list[dict[str, object]]:
    """What the record says of each."""
    db.session.rollback()
    entries = select(AuditEntry.details).where(AuditEntry.action == action).order_by(AuditEntry.id)
    return list(db.session.scalars(entries))


def acts(action: str) -> list[tuple[str, int]]:
    """Who did it, and to what, by the record."""
    db.session.rollback()
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
    return [(entry.actor_name, entry.subject_id) for entry in entries]


def open_delegations() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Delegation.id).where(Delegation.ended_at.is_(None))))


def offer(college: College, handover_id: int, user_id: str, by: str = "zhangzhuren") -> None:
    handed = get_handover(handover_id)
    items = {item.id for item in handed.open}
    propose(college.actor(by), handover_id, items, college.people[user_id], seen=fingerprint(handed))


class TestMarking:
    def test_a_mark_shuts_out_and_its_end_lets_in_again(self, college: College) -> None:
        college.submitted()
        admin, person_id = college.actor("wuguanli"), college.people[OWNER]
        for _ in range(2):
            mark_left(admin, person_id)
        assert find_actor(person_id) is None
        assert len(handovers()) == 1
        back(college, OWNER)
        assert find_actor(person_id) is None
        for _ in range(2):
            unmark_left(admin, person_id)
        assert find_actor(person_id) is not None
        assert handovers()[0].closed_at is not None
        leads = [message.card["lead"] for message in college.told("zhangzhuren")]
        assert leads[-1] == "王群主已返岗，移交已取消"
        assert leads.count("王群主已返岗，移交已取消") == 1

    def test_neither_oneself_nor_the_last_administrator_nor_nobody(self, college: College) -> None:
        admin = college.actor("wuguanli")
        with pytest.raises(RefusedField, match="RefusedField") as refused:
            mark_left(admin, admin.id)
        assert "另一位系统管理员" in refused.value.sentence
        appoint("jiwai", "ADMINISTRATOR", None)
        other = college.actor("jiwai")
        gone(college, "jiwai")
        with pytest.raises(RefusedField) as refused:
            mark_left(other, admin.id)
        assert "请先任命另一位系统管理员" in refused.value.sentence
        with pytest.raises(NotFound):
            mark_left(admin, 404)


def test_many_who_leave_at_once_are_asked_for_in_as_many_queries_as_few(
    college: College, counted: StatementCounter
) -> None:
    counts = []
    for number in (2, 8):
        people = []
        for n in range(number):
            with unit_of_work() as session:
                person = Person(name=f"离职{number}{n}", department_id=college.departments["8"])
                session.add(person)
                session.flush()
                people.append(person.id)
            for role in ("甲", "乙"):
                college.submitted(
                    name=f"护理系{number}{n}{role}群",
                    number=f"74{number}{n}{'01' if role == '甲' else '02'}",
                    contacts=contacts(f"离职{number}{n}"),
                )
        counted.statements.clear()
        with unit_of_work() as session:
            take_turn(session, POSTS_TURN)
            leave(session, list(session.scalars(select(Person).where(Person.id.in_(people)))))
        counts.append(len([said for said in counted.statements if not said.startswith("INSERT")]))
    print("\n".join(counted.statements))
    assert db.session.query(HandoverItem).count() == 20
    assert counts[0] == counts[1]


def test_history_keeps_the_names_and_posts_of_whoever_left(college: College) -> None:
    """L10: readable after the person is gone."""
    filing_id = college.approved()
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    gone(college, "zhangzhuren", "lilaoshi", OWNER)
    filing = get_filing(filing_id)
    decision = filing.steps[0].decision
    assert decision is not None
    assert (decision.who, decision.post_label, filing.applicant_name) == ("张主任", "护理系部门负责人", "李老师")
    assert {contact.name for contact in filing.group.contacts} == {"张主任", "王群主", "赵管理"}
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    for handover in handovers():
        offer(college, handover.id, "jiwai", by="jiwai")
    assert {h.person_name for h in handovers()} == {"张主任", "王群主"}
    with pytest.raises(Exception, match="NotAsked"):
        confirm(college.actor("jiwai"), handovers()[0].id)
