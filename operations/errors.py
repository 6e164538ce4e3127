"""Why an operation was refused. Each error carries the sentence that the person reads."""

from models import Decision
from regulation import Finding


class OperationRefused(Exception):
    """Nothing was changed; `sentence` says why, in words for the person who asked."""

    sentence = "操作未能完成，请刷新页面后重试。"

    def __init__(self, sentence: str = "") -> None:
        super().__init__(type(self).__name__)
        self.sentence = sentence or self.sentence


class NotFound(OperationRefused):
    """No such thing, or none that this person may know of."""

    sentence = "没有找到这条内容，它可能已被删除。"


class NotAllowed(OperationRefused):
    """This person may not do this to this object."""

    sentence = "您没有查看或办理这项内容的权限。"


class NotTheHolder(NotAllowed):
    """The person does not hold the post whose turn it is, or is the applicant."""

    sentence = "您目前不是这一步的审核人，未作处理。"


class PassedOn(NotTheHolder):
    """The step was passed on to somebody else (转办) while the person looked at their page or card."""

    def __init__(self, name: str) -> None:
        super().__init__(f"这一步已转由{name}办理，您的操作没有改变结果。")
        self.name = name


class AlreadyDecided(OperationRefused):
    """Somebody decided first, or the rules passed the step on."""

    def __init__(self, decision: Decision) -> None:
        done = f"由{decision.who}处理（{decision.label}）"
        if decision.by_rule:
            done = f"自动转到下一步（{decision.reason}）"
        super().__init__(f"这一步已{done}，您的操作没有改变结果。")
        self.decision = decision


class NoLongerPending(OperationRefused):
    """The step's turn is over without a decision: the filing was withdrawn."""

    sentence = "申请人已撤回这份备案，无需处理。"


class NotAsked(OperationRefused):
    """The person is not asked what they answer, or has answered: `card` is what their card reads."""

    sentence = "移交安排已变更，您不用再办理。"

    def __init__(self, sentence: str = "", *, card: str) -> None:
        super().__init__(sentence)
        self.card = card


class NothingOwed(OperationRefused):
    """The group owes nothing of the kind, any more or yet."""

    sentence = "这个群没有要补报的内容。"


class ArrangedMeanwhile(OperationRefused):
    """The handover is not as the person saw it when they chose who takes over."""

    sentence = "移交安排刚刚有变动，您的选择没有保存。页面已按最新情况显示，请核对。"


class ReasonMissing(OperationRefused):
    """退回修改 and 不同意 need a reason."""

    sentence = "请写明理由，申请人要据此修改。"


class ChangedMeanwhile(OperationRefused):
    """The draft is not what the person saw when they pressed the button."""

    sentence = "草稿在您核对之后有改动，还没有提交。请重新核对以下内容。"


class SavedElsewhere(OperationRefused):
    """The form was opened before somebody saved it from another window: it would write over what they saved."""

    sentence = "这份备案刚在另一个窗口保存过，本页的内容还没有保存。"


class RefusedByRules(OperationRefused):
    """The regulation, or what is registered already, stands against the filing as it is."""

    sentence = "备案内容不符合管理办法，请按提示修改。"

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__()
        self.findings = findings


class RefusedField(OperationRefused):
    """One thing that was asked cannot be: `field` names it, the sentence says what to do."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class UnknownSubject(OperationRefused):
    """A command named a person, post or department that does not exist."""
