"""实名昵称核对 on a group's page: what fits as a number, what does not with its reason, and only counts kept."""

import json
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from extensions import db
from models import AuditEntry, NicknameCheck
from operations.nicknames import check_nicknames
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

ADDRESS = "/groups/1/nicknames"


def send(browser: Browser, members: str = "", file: bytes = b"", name: str = "名单.txt") -> TestResponse:
    values: dict[str, object] = {**browser.open(ADDRESS).form(ADDRESS).values, "members": members}
    if file:
        values["file"] = (BytesIO(file), name)
    answer = browser.client.post(ADDRESS, data=values, content_type="multipart/form-data", buffered=True)
    answer.request.environ["wsgi.input"].close()  # the client leaves open what it sent
    return answer


def test_a_member_list_is_compared_and_only_its_counts_are_kept(app: Flask, sign_in: SignIn, made: Made) -> None:
    """F11: 群昵称 is 实名+部门, held against the directory."""
    made.submitted()
    browser = sign_in("wangqunzhu")
    page = read(send(browser, "王群主+护理系\n张主任\n路人甲+护理系\n孙处长+护理系\n小可爱"), 200)
    assert_well_made(page)
    assert "核对了5个昵称：1个符合" in page.text
    for said in ("应为张主任+护理系", "通讯录里没有这个姓名", "应为孙处长+学生处", "只有昵称"):
        assert said in page.text
    assert ADDRESS in browser.open("/groups/1").links
    again = browser.open(ADDRESS)
    assert_well_made(again)
    assert "上次核对" in again.text
    assert "路人甲" not in again.text
    with app.app_context():
        row = db.session.scalars(select(NicknameCheck)).one()
        assert (row.total, row.fitting, row.malformed, row.unknown, row.misplaced) == (5, 1, 2, 1, 1)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "nicknames.check")).one()
        assert "路人甲" not in json.dumps(entry.details, ensure_ascii=False)


@pytest.mark.parametrize(
    ("changes", "example"),
    [({}, "张三+护理系"), ({"department_id": None}, "张三+党委宣传部"), ({"department_id": "1"}, "张三+党委宣传部")],
)
def test_the_example_is_of_the_groups_own_department_or_of_the_office_of_these_rules(
    app: Flask, college: College, sign_in: SignIn, made: Made, changes: dict[str, str | None], example: str
) -> None:
    """F11: nothing of one college stands on the page."""
    rules = app.extensions["regulations"][None]
    app.extensions["regulations"][None] = replace(rules, registry_office="党委宣传部")
    made.draft(**{key: value and college.departments[value] for key, value in changes.items()})
    page = sign_in("lilaoshi").open(ADDRESS)
    assert f"如：{example}（第九条）" in page.text
    assert f'placeholder="{example}"' in page.html
    assert "最多5000个" in page.text
    assert "不超过512 KB" in page.text
    assert "宣传统战部" not in page.text


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_may_be_a_file_in_the_coding_of_a_phone_or_a_spreadsheet(
    sign_in: SignIn, made: Made, coding: str
) -> None:
    made.submitted()
    content = "群昵称,QQ号\r\n王群主+护理系,12345678\r\n".encode(coding)
    assert "核对了1个昵称：1个符合" in read(send(sign_in("lilaoshi"), file=content, name="名单.csv"), 200).text


@pytest.mark.parametrize(
    ("members", "file", "field", "said"),
    [
        ("", b"", "members", "没有昵称"),
        ("\n".join(["张主任+护理系"] * 5001), b"", "members", "有5001个昵称，一次最多核对5000个"),
        ("", b"PK\x03\x04\0\0\0", "file", "读不出来"),
        ("", b"\xff\xff\xff\x81", "file", "读不出来"),
        ("张主任", b"a" * (512 * 1024 + 1), "file", "最多512 KB"),
    ],
)
def test_a_list_that_cannot_be_compared_is_told_so_at_its_field_and_stays(
    app: Flask, sign_in: SignIn, made: Made, members: str, file: bytes, field: str, said: str
) -> None:
    """F11: an empty list, 5,001 lines, a workbook, a file that is no text or too large."""
    made.submitted()
    page = read(send(sign_in("lilaoshi"), members, file), 422)
    assert said in page.errors[field]
    assert members[:20] in page.html
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(NicknameCheck)) == 0


def test_five_thousand_nicknames_are_answered_with_the_first_five_hundred_that_do_not_fit(
    sign_in: SignIn, made: Made
) -> None:
    """F11: a member list of 5,000 lines."""
    made.submitted()
    page = read(send(sign_in("zhougan"), "\n".join(f"路人{n}+护理系" for n in range(5000))), 200)
    assert page.text.count("通讯录里没有这个姓名") == 500
    assert "还有4500个没有列出" in page.text


def test_comparing_sends_as_many_statements_for_many_nicknames_as_for_few(
    app: Flask, college: College, counted: StatementCounter
) -> None:
    counts = []
    with app.app_context():
        group_id = college.filing(college.submitted()).group_id
        for many in (1, 3000):
            actor = college.actor("lilaoshi")
            counted.statements.clear()
            check_nicknames(actor, group_id, "\n".join(["张主任+护理系"] * many))
            counts.append(len(counted))
    assert counts[0] == counts[1]


def test_it_is_open_to_those_who_answer_for_the_group_and_to_registrars(sign_in: SignIn, made: Made) -> None:
    """L8: each role, for a group and for a draft's."""
    made.submitted()
    for user_id in ("lilaoshi", "wangqunzhu", "zhaoguanli", "zhangzhuren", "zhougan"):
        assert sign_in(user_id).client.get(ADDRESS).status_code == 200
    for user_id in ("wuguanli", "jiwai", "sunchuzhang", "chenshuji"):
        assert sign_in(user_id).client.get(ADDRESS).status_code == 403
    made.draft(name="护理系草稿群", number="70000001")
    assert sign_in("zhougan").client.get("/groups/2/nicknames").status_code == 403
    assert sign_in("lilaoshi").client.get("/groups/2/nicknames").status_code == 200
