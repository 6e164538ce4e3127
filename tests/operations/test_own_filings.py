"""A filing of whoever would have to decide on it: recorded, passed to the leader, registered by another."""

import pytest
from flask import Flask

from models import FilingState, Outcome
from operations.appointing import appoint
from operations.decisions import OWN_REGISTRATION, decide
from operations.errors import NotTheHolder
from operations.permissions import can_register
from operations.reading import count_waiting_for, get_filing
from operations.turns import SELF_APPROVAL
from tests.college import College

REGISTRAR = "zhougan"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def of_registrar(college: College) -> int:
    filing_id = college.submitted(REGISTRAR)
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    return filing_id


def registers(college: College, filing_id: int, user_id: str) -> bool:
    """By the rule and by the list alike."""
    actor = college.actor(user_id)
    may = can_register(actor, get_filing(filing_id))
    assert count_waiting_for(actor) == int(may)
    return may


def test_a_registrars_own_filing_is_registered_by_another(college: College) -> None:
    """E2: where there is another registrar, the applicant is neither asked nor let."""
    appoint("jiwai", "REGISTRAR", None)
    filing_id = of_registrar(college)
    assert (registers(college, filing_id, REGISTRAR), registers(college, filing_id, "jiwai")) == (False, True)
    assert "审核通过，请办理备案" not in [message.card["lead"] for message in college.told(REGISTRAR)]
    with pytest.raises(NotTheHolder):
        decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
    decide(college.actor("jiwai"), filing_id, Outcome.REGISTERED)
    decision = college.filing(filing_id).steps[-1].decision
    assert decision is not None
    assert decision.reason == ""


def test_the_only_registrar_registers_their_own_and_it_is_marked(college: College) -> None:
    """E2: nobody else is there: 本部门自备案 stands with the decision."""
    filing_id = of_registrar(college)
    assert registers(college, filing_id, REGISTRAR)
    decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
    filing = college.filing(filing_id)
    decision = filing.steps[-1].decision
    assert decision is not None
    assert filing.state is FilingState.REGISTERED
    assert decision.reason == OWN_REGISTRATION == "本部门自备案"


def test_heads_who_file_are_recorded_as_their_own_approvers(college: College) -> None:
    """E1: 申请人即审核人 is recorded, and the registrar sees it."""
    filing = college.filing(college.submitted("zhangzhuren"))
    decision = filing.steps[0].decision
    assert decision is not None
    assert (decision.reason, decision.by_rule) == (SELF_APPROVAL, True)
    assert filing.state is FilingState.APPROVED
