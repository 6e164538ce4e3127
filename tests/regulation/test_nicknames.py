"""第九条: 群昵称 is 实名+部门. What fits, what does not, and why."""

import pytest

from regulation.nicknames import Directory, Fault, read_nicknames

PEOPLE = {
    "张三": [["宣传部", "宣传统战部"]],
    "李四": [["护理系"], ["学生处"]],
    "王芳": [["基础教研室", "护理系"]],
    "阿依·古丽": [["护理系"]],
    "无门": [[]],
}
DEPARTMENTS = ["宣传部", "宣传统战部", "护理系", "学生处", "基础教研室"]
DIRECTORY = Directory(PEOPLE, DEPARTMENTS)


@pytest.mark.parametrize(
    "nickname",
    [
        *(
            "张三+宣传统战部",
            "张三＋宣传部",
            "张三-宣传部",
            "张三－宣传部",
            "张三—宣传部",
            "张三——宣传部",
            "张三_宣传部",
        ),
        *(
            "张三/宣传部",
            "张三 宣传部",
            "张三　宣传部",
            "张三、宣传部",
            "张三·宣传部",
            " 张三 + 宣传部 ",
            "张三+宣传部+科长",
        ),
        *("李四+护理系", "李四+学生处", "王芳+护理系", "王芳+基础教研室"),
        *("阿依·古丽+护理系", "阿依•古丽 护理系", "阿依·古丽·护理系"),
        *("1. 张三+宣传部", "12、张三+宣传部", "（3）张三+宣传部", "[群主]张三+宣传部", "【管理员】 张三+宣传部"),
        *("张三+宣传部(12345678)", "张三+宣传部（12345678）", "张三+宣传部<a@example.com>", "\u200b张三+宣传部\u2066"),
    ],
)
def test_name_and_department_fit_however_they_are_joined_and_exported(nickname: str) -> None:
    found = DIRECTORY.compare(read_nicknames(nickname))
    assert (found.total, found.fitting, found.misfits) == (1, 1, [])


@pytest.mark.parametrize(
    ("nickname", "fault", "remedy"),
    [
        ("张三", Fault.NO_DEPARTMENT, "应为张三+宣传部"),
        ("张三+", Fault.NO_DEPARTMENT, "应为张三+宣传部"),
        ("李四", Fault.NO_DEPARTMENT, "应为李四+护理系 或 李四+学生处"),
        ("阿依·古丽", Fault.NO_DEPARTMENT, "应为阿依·古丽+护理系"),
        ("护理系", Fault.NO_NAME, ""),
        ("+护理系", Fault.NO_NAME, ""),
        ("快乐每一天", Fault.ONLY_NICKNAME, ""),
        ("小 猫 咪", Fault.ONLY_NICKNAME, ""),
        ("✨", Fault.ONLY_NICKNAME, ""),
        ("宣传部+张三", Fault.REVERSED, "应为张三+宣传部"),
        ("张三宣传部", Fault.NO_PLUS, "应为张三+宣传部"),
        ("赵六+护理系", Fault.UNKNOWN, ""),
        ("买买提·江+护理系", Fault.UNKNOWN, ""),
        ("张三+护理系", Fault.MISPLACED, "应为张三+宣传部"),
        ("张三+校外", Fault.MISPLACED, "应为张三+宣传部"),
        ("无门+护理系", Fault.MISPLACED, "通讯录里此人没有部门"),
    ],
)
def test_what_does_not_fit_is_told_why_and_what_would(nickname: str, fault: Fault, remedy: str) -> None:
    found = DIRECTORY.compare(read_nicknames(nickname))
    assert [(m.nickname, m.fault, m.remedy) for m in found.misfits] == [(nickname, fault, remedy)]
    assert found.total == found.fitting + found.malformed + found.count(Fault.UNKNOWN) + found.count(Fault.MISPLACED)


def test_a_list_is_read_by_lines_commas_and_tabs_without_headings_numbers_and_blanks() -> None:
    text = "序号\t群昵称\tQQ号\r\n1\t张三+宣传部\t12345678\r\n\r\n2\t李四+护理系\t87654321\n赵六,钱七，孙八"
    assert read_nicknames(text) == ["张三+宣传部", "李四+护理系", "赵六", "钱七", "孙八"]


def test_five_thousand_lines_are_compared_one_by_one() -> None:
    """F11: a member list of 5,000 lines."""
    people = {f"人员{n}": [[f"部门{n % 50}"]] for n in range(5000)}
    directory = Directory(people, [f"部门{n}" for n in range(50)])
    text = "\n".join(f"{n}. 人员{n}+部门{n % 50 if n % 2 else 51}(123456{n})" for n in range(5000))
    found = directory.compare(read_nicknames(text))
    assert (found.total, found.fitting, found.count(Fault.MISPLACED)) == (5000, 2500, 2500)
