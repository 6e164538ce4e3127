"""Every act of a person on a filing in every state: done, or refused with a sentence and nothing changed."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from extensions import db
from models import AuditEntry, FilingState, Message, Outcome, WrongState
from operations.decisions import decide
from operations.discarding import delete_draft
from operations.drafts import save_draft
from operations.errors import OperationRefused
from operations.filings import submit, withdraw
from tests.college import College

S = FilingState


def _returned(college: College) -> int:
    filing_id = college.submitted()
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请补充用途")
    return filing_id


def _rejected(college: College) -> int:
    filing_id = college.submitted()
    decide(college.actor("zhangzhuren"), filing_id, Outcome.REJECTED, reason="不需要")
    return filing_id


def _registered(college: College) -> int:
    filing_id = college.approved()
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    return filing_id


def _withdrawn(college: College) -> int:
    filing_id = college.submitted()
    withdraw(college.actor("lilaoshi"), filing_id)
    return filing_id


REACHED: dict[FilingState, Callable[[College], int]] = {
    S.DRAFT: College.draft,
    S.IN_REVIEW: College.submitted,
    S.APPROVED: College.approved,
    S.REGISTERED: _registered,
    S.RETURNED: _returned,
    S.REJECTED: _rejected,
    S.WITHDRAWN: _withdrawn,
}


def _head(college: College, filing_id: int, outcome: Outcome) -> None:
    decide(college.actor("zhangzhuren"), filing_id, outcome, reason="理由")


def _registrar(college: College, filing_id: int, outcome: Outcome) -> None:
    decide(college.actor("zhougan"), filing_id, outcome, reason="理由")


ACTS: dict[str, Callable[[College, int], None]] = {
    "edit": lambda c, f: save_draft(c.actor("lilaoshi"), c.facts(), form_key="", filing_id=f) and None,
    "submit": lambda c, f: submit(c.actor("lilaoshi"), f),
    "delete": lambda c, f: delete_draft(c.actor("lilaoshi"), f),
    "withdraw": lambda c, f: withdraw(c.actor("lilaoshi"), f),
    "approve": lambda c, f: _head(c, f, Outcome.APPROVED),
    "return": lambda c, f: _head(c, f, Outcome.RETURNED),
    "reject": lambda c, f: _head(c, f, Outcome.REJECTED),
    "register": lambda c, f: _registrar(c, f, Outcome.REGISTERED),
    "registrar returns": lambda c, f: _registrar(c, f, Outcome.RETURNED),
    "registrar rejects": lambda c, f: _registrar(c, f, Outcome.REJECTED),
    "registrar approves": lambda c, f: _registrar(c, f, Outcome.APPROVED),
    "head registers": lambda c, f: _head(c, f, Outcome.REGISTERED),
}
#: Where each act leads. A filing under way that is sent again stays where it is: the press came twice.
EXPECTED = {
    ("edit", S.DRAFT): S.DRAFT,
    ("edit", S.RETURNED): S.RETURNED,
    ("delete", S.DRAFT): S.DRAFT,
    ("submit", S.DRAFT): S.IN_REVIEW,
    ("submit", S.RETURNED): S.IN_REVIEW,
    ("submit", S.IN_REVIEW): S.IN_REVIEW,
    ("submit", S.APPROVED): S.APPROVED,
    ("withdraw", S.IN_REVIEW): S.WITHDRAWN,
    ("withdraw", S.APPROVED): S.WITHDRAWN,
    ("withdraw", S.RETURNED): S.WITHDRAWN,
    ("approve", S.IN_REVIEW): S.APPROVED,
    ("return", S.IN_REVIEW): S.RETURNED,
    ("reject", S.IN_REVIEW): S.REJECTED,
    ("register", S.APPROVED): S.REGISTERED,
    ("registrar returns", S.APPROVED): S.RETURNED,
}


def _traces() -> tuple[int | None, int | None]:
    return (
        db.session.scalar(select(func.count()).select_from(AuditEntry)),
        db.session.scalar(select(func.count()).select_from(Message)),
    )


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("state", FilingState)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_a_filing_leads_where_the_table_says_or_changes_nothing(
    college: College, act: str, state: FilingState
) -> None:
    filing_id = REACHED[state](college)
    assert college.filing(filing_id).state is state
    before = _traces()
    target = EXPECTED.get((act, state))
    if target is None:
        with pytest.raises((OperationRefused, WrongState)) as refused:
            ACTS[act](college, filing_id)
        assert refused.value.sentence
        assert college.filing(filing_id).state is state
        assert _traces() == before
    else:
        ACTS[act](college, filing_id)
        assert college.filing(filing_id).state is target
