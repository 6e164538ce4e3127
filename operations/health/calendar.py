"""The working days: whether those of this year, and towards its end of the next one, have been arranged."""

from datetime import date, datetime

from operations.clock import college_today
from operations.health.report import Check, Level
from operations.rules import rules_in_force

TITLE = "工作日历"
#: The State Council arranges a year in the November before it.
ARRANGED_IN = 11
REMEDY = "请更新系统，或在规则文件的 [calendar] 里写入放假和调休的日期（见管理员手册“提醒和工作日”）。"


def working_days(now: datetime) -> Check:
    """Whether reminders know the days off of this year, and from November on those of the next one."""
    today = college_today(now)
    if not _is_known(today.year):
        said = f"没有{today.year}年的放假和调休安排，提醒和期限只按周一至周五计算。{REMEDY}"
        return Check(TITLE, Level.CARE, said, 1)
    if today.month >= ARRANGED_IN and not _is_known(today.year + 1):
        said = f"还没有{today.year + 1}年的放假和调休安排，到时提醒和期限只按周一至周五计算。国务院公布后，{REMEDY}"
        return Check(TITLE, Level.HINT, said, 1)
    return Check(TITLE, Level.FINE, "")


def _is_known(year: int) -> bool:
    return rules_in_force().calendar.knows(date(year, 1, 1))
