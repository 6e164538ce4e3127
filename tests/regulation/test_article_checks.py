"""What the articles ask of a filing, on both sides of every edge."""

from datetime import date, timedelta

import pytest

from regulation import FilingKind, Finding, Platform, Proposal, Severity, Tier, load_regulation, parse_regulation

REGULATION = load_regulation(None)
TODAY = date(2026, 3, 2)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
BLANKS = ["", "  ", "\u3000", "\u200b", "。"]

FAULTLESS = {
    "kind": FilingKind.ESTABLISH,
    "tier": Tier.DEPARTMENT,
    "platform": Platform.QQ,
    "name": "护理系教职工群",
    "number": "123456789",
    "owner_account": "护理系小王",
    "member_count": 60,
    "size_reason": "",
    "composition": "护理系全体教职工",
    "is_project": False,
    "opened_on": TODAY,
    "ends_on": None,
    "unit_short_name": "护理系",
    "today": TODAY,
}


def check(regulation=REGULATION, **changes):
    return regulation.check(Proposal(**(FAULTLESS | changes)))


def said(**changes):
    """Where, under which article and how severely, for each finding."""
    return [(finding.field, finding.article, finding.severity.value) for finding in check(**changes)]


@pytest.mark.parametrize("kind", FilingKind)
def test_a_faultless_filing_of_any_kind_has_no_findings(kind):
    assert said(kind=kind) == []


@pytest.mark.parametrize("tier", Tier)
def test_a_faultless_filing_of_any_tier_has_no_findings(tier):
    assert said(tier=tier, name="川护护理系教职工群", unit_short_name="川护护理系") == []


@pytest.mark.parametrize("count", [None, 0, 1, 99, 100])
def test_up_to_a_hundred_members_need_no_reason(count):
    assert said(member_count=count) == []


@pytest.mark.parametrize("count", [101, 2000])
@pytest.mark.parametrize("reason", BLANKS)
def test_more_than_a_hundred_members_without_a_reason_are_refused_at_both_fields(count, reason):
    refused = [("member_count", "第十条", "refuse"), ("size_reason", "第十条", "refuse")]
    assert said(member_count=count, size_reason=reason) == refused


def test_the_refusal_of_size_says_the_rule():
    assert "超过100人须注明原因和必要性" in check(member_count=101)[0].text


def test_more_than_a_hundred_members_with_a_reason_are_a_warning():
    assert said(member_count=101, size_reason="全系教职工共用") == [("member_count", "第十条", "warn")]


def test_another_college_may_set_another_limit():
    regulation = parse_regulation(REGULATION.source.replace("size = 100", "size = 50"))
    assert check(regulation, member_count=50) == []
    assert "超过50人" in check(regulation, member_count=51)[0].text


@pytest.mark.parametrize("composition", BLANKS)
def test_a_filing_without_its_members_described_is_refused(composition):
    assert said(composition=composition) == [("composition", "第五条", "refuse")]


def test_a_project_group_without_an_end_is_refused():
    assert said(is_project=True) == [("ends_on", "第十二条", "refuse")]


@pytest.mark.parametrize("is_project", [True, False])
@pytest.mark.parametrize("ends_on", [TODAY, TOMORROW])
def test_an_end_from_today_on_is_fine(is_project, ends_on):
    assert said(is_project=is_project, ends_on=ends_on) == []


@pytest.mark.parametrize("is_project", [True, False])
def test_an_end_before_today_is_refused(is_project):
    assert said(is_project=is_project, ends_on=YESTERDAY) == [("ends_on", "第十二条", "refuse")]


def test_an_end_on_the_opening_day_is_fine():
    assert said(is_project=True, opened_on=TOMORROW, ends_on=TOMORROW) == []


def test_an_end_before_the_opening_is_refused():
    assert said(is_project=True, opened_on=TOMORROW, ends_on=TODAY) == [("ends_on", "第十二条", "refuse")]


def test_an_end_before_both_today_and_the_opening_is_refused_once():
    assert said(is_project=True, opened_on=TODAY, ends_on=YESTERDAY) == [("ends_on", "第十二条", "refuse")]


def test_an_end_is_checked_when_the_opening_is_not_known():
    assert said(is_project=True, opened_on=None, ends_on=TODAY) == []
    assert said(is_project=True, opened_on=None, ends_on=YESTERDAY) == [("ends_on", "第十二条", "refuse")]


def test_a_new_group_that_opened_already_is_a_warning_that_names_the_other_kind():
    (finding,) = check(opened_on=YESTERDAY)
    assert (finding.field, finding.article, finding.severity) == ("opened_on", "第八条", Severity.WARN)
    assert "不得运营" in finding.text
    assert "“补办备案”" in finding.remedy


@pytest.mark.parametrize("opened_on", [None, TODAY, TOMORROW])
def test_a_new_group_may_open_from_today_on(opened_on):
    assert said(opened_on=opened_on) == []


@pytest.mark.parametrize("opened_on", [None, date(2018, 9, 1), TODAY])
def test_a_group_filed_late_has_opened_by_today(opened_on):
    assert said(kind=FilingKind.RETROACTIVE, opened_on=opened_on) == []


def test_a_group_filed_late_that_opens_in_the_future_is_refused():
    assert said(kind=FilingKind.RETROACTIVE, opened_on=TOMORROW) == [("opened_on", "第八条", "refuse")]


@pytest.mark.parametrize("opened_on", [YESTERDAY, TOMORROW])
def test_a_change_is_not_asked_when_the_group_opened(opened_on):
    assert said(kind=FilingKind.AMEND, opened_on=opened_on) == []


@pytest.mark.parametrize("number", ["12345", "12345678901", "１２３４５", "QQ群：123 456 789"])
@pytest.mark.parametrize("kind", [FilingKind.ESTABLISH, FilingKind.RETROACTIVE])
def test_a_qq_number_of_five_to_eleven_digits_is_fine(kind, number):
    assert said(kind=kind, number=number) == []


@pytest.mark.parametrize("number", ["1234", "123456789012", "12345a", "护理系群", "٠١٢٣٤٥", "QQ群"])
@pytest.mark.parametrize("kind", [FilingKind.ESTABLISH, FilingKind.RETROACTIVE, FilingKind.AMEND])
def test_anything_else_as_a_qq_number_is_refused(kind, number):
    assert said(kind=kind, number=number) == [("number", "第八条", "refuse")]


@pytest.mark.parametrize("number", ["", " ", "QQ群："])
def test_only_a_qq_group_that_exists_already_needs_its_number(number):
    assert said(kind=FilingKind.ESTABLISH, number=number) == []
    assert said(kind=FilingKind.RETROACTIVE, number=number) == [("number", "第八条", "refuse")]


@pytest.mark.parametrize("platform", [platform for platform in Platform if platform is not Platform.QQ])
@pytest.mark.parametrize("kind", [FilingKind.ESTABLISH, FilingKind.RETROACTIVE])
def test_other_platforms_take_any_number_of_up_to_64_characters_or_none(platform, kind):
    other = {"kind": kind, "platform": platform, "other_platform": "论坛"}
    assert said(number="", **other) == []
    assert said(number="g" * 64, **other) == []
    assert said(number="g" * 65, **other) == [("number", "第八条", "refuse")]


@pytest.mark.parametrize("other_platform", BLANKS)
def test_another_platform_is_named(other_platform):
    refused = [("other_platform", "第一条", "refuse")]
    assert said(platform=Platform.OTHER, other_platform=other_platform) == refused


def test_a_listed_platform_needs_no_other_name():
    assert said(platform=Platform.OTHER, other_platform="校园论坛群") == []
    assert said(platform=Platform.WECHAT, other_platform="") == []


EVERY_FAULT = {
    "platform": Platform.OTHER,
    "name": "教职工群",
    "number": "g" * 65,
    "member_count": 101,
    "composition": "",
    "is_project": True,
    "opened_on": YESTERDAY,
}


def test_every_fault_is_found_at_once_refusals_first():
    assert said(**EVERY_FAULT) == [
        ("other_platform", "第一条", "refuse"),
        ("name", "第九条", "refuse"),
        ("number", "第八条", "refuse"),
        ("member_count", "第十条", "refuse"),
        ("size_reason", "第十条", "refuse"),
        ("composition", "第五条", "refuse"),
        ("ends_on", "第十二条", "refuse"),
        ("opened_on", "第八条", "warn"),
    ]


def test_warnings_come_after_refusals_that_stand_below_them_on_the_form():
    findings = said(member_count=101, size_reason="全系教职工共用", composition="")
    assert findings == [("composition", "第五条", "refuse"), ("member_count", "第十条", "warn")]


def test_a_group_may_be_dissolved_whatever_is_wrong_with_it():
    assert said(**EVERY_FAULT, kind=FilingKind.DISSOLVE) == []


def test_every_finding_is_an_article_a_sentence_and_a_remedy():
    for finding in check(**EVERY_FAULT):
        assert finding.text == f"{finding.article}：{finding.sentence}{finding.remedy}"
        assert finding.sentence.endswith("。")
        assert finding.remedy.endswith("。")


def test_the_text_of_a_finding_reads_as_one_line():
    sentence, remedy = "群名应为“单位简称+群名”。", "建议改为「护理系教职工群」。"
    finding = Finding("第九条", Severity.REFUSE, "name", sentence, remedy)
    assert finding.text == "第九条：群名应为“单位简称+群名”。建议改为「护理系教职工群」。"
