"""Every form on the page where it stands, filled in and sent by whoever may: for sweeps over all fields.

The fields are read from the classes, so that a new one is swept too; a test fails for a form without a place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse
from wtforms import Field, FieldList, FormField, HiddenField
from wtforms.fields.core import UnboundField

from blueprints.administration.department_forms import BranchForm, DepartmentForm, KindForm, TargetForm
from blueprints.administration.forms import OverseerForm, PostForm
from blueprints.evidence.forms import EvidenceForm
from blueprints.filings.forms import (
    CommitmentForm,
    DecisionForm,
    FilingForm,
    PageForm,
    StepForm,
    WithdrawalForm,
)
from blueprints.filings.opinions import AnswerForm, OpinionForm
from blueprints.filings.paper import PaperForm
from blueprints.filings.reassigning import ReassignmentForm
from blueprints.groups.owing import NameForm, NumberForm
from blueprints.handovers.forms import SuccessorForm
from blueprints.nicknames.forms import MembersForm
from blueprints.own.forms import ParticularsForm
from blueprints.posts.forms import DelegationForm
from models import Contact, ContactRole, Handover, HandoverItem, Outcome, Person, utc_now
from models.database import unit_of_work
from operations.clock import college_today
from operations.decisions import decide
from operations.departments import add_branch
from operations.opinions import ask_opinion
from regulation import FilingKind, Platform
from tests.college import College
from tests.operations.test_paper import scan
from tests.pages.conftest import Browser, SignIn

#: A form is sent with a file by a test of its own; this one only hands its fields on to others.
WITHOUT_A_PLACE = {EvidenceForm, StepForm}
APPLICANT, OWNER, HEAD, REGISTRAR, ADMINISTRATOR, ADVISER = (
    *("lilaoshi", "wangqunzhu", "zhangzhuren", "zhougan", "wuguanli", "sunchuzhang"),
)


@dataclass(frozen=True)
class Place:
    """Where a form stands, who sends it, and what may be typed into it; `{}` in that is where a swept text may go."""

    form: type[PageForm]
    user: str
    page: str
    to: str
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def right(self) -> dict[str, str]:
        """What is typed where nothing is swept."""
        return {name: value.replace("{}", "") for name, value in self.typed.items()}

    def around(self, name: str, text: str) -> str:
        """The swept text as this field may take it."""
        return self.typed.get(name, "{}").replace("{}", text)


def every_form() -> set[type[PageForm]]:
    """All forms of pages."""

    def below(kind: type[PageForm]) -> Iterator[type[PageForm]]:
        for form in kind.__subclasses__():
            yield form
            yield from below(form)

    return {form for form in below(PageForm) if form.__module__.startswith("blueprints.")}


def fields_of(form: Any, *kinds: type[Field], prefix: str = "") -> list[str]:
    """The names under which a form's fields of these kinds, or all of them, are sent; of a list, the first one's."""
    names: list[str] = []
    for name in dir(form):
        unbound = getattr(form, name)
        if not isinstance(unbound, UnboundField):
            continue
        kind = unbound.field_class
        if issubclass(kind, FormField):
            names += fields_of(unbound.args[0], *kinds, prefix=f"{prefix}{name}-")
        elif issubclass(kind, FieldList):
            names += fields_of(unbound.args[0].args[0], *kinds, prefix=f"{prefix}{name}-0-")
        elif not kinds or (issubclass(kind, kinds) and (HiddenField in kinds or not issubclass(kind, HiddenField))):
            names.append(f"{prefix}{name}")
    return names


class Stage:
    """A college in which each form has something that it is about."""

    def __init__(self, app: Flask, college: College, sign_in: SignIn) -> None:
        self._browsers = {user: sign_in(user) for user in (APPLICANT, HEAD, REGISTRAR, ADMINISTRATOR, ADVISER, OWNER)}
        self._opened: dict[tuple[type[PageForm], str], dict[str, str]] = {}
        with app.app_context():
            self.college = college
            self.places = list(self._places())

    def browser(self, user: str) -> Browser:
        """The browser of somebody who is signed in."""
        return self._browsers[user]

    def having(self, *kinds: type[Field]) -> Iterator[tuple[Place, list[str]]]:
        """Each place with the fields of these kinds that stand there, where there are any."""
        for place in self.places:
            asked = self.form_of(place)
            if names := [name for name in fields_of(place.form, *kinds) if name in asked]:
                yield place, names

    def form_of(self, place: Place) -> dict[str, str]:
        """What the form at this place holds when it is opened: once, however often it is sent."""
        key = (place.form, place.to)
        if key not in self._opened:
            self._opened[key] = self.browser(place.user).open(place.page).form(place.to).values
        return self._opened[key]

    def send(self, place: Place, typed: Mapping[str, str]) -> TestResponse:
        """Send the form as the page has it, filled in as it may be but for what is typed."""
        values = {**self.form_of(place), **place.right, **typed}
        return self.browser(place.user).client.post(place.to, data=values)

    def _places(self) -> Iterator[Place]:
        yield Place(FilingForm, APPLICANT, "/filings/new", "/filings/new", self._complete())
        yield from self._of_steps()
        yield from self._of_groups()
        yield from self._of_posts()
        yield from self._of_departments()
        yield Place(ParticularsForm, OWNER, "/me", "/me")

    def _complete(self) -> dict[str, str]:
        people = {"responsible": "张主任", "owner": "王群主", "administrators-0": "赵管理"}
        return {
            **{f"{who}-name": f"{name}{{}}" for who, name in people.items()},
            **{f"{who}-mobile": "19900000001" for who in people},
            **dict.fromkeys([f"{who}-{part}" for who in people for part in ("office_phone", "email")], ""),
            "kind": "establish",
            "platform": "other",
            "other_platform": "论坛{}",
            "tier": "department",
            "name": "护理系{}群",
            "number": "",
            "member_count": "146",
            "size_reason": "人多{}",
            "composition": "全体教师{}",
            "purpose": "发通知{}",
            "opened_on": "2099-01-01",
            "is_project": "y",
            "ends_on": "2099-06-01",
            "action": "send",
        }

    def _submitted(self, name: str, **changes: Any) -> int:
        self._count = getattr(self, "_count", 70000000) + 1
        return self.college.submitted(name=name, number=str(self._count), **changes)

    def _of_steps(self) -> Iterator[Place]:
        names = ("退回", "撤回", "意见", "转办", "答复", "线下", "承诺")
        made = {name: self._submitted(f"护理系{name}群") for name in names if name != "承诺"}
        draft = self.college.draft(name="护理系承诺群", number="")
        here = {name: f"/filings/{filing_id}" for name, filing_id in made.items()}
        returned = {"outcome": "returned", "reason": "改{}"}
        yield Place(DecisionForm, HEAD, here["退回"], f"{here['退回']}/decision", returned)
        yield self._alone(WithdrawalForm, APPLICANT, f"{here['撤回']}/withdrawal")
        yield self._alone(OpinionForm, HEAD, f"{here['意见']}/opinions", person="孙处长", question="问{}")
        yield self._alone(ReassignmentForm, HEAD, f"{here['转办']}/reassignment", person="陈书记", text="请办{}")
        ask_opinion(self.college.actor(HEAD), made["答复"], self.college.people[ADVISER], "有必要吗？")
        yield Place(AnswerForm, ADVISER, here["答复"], f"{here['答复']}/opinions/1/answer", {"answer": "答{}"})
        scan(self.college, made["线下"])
        yield self._alone(PaperForm, REGISTRAR, f"{here['线下']}/paper", signer="签{}", signed_on=str(college_today()))
        yield self._alone(CommitmentForm, APPLICANT, f"/filings/{draft}/confirm", promise="y")

    def _of_groups(self) -> Iterator[Place]:
        group = f"/groups/{self._registered('护理系待建群', platform=Platform.WECHAT, number='')}"
        made = {"number": "", "owner_account": "wx{}", "opened_on": str(college_today())}
        yield self._alone(NumberForm, OWNER, f"{group}/number", **made)
        running = {"kind": FilingKind.RETROACTIVE, "opened_on": college_today()}
        group = f"/groups/{self._registered('教师群', number='70000099', **running)}"
        yield self._alone(NameForm, OWNER, f"{group}/name", name="护理系{}群")
        yield self._alone(MembersForm, OWNER, f"{group}/nicknames", members="王群主{}")

    def _registered(self, name: str, **changes: Any) -> int:
        filing_id = self.college.approved(name=name, **changes)
        decide(self.college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
        group_id: int = self.college.filing(filing_id).group_id
        return group_id

    def _of_posts(self) -> Iterator[Place]:
        today, person = str(college_today()), f"/administration/people/{self.college.people['jiwai']}"
        days = {"starts_on": today, "ends_on": today}
        yield self._alone(DelegationForm, HEAD, "/delegations", person="陈书记", **days)
        yield Place(PostForm, ADMINISTRATOR, person, f"{person}/posts", {"kind": "auditor", **days})
        unit = str(self.college.departments["5"])
        overseers = "/administration/posts?kind=college_leader"
        yield Place(OverseerForm, ADMINISTRATOR, overseers, overseers, {"person": "刘院长", "unit": unit})
        handover = f"/handovers/{self._handover()}"
        yield Place(
            SuccessorForm, HEAD, handover, f"{handover}/successor", {"person": "李老师", "items": "1", "action": "ask"}
        )

    def _handover(self) -> int:
        """What somebody who has left had of a group."""
        group_id = self.college.filing(self._submitted("护理系移交群")).group_id
        role = {"group_id": group_id, "role": ContactRole.ADMINISTRATOR, "position": 2}
        unit_id = self.college.departments["8"]
        with unit_of_work() as session:
            leaver = Person(name="李离职", department_id=unit_id, left_at=utc_now())
            session.add(leaver)
            session.flush()
            session.add(Contact(person_id=leaver.id, name=leaver.name, **role))
            handover = Handover(person_id=leaver.id, person_name=leaver.name, department_id=unit_id)
            handover.items.append(HandoverItem(**role))
            session.add(handover)
            session.flush()
            return handover.id

    def _of_departments(self) -> Iterator[Place]:
        administrator = self.college.people[ADMINISTRATOR]
        own = add_branch((administrator, "吴系统"), "机关党总支")
        units = "/administration/departments"
        office, faculty = (f"{units}/{self.college.departments[key]}" for key in ("5", "8"))
        yield self._alone(BranchForm, ADMINISTRATOR, f"{units}/new", name="新{}党总支")
        yield self._alone(DepartmentForm, ADMINISTRATOR, office)
        yield self._alone(DepartmentForm, ADMINISTRATOR, f"{units}/{own}", name="机关{}党总支")
        chosen = {"kind": "office", "unit": str(self.college.departments["3"])}
        yield self._alone(KindForm, ADMINISTRATOR, f"{units}?lacking=1", **chosen)
        split = {"target": str(self.college.departments["5"]), "group": "1"}
        yield self._alone(TargetForm, ADMINISTRATOR, f"{faculty}/split", **split)

    @staticmethod
    def _alone(form: type[PageForm], user: str, address: str, **typed: str) -> Place:
        """A form with a page of its own, to which it is sent."""
        return Place(form, user, address, address, typed)
