"""参与单位: kept with the draft, named to whoever decides; they decide nothing."""

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import Department, FilingState, GroupPartner, MessageKind, Outcome, utc_now
from models.database import unit_of_work
from operations import permissions
from operations.decisions import decide
from operations.discarding import delete_draft
from operations.drafts import fingerprint, save_draft
from operations.errors import ChangedMeanwhile, RefusedByRules
from operations.filings import submit
from tests.college import College

LEADER, PARTNER, APPLICANT, REGISTRAR = "zhangzhuren", "sunchuzhang", "lilaoshi", "zhougan"


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
