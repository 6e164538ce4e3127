"""职责确认 on the pages of a filing and its group: who has confirmed, who has not, and whose button it is."""

import pytest

from models import ContactRole
from operations.drafts import ContactFacts
from tests.pages.conftest import Made, SignIn, one_database

pytestmark = one_database

HERE = "/filings/1/commitment"
OUTSIDE = (
    ContactFacts(ContactRole.RESPONSIBLE, 1, "张主任", "", "19900000001"),
    ContactFacts(ContactRole.OWNER, 1, "校外医生", "", "19900000002"),
    ContactFacts(ContactRole.ADMINISTRATOR, 1, "赵管理", "", "19900000003"),
)


def duties_on(text: str) -> str:
    """The section's words, without the space between them."""
    return "".join(text.partition("职责确认")[2].split())


@pytest.mark.parametrize("address", ["/filings/1", "/groups/1"])
def test_whoever_is_asked_reads_the_duties_and_confirms_with_one_button(
    address: str, sign_in: SignIn, made: Made
) -> None:
    """F11: the owner reads 第六条 and 第七条 on the page and confirms them."""
    made.submitted()
    browser = sign_in("wangqunzhu")
    page = browser.open(address)
    assert "群成员行为规范（第六条）" in page.text
    assert "严格落实实名制，不得接受不明身份人员加入" in page.text
    assert "duties" in page.ids
    answer = browser.send(page, HERE)
    assert answer.status_code == 302
    assert answer.location == "/filings/1#duties"
    page = browser.open(address)
    assert HERE not in [form.action for form in page.forms]
    assert "在页面上确认" in duties_on(page.text)


@pytest.mark.parametrize("user_id", ["lilaoshi", "zhangzhuren", "zhougan", "zhaoguanli"])
def test_everybody_who_sees_the_filing_sees_who_has_not_confirmed(user_id: str, sign_in: SignIn, made: Made) -> None:
    """E52: applicant, approver and registrar see whether those who answer for the group have said so themselves."""
    made.submitted()
    sign_in("wangqunzhu").post(HERE)
    for address in ("/filings/1", "/groups/1"):
        page = sign_in(user_id).open(address)
        said = duties_on(page.text)
        owner, administrator = said.partition("管理员·赵管理")[::2]
        assert owner.startswith("群主·王群主")
        assert "已确认" in owner
        assert "起等待确认未确认" in administrator
        assert (HERE in [form.action for form in page.forms]) is (user_id == "zhaoguanli")


def test_whoever_is_from_outside_is_told_by_the_applicant(sign_in: SignIn, made: Made) -> None:
    """E13: nobody can be asked who has no account."""
    made.submitted(contacts=OUTSIDE)
    said = duties_on(sign_in("lilaoshi").open("/filings/1").text)
    assert said.startswith("群主·校外医生校外人员，由申请人当面告知管理员·赵管理")


def test_an_applicant_who_owns_the_group_is_asked_on_the_page(sign_in: SignIn, made: Made) -> None:
    """E11: owner, administrator and applicant may be one and the same or not."""
    made.submitted("wangqunzhu")
    browser = sign_in("wangqunzhu")
    assert browser.send(browser.open("/filings/1"), HERE).status_code == 302
    assert "在页面上确认" in duties_on(browser.open("/filings/1").text)


def test_a_second_press_is_answered_with_how_things_stand(sign_in: SignIn, made: Made) -> None:
    made.submitted()
    browser = sign_in("wangqunzhu")
    old = browser.open("/filings/1")
    browser.send(old, HERE)
    browser.send(old, HERE)
    assert "您已确认职责，不用重复确认。" in browser.open("/filings/1").text


def test_a_filing_that_was_withdrawn_asks_nobody(sign_in: SignIn, made: Made) -> None:
    made.submitted()
    browser = sign_in("wangqunzhu")
    old = browser.open("/filings/1")
    sign_in("lilaoshi").post("/filings/1/withdrawal")
    assert browser.send(old, HERE).status_code == 302
    page = browser.open("/filings/1")
    assert "申请人已撤回这份备案，不用确认职责。" in page.text
    assert "duties" not in page.ids


@pytest.mark.parametrize("user_id", ["lilaoshi", "zhangzhuren", "zhougan", "jiwai"])
def test_nobody_confirms_for_somebody_else(user_id: str, sign_in: SignIn, made: Made) -> None:
    made.submitted()
    assert sign_in(user_id).post(HERE).status_code == 403


def test_a_draft_asks_nobody(sign_in: SignIn, made: Made) -> None:
    made.draft()
    assert sign_in("wangqunzhu").post(HERE).status_code == 403
    assert "duties" not in sign_in("lilaoshi").open("/filings/1").ids


def test_the_applicants_promise_stands_on_the_page_with_who_made_it(sign_in: SignIn, made: Made) -> None:
    made.submitted()
    text = "".join(sign_in("zhougan").open("/filings/1").text.split())
    assert "李老师提交时承诺，" in text
