"""哪些群要备案: what is filed and what is not, in the words and numbers of the college's own data file."""

import re

import pytest
from flask import Flask

from operations.rules import rules_in_force
from regulation import Tier, parse_regulation
from tests.college import College, set_short_name
from tests.pages.conftest import SignIn, one_database

pytestmark = one_database

GUIDE = "/guide"
MEMBER, OUTSIDER = "lilaoshi", "jiwai"


def words(text: str) -> str:
    """The text without the white space of its lines."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("address", ["/", "/filings/new"])
def test_it_is_found_where_somebody_is_about_to_file(address: str, sign_in: SignIn) -> None:
    page = sign_in(OUTSIDER).open(address)
    assert GUIDE in page.links
    assert "哪些群要备案" in page.text


def test_whoever_filed_nothing_yet_reads_of_it_beside_what_to_press(sign_in: SignIn) -> None:
    below = sign_in(OUTSIDER).open("/").html.partition("您还没有提交过备案")[2]
    assert below.index(GUIDE) < below.index("</section>")


def test_it_leads_on_to_a_new_filing_or_back(sign_in: SignIn) -> None:
    last = sign_in(OUTSIDER).open(GUIDE).html.rpartition('<p class="more">')[2]
    assert re.findall(r'href="([^"]+)">([^<]+)</a>', last) == [("/", "返回"), ("/filings/new", "新建备案")]


def test_it_says_which_groups_are_filed_and_that_running_ones_are_filed_late(sign_in: SignIn) -> None:
    text = words(sign_in(MEMBER).open(GUIDE).text)
    assert "QQ群、微信群、微博群、贴吧群、企业微信群、钉钉群等" in text
    assert "先审核，再到宣传统战部备案，然后才能运营（第一条、第八条）" in text
    assert "须到宣传统战部补办备案手续。填写时备案类型选“补办备案”" in text


def test_each_tier_stands_with_its_approvers_and_their_article(app: Flask, sign_in: SignIn) -> None:
    text = words(sign_in(MEMBER).open(GUIDE).text)
    with app.app_context():
        routes = [(tier, step) for tier in Tier for step in rules_in_force().route(tier)]
    assert len(routes) == 5
    for tier, step in routes:
        assert f"{step.sentence}（{step.article}）" in text.partition(tier.label)[2]


def test_the_name_is_shown_by_the_persons_own_department(app: Flask, college: College, sign_in: SignIn) -> None:
    assert "「护理系工作群」（第九条）" in words(sign_in(MEMBER).open(GUIDE).text)
    assert "「学生处工作群」（第九条）" in words(sign_in(OUTSIDER).open(GUIDE).text)
    with app.app_context():
        set_short_name((None, "测试"), college.departments["8"], "护理")
    page = sign_in(MEMBER).open(GUIDE)
    assert "「护理工作群」" in page.text
    assert "「川护教职工群」" in page.text


def test_whoever_is_of_the_college_itself_sees_its_name_alone(sign_in: SignIn) -> None:
    text = sign_in("liuyuanzhang").open(GUIDE).text
    assert "「川护教职工群」" in text
    assert "您所在部门" not in text


def test_groups_of_other_schools_are_not_ours_to_file_unless_we_own_them(sign_in: SignIn) -> None:
    """E32: a group of another school in which we are only members is not filed; one that we own is."""
    text = words(sign_in(MEMBER).open(GUIDE).text)
    theirs, not_ours = text.index("其他学校或上级单位的群"), text.index("不用备案")
    assert not_ours < theirs
    assert "我们只是成员的，不用备案" in text
    assert "改由我们担任群主的，要备案" in text
    assert text.index("要备案") < text.index("有外单位人员参加、由我们建立的群") < not_ours


def test_private_groups_of_colleagues_are_outside_of_the_regulation(sign_in: SignIn) -> None:
    """E33: a private group that is not needed for work is 不属备案范围 (第一条)."""
    text = words(sign_in(MEMBER).open(GUIDE).text)
    assert text.index("不用备案") < text.index("同事之间的私人群")
    assert "不是因工作需要建立的" in text
    assert "不属备案范围（第一条）" in text


def test_another_college_reads_its_own_rules(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        source = rules_in_force().source
    for mine, theirs in (
        *(("四川护理职业学院互联网群组管理办法", "示范大学群组办法"), ("size = 100", "size = 50")),
        *(('office = "宣传统战部"', 'office = "宣传部"'), ('short_name = "川护"', 'short_name = "示大"')),
        *(("部门群组由本部门负责人审核", "部门群组由分管领导审核"), ("rename = 30", "rename = 15")),
        *(("max_administrators = 3", "max_administrators = 1"), ("川护群备", "示大群备")),
    ):
        assert mine in source
        source = source.replace(mine, theirs)
    app.extensions["regulations"][None] = parse_regulation(source)
    text = words(sign_in(MEMBER).open(GUIDE).text)
    for said in ("《示范大学群组办法》", "不超过50人", "到宣传部备案", "「示大教职工群」", "部门群组由分管领导审核"):
        assert said in text
    assert "备案后15天内改名" in text
    assert "管理员1位（第五条）" in text
    assert "100" not in text
