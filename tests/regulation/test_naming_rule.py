"""第九条: 单位简称+群名, tier by tier, and the name proposed instead."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulation import (
    FilingKind,
    Platform,
    Proposal,
    Severity,
    Tier,
    fold_name,
    load_regulation,
    normalize_name,
    parse_regulation,
)

REGULATION = load_regulation(None)
# Arbitrary text seldom begins with a prefix; pieces of prefixes and suggestions do.
PIECES = ["川护", "川", "护", "护理系", "护理", "系", "团委", "工作群", "工", "交流", "四川护理职业学院"]
PIECES += ["群", " ", "-", "：", "😀", "\u200d", "IT", "ｉｔ", "{unit}"]
names = st.text() | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


def proposal(tier, name, unit="护理系", **more):
    """A filing with nothing to find but on its name; its platform has room for any."""
    today = date(2026, 3, 2)
    faultless = Proposal(
        kind=FilingKind.ESTABLISH,
        tier=tier,
        platform=Platform.WEIBO,
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
    return replace(faultless, **more)


def faults(tier, name, unit="护理系", **more):
    """The findings on the name alone."""
    return [finding for finding in REGULATION.check(proposal(tier, name, unit, **more)) if finding.field == "name"]


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
    """E35: whether the college's name was meant is asked, with a name for either answer."""
    (finding,) = faults(tier, "川护教职工群")
    assert "以学院简称“川护”开头" in finding.sentence
    assert (finding.suggestion, finding.college_suggestion) == ("护理系教职工群", "川护教职工群")
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
    """F7: what is proposed is no worse than what was typed."""
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


def test_the_college_in_full_is_asked_about_as_its_short_name_is():
    """E35: the college's whole name in front, too."""
    (finding,) = faults(Tier.DEPARTMENT, "四川护理职业学院教职工群")
    assert "以学院名称“四川护理职业学院”开头" in finding.sentence
    assert (finding.suggestion, finding.college_suggestion) == ("护理系教职工群", "川护教职工群")


def test_the_college_before_the_units_own_name_is_no_question():
    """E35: 四川护理职业学院护理系 is the unit and not the college."""
    (finding,) = faults(Tier.DEPARTMENT, "四川护理职业学院护理系教职工群")
    assert "以学院名义" not in finding.text
    assert (finding.suggestion, finding.college_suggestion) == ("护理系教职工群", "")


class TestGroupsThatExist:
    """补办备案 (第八条末款)."""

    def test_a_name_against_the_rule_is_accepted_and_to_be_changed(self):
        """E25: a group that ran already is filed under its name, and told until when to change it."""
        (finding,) = faults(Tier.DEPARTMENT, "教职工群", kind=FilingKind.RETROACTIVE)
        assert (finding.field, finding.article, finding.severity) == ("name", "第九条", Severity.WARN)
        assert finding.remedy.startswith("须改名：可先补办备案，备案后30天内改名")
        assert proposed(finding) == finding.suggestion == "护理系教职工群"

    def test_the_days_are_the_data_files(self):
        """E25: another college may give another time."""
        other = parse_regulation(REGULATION.source.replace("rename = 30", "rename = 7"))
        (finding,) = other.check(proposal(Tier.DEPARTMENT, "教职工群", kind=FilingKind.RETROACTIVE))
        assert "备案后7天内" in finding.remedy

    @pytest.mark.parametrize("kind", [FilingKind.ESTABLISH, FilingKind.AMEND])
    def test_any_other_filing_is_refused(self, kind):
        """E25: what is not there yet, or is changed now, has no old name to keep."""
        assert [finding.severity for finding in faults(Tier.DEPARTMENT, "教职工群", kind=kind)] == [Severity.REFUSE]

    @given(name=names, unit=names)
    def test_whether_a_name_breaks_the_rule_is_what_is_refused(self, name, unit):
        """E25: one answer for the form and for whoever registers."""
        assert REGULATION.breaks_naming(Tier.DEPARTMENT, name, unit) == bool(faults(Tier.DEPARTMENT, name, unit))


@pytest.mark.parametrize(
    ("name", "purpose", "taken", "suggestion"),
    [
        ("教职工群", "", [], "护理系教职工群"),
        ("教职工群", "", ["护理系教职工群"], "护理系教职工工作群"),
        ("教职工群", "", ["护理系教职工群", "护理系教职工工作群"], "护理系教职工交流群"),
        ("教职工群", "发布值班安排", ["护理系教职工群"], "护理系教职工值班群"),
        ("教职工群", "发布值班安排", ["护理系教职工群", "护理系教职工值班群"], "护理系教职工工作群"),
        ("护理系护理系IT群", "", ["护理系it群"], "护理系IT工作群"),
        ("教职工之家", "", ["护理系教职工之家"], "护理系教职工之家工作群"),
        ("工作", "", ["护理系工作"], "护理系工作交流群"),
        (
            "群",
            "",
            ["护理系群", "护理系工作群", "护理系交流群", "护理系通知群"],
            "护理系2群",
        ),
    ],
)
def test_a_name_that_another_group_has_is_not_proposed(name, purpose, taken, suggestion):
    """E23: the next free variant, with a word of what the group is for."""
    (finding,) = faults(Tier.DEPARTMENT, name, purpose=purpose, taken_names=frozenset(map(fold_name, taken)))
    assert finding.suggestion == proposed(finding) == suggestion


def test_a_name_that_will_do_is_only_proposed_anew_where_it_is_taken():
    """E23: nothing is invented while the name is free."""
    mine = proposal(Tier.DEPARTMENT, "护理系教师群")
    assert REGULATION.propose_name(mine) == "护理系教师群"
    taken = replace(mine, taken_names=frozenset({"护理系教师群"}))
    assert REGULATION.propose_name(taken) == "护理系教师工作群"


@given(name=names, unit=names.filter(str.strip), more=st.integers(0, 6))
def test_the_free_name_is_free_and_passes(name, unit, more):
    """E23: however often the proposal of before is taken, too."""
    taken: frozenset[str] = frozenset()
    for _ in range(more + 1):
        free = REGULATION.propose_name(proposal(Tier.DEPARTMENT, name, unit, taken_names=taken))
        assert fold_name(free) not in taken
        assert not REGULATION.breaks_naming(Tier.DEPARTMENT, free, unit)
        taken |= {fold_name(free)}


@pytest.mark.parametrize(("platform", "limit"), [(Platform.QQ, 30), (Platform.WECHAT, 32), (Platform.WECOM, 50)])
def test_a_name_has_room_on_its_platform_up_to_the_limit(platform, limit):
    """E24: the last character that fits, and the first that does not."""
    fits = "护理系" + "长" * (limit - 4) + "群"
    assert faults(Tier.DEPARTMENT, fits, platform=platform) == []
    (finding,) = faults(Tier.DEPARTMENT, "护理系" + "长" * (limit - 3) + "群", platform=platform)
    assert (finding.field, finding.article, finding.severity) == ("name", "第九条", Severity.WARN)
    assert f"最多{limit}个字，这个群名有{limit + 1}个字" in finding.sentence
    assert finding.suggestion == fits
    assert f"「{fits}」" in finding.remedy


def test_a_platform_without_a_limit_takes_any_name():
    """E24: what is not known of a platform is not made up."""
    assert faults(Tier.DEPARTMENT, "护理系" + "长" * 60, platform=Platform.TIEBA) == []


def test_a_unit_whose_short_name_fills_the_platform_asks_for_a_shorter_one():
    """E24: no shorter name would be one of 第九条."""
    unit = "护" * 30
    (finding,) = faults(Tier.DEPARTMENT, f"{unit}教师群", unit, platform=Platform.QQ)
    assert finding.suggestion == ""
    assert "单位简称" in finding.remedy


@given(name=names, rest=st.text(max_size=60))
def test_a_shorter_name_passes_its_own_check(name, rest):
    """E24: on every platform that has a limit."""
    for platform in REGULATION.name_lengths:
        for finding in faults(Tier.DEPARTMENT, normalize_name(f"护理系{name}{rest}"), platform=platform):
            assert faults(Tier.DEPARTMENT, finding.suggestion, platform=platform) == []


@given(name=names)
def test_normalizing_a_name_twice_changes_nothing(name):
    """E22: nor does folding it."""
    assert normalize_name(normalize_name(name)) == normalize_name(name)
    assert fold_name(fold_name(name)) == fold_name(name)
