"""How many SQL statements an operation sends: fixed, however many filings and people there are."""

import pytest

from models import Outcome
from operations.decisions import decide
from operations.filings import submit
from tests.college import College
from tests.conftest import StatementCounter

#: On PostgreSQL, which takes two turns (posts, audit) by statements of their own; SQLite needs two less, but writes the
#: rows of the route, and of those who are asked of their duties, one by one.
SUBMIT = 21
DECIDE = 14


@pytest.mark.usefixtures("context")
def test_submitting_sends_a_fixed_number_of_statements(college: College, counted: StatementCounter) -> None:
    counts = []
    for number in range(4):
        actor, filing_id = college.actor("lilaoshi"), college.draft(name=f"护理系{number}群", number=f"61234{number}")
        counted.statements.clear()
        submit(actor, filing_id)
        counts.append(len(counted))
    print("\n".join(counted.statements))
    assert counts[-1] <= SUBMIT
    assert counts[1:] == counts[1:2] * 3


@pytest.mark.usefixtures("context")
def test_deciding_sends_a_fixed_number_of_statements(college: College, counted: StatementCounter) -> None:
    counts = []
    for number in range(4):
        actor = college.actor("zhangzhuren")
        filing_id = college.submitted(name=f"护理系{number}群", number=f"61234{number}")
        counted.statements.clear()
        decide(actor, filing_id, Outcome.APPROVED)
        counts.append(len(counted))
    print("\n".join(counted.statements))
    assert counts[-1] <= DECIDE
    assert len(set(counts)) == 1
