"""管理: an administrator sees what is wrong and mends it from there; what is still to be set up stands on 首页 too."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from blueprints.administration.ways import VIEWS, address_of
from models import DirectorySync, LastHeard, Message, MessageState, Post, SyncState, utc_now
from models.database import unit_of_work
from operations.health.report import Place, Way
from regulation import PostKind
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import Page, read
from tests.pages.test_every_page import assert_well_made
from tests.platform import simulated_platform

pytestmark = one_database


def fail_messages(app: Flask) -> None:
    with app.app_context(), unit_of_work() as session:
        cards = update(Message).where(Message.step_id.is_not(None))
        session.execute(cards.values(state=MessageState.FAILED, error="81013 x"))


def states(app: Flask) -> set[MessageState]:
    with app.app_context(), unit_of_work() as session:
        return set(session.scalars(select(Message.state)))


def test_what_is_wrong_stands_there_with_the_button_that_mends_it(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    made.submitted()
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Post).where(Post.kind == PostKind.REGISTRAR).values(ended_at=utc_now()))
    page = sign_in("wuguanli").open("/administration/")
    assert_well_made(page)
    assert "没有人担任备案登记人" in page.text
    back, unit = "back=/administration/", college.departments["3"]
    assert f"/administration/people?post=registrar&{back}" in page.links
    assert f"/administration/people?post=department_head&department={unit}&{back}" in page.links
    assert f"/administration/departments/{college.departments['8']}?{back}" in page.links
    assert "/administration/directory" in page.links
    assert {"#posts", "#departments", "#people", "#clashes", "#messages", "#platform"} <= set(page.links)
    assert {"posts", "departments", "people", "clashes", "messages", "platform"} <= set(page.ids)


def test_every_place_has_a_view_and_ids_that_its_address_does_not_name_are_its_query(app: Flask) -> None:
    assert set(VIEWS) == set(Place)
    with app.test_request_context():
        assert address_of(Way(Place.PERSON, "", {"person_id": 7})) == "/administration/people/7"
        appointing = address_of(Way(Place.APPOINT, "", {"post": "registrar"}))
        assert appointing == "/administration/people?post=registrar&back=/"
        assert address_of(Way(Place.POSTS, "")) == "/administration/posts"


class TestResending:
    HERE = "/administration/messages/resend"

    @pytest.mark.parametrize("key", ["x", "0" * 11 + "99999999999", "0" * 10 + "9223372036854775808", "٣", "7"])
    def test_what_is_no_message_is_not_found(self, key: str, sign_in: SignIn) -> None:
        assert sign_in("wuguanli").post(self.HERE, message_id=key).status_code == 404

    def test_one_message_is_sent_again_from_its_row(self, app: Flask, sign_in: SignIn, made: Made) -> None:
        made.submitted()
        fail_messages(app)
        browser = sign_in("wuguanli")
        page = browser.open("/administration/")
        assert_well_made(page)
        assert "接收人不在应用的可见范围内" in page.text
        answer = browser.send(page, self.HERE)
        assert answer.location == "/administration/#messages"
        assert states(app) == {MessageState.PENDING}
        page = browser.open("/administration/")
        assert "消息将重新发送" in page.text
        assert "未能送达的消息" not in page.text

    def test_all_of_them_are_sent_again_at_once(self, app: Flask, sign_in: SignIn, made: Made) -> None:
        for number in range(3):
            made.submitted(name=f"护理系{number}群", number=f"70000{number}")
        fail_messages(app)
        browser = sign_in("wuguanli")
        assert browser.post(self.HERE).status_code == 302
        assert states(app) == {MessageState.PENDING}
        assert "3条消息将重新发送" in browser.open("/administration/").text

    def test_one_that_is_needed_no_more_is_said_to_be_so(self, app: Flask, sign_in: SignIn, made: Made) -> None:
        filing_id = made.submitted()
        fail_messages(app)
        browser = sign_in("wuguanli")
        page = browser.open("/administration/")
        sign_in("zhangzhuren").post(f"/filings/{filing_id}/decision", outcome="approved")
        browser.send(page, self.HERE)
        assert "已经不需要发送" in browser.open("/administration/").text

    @pytest.mark.parametrize("message_id", ["404", "x", "-1", str(10**30), "²"])
    def test_an_unknown_message_is_a_page_that_says_so(self, sign_in: SignIn, message_id: str) -> None:
        read(sign_in("wuguanli").post(self.HERE, message_id=message_id), 404)


class TestThePlatform:
    HERE = "/administration/platform"

    def test_the_settings_are_tried_and_what_came_of_it_is_shown(self, app: Flask, sign_in: SignIn) -> None:
        browser = sign_in("wuguanli")
        with simulated_platform(app):
            page = read(browser.send(browser.open("/administration/"), self.HERE))
        assert_well_made(page)
        assert "企业ID和 Secret 正确" in page.text
        assert "http://127.0.0.1:8000/callbacks/wecom" in page.text

    def test_a_platform_that_is_away_is_told_and_no_error(self, sign_in: SignIn) -> None:
        page = read(sign_in("wuguanli").post(self.HERE))
        assert_well_made(page)
        assert "连不上企业微信" in page.text

    def test_nobody_else_may_try_them(self, sign_in: SignIn) -> None:
        assert sign_in("zhougan").post(self.HERE).status_code == 403

    def test_it_is_not_tried_without_end(self, sign_in: SignIn) -> None:
        browser = sign_in("wuguanli")
        statuses = [browser.post(self.HERE).status_code for _ in range(8)]
        assert statuses[0] == 200
        assert statuses[-1] == 429

    def test_what_others_press_is_not_counted_against_an_administrator(self, sign_in: SignIn) -> None:
        assert {sign_in("zhougan").post(self.HERE).status_code for _ in range(8)} == {403}
        assert sign_in("wuguanli").post(self.HERE).status_code == 200


class TestFirstSteps:
    def open_ones(self, page: Page) -> int:
        return page.text.count("，待完成")

    def test_an_administrator_finds_the_list_on_both_pages_and_nobody_else_does(self, sign_in: SignIn) -> None:
        for address in ("/", "/administration/"):
            page = sign_in("wuguanli").open(address)
            assert_well_made(page)
            assert self.open_ones(page) == 7
            assert "/administration/directory" in page.links
        assert "开始使用" not in sign_in("zhougan").open("/").text

    def test_what_is_done_is_ticked(self, app: Flask, sign_in: SignIn) -> None:
        with app.app_context(), unit_of_work() as session:
            session.add(LastHeard(name="wecom.callback", heard_at=utc_now()))
            session.add(DirectorySync(key="a", state=SyncState.DONE, finished_at=utc_now()))
        page = sign_in("wuguanli").open("/")
        assert self.open_ones(page) == 5
        assert page.text.count("，已完成") == 3

    def test_it_is_gone_once_a_group_is_registered(self, sign_in: SignIn, made: Made) -> None:
        filing_id = made.approved()
        assert "开始使用" in sign_in("wuguanli").open("/").text
        sign_in("zhougan").post(f"/filings/{filing_id}/decision", outcome="registered")
        for address in ("/", "/administration/"):
            assert "开始使用" not in sign_in("wuguanli").open(address).text
