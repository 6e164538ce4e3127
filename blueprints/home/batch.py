"""批量同意 and 批量办理备案: what was ticked in 待我办理, the page that asks once more, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.administration.ticking import ticked_ids
from blueprints.filings.fields import an_id
from blueprints.filings.progress import acting_as
from blueprints.guards import may
from blueprints.home.waiting import approvals_page
from blueprints.statuses import UNPROCESSABLE
from models import Outcome
from operations import permissions
from operations.batches import MOST, OUTCOMES, decide_all, preview

batches = Blueprint("batches", __name__)
#: What the button of each kind reads.
WORDS = {Outcome.APPROVED: "批量同意", Outcome.REGISTERED: "批量办理备案"}


@dataclass(frozen=True)
class Chosen:
    """What was ticked, and which of the buttons was pressed. `unreadable`: how many boxes name no step at all."""

    step_ids: set[int]
    outcome: Outcome | None
    unreadable: int

    @property
    def problem(self) -> str:
        """Why none of it can be dealt with, in a sentence."""
        if self.outcome is None:
            return "请用“批量同意”或“批量办理备案”办理。"
        if not self.step_ids and not self.unreadable:
            return f"还没有勾选。请先勾选要办理的备案，再按“{WORDS[self.outcome]}”。"
        count = len(self.step_ids) + self.unreadable
        return f"一次最多办理{MOST}份，您选了{count}份，还没有办理。请分几次办理。" if count > MOST else ""


@batches.post("/approvals/batch")
@may(permissions.is_member)
def confirm() -> ResponseReturnValue:
    """Ask once more, with what matters of each."""

    def show(step_ids: set[int], outcome: Outcome) -> dict[str, Any]:
        batch = preview(g.actor, step_ids, outcome)
        return {"batch": batch, "acting": lambda filing: acting_as(g.actor, filing, batch.held)}

    return _page("home/batch_confirm.html", show)


@batches.post("/approvals/batch/decisions")
@may(permissions.is_member)
def decide() -> ResponseReturnValue:
    """Decide on each, and say what came of it."""
    return _page("home/batch_done.html", lambda ids, outcome: {"results": decide_all(g.actor, ids, outcome)})


def _page(template: str, deal_with: Callable[[set[int], Outcome], dict[str, Any]]) -> ResponseReturnValue:
    """The page with what comes of dealing with all that was ticked; the list again, where that cannot be."""
    chosen = _chosen()
    if chosen.problem or chosen.outcome is None:
        return _refused(chosen)
    found = deal_with(chosen.step_ids, chosen.outcome)
    words = {"outcome": chosen.outcome, "verb": WORDS[chosen.outcome], "unreadable": chosen.unreadable}
    return render_template(template, **found, **words)


def _chosen() -> Chosen:
    outcome = next((known for known in OUTCOMES if known.value == request.form.get("outcome")), None)
    unreadable = sum(an_id(text) is None for text in request.form.getlist("step_id"))
    return Chosen(ticked_ids("step_id"), outcome, unreadable)


def _refused(chosen: Chosen) -> ResponseReturnValue:
    """The list again, with the boxes as they were ticked."""
    return approvals_page(chosen=chosen.step_ids, problem=chosen.problem), UNPROCESSABLE
