"""The first page: what is the person's own to do stands before what they wait for."""

from tests.pages.conftest import Made, SignIn, one_database

pytestmark = one_database


def test_drafts_and_what_was_sent_back_stand_before_all_else_that_was_filed(sign_in: SignIn, made: Made) -> None:
    """F3: drafts are listed; one that is older than twenty other filings is found at once."""
    draft = made.draft(name="护理系没写完的群", number="600001")
    returned = made.submitted(name="护理系要修改的群", number="600002")
    sign_in("zhangzhuren").post(f"/filings/{returned}/decision", outcome="returned", reason="请改")
    for n in range(21):
        made.submitted(name=f"护理系第{n}群", number=f"71000{n}")
    page = sign_in("lilaoshi").open("/")
    first, second = (page.text.index(name) for name in ("护理系要修改的群", "护理系没写完的群"))
    assert page.text.index("草稿和退回修改") < first < second < page.text.index("我的备案")
    assert f"/filings/{draft}" in page.links
    assert page.text.count("护理系没写完的群") == 1


def test_whoever_has_a_draft_alone_is_told_what_to_do_with_it(sign_in: SignIn, made: Made) -> None:
    made.draft()
    page = sign_in("lilaoshi").open("/")
    assert "上面的草稿填好后，打开提交即可" in page.text


def test_whoever_has_filed_nothing_is_told_how_to_begin(sign_in: SignIn) -> None:
    page = sign_in("lilaoshi").open("/")
    assert "草稿和退回修改" not in page.text
    assert "请点“新建备案”" in page.text
