"""The annex's form, the commitment, and the form of a decision."""

import re
from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import uuid4

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Form, FormField, HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from blueprints.filings.fields import (
    AdministratorsField,
    CountField,
    DayField,
    a_mobile,
    an_email,
    an_id,
    an_office_phone,
    bare_mobile,
    clean,
    half_width,
    paragraph,
    text,
)
from blueprints.picking import a_name
from models import ContactRole, Department, Outcome
from operations.drafts import ContactFacts, FilingFacts
from operations.reading import FormChoices
from regulation import FilingKind, Platform, Regulation, Tier
from regulation.words import Word

W = TypeVar("W", bound=Word)

#: 变更备案 and 解散备案 begin at a group that is registered, not at an empty form.
KINDS = (FilingKind.ESTABLISH, FilingKind.RETROACTIVE)
NEED_REASON = (Outcome.RETURNED, Outcome.REJECTED)
NOTHING_CHOSEN = SelectChoice("", "请选择")


def choice(label: str, words: Iterable[Word], *first: SelectChoice) -> SelectField:
    """A choice among the regulation's words, by their code."""
    choices = [*first, *(SelectChoice(word.value, word.label) for word in words)]
    return SelectField(
        label,
        choices=choices,
        default=choices[0].value,
        invalid_choice_message=f"{label}请从列出的选项中选择。",
    )


def department(label: str) -> SelectField:
    """A choice among the college's departments, by our id; the form is handed them."""
    return SelectField(label, default="", invalid_choice_message=f"{label}请从列出的部门中选择。")


def departments(label: str) -> SelectMultipleField:
    """A choice of several of the college's departments, or of none; the form is handed them."""
    message = f"{label}请从列出的部门中选择，已撤销或已并入其他部门的不能选。"
    return SelectMultipleField(label, default=(), invalid_choice_message=message)


class PageForm(FlaskForm):
    """A form of a page. Its token is checked once for all forms, before any view is reached (extensions.csrf)."""

    class Meta(FlaskForm.Meta):
        csrf = False

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """What was sent as a form. JSON is not one: it brings numbers, lists and halves of surrogate pairs."""
            return None if request.is_json else super().wrap_formdata(form, formdata)


class ContactForm(Form):
    """The particulars that the annex asks of one person."""

    name = StringField("姓名", validators=[a_name], filters=[clean])
    job_title = text("职务", 64)
    mobile = StringField("手机", validators=[a_mobile], filters=[bare_mobile], render_kw={"inputmode": "tel"})
    office_phone = StringField(
        "办公电话", validators=[an_office_phone], filters=[half_width], render_kw={"inputmode": "tel"}
    )
    email = StringField("邮箱", validators=[an_email], filters=[half_width], render_kw={"inputmode": "email"})
    #: Who was picked. The name is what counts: somebody else's cannot be given by an id alone.
    person_id = HiddenField()
    #: Whether the person gave their own mobile: it need not be typed, and is not shown.
    mobile_is_on_record = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing at all was said."""
        return not any(value for name, value in self.data.items() if name != "person_id")

    def facts(self, role: ContactRole, position: int = 1) -> ContactFacts:
        """The person as the draft keeps them."""
        return ContactFacts(role=role, position=position, **{**self.data, "person_id": an_id(self.person_id.data)})


class FilingForm(PageForm):
    """备案登记表, in the order of the annex. Its fields are named as operations.drafts.FilingFacts names them."""

    form_key = HiddenField(default=lambda: uuid4().hex)
    #: That of the filing when the form was opened: whoever saves it from an older window is told.
    version = HiddenField()
    kind = choice("备案类型", KINDS)
    department_id = department("备案部门")
    platform = choice("群组类型", Platform, NOTHING_CHOSEN)
    other_platform = text("其他类型", 32)
    tier = choice("建群主体", Tier, NOTHING_CHOSEN)
    supervisor_id = department("主管部门")
    name = text("群名", 64)
    number = text("群号", 64, half_width)
    owner_account = text("群主微信名", 64)
    member_count = CountField("群人数", render_kw={"inputmode": "numeric"})
    size_reason = paragraph("超过100人的原因和必要性", 500)
    composition = paragraph("成员组成", 500)
    opened_on = DayField("开通时间")
    is_project = BooleanField("专项工作群")
    ends_on = DayField("预计结束日期")
    partner_ids = departments("参与单位")
    responsible = FormField(ContactForm, "第一责任人")
    owner = FormField(ContactForm, "群主")
    administrators = AdministratorsField(FormField(ContactForm), "管理员")
    purpose = paragraph("平台用途", 1000)

    def __init__(self, choices: FormChoices, rules: Regulation, **options: Any) -> None:
        """`choices` are the departments offered; `rules` are those that the filing is, or will be, filed under."""
        self.rules = rules
        super().__init__(**options)
        self._offer(choices)
        self.size_reason.label.text = f"超过{rules.size_limit}人的原因和必要性"

    def process(self, *args: Any, **options: Any) -> None:
        """Read what was sent or kept; by then the administrators' field must know how many there may be."""
        self.administrators.keep_to(self.rules.limits())
        super().process(*args, **options)

    def _offer(self, choices: FormChoices) -> None:
        """Set the departments that may be chosen: the person's own stand first."""
        own = [_option(unit, "我的部门") for unit in choices.own]
        offered = [NOTHING_CHOSEN, *own, *(_option(unit, "其他部门" if own else "部门") for unit in choices.others)]
        self.department_id.choices = self.supervisor_id.choices = offered
        self.partner_ids.choices = [_option(unit, "") for unit in (*choices.own, *choices.others)]

    def facts(self) -> FilingFacts:
        """What the form says. What was typed into a field that its other answers leave without meaning is left out."""
        platform = _word(Platform, self.platform.data)
        project, large = self.is_project.data, (self.member_count.data or 0) > self.rules.size_limit
        return FilingFacts(
            kind=FilingKind(self.kind.data),
            tier=_word(Tier, self.tier.data),
            department_id=_id(self.department_id.data),
            supervisor_id=_id(self.supervisor_id.data),
            platform=platform,
            other_platform=self.other_platform.data,
            name=self.name.data,
            number=self.number.data,
            owner_account=self.owner_account.data if platform is Platform.WECHAT else "",
            member_count=self.member_count.data,
            size_reason=self.size_reason.data if large else "",
            composition=self.composition.data,
            opened_on=self.opened_on.data,
            purpose=self.purpose.data,
            is_project=project,
            ends_on=self.ends_on.data if project else None,
            partner_ids=tuple(key for said in self.partner_ids.data or () if (key := an_id(said)) is not None),
            contacts=self._contacts(),
        )

    @property
    def key(self) -> str:
        """This form's own key; one that nobody could have been given counts as none."""
        key = self.form_key.data or ""
        return key if re.fullmatch(r"[0-9a-f]{32}", key) else uuid4().hex

    def people(self) -> list[tuple[ContactForm, ContactRole]]:
        """The fieldsets of people, each with the role it is for."""
        administrators = [(entry.form, ContactRole.ADMINISTRATOR) for entry in self.administrators]
        return [*self._first_two(), *administrators]

    def _contacts(self) -> tuple[ContactFacts, ...]:
        """Everybody of whom something was said; the administrators numbered anew."""
        named = [entry.form for entry in self.administrators if not entry.form.is_blank]
        people = [
            *((form, role, 1) for form, role in self._first_two() if not form.is_blank),
            *((form, ContactRole.ADMINISTRATOR, position) for position, form in enumerate(named, start=1)),
        ]
        return tuple(form.facts(role, position) for form, role, position in people)

    def _first_two(self) -> Iterable[tuple[ContactForm, ContactRole]]:
        yield self.responsible.form, ContactRole.RESPONSIBLE
        yield self.owner.form, ContactRole.OWNER


class CommitmentForm(PageForm):
    """The annex's commitment, without which nothing is sent. `seen` is the fingerprint of what the page showed."""

    seen = HiddenField()
    promise = BooleanField("承诺", validators=[InputRequired("请先勾选承诺，再提交备案。")])


class StepForm(PageForm):
    """A form about the step whose turn it is: it says which one its page showed."""

    step_id = HiddenField()

    @property
    def step(self) -> int | None:
        """The step that the page showed."""
        return an_id(self.step_id.data)


class DecisionForm(StepForm):
    """审核意见; the outcome is the button that was pressed."""

    reason = paragraph("审核意见", 500)

    def fits(self, outcome: Outcome) -> bool:
        """Whether the form can be taken with this outcome; if not, the reason's field says why."""
        fits = self.validate()
        if fits and outcome in NEED_REASON and not self.reason.data:
            self.reason.errors = ["请写明理由，申请人要据此修改。"]
        return not self.reason.errors

    @property
    def is_garbled(self) -> bool:
        """Whether the step was sent in a way that no page of ours sends it."""
        return bool(self.step_id.data) and self.step is None


class WithdrawalForm(PageForm):
    """撤回: why, if the applicant wants to say it."""

    reason = paragraph("撤回原因", 500)


def _option(unit: Department, group: str) -> SelectChoice:
    return SelectChoice(str(unit.id), unit.name, optgroup=group)


def _word(kind: type[W], code: str | None) -> W | None:
    return kind(code) if code else None


def _id(key: str | None) -> int | None:
    return int(key) if key else None
