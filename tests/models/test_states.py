"""What a filing may become: every action from every state."""

import itertools

import pytest

from models import Action, Filing, FilingState, WrongState

S = FilingState
#: Where each action leads from each state; what is not named is refused.
EXPECTED = {
    (Action.EDIT, S.DRAFT): S.DRAFT,
    (Action.EDIT, S.RETURNED): S.RETURNED,
    (Action.SUBMIT, S.DRAFT): S.IN_REVIEW,
    (Action.SUBMIT, S.RETURNED): S.IN_REVIEW,
    (Action.RESUBMIT_TO_REGISTRY, S.RETURNED): S.APPROVED,
    (Action.APPROVE, S.IN_REVIEW): S.IN_REVIEW,
    (Action.APPROVE_LAST, S.IN_REVIEW): S.APPROVED,
    (Action.RETURN, S.IN_REVIEW): S.RETURNED,
    (Action.RETURN, S.APPROVED): S.RETURNED,
    (Action.REJECT, S.IN_REVIEW): S.REJECTED,
    (Action.REGISTER, S.APPROVED): S.REGISTERED,
    (Action.WITHDRAW, S.IN_REVIEW): S.WITHDRAWN,
    (Action.WITHDRAW, S.APPROVED): S.WITHDRAWN,
    (Action.WITHDRAW, S.RETURNED): S.WITHDRAWN,
    (Action.DELETE, S.DRAFT): S.DRAFT,
}


@pytest.mark.parametrize(("action", "state"), list(itertools.product(Action, FilingState)))
def test_an_action_starts_only_from_the_states_it_names(action: Action, state: FilingState) -> None:
    filing = Filing(state=state)
    target = EXPECTED.get((action, state))
    assert filing.allows(action) is (target is not None)
    if target is None:
        with pytest.raises(WrongState) as refused:
            filing.move(action)
        assert state.label in refused.value.sentence
        assert action.label in refused.value.sentence
        assert filing.state is state
    else:
        filing.move(action)
        assert filing.state is target
