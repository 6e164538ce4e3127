"""第八条's four routes, the words of the regulation, and the numbering of filings."""

import hashlib

import pytest

from regulation import FilingKind, Platform, PostKind, Tier, Whose, load_regulation

REGULATION = load_regulation(None)


@pytest.mark.parametrize(
    ("tier", "steps"),
    [
        (
            Tier.COLLEGE,
            [
                (PostKind.DEPARTMENT_HEAD, Whose.UNIT, "第八条"),
                (PostKind.COLLEGE_LEADER, Whose.UNIT, "第八条第1项"),
            ],
        ),
        (Tier.DEPARTMENT, [(PostKind.DEPARTMENT_HEAD, Whose.UNIT, "第八条第2项")]),
        (Tier.COLLEGE_ORGANIZATION, [(PostKind.DEPARTMENT_HEAD, Whose.SUPERVISOR, "第八条第3项")]),
        (Tier.FACULTY_ORGANIZATION, [(PostKind.PARTY_SECRETARY, Whose.UNIT, "第八条第4项")]),
    ],
)
def test_each_tier_is_approved_by_the_posts_of_article_eight(tier, steps):
    assert [(step.post, step.of, step.article) for step in REGULATION.route(tier)] == steps


def test_a_step_says_who_approves_in_words():
    assert REGULATION.route(Tier.DEPARTMENT)[0].sentence == "部门群组由本部门负责人审核"


def test_tiers_read_as_on_the_form():
    assert [tier.label for tier in Tier] == ["以学院名义", "部门", "院级团学组织", "系部团学组织或班级"]


def test_filing_kinds_read_as_on_the_form():
    assert [kind.label for kind in FilingKind] == ["新建备案", "补办备案", "变更备案", "解散备案"]


def test_platforms_read_as_on_the_form():
    labels = ["QQ群", "微信群", "微博群", "贴吧群", "企业微信群", "钉钉群", "其他"]
    assert [platform.label for platform in Platform] == labels


def test_posts_read_as_on_the_page():
    labels = ["部门负责人", "党总支负责人", "主管院领导", "备案登记人", "监督检查", "系统管理员"]
    assert [post.label for post in PostKind] == labels


@pytest.mark.parametrize("words", [FilingKind, Platform, PostKind, Tier, Whose])
def test_a_word_is_its_code_and_is_found_by_it(words):
    for word in words:
        assert word == word.value == str(word) == word.name.lower()
        assert words(word.value) is word


def test_only_heads_secretaries_and_leaders_are_given_for_a_department():
    for_department = {post for post in PostKind if post.for_department}
    assert for_department == {PostKind.DEPARTMENT_HEAD, PostKind.PARTY_SECRETARY, PostKind.COLLEGE_LEADER}


@pytest.mark.parametrize(
    ("sequence", "number"),
    [
        (1, "川护群备〔2026〕0001号"),
        (9999, "川护群备〔2026〕9999号"),
        (10000, "川护群备〔2026〕10000号"),
    ],
)
def test_a_registration_number_holds_year_and_sequence(sequence, number):
    assert REGULATION.format_registration_number(2026, sequence) == number


def test_the_college_regulation_gives_its_particulars():
    assert REGULATION.version == "2019-04-09"
    assert REGULATION.title == "四川护理职业学院互联网群组管理办法"
    assert REGULATION.document_number == "川护职院党发〔2019〕8号"
    assert REGULATION.college_short_name == "川护"
    assert REGULATION.registry_office == "宣传统战部"
    assert REGULATION.commitment.startswith("我部门知晓国家互联网有关法规和学校制度")
    assert "补办备案" in REGULATION.retroactive_note
    assert "监管责任" in REGULATION.organization_note


def test_the_limits_are_a_hundred_members_and_one_to_three_administrators():
    limits = REGULATION.limits()
    assert (limits.size, limits.min_administrators, limits.max_administrators) == (100, 1, 3)
    assert REGULATION.size_limit == 100


def test_the_digest_is_that_of_the_source():
    assert REGULATION.digest == hashlib.sha256(REGULATION.source.encode("utf-8")).hexdigest()
