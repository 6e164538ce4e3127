"""第八条: whose group it is, found from what is said of it, and what is said of another choice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulation import DepartmentKind, Described, FilingKind, Severity, Tier, load_regulation
from tests.regulation.test_article_checks import check

REGULATION = load_regulation(None)
KINDS = [*DepartmentKind, None]
ITEMS = {
    Tier.COLLEGE: "第八条第1项",
    Tier.DEPARTMENT: "第八条第2项",
    Tier.COLLEGE_ORGANIZATION: "第八条第3项",
    Tier.FACULTY_ORGANIZATION: "第八条第4项",
}


def found(kind, name, unit="护理系", composition="", purpose=""):
    return REGULATION.find_tier(Described(kind, unit, name, composition, purpose))


@pytest.mark.parametrize(
    ("kind", "unit", "name", "composition", "tier"),
    [
        (DepartmentKind.OFFICE, "院办", "川护教职工群", "", Tier.COLLEGE),
        (DepartmentKind.FACULTY, "护理系", "四川护理职业学院新生群", "", Tier.COLLEGE),
        (DepartmentKind.MASS_ORGANIZATION, "团委", "川护学生会群", "", Tier.COLLEGE),
        # The college's name before the unit's own, or in it, is the unit's.
        (DepartmentKind.FACULTY, "护理系", "川护护理系教职工群", "", Tier.DEPARTMENT),
        (DepartmentKind.SUPPORT, "川护附院", "川护附院值班群", "", Tier.DEPARTMENT),
        (DepartmentKind.MASS_ORGANIZATION, "团委", "团委干部群", "", Tier.COLLEGE_ORGANIZATION),
        (DepartmentKind.OFFICE, "学生处", "学生处学生会群", "", Tier.COLLEGE_ORGANIZATION),
        (DepartmentKind.OFFICE, "学生处", "学生处活动群", "各社团负责人", Tier.COLLEGE_ORGANIZATION),
        (DepartmentKind.FACULTY, "护理系", "护理系学生会群", "", Tier.FACULTY_ORGANIZATION),
        (DepartmentKind.FACULTY, "护理系", "护理系团总支群", "", Tier.FACULTY_ORGANIZATION),
        (DepartmentKind.FACULTY, "护理系", "护理系2026级1班群", "", Tier.FACULTY_ORGANIZATION),
        (DepartmentKind.PARTY_BRANCH, "护理系", "护理系三班群", "", Tier.FACULTY_ORGANIZATION),
        (DepartmentKind.FACULTY, "护理系", "护理系通知群", "2班全体学生", Tier.FACULTY_ORGANIZATION),
        # 值班, 培训班 and 班主任 are no classes; an office's 2026级 is no class of its own.
        (DepartmentKind.FACULTY, "护理系", "护理系值班群", "", Tier.DEPARTMENT),
        (DepartmentKind.FACULTY, "护理系", "护理系培训班群", "", Tier.DEPARTMENT),
        (DepartmentKind.FACULTY, "护理系", "护理系教师群", "各班班主任，1班主任", Tier.DEPARTMENT),
        (DepartmentKind.OFFICE, "招生办", "招生办2026级新生群", "", Tier.DEPARTMENT),
        (DepartmentKind.FACULTY, "护理系", "护理系教师群", "", Tier.DEPARTMENT),
    ],
)
def test_the_tier_is_found_from_unit_name_and_members(kind, unit, name, composition, tier):
    """E34: which rule holds when two fit: college, student organization, class, department."""
    group = found(kind, name, unit, composition)
    assert (group.tier, group.certain) == (tier, True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["川护教职工群", "护理系学生会群", "护理系1班群", "护理系教师群", ""])
def test_the_reason_names_its_item(kind, name):
    """F12: the rule is shown with its reason."""
    group = found(kind, name)
    assert group.article == ITEMS[group.tier]
    assert group.reason.endswith(f"（{group.article}）。")


def test_a_unit_of_no_known_kind_makes_it_a_guess():
    """F12: nobody is contradicted by a guess."""
    for name in ("护理系学生会群", "护理系1班群", "护理系教师群"):
        assert not found(None, name).certain
        assert not [finding for finding in check(name=name) if finding.field == "tier"]


def said_of_tier(tier, name, **more):
    more = {"unit_kind": DepartmentKind.FACULTY, **more}
    return [finding for finding in check(tier=tier, name=name, **more) if finding.field == "tier"]


@pytest.mark.parametrize("kind", [FilingKind.ESTABLISH, FilingKind.RETROACTIVE])
def test_a_tier_chosen_against_what_is_said_stands_and_is_pointed_out(kind):
    """E34: the choice is kept, and whoever approves and registers sees the rule."""
    (finding,) = said_of_tier(Tier.DEPARTMENT, "护理系2026级1班群", kind=kind)
    assert (finding.article, finding.severity) == ("第八条第4项", Severity.WARN)
    assert "系部团学组织或班级" in finding.remedy
    assert said_of_tier(Tier.FACULTY_ORGANIZATION, "护理系2026级1班群") == []
    assert [f.article for f in said_of_tier(Tier.FACULTY_ORGANIZATION, "护理系教师群")] == ["第八条第2项"]


def test_the_college_name_in_front_is_asked_about_once():
    """E34: with the name, where that is what is wrong; with the tier, where the name may stand."""
    assert said_of_tier(Tier.DEPARTMENT, "川护教职工群") == []
    assert said_of_tier(Tier.COLLEGE, "川护护理系教职工群") == []
    office = {"unit_kind": DepartmentKind.OFFICE, "unit_short_name": "团委"}
    assert said_of_tier(Tier.COLLEGE_ORGANIZATION, "川护学生会群", **office) == []
    (finding,) = said_of_tier(Tier.COLLEGE_ORGANIZATION, "川护教职工群", **office)
    assert finding.article == "第八条第1项"


@given(name=st.text(), unit=st.text(), composition=st.text(), kind=st.sampled_from(KINDS))
def test_some_tier_is_found_for_whatever_is_said(name, unit, composition, kind):
    """F12: always one, with a reason."""
    group = found(kind, name, unit, composition)
    assert group.tier in Tier
    assert group.reason
