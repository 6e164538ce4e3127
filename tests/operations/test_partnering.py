"""参与单位: kept with the draft, informed of the registration, followed through mergers; they decide nothing."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from extensions import db
from models import ContactRole, Department, FilingState, GroupPartner, MessageKind, Outcome, Post, utc_now
from models.database import unit_of_work
from operations import permissions
from operations.appointing import Term, give
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.discarding import delete_draft
from operations.drafts import ContactFacts, fingerprint, save_draft
from operations.errors import ChangedMeanwhile, RefusedByRules
from operations.filings import submit, withdraw
from operations.merging import merge, split
from operations.reading import get_filing, get_group_filings
from regulation import PostKind
from tests.college import College
from tests.conftest import StatementCounter

BY = (None, "tests")
LEADER, PARTNER, APPLICANT, REGISTRAR = "zhangzhuren", "sunchuzhang", "lilaoshi", "zhougan"
TOLD = "贵单位参与的群组已备案"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


@pytest.fixture
def office(college: College) -> int:
    """学生处, which has a head."""
    return college.departments["5"]


@pytest.fixture
def league(college: College) -> int:
    """校团委, which has none."""
    return college.departments["7"]


def partners(filing_id: int, college: College) -> list[str]:
    """The names of the group's partners, as the database has them."""
    rows = select(Department.name).join(GroupPartner, GroupPartner.department_id == Department.id)
    of_group = GroupPartner.group_id == college.filing(filing_id).group_id
    return list(db.session.scalars(rows.where(of_group).order_by(Department.id)))


def registered(college: College, **changes: Any) -> int:
    filing_id = college.approved(**changes)
    decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
    return filing_id


def leads(college: College, user_id: str) -> list[str]:
    return [message.card["lead"] for message in college.told(user_id)]


class TestKeeping:
    def test_a_draft_keeps_its_partners_and_follows_what_is_chosen_later(
        self, college: College, office: int, league: int
    ) -> None:
        """E31: one unit files the group, the others are 参与单位."""
        filing_id = college.draft(partner_ids=(league, office))
        assert partners(filing_id, college) == ["学生处", "校团委"]
        for chosen, names in (((league,), ["校团委"]), ((), []), ((office,), ["学生处"])):
            facts = college.facts(partner_ids=chosen)
            save_draft(college.actor(APPLICANT), facts, form_key="", filing_id=filing_id)
            assert partners(filing_id, college) == names

    def test_the_same_in_another_order_changes_nothing(self, college: College, office: int, league: int) -> None:
        filing_id = college.draft(partner_ids=(league, office))
        before = fingerprint(college.filing(filing_id))
        facts = college.facts(partner_ids=(office, league))
        save_draft(college.actor(APPLICANT), facts, form_key="", filing_id=filing_id)
        assert fingerprint(college.filing(filing_id)) == before

    def test_what_was_not_shown_with_these_partners_is_not_sent(self, college: College, office: int) -> None:
        filing_id = college.draft()
        seen = fingerprint(college.filing(filing_id))
        facts = college.facts(partner_ids=(office,))
        save_draft(college.actor(APPLICANT), facts, form_key="", filing_id=filing_id)
        with pytest.raises(ChangedMeanwhile):
            submit(college.actor(APPLICANT), filing_id, seen=seen)

    def test_a_deleted_draft_leaves_no_partners(self, college: College, office: int) -> None:
        filing_id = college.draft(partner_ids=(office,))
        delete_draft(college.actor(APPLICANT), filing_id)
        assert list(db.session.scalars(select(GroupPartner.department_id))) == []

    def test_the_leading_unit_is_refused_as_its_own_partner(self, college: College, office: int) -> None:
        """E31: it leads, and so it is no partner."""
        filing_id = college.draft(partner_ids=(office, college.departments["8"]))
        with pytest.raises(RefusedByRules) as refused:
            submit(college.actor(APPLICANT), filing_id)
        (finding,) = refused.value.findings
        assert (finding.field, finding.article) == ("partner_ids", "第四条")
        assert "请取消选择备案部门" in finding.text
        assert college.filing(filing_id).state is FilingState.DRAFT

    def test_a_partner_that_is_no_more_is_refused_by_its_name(self, college: College, league: int) -> None:
        filing_id = college.draft(partner_ids=(league,))
        with unit_of_work() as session:
            session.get_one(Department, league).removed_at = utc_now()
        with pytest.raises(RefusedByRules) as refused:
            submit(college.actor(APPLICANT), filing_id)
        (finding,) = refused.value.findings
        assert finding.field == "partner_ids"
        assert "校团委已撤销或已并入其他部门" in finding.text


class TestDeciding:
    def test_the_leading_units_approver_decides_alone_and_reads_who_takes_part(
        self, college: College, office: int, league: int
    ) -> None:
        """E31: the approver of the leading unit decides, and the card names the others."""
        filing_id = college.submitted(partner_ids=(office, league), member_count=130, size_reason="两个部门都在群里")
        (request,) = [message for message in college.told(LEADER) if message.kind is MessageKind.REQUEST]
        assert ["备案部门", "护理系（学生处、校团委参与）"] in request.card["rows"]
        assert ["超员原因", "两个部门都在群里"] in request.card["rows"][:6]
        decide(college.actor(LEADER), filing_id, Outcome.APPROVED)
        assert ["备案部门", "护理系（学生处、校团委参与）"] in college.told(REGISTRAR)[-1].card["rows"]
        assert leads(college, PARTNER) == []
        assert not permissions.is_approver(college.actor(PARTNER), college.filing(filing_id))

    def test_the_card_of_an_ordinary_group_names_its_department_alone(self, college: College) -> None:
        college.submitted()
        assert ["备案部门", "护理系"] in college.told(LEADER)[0].card["rows"]

    @pytest.mark.parametrize("number", [1, 3])
    def test_partners_cost_no_statement_but_one_when_they_are_told(
        self, college: College, office: int, counted: StatementCounter, number: int
    ) -> None:
        shared = (office, college.departments["7"], college.departments["3"])[:number]
        counts = []
        for count, chosen in enumerate(((), shared)):
            filing_id = college.submitted(partner_ids=chosen, name=f"护理系{count}群", number=f"61234{count}")
            for user_id, outcome in ((LEADER, Outcome.APPROVED), (REGISTRAR, Outcome.REGISTERED)):
                actor = college.actor(user_id)
                db.session.rollback()
                counted.statements.clear()
                decide(actor, filing_id, outcome)
                counts.append(len(counted))
        assert counts[2] == counts[0]
        # Once to find their heads; SQLite writes the row of each who is told by a statement of its own.
        assert counts[3] - counts[1] in (1, 2)


class TestTelling:
    def test_the_heads_of_the_partners_are_informed_once_when_it_is_registered(
        self, college: College, office: int, league: int
    ) -> None:
        """E31: informed of the registration, with its number and who leads, and with nobody's phone."""
        give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, league, Term())
        filing_id = registered(college, partner_ids=(office, league))
        number = college.filing(filing_id).group.registration_number
        for user_id in (PARTNER, "jiwai"):
            (message,) = college.told(user_id)
            assert (message.kind, message.card["lead"]) == (MessageKind.NOTICE, TOLD)
            assert message.card["rows"][:2] == [["备案编号", number], ["牵头单位", "护理系"]]
            assert (message.card["title"], message.card["path"]) == ("护理系教师工作群", f"/filings/{filing_id}")
            assert "199" not in str(message.card)
        assert TOLD not in leads(college, LEADER)

    def test_whoever_heads_two_of_them_or_hears_of_it_anyhow_is_told_once(
        self, college: College, office: int, league: int
    ) -> None:
        give(BY, college.people[PARTNER], PostKind.DEPARTMENT_HEAD, league, Term())
        registered(college, partner_ids=(office, league))
        assert leads(college, PARTNER) == [TOLD]
        others = [said for said in college.facts().contacts if said.role is not ContactRole.OWNER]
        people = (*others, ContactFacts(ContactRole.OWNER, 1, "孙处长", "处长", "19900000009"))
        registered(college, partner_ids=(office,), name="护理系二群", number="712345683", contacts=people)
        assert leads(college, PARTNER)[1:] == ["请确认群主职责（第六条、第七条）", "已办理备案，可以运营"]

    def test_a_partner_without_a_head_holds_up_nothing_and_bothers_nobody_else(
        self, college: College, league: int
    ) -> None:
        registered(college, partner_ids=(league,))
        assert TOLD not in [lead for user_id in college.people for lead in leads(college, user_id)]

    @pytest.mark.parametrize("outcome", [Outcome.RETURNED, Outcome.REJECTED])
    def test_what_is_not_registered_is_told_to_no_partner(
        self, college: College, office: int, outcome: Outcome
    ) -> None:
        filing_id = college.submitted(partner_ids=(office,))
        decide(college.actor(LEADER), filing_id, outcome, reason="请改")
        assert leads(college, PARTNER) == []


class TestSeeing:
    #: How far a filing is, and whether the head of a partner sees it.
    STATES = {
        FilingState.DRAFT: False,
        FilingState.IN_REVIEW: False,
        FilingState.APPROVED: False,
        FilingState.RETURNED: False,
        FilingState.REJECTED: False,
        FilingState.WITHDRAWN: False,
        FilingState.REGISTERED: True,
    }

    def made(self, college: College, state: FilingState, **changes: Any) -> int:
        """A filing that is in this state."""
        if state is FilingState.DRAFT:
            return college.draft(**changes)
        if state in (FilingState.APPROVED, FilingState.REGISTERED):
            return registered(college, **changes) if state is FilingState.REGISTERED else college.approved(**changes)
        filing_id = college.submitted(**changes)
        if state is FilingState.WITHDRAWN:
            withdraw(college.actor(APPLICANT), filing_id)
        elif state is not FilingState.IN_REVIEW:
            outcome = Outcome.RETURNED if state is FilingState.RETURNED else Outcome.REJECTED
            decide(college.actor(LEADER), filing_id, outcome, reason="请改")
        return filing_id

    @pytest.mark.parametrize("state", FilingState)
    def test_the_head_of_a_partner_sees_filing_and_group_from_the_registration_on(
        self, college: College, office: int, league: int, state: FilingState
    ) -> None:
        """E31: informed of the registration, and seeing it from then on; heads of other units never."""
        give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, league, Term())
        filing_id = self.made(college, state, partner_ids=(office,))
        filing = get_filing(filing_id)
        assert filing.state is state
        for user_id, sees in ((PARTNER, self.STATES[state]), ("jiwai", False)):
            actor = college.actor(user_id)
            assert permissions.can_see(actor, filing) is sees
            assert permissions.can_see_group(actor, get_group_filings(filing.group_id)) is sees

    def test_they_see_no_mobile_and_no_file_and_may_do_nothing(self, college: College, office: int) -> None:
        filing = get_filing(registered(college, partner_ids=(office,)))
        actor = college.actor(PARTNER)
        assert permissions.people_in_full(actor, filing) == []
        assert permissions.group_people_in_full(actor, [filing]) == []
        for rule in (
            *(permissions.sees_evidence, permissions.brings_evidence, permissions.is_approver, permissions.has_duties),
            *(permissions.may_reassign, permissions.heads_its_department, permissions.can_nudge),
        ):
            assert not rule(actor, filing)
        assert not permissions.completes_group(actor, [filing])
        assert not permissions.can_check_nicknames(actor, [filing])

    def test_whoever_acts_for_them_sees_it_and_whoever_gave_the_post_up_does_not(
        self, college: College, office: int
    ) -> None:
        filing_id = registered(college, partner_ids=(office,))
        assert not permissions.can_see(college.actor("jiwai"), get_filing(filing_id))
        post_id, today = db.session.scalars(select(Post.id).where(Post.department_id == office)).one(), college_today()
        delegate(college.actor(PARTNER), post_id, college.people["jiwai"], starts_on=today, ends_on=today)
        assert permissions.can_see(college.actor("jiwai"), get_filing(filing_id))
        db.session.rollback()
        with unit_of_work() as session:
            session.execute(update(Post).where(Post.id == post_id).values(ended_at=utc_now()))
        for user_id in (PARTNER, "jiwai"):
            assert not permissions.can_see(college.actor(user_id), get_filing(filing_id))

    def test_whoever_takes_part_otherwise_sees_the_files_too(self, college: College, office: int) -> None:
        filing_id = registered(college, partner_ids=(office,), department_id=college.departments["8"])
        for user_id in (APPLICANT, LEADER, REGISTRAR, "wangqunzhu"):
            assert permissions.sees_evidence(college.actor(user_id), get_filing(filing_id))


class TestMerging:
    def test_a_partner_that_is_merged_gives_its_place_to_the_other(
        self, college: College, office: int, league: int
    ) -> None:
        """E31: the partners follow a merger, each once."""
        operating = registered(college, partner_ids=(league,), name="护理系甲群", number="71001")
        both = college.submitted(partner_ids=(league, office), name="护理系乙群", number="71002")
        draft = college.draft(partner_ids=(league,), name="护理系丙群", number="71003")
        alone = college.draft(name="护理系丁群", number="71004")
        merge(BY, league, office)
        for filing_id in (operating, both, draft):
            assert partners(filing_id, college) == ["学生处"]
        assert partners(alone, college) == []
        assert permissions.can_see(college.actor(PARTNER), get_filing(operating))

    def test_what_is_over_keeps_the_partners_of_its_day(self, college: College, office: int, league: int) -> None:
        filing_id = college.submitted(partner_ids=(league,))
        withdraw(college.actor(APPLICANT), filing_id)
        merge(BY, league, office)
        assert partners(filing_id, college) == ["校团委"]

    def test_a_partner_that_is_merged_into_the_leading_unit_is_none_any_more(
        self, college: College, league: int
    ) -> None:
        filing_id = college.submitted(partner_ids=(league,))
        merge(BY, league, college.departments["8"])
        assert partners(filing_id, college) == []

    def test_a_leading_unit_that_is_merged_into_a_partner_leaves_it_the_lead(
        self, college: College, office: int, league: int
    ) -> None:
        filing_id = college.submitted(partner_ids=(office, league))
        merge(BY, college.departments["8"], office)
        assert college.filing(filing_id).group.department_id == office
        assert partners(filing_id, college) == ["校团委"]

    def test_a_group_that_is_split_off_to_a_partner_is_led_by_it(
        self, college: College, office: int, league: int
    ) -> None:
        moved = registered(college, partner_ids=(office, league), name="护理系甲群", number="71001")
        stays = registered(college, partner_ids=(office,), name="护理系乙群", number="71002")
        split(BY, college.departments["8"], office, [college.filing(moved).group_id])
        assert partners(moved, college) == ["校团委"]
        assert partners(stays, college) == ["学生处"]

    def test_the_same_merger_twice_moves_nothing_more(self, college: College, office: int, league: int) -> None:
        filing_id = college.submitted(partner_ids=(league,))
        for _ in range(2):
            merge(BY, league, office)
        assert partners(filing_id, college) == ["学生处"]
