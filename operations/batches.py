"""批量同意 and 批量办理备案: several steps decided by one press, each by itself as one by one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select

from extensions import db
from models import Filing, FilingState, Group, Outcome, WrongState
from operations import permissions
from operations.actors import Actor
from operations.checks import findings_of
from operations.decisions import decide, refusal_of
from operations.errors import AlreadyDecided, NotFound, NotTheHolder, OperationRefused
from operations.posts import Holders
from operations.reading import filings_of_steps, holders_of_all
from regulation import Finding, Severity

#: How many are decided at once: each has a transaction of its own, and somebody waits for the page.
MOST = 50
#: Nothing else is decided in a batch: 退回修改 and 不同意 need a reason, which is each filing's own.
OUTCOMES = (Outcome.APPROVED, Outcome.REGISTERED)


@dataclass(frozen=True)
class Choice:
    """A chosen step that this person may take now, its filing, and what they might rather look at first."""

    step_id: int
    filing: Filing
    warnings: Sequence[Finding]


@dataclass(frozen=True)
class Left:
    """A chosen step that is not decided, and why. Nothing is said of a filing that this person may not see."""

    sentence: str
    filing_id: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Done:
    """A chosen step that this person has decided, now or by the press before, and the 备案编号 it gave, if any."""

    filing_id: int
    name: str
    state: FilingState
    number: str


@dataclass(frozen=True)
class Batch:
    """What is to be confirmed, with the holders of the posts whose turn it is, and what cannot be."""

    choices: list[Choice] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    held: Holders = field(default_factory=lambda: Holders(()))


@dataclass(frozen=True)
class Results:
    """What came of a batch."""

    done: list[Done] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def preview(actor: Actor, step_ids: Collection[int], outcome: Outcome) -> Batch:
    """What `decide_all` would do now; changes nothing.

    What the rules say of each is asked as on its own page, so at most MOST times.
    """
    filings = _filings(step_ids)
    batch = Batch(held=holders_of_all(set(filings.values())))
    for step_id in sorted(step_ids):
        filing = filings.get(step_id)
        left = _told_of(actor, filing)
        if filing is None or left.sentence:
            batch.left.append(left)
        elif sentence := refusal_of(actor, filing, outcome, batch.held, step_id=step_id):
            batch.left.append(replace(left, sentence=sentence))
        else:
            warnings = [found for found in findings_of(filing) if found.severity is Severity.WARN]
            batch.choices.append(Choice(step_id, filing, warnings))
    return batch


def decide_all(actor: Actor, step_ids: Collection[int], outcome: Outcome) -> Results:
    """Decide on each of these steps in a transaction of its own, the oldest first; what one refuses stops no other."""
    filings = _filings(step_ids)
    # Taken down beforehand: each transaction forgets what was read before it.
    chosen = [(step_id, _told_of(actor, filings.get(step_id))) for step_id in sorted(step_ids)]
    results, decided = Results(), []
    for step_id, left in chosen:
        if left.filing_id is None or left.sentence:
            results.left.append(left)
        elif sentence := _try(actor, left.filing_id, step_id, outcome):
            results.left.append(replace(left, sentence=sentence))
        else:
            decided.append(left.filing_id)
    results.done.extend(_done(decided))
    return results


def _filings(step_ids: Collection[int]) -> dict[int, Filing]:
    """The filing of each of these steps that there is."""
    return {step.id: filing for filing in filings_of_steps(step_ids) for step in filing.steps if step.id in step_ids}


def _told_of(actor: Actor, filing: Filing | None) -> Left:
    """What is said of a step that is not decided: why it is not even tried, by the rule that stands above its filing's
    own buttons; no sentence where it may be tried."""
    if filing is None:
        return Left(NotFound.sentence)
    sentence = "" if permissions.is_approver(actor, filing) else NotTheHolder.sentence
    return Left(sentence, filing.id, filing.group.name) if permissions.can_see(actor, filing) else Left(sentence)


def _try(actor: Actor, filing_id: int, step_id: int, outcome: Outcome) -> str:
    """Decide; why not, in a sentence. Of two presses the first is what counts, and nothing is said of the second."""
    try:
        decide(actor, filing_id, outcome, step_id=step_id)
    except AlreadyDecided as error:
        own = (error.decision.person_id, error.decision.outcome) == (actor.id, outcome)
        return "" if own else error.sentence
    except (OperationRefused, WrongState) as error:
        return error.sentence
    return ""


def _done(filing_ids: Sequence[int]) -> Iterator[Done]:
    query = (
        select(Filing.id, Group.name, Filing.state, func.coalesce(Group.registration_number, ""))
        .join(Filing.group)
        .where(Filing.id.in_(filing_ids))
        .order_by(Filing.id)
    )
    for row in db.session.execute(query):
        yield Done(*row)
