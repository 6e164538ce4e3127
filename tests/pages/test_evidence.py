"""附件 on the pages: choosing files, what is said of those that cannot be, opening one, and taking one away."""

import re
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from extensions import db
from models import AuditEntry, Evidence
from operations.evidence_files import folder
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made
from tests.pictures import PDF, photograph, picture

pytestmark = one_database

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def send(browser: Browser, filing_id: int, *files: tuple[str, bytes], kind: str = "qr_code") -> TestResponse:
    """Send these files by the form of the filing's page of 附件."""
    address = f"/filings/{filing_id}/evidence"
    values = {**browser.open(address).form(address).values, "kind": kind}
    values["files"] = [(BytesIO(content), name) for name, content in files]  # type: ignore[assignment]
    answer = browser.client.post(address, data=values, content_type="multipart/form-data", buffered=True)
    answer.request.environ["wsgi.input"].close()  # the client leaves open what it sent
    return answer


def kept(app: Flask) -> int:
    with app.app_context():
        count = db.session.scalar(select(func.count()).select_from(Evidence).where(Evidence.removed_at.is_(None)))
        assert len(list(folder().iterdir())) == count
        return count or 0


def test_a_picture_is_added_shown_on_the_filing_and_opened_by_whoever_may_see_it(
    app: Flask, sign_in: SignIn, made: Made
) -> None:
    """F11: a filing's 群二维码 as evidence, opened by its approver, which leaves a trace."""
    filing_id = made.submitted()
    applicant, head = sign_in("lilaoshi"), sign_in("zhangzhuren")
    assert send(applicant, filing_id, ("a.png", picture())).status_code == 302
    page = applicant.open(f"/filings/{filing_id}/evidence")
    assert_well_made(page)
    address = f"/filings/{filing_id}/evidence/1"
    assert address in head.open(f"/filings/{filing_id}").links
    answer = head.client.get(address, buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("inline")
    with app.app_context():
        assert "evidence.view" in db.session.scalars(select(AuditEntry.action)).all()
    for stranger in ("jiwai", "sunchuzhang"):
        assert sign_in(stranger).client.get(address).status_code == 403


def test_a_pdf_is_given_out_as_a_download(sign_in: SignIn, made: Made) -> None:
    browser, filing_id = sign_in("lilaoshi"), made.draft()
    assert send(browser, filing_id, ("表.pdf", PDF), kind="signed_form").status_code == 302
    answer = browser.client.get(f"/filings/{filing_id}/evidence/1", buffered=True)
    assert (answer.data, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_file_is_found_under_its_own_filing_only(sign_in: SignIn, made: Made) -> None:
    """L8: an id in an address is checked against the filing in it, for whoever may see both."""
    browser, filing_id = sign_in("lilaoshi"), made.submitted()
    other = made.submitted(name="护理系第二群", number="612345699")
    send(browser, filing_id, ("a.png", picture()))
    for address in (f"/filings/{other}/evidence/1", f"/filings/{other}/evidence/1/removal"):
        assert browser.client.get(address).status_code == 404
    assert browser.post(f"/filings/{other}/evidence/1/removal").status_code == 404
    assert browser.client.get(f"/filings/{filing_id}/evidence/1", buffered=True).status_code == 200


def test_five_files_of_which_one_has_six_megabytes_are_taken_in_one_go(app: Flask, sign_in: SignIn, made: Made) -> None:
    """F11: a picture of six megabytes, and five files at once."""
    filing_id = made.draft()
    files = [(f"{n}.png", picture(colour=colour)) for n, colour in enumerate(("red", "blue", "green", "black"))]
    assert send(sign_in("lilaoshi"), filing_id, ("大.jpg", photograph(6)), *files).status_code == 302
    assert kept(app) == 5


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "请选择要上传的附件"),
        ([("码.png", SVG)], "“码.png”：这是 SVG"),
        ([("空.jpg", b"")], "“空.jpg”：文件是空的"),
        ([("大.jpg", b"\xff\xd8\xff" + b"\0" * (10 * 1024 * 1024))], "“大.jpg”：文件超过10 MB"),
        ([("好.png", picture()), ("码.png", SVG)], "“码.png”：这是 SVG"),
        ([("一.png", picture()), ("二.png", picture())], "已经在附件里"),
        ([(f"{n}.png", picture()) for n in range(6)], "附件最多5个，这次选了6个"),
    ],
)
def test_what_cannot_be_taken_is_said_at_the_field_and_nothing_is_kept(
    app: Flask, sign_in: SignIn, made: Made, files: list[tuple[str, bytes]], said: str
) -> None:
    """F11: an SVG named .png, an empty file, one over ten megabytes, six at once, the same twice, none."""
    filing_id = made.draft()
    page = read(send(sign_in("lilaoshi"), filing_id, *files, kind="real_names"), 422)
    assert_well_made(page)
    assert said in page.errors["files"]
    assert re.findall(r'<input checked[^>]* value="([a-z_]+)">', page.html) == ["real_names"]
    assert kept(app) == 0


def test_no_kind_is_chosen_for_anybody_and_one_is_asked_for(app: Flask, sign_in: SignIn, made: Made) -> None:
    """F11: a file of the wrong kind would stay so after the registration, as the page says above its button."""
    filing_id = made.draft()
    browser, address = sign_in("lilaoshi"), f"/filings/{filing_id}/evidence"
    page = browser.open(address)
    assert "checked" not in page.html
    assert page.html.index("备案登记后，附件不能再删除") < page.html.index(">上传</button>")
    refused = read(send(browser, filing_id, ("a.png", picture()), kind=""), 422)
    assert_well_made(refused)
    assert refused.errors["kind"] == "请选择附件类型，并重新选择文件。"
    assert kept(app) == 0


def test_the_page_of_a_draft_leads_back_to_where_it_is_sent(sign_in: SignIn, made: Made) -> None:
    browser = sign_in("lilaoshi")
    draft, sent = made.draft(), made.submitted(name="护理系第二群", number="612345699")
    assert f"/filings/{draft}/confirm" in browser.open(f"/filings/{draft}/evidence").links
    links = browser.open(f"/filings/{sent}/evidence").links
    assert f"/filings/{sent}" in links
    assert f"/filings/{sent}/confirm" not in links


def test_more_than_all_files_together_may_be_is_a_page_with_a_sentence(sign_in: SignIn, made: Made) -> None:
    """F11: no blank page for what is far too large."""
    answer = send(
        sign_in("lilaoshi"), made.draft(), *[(f"{n}.jpg", b"\xff\xd8\xff" * (4 * 1024 * 1024)) for n in range(5)]
    )
    page = read(answer, 413)
    assert "附件每个不超过10 MB，最多5个" in page.text


def test_every_other_form_keeps_its_small_limit(sign_in: SignIn, made: Made) -> None:
    made.draft()
    assert sign_in("lilaoshi").post("/filings/1/edit", purpose="长" * 300_000).status_code == 413


def test_a_file_is_taken_away_after_a_question_until_the_registration(app: Flask, sign_in: SignIn, made: Made) -> None:
    filing_id = made.approved()
    browser = sign_in("lilaoshi")
    send(browser, filing_id, ("a.png", picture()))
    address = f"/filings/{filing_id}/evidence/1/removal"
    assert_well_made(browser.open(address))
    assert kept(app) == 1
    assert browser.post(address).status_code == 302
    assert kept(app) == 0
    send(browser, filing_id, ("a.png", picture()))
    assert sign_in("zhougan").post(f"/filings/{filing_id}/decision", outcome="registered").status_code == 302
    address = f"/filings/{filing_id}/evidence/2/removal"
    assert browser.client.get(address).status_code == browser.post(address).status_code == 302
    assert "附件不能再删除" in browser.open(f"/filings/{filing_id}/evidence").text
    assert kept(app) == 1


def test_a_second_press_on_the_removal_reads_as_the_first_and_tells_nobody_else(sign_in: SignIn, made: Made) -> None:
    filing_id = made.submitted()
    browser = sign_in("lilaoshi")
    send(browser, filing_id, ("a.png", picture()))
    here = f"/filings/{filing_id}/evidence"
    page = browser.open(f"{here}/1/removal")
    for _ in range(2):
        assert browser.send(page, f"{here}/1/removal").location == here
        assert "附件已删除。" in browser.open(here).text
    assert browser.client.get(f"{here}/1/removal").location == here
    for other in ("zhangzhuren", "zhougan", "jiwai"):
        assert sign_in(other).post(f"{here}/1/removal").status_code == 404
    assert browser.client.get(f"{here}/1").status_code == 404
    for wrong in (f"{here}/2/removal", "/filings/9/evidence/1/removal", f"{here}/{10**20}/removal"):
        assert browser.post(wrong).status_code == 404


def test_whoever_answers_for_the_group_is_told_whose_the_files_are_before_the_registration(
    app: Flask, sign_in: SignIn, made: Made
) -> None:
    """F11: the 群主 may add later evidence once the group is registered, and no sooner."""
    filing_id = made.approved()
    owner = sign_in("wangqunzhu")
    address = f"/filings/{filing_id}/evidence"
    assert owner.post(address).location == address
    assert "附件由申请人添加" in owner.open(address).text
    sign_in("zhougan").post(f"/filings/{filing_id}/decision", outcome="registered")
    assert send(owner, filing_id, ("改名.png", picture()), kind="other").status_code == 302
    assert kept(app) == 1
