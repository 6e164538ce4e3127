"""改名建议: which groups' names no longer fit after a change of their unit, and who is told."""

import pytest

from extensions import db
from models import Department, Filing, Outcome
from models.database import unit_of_work
from operations.appointing import Term, give
from operations.checks import findings_of
from operations.decisions import decide
from operations.departments import note_renamed
from operations.merging import merge, split
from operations.renaming import NameProposal, names_after_move, proposal_for, proposals_in, units_with_proposals
from regulation import PostKind, Tier
from tests.college import College, set_short_name
from tests.conftest import StatementCounter

BY = (None, "tests")

pytestmark = pytest.mark.usefixtures("context")


def renamed(department_id: int, name: str) -> None:
    """The directory calls it otherwise, as a sync notes it."""
    with unit_of_work() as session:
        row = session.get_one(Department, department_id)
        old, row.name = row.name, name
        note_renamed(session, row, old)


def proposals(department_id: int) -> dict[str, str]:
    db.session.expire_all()
    return {p.old: p.new for p in proposals_in(db.session(), db.session.get_one(Department, department_id))}


def notices(college: College, user_id: str) -> list[tuple[str, str]]:
    return [(m.card["lead"], m.card["path"]) for m in college.told(user_id) if "建议改名" in m.card["lead"]]


def test_live_groups_of_a_renamed_unit_get_its_new_name_in_front(college: College) -> None:
    nursing = college.departments["8"]
    college.submitted(name="护理系教研室群", number="70001")
    college.submitted(name="护理系2026级1班群", number="70002", tier=Tier.FACULTY_ORGANIZATION)
    college.submitted(name="川护教职工群", number="70003", tier=Tier.COLLEGE)
    college.draft(name="护理系草稿群", number="70004")
    assert proposals(nursing) == {}
    renamed(nursing, "护理学院")
    assert proposals(nursing) == {
        "护理系教研室群": "护理学院教研室群",
        "护理系2026级1班群": "护理学院2026级1班群",
    }


def test_old_filings_keep_the_name_of_their_day_and_new_ones_take_the_new(college: College) -> None:
    nursing = college.departments["8"]
    old = college.approved(name="护理系教研室群", number="70001")
    renamed(nursing, "护理学院")
    decide(college.actor("zhougan"), old, Outcome.REGISTERED)
    new = college.submitted(name="护理学院教师群", number="70002")
    assert college.filing(old).department_name == "护理系"
    assert college.filing(old).steps[0].post_label == "护理系部门负责人"
    assert college.filing(new).department_name == "护理学院"
    assert proposals(nursing) == {"护理系教研室群": "护理学院教研室群"}


def test_the_head_is_told_once_a_change_and_of_none_that_asks_for_nothing(college: College) -> None:
    nursing = college.departments["8"]
    renamed(nursing, "护理学系")
    assert notices(college, "zhangzhuren") == []
    college.submitted(name="护理学系教研室群")
    renamed(nursing, "护理学院")
    set_short_name(BY, nursing, "护院")
    set_short_name(BY, nursing, "护院")
    assert notices(college, "zhangzhuren") == [
        ("单位已更名，1个群建议改名", f"/departments/{nursing}/names"),
        ("单位简称已调整，1个群建议改名", f"/departments/{nursing}/names"),
    ]
    (card, *_) = [m.card for m in college.told("zhangzhuren") if "更名" in m.card["lead"]]
    assert card["rows"] == [["原名称", "护理学系"], ["现名称", "护理学院"]]
    assert notices(college, "chenshuji") == []


def test_a_new_short_name_takes_the_place_of_the_old_one_in_front(college: College) -> None:
    nursing = college.departments["8"]
    college.submitted(name="护理系教研室群")
    set_short_name(BY, nursing, "护理学院")
    assert proposals(nursing) == {"护理系教研室群": "护理学院教研室群"}
    set_short_name(BY, nursing, "护理")
    assert proposals(nursing) == {"护理系教研室群": "护理教研室群"}
    set_short_name(BY, nursing, "")
    assert proposals(nursing) == {}


def test_a_unit_with_a_short_name_of_its_own_may_be_renamed_without_a_word(college: College) -> None:
    nursing = college.departments["8"]
    set_short_name(BY, nursing, "护理")
    college.submitted(name="护理教研室群")
    renamed(nursing, "护理学院")
    assert proposals(nursing) == {}
    assert notices(college, "zhangzhuren") == []


def test_a_name_that_fits_a_short_name_set_all_along_is_left_alone(college: College) -> None:
    nursing = college.departments["8"]
    set_short_name(BY, nursing, "护理")
    college.submitted(name="护理系教研室群")
    assert proposals(nursing) == {}


def test_a_group_filed_after_the_change_is_not_held_to_what_was_before(college: College) -> None:
    nursing = college.departments["8"]
    renamed(nursing, "护理")
    college.submitted(name="护理系列讲座群")
    assert proposals(nursing) == {}


def test_several_changes_in_a_row_are_followed(college: College) -> None:
    nursing = college.departments["8"]
    college.submitted(name="护理系教研室群")
    renamed(nursing, "护理学系")
    renamed(nursing, "护理学院")
    assert proposals(nursing) == {"护理系教研室群": "护理学院教研室群"}
    renamed(nursing, "护理系")
    assert proposals(nursing) == {}


def test_groups_of_a_merged_unit_are_to_take_the_others_name_whatever_theirs_was(college: College) -> None:
    nursing, target = college.departments["8"], college.departments["7"]
    give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, target, Term())
    college.submitted(name="护理系教研室群", number="70001")
    set_short_name(BY, nursing, "护理")
    merge(BY, nursing, target)
    assert proposals(target) == {"护理系教研室群": "校团委教研室群"}
    assert notices(college, "jiwai") == [("已有部门并入，1个群建议改名", f"/departments/{target}/names")]
    renamed(target, "团委")
    assert proposals(target) == {"护理系教研室群": "团委教研室群"}


def test_groups_split_off_are_to_take_the_others_name(college: College) -> None:
    nursing, target = college.departments["8"], college.departments["7"]
    give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, target, Term())
    filing_id = college.submitted(name="护理系教研室群", number="70001")
    college.submitted(name="护理系教师群", number="70002")
    split(BY, nursing, target, [college.filing(filing_id).group_id])
    assert proposals(target) == {"护理系教研室群": "校团委教研室群"}
    assert proposals(nursing) == {}
    assert notices(college, "jiwai") == [("已有群组划入，1个群建议改名", f"/departments/{target}/names")]


def test_a_proposal_that_another_group_has_already_says_so(college: College) -> None:
    nursing, target = college.departments["8"], college.departments["7"]
    filing_id = college.submitted(name="护理系教研室群", number="70001")
    college.submitted(name="校团委教研室群", number="70002", department_id=target)
    merge(BY, nursing, target)
    filing = college.filing(filing_id)
    wanted = NameProposal(filing.group_id, "护理系教研室群", "校团委教研室群", True, "护理系已并入校团委", True)
    assert proposals_in(db.session(), db.session.get_one(Department, target)) == [wanted]
    assert proposal_for(db.session(), [filing]) == wanted


def reasons(department_id: int) -> dict[str, str]:
    db.session.expire_all()
    return {p.old: p.why for p in proposals_in(db.session(), db.session.get_one(Department, department_id))}


def rows(college: College, user_id: str) -> list[list[list[str]]]:
    return [m.card["rows"] for m in college.told(user_id) if "建议改名" in m.card["lead"]]


@pytest.mark.parametrize(
    ("act", "why", "arrived"),
    [("merge", "护理系已并入校团委", "已并入"), ("split", "护理系的部分群组已划入校团委", "已划入")],
)
def test_groups_from_elsewhere_are_told_from_those_of_a_unit_that_was_renamed(
    college: College, act: str, why: str, arrived: str
) -> None:
    nursing, target = college.departments["8"], college.departments["7"]
    give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, target, Term())
    college.submitted(name="校团委教师群", number="70002", department_id=target)
    filing = college.filing(college.submitted(name="护理系教研室群", number="70001"))
    if act == "merge":
        merge(BY, nursing, target)
    else:
        split(BY, nursing, target, [filing.group_id])
    assert rows(college, "jiwai") == [[["原部门", "护理系"], [arrived, "校团委"]]]
    assert reasons(target) == {"护理系教研室群": why}
    assert (found := proposal_for(db.session(), [college.filing(filing.id)])) is not None
    assert found.why == why
    renamed(target, "团委")
    assert reasons(target) == {"护理系教研室群": why.replace("校团委", "团委"), "校团委教师群": "单位简称有变动"}
    assert rows(college, "jiwai")[-1] == [["原名称", "校团委"], ["现名称", "团委"]]


def test_what_would_be_proposed_is_known_before_the_groups_move(college: College) -> None:
    nursing, target = college.departments["8"], college.departments["7"]
    groups = [
        college.filing(college.submitted(name=name, number=number, tier=tier)).group
        for name, number, tier in (
            ("护理系教研室群", "70001", Tier.DEPARTMENT),
            ("川护教职工群", "70002", Tier.COLLEGE),
        )
    ]
    source, other = (db.session.get_one(Department, unit_id) for unit_id in (nursing, target))
    foreseen = names_after_move(groups, source, other)
    merge(BY, nursing, target)
    assert foreseen == [("护理系教研室群", "校团委教研室群")]
    assert dict(foreseen) == proposals(target)


def test_a_group_that_is_not_live_has_no_proposal(college: College) -> None:
    filing_id = college.submitted()
    decide(college.actor("zhangzhuren"), filing_id, Outcome.REJECTED, reason="重复")
    renamed(college.departments["8"], "护理学院")
    assert proposal_for(db.session(), [college.filing(filing_id)]) is None
    assert proposals(college.departments["8"]) == {}


def remedies(filing: Filing) -> list[str]:
    return [finding.remedy for finding in findings_of(filing) if finding.article == "第九条"]


@pytest.mark.parametrize("act", ["rename", "shorten", "merge"])
def test_the_filings_own_page_proposes_the_same_name(college: College, act: str) -> None:
    nursing, target = college.departments["8"], college.departments["7"]
    filing_id = college.submitted(name="护理系实习带教群")
    assert remedies(college.filing(filing_id)) == []
    if act == "rename":
        renamed(nursing, "护健学院")
    elif act == "shorten":
        set_short_name(BY, nursing, "护健")
    else:
        merge(BY, nursing, target)
    (proposal,) = proposals_in(db.session(), db.session.get_one(Department, target if act == "merge" else nursing))
    assert "护理系" not in proposal.new
    assert remedies(college.filing(filing_id)) == [f"建议改为「{proposal.new}」。"]


def test_a_form_that_names_the_unit_as_it_was_called_is_told_the_present_name(college: College) -> None:
    nursing = college.departments["8"]
    renamed(nursing, "护理学系")
    renamed(nursing, "护健学院")
    for name in ("护理系实习带教群", "护理学系实习带教群"):
        draft = college.filing(college.draft(name=name))
        assert remedies(draft) == ["建议改为「护健学院实习带教群」。"]


def test_the_units_whose_groups_should_be_renamed_are_counted_as_their_pages_list_them(
    college: College, counted: StatementCounter
) -> None:
    nursing, target, office = (college.departments[key] for key in ("8", "7", "5"))
    for n in range(3):
        college.submitted(name=f"护理系{n}班群", number=f"7000{n}")
    college.submitted(name="学生处值班群", number="70009", department_id=office)
    assert units_with_proposals(db.session()) == []
    renamed(nursing, "护理学院")
    college.submitted(name="护理学院教师群", number="70010")
    db.session.rollback()
    counted.statements.clear()
    assert [(unit.id, n) for unit, n in units_with_proposals(db.session())] == [(nursing, 3)]
    assert len(counted) == 2
    assert units_with_proposals(db.session(), {office, target}) == []
    merge(BY, nursing, target)
    assert [(unit.id, n) for unit, n in units_with_proposals(db.session(), {target})] == [(target, 4)]
    assert len(proposals(target)) == 4


def test_a_group_under_review_is_told_from_one_that_is_registered(college: College) -> None:
    nursing = college.departments["8"]
    filing_id = college.approved(name="护理系教研室群")
    renamed(nursing, "护理学院")
    assert [p.under_review for p in proposals_in(db.session(), db.session.get_one(Department, nursing))] == [True]
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    assert [p.under_review for p in proposals_in(db.session(), db.session.get_one(Department, nursing))] == [False]
