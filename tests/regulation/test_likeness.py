"""第十二条: which two groups of a unit may be one team's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulation import Description, are_alike

TEACHERS = Description("教师工作群", "发布教学安排和工作通知", "护理系全体教师")


@pytest.mark.parametrize(
    "other",
    [
        Description("教师交流群", "发布教学安排和工作通知", "护理系全体教师"),
        Description("教师工作交流群", "发布教学安排、工作通知", "本系外聘人员"),
        Description("教师工作群", "聊天", "护理系全体教师及辅导员"),
        Description("教师工作群2", "发布教学安排和工作通知", "护理系全体教师"),
    ],
)
def test_two_of_three_that_are_largely_the_same_make_two_groups_alike(other):
    """F9: merge instead? is asked of a like purpose and like members."""
    assert are_alike(TEACHERS, other)
    assert are_alike(other, TEACHERS)


@pytest.mark.parametrize(
    "other",
    [
        Description("教师工作群", "组织文体活动", "工会会员"),
        Description("实习带教群", "发布教学安排和工作通知", "实习医院带教老师"),
        Description("", "", ""),
    ],
)
def test_one_of_three_is_not_enough(other):
    """F9: groups of one unit have much in common."""
    assert not are_alike(TEACHERS, other)


@pytest.mark.parametrize("names", [("2026级1班群", "2026级2班群"), ("一班群", "二班群"), ("1班群", "１0班群")])
def test_classes_are_not_alike_though_all_else_is_the_same(names):
    """E28: a number in the name tells two groups apart."""
    one, other = (Description(name, "发布班级通知", "本班全体学生") for name in names)
    assert not are_alike(one, other)


texts = st.text(max_size=30)
descriptions = st.builds(Description, texts, texts, texts)


@given(one=descriptions, other=descriptions)
def test_likeness_goes_both_ways(one, other):
    """F9: whichever was filed first."""
    assert are_alike(one, other) == are_alike(other, one)
