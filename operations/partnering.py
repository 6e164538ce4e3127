"""参与单位: departments that share a group which another one leads. They decide nothing."""

from collections.abc import Collection, Iterator

from regulation import Finding, Severity


def partner_findings(leading_id: int, partner_ids: Collection[int]) -> Iterator[Finding]:
    """第四条: whoever sets a group up answers for it; the department that files it leads it, and is no partner."""
    if leading_id in partner_ids:
        sentence, remedy = "备案部门是牵头单位，不能同时是参与单位。", "请取消选择备案部门，只选其他参与的单位。"
        yield Finding("第四条", Severity.REFUSE, "partner_ids", sentence, remedy)
