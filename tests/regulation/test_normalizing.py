"""How typed names and numbers are brought into one form."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulation import fold_name, normalize_name, normalize_number
from regulation.text import visible

PIECES = ["QQ", "qq", "Ｑ", "群", "号", "号码", "：", ":", "微信", "1", "２", " ", "\u3000", "\u200b", "a"]
numbers = st.text() | st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


@pytest.mark.parametrize(
    "typed",
    [
        "123456789",
        " 123 456 789 ",
        "\u3000123\u00a0456789\n",
        "１２３４５６７８９",
        "QQ群:123456789",
        "QQ群：123456789",
        "qq群号： 123456789",
        "QQ群号码123456789",
        "ＱＱ群：１２３４５６７８９",
        "Q群123456789",
        "群号：123456789",
        "群：123456789",
        "号码:123456789",
        "QQ 123456789",
        "QQ：123456789",
        "QQ号:123456789",
        "QQ：群号：123456789",
        "微信群：123456789",
        "\u202d123456789\u202c",
        "\ufeff123456789\u200b",
    ],
)
def test_a_number_is_the_same_however_it_is_typed(typed):
    assert normalize_number(typed) == "123456789"


@pytest.mark.parametrize("typed", ["", "  ", "\u3000", "\u200b", "QQ群：", "群号:"])
def test_nothing_but_space_or_a_label_is_no_number(typed):
    assert normalize_number(typed) == ""


@pytest.mark.parametrize("typed", ["qqabc", "wrOgQhDgAA", "QQ群", "群里的人", "123QQ群:456"])
def test_what_only_resembles_a_label_stays(typed):
    assert normalize_number(typed) == typed


@given(numbers)
@example("a \u0301")
@example("QQ: QQ: \u200b1")
def test_normalizing_a_number_again_changes_nothing(typed):
    once = normalize_number(typed)
    assert normalize_number(once) == once
    assert not any(character.isspace() for character in once)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  护理系教职工群\n", "护理系教职工群"),
        ("护理系 \t\u3000 教职工群", "护理系 教职工群"),
        ("护理系ＩＴ群：１", "护理系ＩＴ群：１"),
        ("护理系👩‍⚕️群", "护理系👩‍⚕️群"),
        (" ", ""),
    ],
)
def test_a_name_loses_only_needless_space(typed, name):
    assert normalize_name(typed) == name


@given(st.text())
def test_normalizing_a_name_again_changes_nothing(typed):
    once = normalize_name(typed)
    assert normalize_name(once) == once
    assert "".join(once.split()) == "".join(typed.split())


@pytest.mark.parametrize(
    "typed",
    [
        *("👩‍👩‍👧", "👩🏽‍⚕️群", "🏳️‍🌈", "🙂‍↔️", "❤️‍🔥", "1️⃣", "𠮷㛃龘", "阿依·古丽", "é", "ａ１：", "\u00a0x"),
        *("第一行\n第二行\t末", "“引号”…——", "<b>粗</b>&nbsp;"),
    ],
)
def test_what_can_be_seen_stays_as_it_was_typed(typed):
    """E53: emoji of several parts, rare characters, names with ·."""
    assert visible(typed) == typed


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        *(("王\u200d群主", "王群主"), ("👩\u200d群", "👩群"), ("群\u200d👩", "群👩")),
        *(("👩\u200d", "👩"), ("\u200d👩", "👩")),
        *(("👩\u200d\u200d👩", "👩👩"), ("王\u202e群\u200b主\ufeff", "王群主"), ("一\x00二\x07三\r", "一二三")),
    ],
)
def test_what_nobody_sees_is_dropped(typed, seen):
    assert visible(typed) == seen


@given(st.text(alphabet=["👩", "🏽", "\ufe0f", "\u200d", "\u200b", "王", "+", "\n"]))
def test_dropping_what_nobody_sees_again_changes_nothing(typed):
    assert visible(visible(typed)) == visible(typed)


def test_names_that_differ_in_what_joins_emoji_are_the_same():
    assert fold_name("护理系👩‍👩‍👧群") == fold_name("护理系👩👩👧群")
