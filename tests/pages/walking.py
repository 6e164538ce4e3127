"""Walking every route as everybody: who is let in where, as a table that docs/permissions.md keeps.

`script/permissions` writes that page anew; a test walks again and compares.
"""

import inspect
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from extensions import db
from models import (
    Contact,
    ContactRole,
    Delegation,
    Department,
    DirectorySync,
    EvidenceKind,
    Filing,
    Handover,
    HandoverItem,
    Opinion,
    Outcome,
    Person,
    PlatformIdentity,
    Post,
    SyncState,
    utc_now,
)
from models.database import unit_of_work
from operations.actors import find_actor
from operations.appointing import appoint
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.drafts import ContactFacts
from operations.evidence import add_evidence, evidence_of
from operations.evidence_files import prepare
from operations.opinions import ask_opinion
from regulation import Tier
from tests.college import College, make_college

#: The framework's own, which serve files only.
FILES = {"static", "bootstrap.static"}
NOBODY = "nobody"
#: user id: (name, department's key, post and its department)
NEWCOMERS = {
    "putong": ("蒲同事", "7", None),
    "shenjiyuan": ("沈审计", "3", ("AUDITOR", None)),
    "daili": ("戴代理", "8", None),
    "guwen": ("顾问员", "7", None),
    "weidaili": ("卫代理", "5", None),
    "lizhi": ("李离职", "8", ("REGISTRAR", None)),
}
#: The columns: what the page calls them, and who they are.
ROLES = {
    NOBODY: "",
    "left": "lizhi",
    "member": "putong",
    "applicant": "lilaoshi",
    "owner": "wangqunzhu",
    "head": "zhangzhuren",
    "delegate": "daili",
    "secretary": "chenshuji",
    "leader": "liuyuanzhang",
    "adviser": "guwen",
    "other head": "sunchuzhang",
    "registrar": "zhougan",
    "auditor": "shenjiyuan",
    "administrator": "wuguanli",
}
LET_IN, ASKED = "✓", "→"
#: What a form that is sent empty is answered: done, not as things stand, or read and not taken.
TAKEN = (302, 409, 422)
Keys = Mapping[str, int]


@dataclass(frozen=True)
class Instead:
    """What else a route answers those it lets in, and why; a redirect leads to `target` and nowhere else."""

    status: int
    why: str
    target: str = ""


_FILING = "/filings/<int:filing_id>"
#: The routes that do not always show their page, or whose form is answered otherwise than by one of TAKEN.
INSTEAD = {
    "POST /administration/departments/<int:department_id>/merger": Instead(200, "asks for the department first"),
    "GET /administration/messages/resending": Instead(302, "nothing has failed", "/administration/messages"),
    "POST /filings/check": Instead(200, "says what is to be said of the form"),
    "POST /filings/keep": Instead(200, "tells of the draft it was kept as"),
    f"POST {_FILING}/keep": Instead(200, "tells of the draft it was kept as"),
    "POST /administration/platform": Instead(200, "shows what came of the trials"),
    f"GET {_FILING}/deletion": Instead(302, "one that was sent stays in the record", _FILING),
    f"GET {_FILING}/confirm": Instead(302, "one under way has nothing to confirm", _FILING),
    f"GET {_FILING}/edit": Instead(302, "one under way cannot be edited", _FILING),
    f"GET {_FILING}/opinions": Instead(302, "it is not their turn", _FILING),
    f"GET {_FILING}/paper": Instead(302, "the signed form was not uploaded", _FILING),
    f"GET {_FILING}/reassignment": Instead(302, "somebody else has it, who passes it on", _FILING),
    f"GET {_FILING}/takeover": Instead(302, "the applicant is still there", _FILING),
    f"GET {_FILING}/withdrawal": Instead(302, "a draft was never sent", _FILING),
    **{
        f"GET /groups/<int:group_id>/{to}": Instead(
            302, "one that is not registered owes nothing yet", "/groups/<int:group_id>"
        )
        for to in ("number", "name", "giving-up")
    },
    "GET /login/wecom/consent": Instead(302, "asked outside the app, where there is no consent", "/me"),
    "GET /login/wecom/consent/callback": Instead(302, "without what the platform sends along", "/me"),
    "GET /people/signature": Instead(400, "without the address that is to be signed"),
}


@dataclass
class Ground:
    """What is walked: the service over a college in which something of each kind exists.

    `objects` names, by the label of a row, the ids that an address may hold.
    """

    app: Flask
    college: College
    database: Path
    objects: dict[str, Keys] = field(default_factory=dict)

    def walk(self) -> Iterator[tuple[str, str, list[str]]]:
        """Each route that asks for a rule: its method and address, the object, and what each role is answered."""
        self.keep()
        unused = dict(INSTEAD)
        for rule, method in guarded_routes(self.app):
            route = f"{method} {rule.rule}"
            for label, keys in self.objects_of(rule):
                answers = []
                for user_id in ROLES.values():
                    answers.append(self._answer(route, keys, user_id))
                    if method == "POST" and answers[-1].startswith(LET_IN):
                        self.put_back()
                if route in unused and let_in(unused[route].status) in answers:
                    del unused[route]
                yield route, label, answers
        assert unused == {}, "nobody is answered so any more"

    def objects_of(self, rule: Rule) -> list[tuple[str, Keys]]:
        """The objects that the route's address may name, each with its label."""
        names = set(rule.arguments)
        if not names:
            return [("", {})]
        fitting = [(label, keys) for label, keys in self.objects.items() if names <= set(keys)]
        assert fitting, f"nothing to walk {rule.rule} with: name an object in make_ground"
        return fitting

    def sign_in(self, user_id: str) -> FlaskClient:
        """A client in which this user id is signed in; "" is nobody."""
        client = self.app.test_client()
        if user_id:
            with client.session_transaction() as session:
                person_id = self.college.people[user_id]
                session.update(person_id=person_id, session_id="0" * 32, seen=int(utc_now().timestamp()))
        return client

    def _answer(self, route: str, keys: Keys, user_id: str) -> str:
        method, _, rule = route.partition(" ")
        client = self.sign_in(user_id)
        answer = client.open(address_of(rule, keys), method=method, buffered=True)
        came = what_came(answer, route)
        if came == let_in(302):
            target = (answer.location or "").partition("#")[0]
            if method == "GET":
                assert target == address_of(INSTEAD[route].target, keys), f"{route} leads to {target}"
            assert client.get(target).status_code == 200, f"{route} leads to {target}"
        return came

    def keep(self) -> None:
        """Keep the database as it is."""
        self._copy(self.database, self.database.with_suffix(".kept"))

    def put_back(self) -> None:
        """Let the database be as it was kept."""
        self._copy(self.database.with_suffix(".kept"), self.database)

    def _copy(self, source: Path, target: Path) -> None:
        with self.app.app_context():
            db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        shutil.copy(source, target)


def address_of(rule: str, keys: Keys) -> str:
    """The address of a route for the object with these keys."""
    return re.sub(r"<int:(\w+)>", lambda name: str(keys[name[1]]), rule)


def what_came(answer: TestResponse, route: str) -> str:
    """The answer in a cell: let in, with the status where it is not a page; asked to sign in; or the refusal's status.

    Fails for an answer that is none of them.
    """
    status = answer.status_code
    if status == 401 or (answer.location or "").startswith("/login?"):
        return ASKED
    if status in (403, 404):
        return str(status)
    allowed = (200,) if route.startswith("GET") else TAKEN
    assert status in allowed or (route in INSTEAD and status == INSTEAD[route].status), f"{route}: {answer.status}"
    return let_in(status)


def let_in(status: int) -> str:
    """How a cell says that somebody was let in and answered so."""
    return LET_IN if status == 200 else f"{LET_IN}{status}"


def guarded_routes(app: Flask) -> list[tuple[Rule, str]]:
    """Every route and method whose view asks for a rule, in the order of their addresses."""
    found = [
        (rule, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in FILES and rule_of(app, rule.endpoint) is not None
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]
    return sorted(found, key=lambda entry: (entry[0].rule, entry[1]))


def rule_of(app: Flask, endpoint: str) -> Callable[..., bool] | None:
    """The rule that a view names; None for one that is public. Raises AttributeError where it names neither."""
    view: Any = app.view_functions[endpoint]
    rule: Callable[..., bool] | None = view.rule
    return rule


def page(ground: Ground) -> str:
    """docs/permissions.md as it should be."""
    head = [
        "# Who may do what",
        "",
        "Written by `script/permissions` from the routes and their rules; the tests walk every route again and",
        "compare. The rules are the functions of `operations/permissions.py`, asked alike by pages, buttons, card taps",
        "and commands.",
        "",
        "## The rules",
        "",
        "| rule | lets in | asked by |",
        "|---|---|---|",
    ]
    asked_by: dict[Callable[..., bool], list[str]] = {}
    for rule, method in guarded_routes(ground.app):
        asked_by.setdefault(rule_of(ground.app, rule.endpoint), []).append(f"`{method} {rule.rule}`")  # type: ignore[arg-type]
    rules = [
        f"| `{rule.__name__}` | {_first_paragraph(rule)} | {'<br>'.join(routes)} |"
        for rule, routes in sorted(asked_by.items(), key=lambda entry: entry[0].__name__)
    ]
    return "\n".join([*head, *rules, "", *_public(ground.app), "", *_table(ground)]) + "\n"


def _first_paragraph(rule: Callable[..., bool]) -> str:
    text = inspect.getdoc(rule) or ""
    assert text, f"{rule.__name__} does not say whom it lets in"
    return " ".join(text.partition("\n\n")[0].split())


def _public(app: Flask) -> list[str]:
    public = sorted(
        {r.rule for r in app.url_map.iter_rules() if r.endpoint not in FILES and not rule_of(app, r.endpoint)}
    )
    return [
        "Open to everybody, since no session can be asked for there:",
        "",
        *(f"- `{address}`" for address in public),
    ]


def _table(ground: Ground) -> list[str]:
    words = [
        "## Role × route",
        "",
        f"`{LET_IN}` let in, with the status where the answer is no page · `{ASKED}` asked to sign in first · else the",
        "status of the refusal. A form's POST is sent empty: `302` means that it is done or was already, `409` that it",
        "cannot be as things stand, `422` that it was read and lacks something. *own* is a filing",
        "of 护理系 under way, by *applicant*, with what hangs on it; *others'* the same of 学生处, whose head is",
        "*other head*; *class's* and *college's* are filings of 护理系, by *applicant*, that wait for *secretary* and",
        "*leader*; *draft* is one of *applicant* that was never sent. *delegate* acts for *head*, who asked",
        "*adviser* on *own*; *left* was a registrar and has left.",
        "",
        *_instead(),
        "",
        f"| route | object | {' | '.join(ROLES)} |",
        f"|---|---|{'---|' * len(ROLES)}",
    ]
    return words + [f"| `{route}` | {label} | {' | '.join(answers)} |" for route, label, answers in ground.walk()]


def _instead() -> list[str]:
    """The exceptions, in words."""
    return ["Answered otherwise, and why:", "", *(f"- `{route}` {_in_words(INSTEAD[route])}" for route in INSTEAD)]


def _in_words(instead: Instead) -> str:
    leads = f" to `{instead.target}`" if instead.target else ""
    return f"`{instead.status}`{leads}: {instead.why}."


def make_ground(app: Flask, database: Path) -> Ground:
    """The college of the tests, with somebody for each role and something of each kind that an address may name."""
    # It is the rules that are walked: a form's token would stop everybody before them.
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        college = make_college()
        _let_in_newcomers(college)
        own = college.submitted()
        ask_opinion(college.actor("zhangzhuren"), own, college.people["guwen"], "这个群有必要吗？")
        others = college.submitted("jiwai", **_of_another_department(college))
        draft = college.draft(name="护理系草稿群", number="71000002")
        of_class = college.submitted(tier=Tier.FACULTY_ORGANIZATION, name="护理系1班群", number="71000003")
        of_college = college.submitted(tier=Tier.COLLEGE, name="川护教职工群", number="71000004")
        decide(college.actor("zhangzhuren"), of_college, Outcome.APPROVED)
        _refuse_a_sync()
        ground = Ground(app, college, database)
        ground.objects = {
            "own": {**_keys(college, own, "8"), "opinion_id": db.session.query(Opinion).one().id},
            "others'": _keys(college, others, "5"),
            "class's": _filing_keys(college, of_class),
            "college's": _filing_keys(college, of_college),
            "draft": _filing_keys(college, draft),
        }
        return ground


def _of_another_department(college: College) -> dict[str, Any]:
    people = {ContactRole.RESPONSIBLE: "孙处长", ContactRole.OWNER: "纪外人", ContactRole.ADMINISTRATOR: "纪外人"}
    contacts = tuple(ContactFacts(role, 1, name, "", "19900000009") for role, name in people.items())
    facts = {"name": "学生处工作群", "number": "71000001", "contacts": contacts}
    return {"department_id": college.departments["5"], **facts}


def _keys(college: College, filing_id: int, department_key: str) -> dict[str, int]:
    department_id = college.departments[department_key]
    post = db.session.query(Post).filter_by(department_id=department_id).order_by(Post.id).first()
    assert post is not None
    assert db.session.get(Department, department_id) is not None
    delegation = db.session.query(Delegation).filter_by(post_id=post.id).one()
    return {
        **_filing_keys(college, filing_id),
        "department_id": department_id,
        "person_id": post.person_id,
        "post_id": post.id,
        "delegation_id": delegation.id,
        "evidence_id": _evidence(college.filing(filing_id)),
        "handover_id": _handover(department_id, college.filing(filing_id).group_id),
    }


def _evidence(filing: Filing) -> int:
    """A picture that its applicant added to the filing."""
    picture = BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "PNG")
    applicant = find_actor(filing.applicant_id)
    assert applicant is not None
    add_evidence(applicant, filing.id, EvidenceKind.QR_CODE, [prepare(picture)])
    return evidence_of(filing.id)[0].id


def _filing_keys(college: College, filing_id: int) -> dict[str, int]:
    return {"filing_id": filing_id, "group_id": college.filing(filing_id).group_id}


def _refuse_a_sync() -> None:
    """The last copying of the directory would have taken too many for gone: an administrator is asked."""
    with unit_of_work() as session:
        ended = {"state": SyncState.FAILED, "finished_at": utc_now(), "problem": "可见范围可能被改小了。"}
        session.add(DirectorySync(key="nightly", would_leave=5, **ended))


def _handover(department_id: int, group_id: int) -> int:
    """What 李离职, who was its 管理员 too, left behind of this group."""
    with unit_of_work() as session:
        leaver = session.scalars(select(Person).where(Person.name == "李离职")).one()
        role = {"group_id": group_id, "role": ContactRole.ADMINISTRATOR, "position": 2}
        session.add(Contact(person_id=leaver.id, name=leaver.name, **role))
        handover = Handover(person_id=leaver.id, person_name=leaver.name, department_id=department_id)
        handover.items.append(HandoverItem(**role))
        session.add(handover)
        session.flush()
        return handover.id


def _let_in_newcomers(college: College) -> None:
    with unit_of_work() as session:
        for user_id, (name, key, _) in NEWCOMERS.items():
            account = PlatformIdentity(platform="wecom", user_id=user_id, user_key=user_id)
            person = Person(name=name, department_id=college.departments[key], identities=[account])
            session.add(person)
            session.flush()
            college.people[user_id] = person.id
    for user_id, (*_, post) in NEWCOMERS.items():
        if post is not None:
            appoint(user_id, *post)
    _delegate(college, "zhangzhuren", "daili")
    _delegate(college, "sunchuzhang", "weidaili")
    with unit_of_work() as session:
        session.get_one(Person, college.people["lizhi"]).left_at = utc_now()


def _delegate(college: College, head: str, delegate_id: str) -> None:
    post_id = db.session.query(Post).filter_by(person_id=college.people[head]).one().id
    today = college_today()
    delegate(college.actor(head), post_id, college.people[delegate_id], starts_on=today, ends_on=today)
