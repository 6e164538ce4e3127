"""Two hundred filings of a large college, spread so that nobody gets more messages than the platform lets through."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from extensions import db
from messaging.cards import Card
from models import Department, Message, MessageKind, Person, PlatformIdentity
from models.database import unit_of_work
from operations.actors import Actor
from operations.filings import submit
from script.bench_college import College, copies, fill
from tests.processes.harness import Stage

#: So many departments file so many groups each.
UNITS, EACH = 20, 10
FILINGS = UNITS * EACH


@dataclass(frozen=True)
class Unit:
    """A department: who files its groups, and the account of its head, who approves them."""

    college: College
    head: str

    @property
    def applicant(self) -> Actor:
        return self.college.applicant


def settle(stage: Stage) -> list[Unit]:
    """Write the college into the stage's database, and its people into the simulator."""
    with stage.app.app_context():
        fill()
        people = {name: (person_id, unit) for person_id, name, unit in _people()}
        units = db.session.scalars(select(Department).order_by(Department.id)).all()
        with stage.platform.state.lock:
            for name in people:
                stage.platform.state.directory.put({"userid": name, "name": name, "departments": [8]})
        return [_unit(unit, number, people) for number, unit in enumerate(units)][:UNITS]


def _people() -> Any:
    return db.session.execute(select(Person.id, Person.name, Person.department_id).order_by(Person.id)).all()


def _unit(unit: Department, number: int, people: dict[str, Any]) -> Unit:
    applicant = f"bench{number}x1"
    actor = Actor(people[applicant][0], applicant, unit.id, unit.name)
    return Unit(College(actor, unit.id, unit.name), f"bench{number}x0")


def drafts(stage: Stage, units: list[Unit]) -> dict[int, Unit]:
    """Two hundred drafts that are complete, and whose each is; to be made first in an empty database."""
    with stage.app.app_context():
        originals = {unit.college.draft("教师群", f"{n + 1}00000000"): unit for n, unit in enumerate(units)}
        return _with_copies(originals)


def submitted(stage: Stage, units: list[Unit]) -> dict[int, Unit]:
    """Two hundred filings that wait for their approvers, with the messages that this causes unsent."""
    with stage.app.app_context():
        originals = {unit.college.draft("教师群", f"{n + 1}00000000"): unit for n, unit in enumerate(units)}
        for filing_id, unit in originals.items():
            submit(unit.applicant, filing_id)
        return _with_copies(originals)


def _with_copies(originals: dict[int, Unit]) -> dict[int, Unit]:
    return {each: unit for original, unit in originals.items() for each in (original, *copies(original, EACH - 1))}


class Post:
    """Writes messages of no filing, each to the next of the college's people."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._written = stage, 0
        with stage.app.app_context():
            self._people = [
                tuple(row) for row in db.session.execute(select(PlatformIdentity.person_id, PlatformIdentity.user_id))
            ]

    def next(self, count: int) -> list[str]:
        """The accounts of those to whom the next so many will go."""
        return [user_id for _, user_id in self._to(count)]

    def put(self, count: int, **values: Any) -> None:
        """So many messages that are due."""
        to, first = self._to(count), self._written
        self._written += count
        with self._stage.app.app_context(), unit_of_work() as session:
            for number, (person_id, user_id) in enumerate(to, start=first):
                session.add(_message(number, person_id, user_id, **values))

    def _to(self, count: int) -> list[tuple[int, str]]:
        numbers = range(self._written, self._written + count)
        return [self._people[number % len(self._people)] for number in numbers]


def _message(number: int, person_id: int, user_id: str, **values: Any) -> Message:
    return Message(
        event_key=f"test:{number}",
        task_id=f"test-{number}",
        kind=MessageKind.NOTICE,
        platform="wecom",
        recipient_id=person_id,
        recipient_user_id=user_id,
        card=Card(f"第{number}件事", "请知悉", "/").stored(),
        **values,
    )


def card_on_phone(stage: Stage, unit: Unit, number: str) -> tuple[int, str]:
    """A filing that waits for its approver, whose card has arrived; its id and the card's task id."""
    with stage.app.app_context():
        filing_id = unit.college.draft("学生群", number)
        submit(unit.applicant, filing_id)
        asks = (Message.filing_id == filing_id, Message.kind == MessageKind.REQUEST)
        return filing_id, db.session.scalars(select(Message.task_id).where(*asks)).one()
