"""What other live groups say of one that is being filed, and how much of them is told."""

from datetime import date
from typing import Any

import pytest

from extensions import db
from models import ContactRole, Department, Filing, FilingState, Group, GroupState, Person
from models.database import unit_of_work
from operations.checks import check_facts, findings_of
from operations.drafts import ContactFacts
from operations.filings import withdraw
from operations.lookalikes import MOST_COMPARED, MOST_TOLD
from regulation import DepartmentKind, FilingKind, Finding, Platform, Severity, fold_name
from tests.college import College
from tests.conftest import StatementCounter

pytestmark = pytest.mark.usefixtures("context")

#: What makes the college's ordinary group another one of the same unit.
APART = {"name": "护理系实习带教群", "number": "70000001", "purpose": "实习安排", "composition": "带教老师和实习生"}
#: The same of another unit.
ELSEWHERE = {"name": "学生处值班群", "number": "70000002", "purpose": "值班", "composition": "学生处科员"}


def found(college: College, **changes: Any) -> list[Finding]:
    """What is said of these facts, filed anew."""
    return check_facts(college.facts(**changes), filing=None)


def said(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.field, finding.article, finding.severity.value) for finding in findings]


def test_a_group_that_is_like_no_other_is_told_of_none(college: College) -> None:
    college.submitted()
    assert found(college, **APART) == []


def test_a_number_that_is_filed_names_its_unit_and_its_filing_but_no_phone(college: College) -> None:
    """E21: whoever files it again learns the holder's unit and 备案编号, or that it is under way."""
    filing_id = college.submitted()
    (finding,) = found(college, **{**APART, "number": "QQ群：６１２ 345 682"})
    assert (finding.field, finding.severity) == ("number", Severity.REFUSE)
    assert "护理系" in finding.sentence
    assert "（正在办理）" in finding.sentence
    with unit_of_work() as session:
        session.get_one(Filing, filing_id).group.registration_number = "川护群备〔2026〕0001号"
    (finding,) = found(college, **{**APART, "number": "612345682"})
    assert "（川护群备〔2026〕0001号）" in finding.sentence
    assert "199" not in finding.text


@pytest.mark.parametrize("typed", ["护理系教师工作群", " 护理系教师工作群 "])
def test_a_name_of_the_unit_is_refused_with_the_next_free_one(typed: str, college: College) -> None:
    """E23: 护理系教师工作群 twice: a free name with a word of what the group is for."""
    college.submitted()
    first = found(college, **{**APART, "name": typed})
    assert said(first) == [("name", "第八条", "refuse")]
    assert first[0].suggestion == "护理系教师工作实习群"
    college.submitted(**{**APART, "name": "护理系教师工作实习群"})
    again = found(college, **{**APART, "number": "70000009", "name": typed})
    assert "「护理系教师工作学生群」" not in again[0].text
    assert again[0].suggestion == "护理系教师工作交流群"


def test_names_in_full_width_letters_are_the_same_name(college: College) -> None:
    """E22: as people read them."""
    college.submitted(**{**APART, "name": "护理系IT群"})
    assert said(found(college, **{**APART, "name": "护理系ｉｔ群", "number": ""})) == [("name", "第八条", "refuse")]


def test_the_name_proposed_for_a_wrong_one_is_free(college: College) -> None:
    """E23: 教师工作群 would be 护理系教师工作群, which is there already."""
    college.submitted()
    refusal = found(college, **{**APART, "name": "教师工作群"})[0]
    assert (refusal.article, refusal.suggestion) == ("第九条", "护理系教师工作实习群")


def test_a_name_of_another_unit_is_a_warning_that_tells_no_more_than_name_unit_and_number(college: College) -> None:
    """E21: across units the same name is a warning."""
    college.submitted("jiwai", department_id=college.departments["5"], **{**ELSEWHERE, "name": "学生处IT群"})
    set_short_name(college.departments["8"], "学生处IT")
    findings = [f for f in found(college, **{**APART, "name": "学生处ＩＴ群"}) if f.article == "第九条"]
    assert said(findings) == [("name", "第九条", "warn")]
    assert findings[0].sentence == "学生处已有同名的QQ群「学生处IT群」（正在办理）。"
    assert not any(word in findings[0].text for word in ("值班", "科员", "70000002", "王群主", "199"))


def set_short_name(department_id: int, short_name: str) -> None:
    with unit_of_work() as session:
        session.get_one(Department, department_id).short_name = short_name


def test_like_purpose_and_members_ask_whether_the_groups_could_be_one(college: College) -> None:
    """F9: merge instead?"""
    college.submitted()
    (finding,) = found(college, name="护理系教师通知群", number="70000001")
    assert (finding.field, finding.severity) == ("name", Severity.WARN)
    assert "「护理系教师工作群」（正在办理）" in finding.sentence
    assert "是否同一团队、可否合并使用" in finding.remedy


@pytest.mark.parametrize("name", ["护理系教师工作群", "护理系教师通知群"])
def test_one_team_on_two_platforms_is_a_hint(name: str, college: College) -> None:
    """E28: two records, and the hint that they may be 同一团队."""
    college.submitted()
    (finding,) = found(college, name=name, platform=Platform.WECHAT, number="")
    assert (finding.article, finding.severity) == ("第十二条", Severity.WARN)
    assert "QQ群「护理系教师工作群」" in finding.sentence
    assert "同一团队" in finding.sentence


def test_groups_of_other_units_are_not_compared(college: College) -> None:
    """F9: nobody learns what another unit's groups are for."""
    college.submitted("jiwai", department_id=college.departments["5"], **{**ELSEWHERE, "name": "学生处教师工作群"})
    assert found(college, name="护理系教师工作群", purpose="值班", composition="学生处科员", number="") == []


WECHAT = {"platform": Platform.WECHAT, "number": "", "kind": FilingKind.RETROACTIVE, "opened_on": date(2020, 9, 1)}


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"opened_on": date(2021, 9, 1)}, False),
        ({"owner_account": "别人"}, True),
        ({"owner_account": "别人", "contacts": ()}, False),
        ({"owner_account": "ｎｕｒｓｅ", "contacts": ()}, True),
        ({"platform": Platform.QQ, "number": "70000003"}, False),
    ],
)
def test_a_wechat_group_is_known_by_its_owner_and_its_opening(
    changes: dict[str, Any], same: bool, college: College
) -> None:
    """E20: identity of what has no number; E21: likeness is a warning."""
    college.submitted(**WECHAT, owner_account="Nurse")
    facts = {**WECHAT, "owner_account": "Nurse", **APART, "number": "", **changes}
    told = [finding for finding in found(college, **facts) if "群主和群名（或开通时间）相同" in finding.sentence]
    assert [finding.severity for finding in told] == [Severity.WARN] * same


def test_a_wechat_group_that_exists_is_asked_for_its_owners_account(college: College) -> None:
    """E20: it has no number; one that is still to come has no owner's account either."""
    assert said(found(college, **WECHAT)) == [("owner_account", "第八条", "warn")]
    assert found(college, **WECHAT, owner_account="Nurse") == []
    assert found(college, platform=Platform.WECHAT, number="") == []


def test_what_is_over_or_only_a_draft_stands_against_nothing(college: College) -> None:
    """E21: live groups alone count."""
    college.draft()
    assert found(college) == []
    withdraw(college.actor("lilaoshi"), college.submitted())
    assert found(college) == []


def test_a_filing_is_not_like_itself(college: College) -> None:
    """E21: sent back and sent again, it is no duplicate of its own."""
    filing = college.filing(college.submitted())
    assert findings_of(filing) == []


def test_a_few_likenesses_are_told_and_no_more(college: College) -> None:
    """F9: a unit of many like groups is not read out."""
    names = ("护理系教师通知群", "护理系教师交流群", "护理系教师会议群", "护理系教师培训群", "护理系教师值班群")
    for number, name in enumerate(names):
        college.submitted(name=name, number=f"7000001{number}")
    assert len(found(college)) == MOST_TOLD


def test_the_newest_groups_are_compared_and_all_names(college: College, counted: StatementCounter) -> None:
    """F9: a thousand groups cost one query, and a name that is taken is found however old it is."""
    oldest = college.filing(college.submitted()).group
    facts = {name: getattr(oldest, name) for name in ("tier", "platform", "department_id", "member_count", "opened_on")}
    facts |= {"purpose": "实习", "composition": "实习生", "live": True, "state": GroupState.PROPOSED}
    with unit_of_work() as session:
        for number in range(MOST_COMPARED):
            name = f"护理系{number}组群"
            session.add(Group(name=name, name_key=fold_name(name), contacts=[], **facts))
    unlike = {"name": "护理系教师通知群", "number": "70000001"}
    counted.statements.clear()
    assert found(college, **unlike) == []
    assert sum("groups.purpose" in statement for statement in counted.statements) == 1
    assert said(found(college, number="70000001")) == [("name", "第八条", "refuse")]


def test_a_tier_that_the_facts_speak_against_is_pointed_out_to_whoever_decides(college: College) -> None:
    """E34: the choice stands, and the rule is shown."""
    with unit_of_work() as session:
        session.get_one(Department, college.departments["8"]).kind = DepartmentKind.FACULTY
    filing = college.filing(college.submitted(name="护理系2026级1班群"))
    assert filing.state is FilingState.IN_REVIEW
    assert said(findings_of(filing)) == [("tier", "第八条第4项", "warn")]


class TestPeople:
    def test_a_student_of_the_directory_cannot_be_responsible_whatever_is_typed(self, college: College) -> None:
        """E12: 职务 as the directory has it counts, too."""
        with unit_of_work() as session:
            session.get_one(Person, college.people["lilaoshi"]).job_title = "学生干部"
        student = ContactFacts(ContactRole.RESPONSIBLE, 1, "李老师", "主任", "19900000001")
        _, *others = college.facts().contacts
        assert said(found(college, contacts=(student, *others))) == [("responsible", "备案登记表", "refuse")]
        assert said(found(college, contacts=(college.facts().contacts[0], *others))) == []

    def test_whoever_no_directory_knows_is_pointed_out(self, college: College) -> None:
        """E13: external people are named in 成员组成; an id that is typed makes nobody known."""
        outside = ContactFacts(ContactRole.OWNER, 1, "外聘专家", "", "19900000009", person_id=college.people["jiwai"])
        first, _, last = college.facts().contacts
        assert said(found(college, contacts=(first, outside, last))) == [("composition", "第五条", "warn")]

    def test_somebody_of_many_groups_is_pointed_out(self, college: College) -> None:
        """E11: more than the ten of the data file, counted over live groups, each once, in one query."""
        for number in range(10):
            college.submitted(name=f"护理系{number}组群", number=f"7100000{number}")
        college.draft(name="护理系草稿群", number="")
        filing = college.filing(college.submitted(name="护理系10组群", number="71000010"))
        busy = [finding for finding in findings_of(filing) if finding.article == "第四条"]
        assert [finding.field for finding in busy] == ["owner", "administrator"]
        assert "10个群组" in busy[0].sentence
        db.session.rollback()
        withdraw(college.actor("lilaoshi"), 1)
        assert not [finding for finding in findings_of(college.filing(filing.id)) if finding.article == "第四条"]
