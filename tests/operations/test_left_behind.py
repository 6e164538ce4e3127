"""What somebody would leave behind, and who sees to each thing then."""

import pytest
from sqlalchemy import delete

from extensions import db
from models import Membership, Outcome, Person
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.departments import DepartmentFacts, describe
from operations.leaving import leave
from operations.left_behind import left_behind_by
from operations.tenures import tenures_held_by
from operations.turns import APPROVED_BEFORE
from tests.college import College
from tests.conftest import StatementCounter

pytestmark = pytest.mark.usefixtures("context")

HEAD, OWNER, APPLICANT = "zhangzhuren", "wangqunzhu", "lilaoshi"


def go(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id])])


def parts(college: College, user_id: str) -> dict[str, list[tuple[str, str]]]:
    db.session.rollback()
    person = db.session.get_one(Person, college.people[user_id])
    return {part.title: [(line.name, line.fate) for line in part.lines] for part in left_behind_by(person)}


def test_a_head_alone_leaves_everything_to_the_administrators(college: College) -> None:
    college.submitted()
    assert parts(college, HEAD) == {
        "岗位": [
            (
                "护理系部门负责人",
                "保留但不起作用：本人返岗后恢复，另行任命后终止；期间岗位空缺，通知吴系统。",
            )
        ],
        "等本人办理的": [("护理系教师工作群", "护理系部门负责人 · 岗位空缺，通知吴系统。")],
        "担任责任人的群组": [
            (
                "护理系教师工作群",
                "第一责任人 · 显示“责任人缺位”，没有部门负责人，由吴系统办理移交（护理系）。",
            )
        ],
    }


def test_where_another_head_or_a_deputy_is_they_see_to_it(college: College) -> None:
    appoint("chenshuji", "DEPARTMENT_HEAD", "8")
    college.submitted()
    go(college, OWNER)
    found = parts(college, HEAD)
    assert found["岗位"][0][1].endswith("期间由陈书记办理。")
    assert found["等本人办理的"] == [
        ("护理系教师工作群", "护理系部门负责人 · 转由陈书记办理。"),
        ("王群主的群组移交", "护理系 · 由部门负责人陈书记办理。"),
    ]
    assert "由部门负责人陈书记办理移交" in found["担任责任人的群组"][0][1]


def test_a_step_that_only_somebody_who_agreed_before_could_take_is_said_to_pass(college: College) -> None:
    describe((None, "tests"), college.departments["8"], DepartmentFacts(all_heads=True))
    appoint("chenshuji", "DEPARTMENT_HEAD", "8")
    filing_id = college.submitted()
    decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    assert parts(college, "chenshuji")["等本人办理的"] == [
        ("护理系教师工作群", f"护理系部门负责人 · 记为“{APPROVED_BEFORE}”，转下一步。")
    ]
    go(college, "chenshuji")
    decision = college.filing(filing_id).current_steps[1].decision
    assert decision is not None
    assert decision.reason == APPROVED_BEFORE


def test_an_applicant_leaves_filings_to_be_taken_over(college: College) -> None:
    college.submitted()
    college.draft(name="护理系草稿群", number="7000003")
    assert parts(college, APPLICANT) == {
        "本人申请、还在办理的备案": [("护理系教师工作群", "护理系 · 审核中 · 由部门负责人张主任接办。")],
    }
    go(college, HEAD)
    ((_, fate),) = parts(college, APPLICANT)["本人申请、还在办理的备案"]
    assert fate == "护理系 · 审核中 · 没有部门负责人，任命后由其接办。"


def test_what_waits_for_a_head_to_take_over_is_left_to_the_other_head(college: College) -> None:
    college.submitted()
    go(college, APPLICANT)
    assert parts(college, HEAD)["等本人办理的"][-1] == (
        "护理系教师工作群",
        "护理系 · 审核中 · 没有部门负责人，任命后由其接办。",
    )
    appoint("chenshuji", "DEPARTMENT_HEAD", "8")
    assert parts(college, HEAD)["等本人办理的"] == [
        ("护理系教师工作群", "护理系部门负责人 · 转由陈书记办理。"),
        ("护理系教师工作群", "护理系 · 审核中 · 由部门负责人陈书记接办。"),
    ]


def test_no_head_is_said_to_take_over_a_filing_of_their_own(college: College) -> None:
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    with unit_of_work() as session:
        session.add(Membership(person_id=college.people["jiwai"], department_id=college.departments["8"]))
    college.submitted("jiwai")
    with unit_of_work() as session:
        session.execute(delete(Membership).where(Membership.department_id == college.departments["8"]))
    assert parts(college, HEAD)["等本人办理的"][-1][1] == "护理系 · 审核中 · 没有部门负责人，任命后由其接办。"


def test_a_post_of_the_whole_college_ends_and_so_does_a_delegation(college: College) -> None:
    found = parts(college, "zhougan")
    assert found["岗位"] == [("备案登记人", "随即终止；没有其他人担任，请先另行任命。")]
    appoint("jiwai", "REGISTRAR", None)
    assert parts(college, "zhougan")["岗位"][0][1] == "随即终止；另有纪外人担任。"
    (tenure,) = tenures_held_by(college.people[HEAD])
    today = college_today()
    delegate(college.actor(HEAD), tenure.post.id, college.people["zhaoguanli"], starts_on=today, ends_on=today)
    assert parts(college, HEAD)["委托"] == [("护理系部门负责人", "委托赵管理代办，随即终止。")]
    college.submitted()
    found = parts(college, "zhaoguanli")
    assert found["委托"] == [("护理系部门负责人", "受张主任委托代办，随即终止。")]
    assert found["等本人办理的"] == [("护理系教师工作群", "护理系部门负责人 · 转由张主任办理。")]


def test_whoever_acts_only_through_whoever_leaves_is_not_named(college: College) -> None:
    (tenure,) = tenures_held_by(college.people[HEAD])
    today = college_today()
    for giver, to in ((HEAD, "zhaoguanli"), ("zhaoguanli", OWNER)):
        delegate(college.actor(giver), tenure.post.id, college.people[to], starts_on=today, ends_on=today)
    college.submitted()
    found = parts(college, "zhaoguanli")
    assert found["等本人办理的"] == [("护理系教师工作群", "护理系部门负责人 · 转由张主任办理。")]
    assert "由部门负责人张主任办理移交" in found["担任责任人的群组"][0][1]
    go(college, "zhaoguanli")
    assert not college.actor(OWNER).headed


def test_nobody_leaves_nothing_behind(college: College) -> None:
    assert parts(college, "jiwai") == {}


def test_what_is_left_is_named_up_to_a_bound_in_as_many_statements_for_many_as_for_few(
    college: College, counted: StatementCounter
) -> None:
    counts = []
    for number, leaver in ((3, "jiwai"), (22, "zhougan")):
        for n in range(number):
            college.submitted(name=f"护理系{number}第{n}群", number=f"7100{number:02}{n:02}")
            college.submitted(leaver, name=f"护理系{number}第{n}旧群", number=f"7200{number:02}{n:02}")
        go(college, leaver)
        db.session.rollback()
        person = db.session.get_one(Person, college.people[HEAD])
        counted.statements.clear()
        found = {part.title: (part.count, len(part.lines)) for part in left_behind_by(person)}
        counts.append(len(counted))
    assert found["等本人办理的"] == (75, 20)
    assert found["担任责任人的群组"] == (50, 20)
    assert counts[0] == counts[1]


def test_all_that_waits_is_counted_though_a_part_of_it_is_read(college: College) -> None:
    for n in range(22):
        filing_id = college.submitted("jiwai", name=f"护理系第{n}群", number=f"71000{n:02}")
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    go(college, "jiwai")
    person = db.session.get_one(Person, college.people[HEAD])
    (waiting,) = [part for part in left_behind_by(person) if part.title == "等本人办理的"]
    assert (waiting.count, len(waiting.lines)) == (22, 20)
