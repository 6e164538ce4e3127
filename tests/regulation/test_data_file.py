"""The data file: what it may say, and what is answered when it says something else."""

import re
from datetime import date
from pathlib import Path

import pytest

import regulation
from regulation import OwnFiling, Platform, PostKind, RegulationError, Tier, Whose, load_regulation, parse_regulation
from regulation.rules import Deadlines, Duties, PeopleRules, QuietHours
from regulation.working_days import Calendar

FILE = Path(regulation.__file__).with_name("sichuan_nursing.toml")
SOURCE = load_regulation(None).source
KEYS = [
    "version",
    "title",
    "document_number",
    "registry_office",
    "commitment",
    "name",
    "short_name",
    "registration_number",
    "size",
    "min_administrators",
    "max_administrators",
    "retroactive",
    "organization",
    "name_prefixes",
    "post",
    "of",
    "article",
    "sentence",
]


def changed(old, new):
    """This college's file with one thing changed, which must be there to change."""
    assert old in SOURCE
    return SOURCE.replace(old, new, 1)


def with_value(key, value):
    """The file with another value for the first such key."""
    return changed(re.search(rf"^{key} = .*$", SOURCE, re.MULTILINE).group(), f"{key} = {value}")


def complaint(source):
    with pytest.raises(RegulationError) as caught:
        parse_regulation(source)
    return str(caught.value)


def test_no_path_means_this_college():
    assert load_regulation(None) == load_regulation(FILE) == load_regulation(str(FILE))


def test_a_regulation_can_be_had_again_from_its_source():
    original = load_regulation(None)
    again = parse_regulation(original.source)
    assert again == original
    assert again.digest == original.digest


def test_another_version_has_another_digest():
    other = parse_regulation(with_value("version", '"2026-09-01"'))
    assert other.version == "2026-09-01"
    assert other.digest != load_regulation(None).digest


def test_another_college_uses_its_own_names_and_numbers():
    source = changed('short_name = "川护"', 'short_name = "某职院"')
    source = source.replace("川护群备〔{year}〕{sequence:04d}号", "{year}-{sequence}")
    other = parse_regulation(source.replace("max_administrators = 3", "max_administrators = 5"))
    assert other.succeed_name(Tier.COLLEGE, "教职工群", "院办", []) == "某职院教职工群"
    assert other.format_registration_number(2026, 7) == "2026-7"
    assert other.limits().max_administrators == 5


def test_the_college_names_are_normalized_as_group_names_are():
    other = parse_regulation(changed('short_name = "川护"', 'short_name = " CN  Nursing "'))
    assert other.college_short_name == "CN Nursing"


def test_another_college_may_ask_other_approvers():
    source = changed('post = "party_secretary"\nof = "unit"', 'post = "department_head"\nof = "supervisor"')
    (step,) = parse_regulation(source).route(Tier.FACULTY_ORGANIZATION)
    assert (step.post, step.of) == (PostKind.DEPARTMENT_HEAD, Whose.SUPERVISOR)


def test_a_file_saved_by_notepad_is_read_the_same(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SOURCE.replace("\n", "\r\n").encode())
    assert load_regulation(file) == load_regulation(None)


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_is_named(key):
    line = re.search(rf"^{key} = .*\n", SOURCE, re.MULTILINE).group()
    assert re.search(rf"the key [a-z_.\[\]1]*\b{key} is missing: write ", complaint(changed(line, "")))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ['""', '" "', "true", "[]", "{}", "1.5", "-1", "2019-04-09"])
def test_a_value_of_the_wrong_kind_is_named(key, value):
    assert re.search(rf"\b{key} cannot be used: write ", complaint(with_value(key, value)))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("version =", 'versoin = "1"\nversion =', "versoin"),
        ("size = 100", "size = 100\nsise = 90", "limits.sise"),
        ("[tiers.college]", "[tiers.class]\n[tiers.college]", "tiers.class"),
        ('of = "unit"', 'of = "unit"\nwho = "x"', "tiers.college.route[1].who"),
        ("[notes]", "[extra]\n[notes]", "extra"),
    ],
)
def test_an_unknown_key_is_named_with_those_that_are_known(old, new, key):
    assert f"the key {key} is unknown: remove it, or use one of " in complaint(changed(old, new))


@pytest.mark.parametrize("tier", Tier)
def test_a_missing_tier_is_named(tier):
    renamed = SOURCE.replace(f"[tiers.{tier}]", "[other]").replace(f"[tiers.{tier}.route]", "[other.route]")
    assert f"the key tiers.{tier} is missing: write a table [tiers.{tier}]" in complaint(renamed)


@pytest.mark.parametrize("table", ["college", "numbering", "limits", "notes"])
def test_a_missing_table_is_named(table):
    said = complaint(changed(f"[{table}]", "[other]"))
    assert f"the key {table} is missing: write a table [{table}]" in said


def test_a_tier_without_a_route_is_refused():
    source = SOURCE[: SOURCE.rindex("[[tiers.")]
    key = "tiers.faculty_organization.route"
    assert f"the key {key} is missing: write one or more tables [[{key}]]" in complaint(source)


@pytest.mark.parametrize(
    ("key", "accepted", "refused"),
    [
        ("size", (1, 100_000), (0, 100_001)),
        ("min_administrators", (1, 3), (0, 10)),
        ("max_administrators", (1, 9), (0, 10)),
    ],
)
def test_numbers_keep_to_their_bounds(key, accepted, refused):
    for number in accepted:
        parse_regulation(with_value(key, number))
    for number in refused:
        said = complaint(with_value(key, number))
        assert f"limits.{key} cannot be used: write a whole number from 1 to " in said


def test_the_most_administrators_are_not_fewer_than_the_fewest():
    source = changed("min_administrators = 1", "min_administrators = 4")
    assert "limits.max_administrators cannot be used: write a whole number from 4" in complaint(source)


@pytest.mark.parametrize("pattern", ["{year}{sequence}", "{sequence:03d}/{year}", "{sequence:d}（{year}）"])
def test_a_number_pattern_holds_year_and_sequence(pattern):
    parse_regulation(with_value("registration_number", f'"{pattern}"'))


@pytest.mark.parametrize(
    "pattern",
    [
        "川护群备",
        "{year}",
        "{sequence:04d}",
        "{year}{year}",
        "{year}{sequence}{sequence}",
        "{year}{sequence}{month}",
        "{year}{}",
        "{year}{0}",
        "{year}{sequence",
        "{year}sequence}",
        "{year}{sequence!r}",
        "{year}{sequence.real}",
        "{year}{sequence:.1}",
        "{year}{sequence:s}",
        "{year}{sequence:{year}}",
        "{year:02d}{sequence}",
        "{year}{sequence}" + "号" * 40,
    ],
)
def test_a_number_pattern_that_could_repeat_or_fail_is_refused(pattern):
    said = complaint(with_value("registration_number", f'"{pattern}"'))
    assert "the key numbering.registration_number cannot be used: write {year} once and {sequence}" in said


@pytest.mark.parametrize("prefixes", ['["群"]', '["{unit}", "{department}"]', '"{unit}"', "[1]", "[[]]"])
def test_a_name_prefix_that_is_not_offered_is_refused(prefixes):
    said = complaint(with_value("name_prefixes", prefixes))
    assert 'tiers.college.name_prefixes cannot be used: write a list of one or more of "{college}"' in said


def test_a_name_prefix_given_twice_is_refused():
    said = complaint(with_value("name_prefixes", '["{unit}", "{unit}"]'))
    assert said == "the key tiers.college.name_prefixes cannot be used: write each only once."


@pytest.mark.parametrize("post", ["registrar", "auditor", "administrator", "dean"])
def test_only_a_post_of_a_department_can_approve(post):
    said = complaint(with_value("post", f'"{post}"'))
    allowed = '"department_head", "party_secretary", "college_leader"'
    assert said == f"the key tiers.college.route[1].post cannot be used: write one of {allowed}."


def test_a_step_is_of_the_unit_or_of_its_supervisor():
    said = complaint(with_value("of", '"college"'))
    assert said == 'the key tiers.college.route[1].of cannot be used: write one of "unit", "supervisor".'


@pytest.mark.parametrize("article", ["8", "第8条", "第八条第二", "article 8"])
def test_a_step_names_its_article_as_the_regulation_does(article):
    said = complaint(with_value("article", f'"{article}"'))
    assert said.startswith("the key tiers.college.route[1].article cannot be used: write it like 第八条")


def test_a_file_that_is_not_toml_is_told_by_line():
    assert re.search(r"not valid TOML: .*line 1", complaint("version 2019"))


def test_an_error_names_the_file(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text(with_value("size", 0), encoding="utf-8")
    with pytest.raises(RegulationError, match=r"rules\.toml: the key limits\.size cannot be used: write"):
        load_regulation(file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RegulationError, match=r"none\.toml cannot be read \(No such file"):
        load_regulation(tmp_path / "none.toml")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(RegulationError, match="cannot be read"):
        load_regulation(tmp_path)


def test_a_file_in_another_encoding_is_named(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_bytes(SOURCE.encode("gb18030"))
    with pytest.raises(RegulationError, match=r"rules\.toml is not UTF-8 text\. Save it as UTF-8\."):
        load_regulation(file)


#: What came into the file later, each with what holds where a text that was kept before says nothing of it.
LATER = {
    "deadlines": ("deadlines", Deadlines(remind_after=1, escalate_after=3, number=7, rename=30)),
    "quiet_hours": ("quiet_hours", QuietHours(begin=20, end=8)),
    "calendar": ("calendar", Calendar()),
    "approval": ("own_filing", OwnFiling.PASS),
    "people": ("people", PeopleRules(student_titles=("学生",), most_groups=10)),
    "duties": ("duties", Duties()),
    "sizes": ("size_reasons", ()),
    "name_lengths": ("name_lengths", {}),
}


def without(table):
    """The file without one of its tables."""
    return re.sub(rf"^\[{table}\]\n(?:(?!^\[).*\n)*", "", SOURCE, flags=re.MULTILINE)


@pytest.mark.parametrize("table", LATER)
def test_a_text_of_before_reads_with_what_held_then(table):
    source = without(table)
    assert source != SOURCE
    name, default = LATER[table]
    assert getattr(parse_regulation(source), name) == default


def test_a_text_without_any_of_the_later_tables_reads():
    source = SOURCE
    for table in LATER:
        source = re.sub(rf"^\[{table}\]\n(?:(?!^\[).*\n)*", "", source, flags=re.MULTILINE)
    old = parse_regulation(source)
    assert [getattr(old, name) for name, _ in LATER.values()] == [default for _, default in LATER.values()]


def test_the_later_tables_say_what_the_file_says():
    read = load_regulation(None)
    assert read.deadlines == Deadlines(remind_after=1, escalate_after=3, number=7, rename=30)
    assert read.people == PeopleRules(("学生", "学生干部", "班长", "团支书"), 10)
    assert (len(read.duties.members), len(read.duties.administrators)) == (10, 5)
    assert len(read.size_reasons) == 2
    assert read.name_lengths == {Platform.QQ: 30, Platform.WECHAT: 32, Platform.WECOM: 50, Platform.DINGTALK: 30}


@pytest.mark.parametrize(
    ("old", "new", "name", "expected"),
    [
        ("rename = 30", "rename = 365", "deadlines", Deadlines(1, 3, 7, 365)),
        ("number = 7", "number = 1", "deadlines", Deadlines(1, 3, 1, 30)),
        ("escalate_after = 3", "escalate_after = 1", "deadlines", Deadlines(1, 1, 7, 30)),
        ("begin = 20", "begin = 12", "quiet_hours", QuietHours(12, 8)),
        ("end = 8", "end = 0", "quiet_hours", QuietHours(20, 0)),
        ("days_off = []", "days_off = [2027-02-06]", "calendar", Calendar(frozenset({date(2027, 2, 6)}), frozenset())),
        ('own_filing = "pass"', 'own_filing = "college_leader"', "own_filing", OwnFiling.COLLEGE_LEADER),
        ("most_groups = 10", "most_groups = 1", "people", PeopleRules(("学生", "学生干部", "班长", "团支书"), 1)),
        ("wechat = 32", "wechat = 64\ntieba = 4", "name_lengths", {Platform.WECHAT: 64, Platform.TIEBA: 4}),
    ],
)
def test_another_college_sets_them_otherwise(old, new, name, expected):
    read = getattr(parse_regulation(changed(old, new)), name)
    assert expected.items() <= read.items() if isinstance(expected, dict) else read == expected


@pytest.mark.parametrize(
    ("old", "new", "key", "remedy"),
    [
        ("remind_after = 1", "remind_after = 0", "deadlines.remind_after", "write a whole number from 1 to 60"),
        ("remind_after = 1", "remind_after = 4", "deadlines.escalate_after", "write a whole number from 4 to 60"),
        ("escalate_after = 3", "escalate_after = 61", "deadlines.escalate_after", "write a whole number from 1 to 60"),
        ("number = 7", "number = 0", "deadlines.number", "write a whole number from 1 to 365"),
        ("rename = 30", "rename = 366", "deadlines.rename", "write a whole number from 1 to 365"),
        ("begin = 20", "begin = 11", "quiet_hours.begin", "write a whole number from 12 to 23"),
        ("end = 8", "end = 13", "quiet_hours.end", "write a whole number from 0 to 12"),
        ("days_off = []", 'days_off = ["2027-02-06"]', "calendar.days_off", "write a list of days like 2027-02-06"),
        ("days_off = []", "days_off = [2027-02-06T08:00:00]", "calendar.days_off", "write a list of days like"),
        ('own_filing = "pass"', 'own_filing = "skip"', "approval.own_filing", 'write one of "pass", "college_leader"'),
        ("most_groups = 10", "most_groups = 0", "people.most_groups", "write a whole number from 1 to 1000"),
        ('"班长", ', '"", ', "people.student_titles", "write a list of texts in quotes"),
        ("wechat = 32", "wechat = 3", "name_lengths.wechat", "write a whole number from 4 to 64"),
        ("wechat = 32", "wechat = 65", "name_lengths.wechat", "write a whole number from 4 to 64"),
    ],
)
def test_a_later_key_that_is_wrong_is_named(old, new, key, remedy):
    assert f"the key {key} cannot be used: {remedy}" in complaint(changed(old, new))


@pytest.mark.parametrize("table", ["sizes", "duties"])
def test_lists_of_sentences_are_lists_of_texts(table):
    key = {"sizes": "reasons", "duties": "members"}[table]
    source = re.sub(rf"^{key} = \[[^\]]*\]", f"{key} = [1]", SOURCE, count=1, flags=re.MULTILINE)
    assert f"the key {table}.{key} cannot be used: write a list of texts in quotes" in complaint(source)


def test_a_day_is_not_both_worked_and_off():
    days = changed("days_off = []\nworking_days = []", "days_off = [2027-02-06]\nworking_days = [2027-02-06]")
    assert "calendar.working_days cannot be used: leave out the days that are in days_off" in complaint(days)


@pytest.mark.parametrize("platform", ["qqq", "Wechat"])
def test_a_platform_that_is_none_is_named(platform):
    assert f"the key name_lengths.{platform} is unknown" in complaint(changed("qq = 30", f"{platform} = 30"))
