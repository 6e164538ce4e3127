"""The regulation's words: a code to store, and a label to show."""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A code word that carries the Chinese label people read."""

    label: str

    def __new__(cls, code: str, label: str = "") -> Self:
        word = str.__new__(cls, code)
        word._value_ = code
        word.label = label
        return word


class Tier(Word):
    """建群主体: whose name a group is opened in. 第八条 gives each its own approvers."""

    COLLEGE = "college", "以学院名义"
    DEPARTMENT = "department", "部门"
    COLLEGE_ORGANIZATION = "college_organization", "院级团学组织"
    FACULTY_ORGANIZATION = "faculty_organization", "系部团学组织或班级"


class FilingKind(Word):
    """备案类型: what a filing asks for (第八条, 第八条末款, 第十三条, 第十二条)."""

    ESTABLISH = "establish", "新建备案"
    RETROACTIVE = "retroactive", "补办备案"
    AMEND = "amend", "变更备案"
    DISSOLVE = "dissolve", "解散备案"


class Platform(Word):
    """群组类型: the kinds of 第一条, and OTHER for what appears after it was written."""

    QQ = "qq", "QQ群"
    WECHAT = "wechat", "微信群"
    WEIBO = "weibo", "微博群"
    TIEBA = "tieba", "贴吧群"
    WECOM = "wecom", "企业微信群"
    DINGTALK = "dingtalk", "钉钉群"
    OTHER = "other", "其他"


class PostKind(Word):
    """岗位: what a person may be appointed to."""

    DEPARTMENT_HEAD = "department_head", "部门负责人"
    PARTY_SECRETARY = "party_secretary", "党总支负责人"
    COLLEGE_LEADER = "college_leader", "主管院领导"
    REGISTRAR = "registrar", "备案登记人"
    AUDITOR = "auditor", "监督检查"
    ADMINISTRATOR = "administrator", "系统管理员"

    @property
    def for_department(self) -> bool:
        """Whether the post is given for a department (it heads or oversees it), not for the whole college."""
        return self in {PostKind.DEPARTMENT_HEAD, PostKind.PARTY_SECRETARY, PostKind.COLLEGE_LEADER}

    def at(self, unit: str) -> str:
        """The post of a unit in words, such as 护理系部门负责人; a 党总支 is not named twice."""
        doubled = self is PostKind.PARTY_SECRETARY and unit.endswith("党总支")
        return f"{unit.removesuffix('党总支') if doubled else unit}{self.label}"


class DepartmentKind(Word):
    """单位类别: what kind of unit a department is (第十四条: 党政群团和教学教辅)."""

    OFFICE = "office", "职能部门"
    FACULTY = "faculty", "系部"
    SUPPORT = "support", "教辅单位"
    MASS_ORGANIZATION = "mass_organization", "群团组织"
    PARTY_BRANCH = "party_branch", "党总支"
    OTHER = "other", "其他单位"

    @property
    def has_secretary(self) -> bool:
        """Whether such a unit has a 党总支负责人 of its own; others belong to some 党总支, or to none (第八条第4项)."""
        return self in {DepartmentKind.FACULTY, DepartmentKind.PARTY_BRANCH}


class Whose(Word):
    """Which of a filing's two departments a step's approver is looked up in."""

    UNIT = "unit", "备案部门"
    SUPERVISOR = "supervisor", "主管部门"
