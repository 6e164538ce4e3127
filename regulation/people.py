"""What is asked of those who answer for a group (第五条, 第七条, and the annex's 第一责任人)."""

from collections.abc import Callable, Iterator

from regulation.findings import Finding, Named, Proposal, refuse, warn

RESPONSIBLE, OWNER, ADMINISTRATOR = "responsible", "owner", "administrator"
#: Words by which 成员组成 says that there are people from outside.
_SAYS_OUTSIDE = ("校外", "院外", "外聘", "外部", "外单位", "兼职")


def student_findings(proposal: Proposal, is_of_student: Callable[[str], bool]) -> Iterator[Finding]:
    """第七条, and the annex: a student answers for no group as its head, and owns one only beside a teacher.

    `is_of_student` says whether a 职务 is one of students.
    """

    def is_student(person: Named) -> bool:
        return any(map(is_of_student, person.job_titles))

    if any(is_student(person) for person in _of(proposal, RESPONSIBLE)):
        rule = "第一责任人应为部门负责人，学生不能担任。"
        yield refuse("备案登记表", RESPONSIBLE, rule, "请填写备案部门的负责人；如职务填错，请更正职务。")
    administrators = _of(proposal, ADMINISTRATOR)
    if (
        any(is_student(person) for person in _of(proposal, OWNER))
        and administrators
        and all(map(is_student, administrators))
    ):
        rule = "群主是学生的群，须有在职教师担任管理员。"
        yield refuse("第七条", OWNER, rule, "请在管理员中填写一位在职教师，或改由教师担任群主。")


def hint_findings(proposal: Proposal, most_groups: int) -> Iterator[Finding]:
    """第四条, 第五条, 第七条: one person for everything, people of many groups, people from outside."""
    owners = _of(proposal, OWNER)
    if any(person.is_same(owner) for person in _of(proposal, ADMINISTRATOR) for owner in owners):
        remedy = "可以这样备案；另请一位管理员，群主不在时群里也有人管理。"
        yield warn("第七条", ADMINISTRATOR, "群主和管理员是同一个人。", remedy)
    yield from _busy(proposal, most_groups)
    outside = list(dict.fromkeys(person.name for person in proposal.people if person.person_id is None))
    unsaid = [name for name in outside if name not in proposal.composition]
    if unsaid and not any(word in proposal.composition for word in _SAYS_OUTSIDE):
        rule = f"{'、'.join(unsaid)}不在学院通讯录中。"
        yield warn("第五条", "composition", rule, "如是校外人员，请在成员组成中写明其姓名和单位；如写错姓名，请更正。")


def _busy(proposal: Proposal, most: int) -> Iterator[Finding]:
    told = set()
    # The head of a department is the one responsible for all of its groups: that is the rule, and nothing to point out.
    for person in (*_of(proposal, OWNER), *_of(proposal, ADMINISTRATOR)):
        if person.person_id not in told and person.groups >= most:
            told.add(person.person_id)
            rule = f"{person.name}已在{person.groups}个群组中任第一责任人、群主或管理员，加上这个群超过{most}个。"
            yield warn("第四条", person.role, rule, "谁管理谁负责，请确认能够尽到责任。")


def _of(proposal: Proposal, role: str) -> list[Named]:
    return [person for person in proposal.people if person.role == role]
