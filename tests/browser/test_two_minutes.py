"""An ordinary group on a phone: what has to be typed to file it, and how often is tapped to agree, counted."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Phone, Stack
from tests.browser.steps import PhoneOf, expect_state, send
from tests.browser.visitors import Visitor, file_a_group

MOST_TYPED = 8
MOST_TAPS = 2
ON_THE_CARD, ON_THE_PAGE = "药学系实训耗材群", "药学系技能比赛群"


class Typist:
    """Somebody who fills in a form, and counts the boxes they typed into."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def type(self, label: str, text: str, legend: str = "") -> None:
        """Type into the box of this label, in the fieldset of this legend."""
        place = self.page.get_by_role("group", name=legend, exact=True) if legend else self.page
        place.get_by_label(label, exact=not legend).first.fill(text)
        self.count += 1


class Finger:
    """Somebody's finger, which counts its taps; it only taps what is in sight."""

    def __init__(self) -> None:
        self.taps = 0

    def tap(self, target: Locator) -> None:
        """Tap on what stands on the screen, without scrolling to it."""
        expect(target).to_be_in_viewport(ratio=1)
        target.tap()
        self.taps += 1


def give_mobile(phone: Phone, mobile: str) -> None:
    """Whoever answers for groups gives their number once, at 我的信息."""
    page = phone.open_app("/me")
    page.get_by_label("手机").fill(mobile)
    page.get_by_role("button", name="保存").first.click()
    expect(page.locator("main")).to_contain_text("已保存")


def test_an_ordinary_group_is_filed_with_at_most_eight_typed_fields(phone_of: PhoneOf) -> None:
    """F2: what the directory, the posts and the people themselves told before is not typed again."""
    give_mobile(phone_of("liumei"), "19900000031")
    give_mobile(phone_of("wangfang"), "19900000032")
    phone = phone_of("wangfang")
    page = phone.open_app("/filings/new")
    page.get_by_label("群组类型").select_option(label="QQ群")
    page.get_by_label("建群主体").select_option(label="部门")
    typist = Typist(page)
    typist.type("群名", "护理系两分钟工作群")
    typist.type("群号", "700000028")
    typist.type("群人数", "46")
    typist.type("成员组成", "护理系全体教师")
    typist.type("平台用途", "发布教学安排")
    typist.type("姓名", "蔡云", legend="管理员")
    typist.type("手机", "19900000033", legend="管理员")
    send(page)
    expect_state(page, "in_review")
    expect(page.locator("main")).to_contain_text("199****0031")
    assert "19900000031" not in page.content()
    assert typist.count <= MOST_TYPED


def test_a_filing_is_agreed_to_in_two_taps_from_the_card_at_most(stack: Stack, phone_of: PhoneOf) -> None:
    """F27: one on the card, or one that opens the page from it and one there."""
    applicant, head = Visitor(stack, "zhongyi"), phone_of("fuxuefeng")
    for name in (ON_THE_CARD, ON_THE_PAGE):
        file_a_group(applicant, name)

    finger = Finger()
    card = head.card(ON_THE_CARD, "请您审核")
    finger.tap(card.get_by_role("button", name="同意"))
    head.page.locator("article").filter(has_text=ON_THE_CARD).filter(has_text="已同意 · 傅雪峰").wait_for()
    assert finger.taps == 1

    finger = Finger()
    card = head.card(ON_THE_PAGE, "请您审核")
    finger.tap(card.get_by_role("link", name=ON_THE_PAGE))
    finger.tap(head.page.get_by_role("button", name="同意", exact=True))
    expect_state(head.page, "approved")
    assert finger.taps == MOST_TAPS
