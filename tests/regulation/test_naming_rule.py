"""第九条: 单位简称+群名, tier by tier, and the name proposed instead."""

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulation import FilingKind, Platform, Proposal, Severity, Tier, load_regulation, normalize_name

REGULATION = load_regulation(None)
# Arbitrary text seldom begins with a prefix; pieces of prefixes and suggestions do.
PIECES = ["川护", "川", "护", "护理系", "护理", "系", "团委", "工作群", "工", "交流", "四川护理职业学院"]
PIECES += ["群", " ", "-", "：", "😀", "\u200d", "IT", "ｉｔ", "{unit}"]
names = st.text() | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


def faults(tier, name, unit="护理系"):
    """The findings on the name alone."""
    today = date(2026, 3, 2)
    proposal = Proposal(
        kind=FilingKind.ESTABLISH,
        tier=tier,
        platform=Platform.WECHAT,
        name=name,
        number="",
        member_count=60,
        size_reason="",
        composition="护理系全体教职工",
        is_project=False,
        opened_on=today,
        ends_on=None,
        unit_short_name=unit,
        today=today,
    )
    return REGULATION.check(proposal)


def suggested(tier, name, unit):
    """What a group of a unit that was never called otherwise is to be named."""
    return REGULATION.succeed_name(tier, name, unit, [])


def proposed(finding):
    return re.search("「(.*)」", finding.remedy, re.DOTALL).group(1)


@pytest.mark.parametrize(
    ("tier", "name", "unit"),
    [
        (Tier.COLLEGE, "川护教职工群", "院办"),
        (Tier.COLLEGE, "川护护理系教职工群", "护理系"),
        (Tier.COLLEGE, "川护教职工群", ""),
        (Tier.DEPARTMENT, "护理系教职工群", "护理系"),
        (Tier.DEPARTMENT, "川护护理系教职工群", "护理系"),
        (Tier.DEPARTMENT, "  护理系  教职工群 ", "护理系"),
        (Tier.DEPARTMENT, "护理系😀", "护理系"),
        (Tier.DEPARTMENT, "it中心值班群", "IT中心"),
        (Tier.DEPARTMENT, "护理系(一)教师群", "护理系（一）"),
        (Tier.DEPARTMENT, "川护附院值班群", "川护附院"),
        (Tier.DEPARTMENT, "川护教职工群", "川护"),
        (Tier.COLLEGE_ORGANIZATION, "团委学生干部群", "团委"),
        (Tier.COLLEGE_ORGANIZATION, "川护学生会群", "团委"),
        (Tier.COLLEGE_ORGANIZATION, "川护团委学生干部群", "团委"),
        (Tier.FACULTY_ORGANIZATION, "护理系2026级1班群", "护理系"),
        (Tier.FACULTY_ORGANIZATION, "川护护理系2026级1班群", "护理系"),
    ],
)
def test_a_name_of_prefix_and_more_is_accepted_and_proposed_as_it_is(tier, name, unit):
    assert faults(tier, name, unit) == []
    assert suggested(tier, name, unit) == normalize_name(name)


@pytest.mark.parametrize(
    ("tier", "name", "unit", "suggestion"),
    [
        # No prefix, or somebody else's.
        (Tier.COLLEGE, "教职工群", "院办", "川护教职工群"),
        (Tier.COLLEGE, "护理系教职工群", "护理系", "川护护理系教职工群"),
        (Tier.COLLEGE, "四川护理职业学院教职工群", "院办", "川护教职工群"),
        (Tier.DEPARTMENT, "教职工群", "护理系", "护理系教职工群"),
        (Tier.DEPARTMENT, "教职工{unit}群", "护理系", "护理系教职工{unit}群"),
        (Tier.DEPARTMENT, "四川护理职业学院护理系教职工群", "护理系", "护理系教职工群"),
        (Tier.COLLEGE_ORGANIZATION, "学生会群", "团委", "团委学生会群"),
        (Tier.FACULTY_ORGANIZATION, "2026级1班群", "护理系", "护理系2026级1班群"),
        (Tier.DEPARTMENT, "", "护理系", "护理系工作群"),
        # The college's prefix where the department's is due.
        (Tier.DEPARTMENT, "川护教职工群", "护理系", "护理系教职工群"),
        (Tier.DEPARTMENT, "川护-教职工群", "护理系", "护理系教职工群"),
        (Tier.FACULTY_ORGANIZATION, "川护2026级1班群", "护理系", "护理系2026级1班群"),
        (Tier.DEPARTMENT, "川护值班群", "川护附院", "川护附院值班群"),
        # The prefix alone.
        (Tier.COLLEGE, "川护", "院办", "川护工作群"),
        (Tier.DEPARTMENT, "护理系", "护理系", "护理系工作群"),
        (Tier.DEPARTMENT, "川护护理系", "护理系", "护理系工作群"),
        (Tier.DEPARTMENT, "川护", "护理系", "护理系工作群"),
        (Tier.COLLEGE_ORGANIZATION, "川护团委", "川护团委", "川护团委工作群"),
        (Tier.DEPARTMENT, "护理系 - ", "护理系", "护理系工作群"),
        (Tier.DEPARTMENT, "护理系\u200b", "护理系", "护理系工作群"),
        (Tier.DEPARTMENT, "工作", "工作", "工作交流群"),
        # The prefix twice.
        (Tier.COLLEGE, "川护川护教职工群", "院办", "川护教职工群"),
        (Tier.COLLEGE, "川护川护川护", "院办", "川护工作群"),
        (Tier.DEPARTMENT, "护理系护理系教职工群", "护理系", "护理系教职工群"),
        (Tier.DEPARTMENT, "护理系-护理系 教职工群", "护理系", "护理系 教职工群"),
        (Tier.DEPARTMENT, "川护护理系护理系教职工群", "护理系", "川护护理系教职工群"),
        (Tier.DEPARTMENT, "川护护理系川护护理系教职工群", "护理系", "川护护理系教职工群"),
        (Tier.DEPARTMENT, "川护川护护理系教职工群", "护理系", "川护护理系教职工群"),
        (Tier.DEPARTMENT, "川护川护教职工群", "川护", "川护教职工群"),
        (Tier.COLLEGE_ORGANIZATION, "川护川护团委干部群", "团委", "川护团委干部群"),
    ],
)
def test_another_name_is_refused_with_one_that_will_do(tier, name, unit, suggestion):
    (finding,) = faults(tier, name, unit)
    assert (finding.field, finding.article, finding.severity) == ("name", "第九条", Severity.REFUSE)
    assert proposed(finding) == suggestion == suggested(tier, name, unit)


@pytest.mark.parametrize("tier", [Tier.DEPARTMENT, Tier.FACULTY_ORGANIZATION])
def test_a_department_that_takes_the_college_prefix_is_told_of_the_college_tier(tier):
    (finding,) = faults(tier, "川护教职工群")
    assert "以学院简称“川护”开头" in finding.sentence
    assert finding.remedy == "如以学院名义建群请选择“以学院名义”，否则建议改为「护理系教职工群」。"


@pytest.mark.parametrize("name", ["教职工群", "川护护理系", "护理系护理系群"])
def test_other_faults_do_not_mention_the_college_tier(name):
    (finding,) = faults(Tier.DEPARTMENT, name)
    assert "以学院名义" not in finding.text


def test_a_name_is_not_judged_before_the_department_is_chosen():
    assert faults(Tier.DEPARTMENT, "教职工群", unit=" ") == []


def test_the_college_stands_in_for_a_department_not_yet_chosen():
    assert suggested(Tier.DEPARTMENT, "教职工群", "") == "川护教职工群"


def test_a_very_long_name_keeps_all_of_itself():
    assert suggested(Tier.DEPARTMENT, "群" * 5000, "护理系") == "护理系" + "群" * 5000


@pytest.mark.parametrize("tier", Tier)
@given(name=names, unit=names)
@example(name="", unit="")
@example(name="川护", unit="川护工作群")
@example(name="工作群", unit="工作群")
@example(name="川护川护团川护团群", unit="川护团")
def test_the_proposed_name_always_passes_and_is_proposed_again(tier, name, unit):
    suggestion = suggested(tier, name, unit)
    assert suggestion
    assert faults(tier, suggestion, unit) == []
    assert suggested(tier, suggestion, unit) == suggestion == normalize_name(suggestion)


@given(name=names)
def test_the_proposed_name_never_begins_with_its_prefix_twice(name):
    suggestion = suggested(Tier.DEPARTMENT, name, "护理系")
    assert suggestion.startswith(("护理系", "川护护理系"))
    assert not suggestion.startswith(("护理系护理系", "川护护理系护理系", "川护川护"))


@pytest.mark.parametrize(
    ("tier", "name", "unit", "former", "successor"),
    [
        (Tier.DEPARTMENT, "护理系教研室群", "护理学院", ["护理系"], "护理学院教研室群"),
        (Tier.DEPARTMENT, "护理系-教研室群", "护理学院", ["护理系"], "护理学院教研室群"),
        (Tier.DEPARTMENT, "川护护理系教研室群", "护理学院", ["护理系"], "护理学院教研室群"),
        (Tier.DEPARTMENT, "it中心值班群", "信息中心", ["ＩＴ中心"], "信息中心值班群"),
        (Tier.DEPARTMENT, "护理系", "护理学院", ["护理系"], "护理学院工作群"),
        (Tier.DEPARTMENT, "护理系护理学院教研室群", "护理学院", ["护理系"], "护理学院教研室群"),
        (Tier.FACULTY_ORGANIZATION, "护理系2026级1班群", "护理学院", ["卫校", "护理系"], "护理学院2026级1班群"),
        (Tier.COLLEGE_ORGANIZATION, "团委学生会群", "学工部", ["团委"], "学工部学生会群"),
        # A shorter name that the old one begins with.
        (Tier.DEPARTMENT, "护理系教研室群", "护理", ["护理系"], "护理教研室群"),
        # Called what it is called now, or in the college's name: nothing to change.
        (Tier.DEPARTMENT, "护理学院教研室群", "护理学院", ["护理系", "护理"], "护理学院教研室群"),
        (Tier.DEPARTMENT, "护理系教研室群", "护理系", ["护理学院", "护理系"], "护理系教研室群"),
        (Tier.COLLEGE, "川护教职工群", "护理学院", ["护理系"], "川护教职工群"),
        (Tier.COLLEGE_ORGANIZATION, "川护学生会群", "学工部", ["团委"], "川护学生会群"),
        # Nothing is known of what it was called.
        (Tier.DEPARTMENT, "护理系教研室群", "医学院", [], "医学院护理系教研室群"),
        (Tier.DEPARTMENT, "教研室群", "", ["", "护理系"], "川护教研室群"),
    ],
)
def test_a_former_prefix_gives_way_to_the_present_one(tier, name, unit, former, successor):
    assert REGULATION.succeed_name(tier, name, unit, former) == successor


@pytest.mark.parametrize("tier", Tier)
@given(name=names, unit=names, former=st.lists(names, max_size=3))
def test_the_name_after_a_change_always_passes(tier, name, unit, former):
    successor = REGULATION.succeed_name(tier, name, unit, former)
    assert successor
    assert faults(tier, successor, unit) == []
