"""What a form still lacks when it is to be sent, and what the regulation says about it: each beside its field."""

from collections.abc import Iterable, Iterator

from wtforms import Field, FormField

from blueprints.filings.fields import AdministratorsField, an_id
from blueprints.filings.forms import ContactForm, FilingForm
from models import Filing
from operations.checks import check_facts
from operations.namesakes import unclear, whom_they_mean
from operations.tiers import tier_found
from regulation import Finding, FoundTier, Platform, Severity, Tier

#: field: what to say where the annex asks for it and nothing was given. The articles are those that ask for it.
MISSING = {
    "tier": "请选择建群主体。",
    "platform": "请选择群组类型。",
    "department_id": "请选择备案部门。",
    "name": "请填写群名，写法是“单位简称+群名”（第九条）。",
    "member_count": "请填写群人数，还没有建群的填预计人数（第十条）。",
    "composition": "请填写成员组成，例如：本部门全体教职工（第五条）。",
    "opened_on": "请选择开通时间，还没有开通的选拟开通的日期。",
    "purpose": "请填写平台用途，例如：发布班级通知和课程安排。",
}
#: Findings about a person as a whole stand at the first thing asked of them.
PEOPLE = ("responsible", "owner", "administrator")


def is_ready_to_send(form: FilingForm, filing: Filing | None) -> bool:
    """Whether the form can go to its approver; if not, each field that stands in the way says why.

    `filing` is what the form was opened from, if anything: it is judged by its own rules, and no duplicate of itself.
    """
    form.validate()
    understood = is_understood(form)
    found = _choose_tier(form, filing) if understood else None
    _note_mobiles_on_record(form)
    for field, sentence in _missing(form):
        add_error(field, sentence)
    add_unclear_names(form)
    chosen = (form.platform, form.department_id, form.supervisor_id, *(() if found else (form.tier,)))
    if understood and not any(field.errors for field in chosen):
        show_findings(form, check_facts(form.facts(), filing=filing))
    return not any(fields_with_errors(form))


def is_understood(form: FilingForm) -> bool:
    """Whether the form, which has been validated, chooses nothing but what it offers: the regulation can be asked."""
    return not any(field.errors for field in (form.kind, form.tier, form.platform, form.department_id))


def add_unclear_names(form: FilingForm) -> None:
    """Ask at each name that several people bear which of them it is."""
    for field, sentence in _unclear(form):
        add_error(field, sentence)


def _choose_tier(form: FilingForm, filing: Filing | None) -> FoundTier | None:
    """Choose the tier that 第八条 finds, where none was chosen, and say why: it is shown before anything is sent."""
    found = tier_found(form.facts(), filing=filing) if not form.tier.data else None
    if found is not None:
        form.tier.data = found.tier.value
        add_error(form.tier, f"请核对建群主体，已按所填内容选为“{found.tier.label}”：{found.reason}")
    return found


def show_findings(form: FilingForm, findings: Iterable[Finding]) -> None:
    """Put each refusal beside the field it is about; a field that has its sentence already keeps that one alone."""
    for finding in findings:
        if finding.severity is Severity.REFUSE:
            add_error(field_of(form, finding.field), finding.text)


def add_error(field: Field, sentence: str) -> None:
    """Give the field this sentence, if it has none yet."""
    if not field.errors:
        field.errors = [sentence]


def fields_with_errors(form: FilingForm) -> Iterator[tuple[str, Field]]:
    """Each field with a sentence against it, in the page's order, with the legend of the fieldset it stands in."""
    return ((legend, field) for legend, field in every_field(form) if field.errors)


def every_field(form: FilingForm) -> Iterator[tuple[str, Field]]:
    """Each field in the page's order, with the legend of the fieldset it stands in."""
    for field in form:
        if isinstance(field, FormField):
            yield from ((field.label.text, inner) for inner in field.form)
        elif isinstance(field, AdministratorsField):
            for number, entry in enumerate(field, start=1):
                yield from ((legend_of(number), inner) for inner in entry.form)
        else:
            yield "", field


def legend_of(number: int) -> str:
    """The legend of the n-th administrator's fieldset."""
    return "管理员" if number == 1 else f"第{'零一二三四五六七八九'[number]}位管理员"


def _missing(form: FilingForm) -> Iterator[tuple[Field, str]]:
    yield from ((form[name], sentence) for name, sentence in MISSING.items() if not form[name].data)
    if form.platform.data == Platform.OTHER and not form.other_platform.data:
        yield form.other_platform, "群组类型选“其他”时，请填写其他类型（第一条）。"
    if form.tier.data == Tier.COLLEGE_ORGANIZATION and not form.supervisor_id.data:
        yield form.supervisor_id, "院级团学组织的群由主管部门负责人审核，请选择主管部门（第八条第3项）。"
    if form.is_project.data and not form.ends_on.data:
        yield form.ends_on, "专项工作群在工作结束后应及时解散，请填写预计结束日期（第十二条）。"
    yield from _missing_people(form)


def _missing_people(form: FilingForm) -> Iterator[tuple[Field, str]]:
    yield from _missing_of(form.responsible.form, "第一责任人")
    yield from _missing_of(form.owner.form, "群主")
    for number, entry in enumerate(form.administrators, start=1):
        if number <= form.rules.limits().min_administrators or not entry.form.is_blank:
            yield from _missing_of(entry.form, legend_of(number))


def _missing_of(person: ContactForm, legend: str) -> Iterator[tuple[Field, str]]:
    asked = (person.name,) if person.mobile_is_on_record else (person.name, person.mobile)
    yield from ((field, f"请填写{legend}的{field.label.text}。") for field in asked if not field.data)


def _note_mobiles_on_record(form: FilingForm) -> None:
    """Note of whom the form names without a mobile that they gave theirs."""
    lacking = [person for person, _ in form.people() if person.name.data and not person.mobile.data]
    if not lacking:
        return
    found = whom_they_mean([_said(person) for person in lacking], near=an_id(form.department_id.data))
    for person, meant in zip(lacking, found, strict=True):
        person.mobile_is_on_record = len(meant) == 1 and meant[0].is_reachable


def _said(person: ContactForm) -> tuple[str, int | None]:
    return person.name.data or "", an_id(person.person_id.data)


def _unclear(form: FilingForm) -> Iterator[tuple[Field, str]]:
    """The names that several people bear, each with the sentence that asks which of them it is."""
    people = [person for person, _ in form.people()]
    sentences = unclear([_said(person) for person in people], near=an_id(form.department_id.data))
    yield from ((person.name, sentence) for person, sentence in zip(people, sentences, strict=True) if sentence)


def field_of(form: FilingForm, name: str) -> Field:
    """The field that a finding names; whatever no field stands for is shown at the group's name."""
    if name in PEOPLE:
        return (form.administrators[0] if name == "administrator" else form[name]).form.name
    return next((field for field in form if field.short_name == name), form.name)
