"""Columns that are not read, but look like something we know, by their headings or by what is in them."""

import re
from collections.abc import Callable, Collection

from timebank.exchange.cells.durations import parse_amount
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.people import is_number, is_phone
from timebank.exchange.cells.texts import names_a_capacity, squeeze
from timebank.exchange.spreadsheets.columns import fold

_IN_HEADINGS = {
    "person_in_charge": r"负责人|领队|责任人|in.?charge|responsible",
    "phone": r"手机|电话|联系方式|号码|phone|mobile|cell|whatsapp|telefon|handy",
    "capacity": r"(?<!证)身份(?!证)|在岗|岗位|值班|上班|职工|工作人员|人员(类别|性质|类型|属性)"
    r"|在职|编制(?!人|日期|单位|时间)|capacity|duty|staff",
    "break": r"休息|午休|扣除|扣减|break|pause|lunch",
    "duration": r"时长|时数|小时|分钟|工时|hours|minutes|duration|dauer|服务时间|志愿时间",
    "date": r"日期|date|datum",
    "started_at": r"开始|起始|签到|打卡|到达|start|begin|sign.?in|check.?in|^时间$|活动时间|^time$",
    "ended_at": r"结束|终止|签退|离开|end(?!er)|finish|until|sign.?out|check.?out",
    "name": r"姓名|名字|name",
    "number": r"志愿者号|志愿者编|volunteer",
    "activity": r"活动|activity|event",
    "category": r"类别|类型|分类|category",
    "place": r"地点|地址|场所|place|location|venue",
    "content": r"内容|content|description",
    "programmes": r"项目|program|project",
    "team": r"队伍|小队|分队|服务队|巡逻队|队名|team|squad",
    "skills": r"技能|特长|专长|skill",
}
_NOT = re.compile(r"身份证|证件|序号|备注|签名|性别|年龄|idcard|remark|note|sign$|signature")
MOST_LOOKED_AT = 1_000
"""So many cells of a column are looked at; fewer, where there are more than a hundred columns that are not read."""

_NOT_TAKEN = """
    不通过 未通过 不予通过 审核不通过 审核未通过 审批不通过 未通过审核 不同意 不合格 不合规 驳回 已驳回 被驳回
    退回 已退回 打回 拒绝 已拒绝 否决 作废 已作废 废弃 无效 已失效 取消 已取消 取消报名 撤销 已撤销 撤回 已撤回
    删除 已删除 停用 已停用 禁用 冻结 注销 已注销 退出 已退出 黑名单 不计 不计入 不算 待审核 未审核 审核中
    待审批 未审批 审批中 待确认 未确认 待定 存疑 有异议 缺席 未到 未到场 未参加 没来 缺勤 请假 旷工 未签到
    未签退 爽约 未出席 rejected declined refused denied cancelled canceled void voided invalid withdrawn
    deleted pending notapproved unapproved absent noshow blocked inactive abgelehnt storniert ungültig
"""
_TURNED_DOWN = frozenset(_NOT_TAKEN.split())
"""What is said of a row that the office itself did not take, or not yet."""
_LONGEST_WORD = 2 * max(map(len, _TURNED_DOWN))
_NO = frozenset({"否", "不", "×", "✗", "✘", "x", "n", "no", "false", "nein", "未", "没有"})
_ABOUT_TAKING = re.compile(
    r"是否(?:有效|通过|审核|合格|到场|参加|签到|出席|到岗|参与|确认|同意|完成|计入)|审核|审批|状态|结果|通过|有效|出席|到场|approved|valid|status"
    r"|present|attended|confirmed"
)


def _is_duration_with_a_unit(text: str) -> bool:
    try:
        return not parse_amount(text).is_bare
    except CellError:
        return False


_IN_CELLS: dict[str, Callable[[str], bool]] = {
    "phone": is_phone,
    "number": is_number,
    "capacity": names_a_capacity,
    "duration": _is_duration_with_a_unit,
}


def by_heading(heading: str, columns: Collection[str]) -> str | None:
    """Which column a heading that we do not know may be about."""
    key = fold(heading)
    if not key or _NOT.search(key):
        return None
    found = (name for name, pattern in _IN_HEADINGS.items() if name in columns and re.search(pattern, key))
    return next(found, None)


class Looks:
    """What the cells of a column that is not read look like, as they go by."""

    def __init__(self, heading: str, columns: Collection[str], beside: int = 0) -> None:
        """`beside` is how many columns there are that are not read."""
        self._most = MOST_LOOKED_AT * 100 // max(beside, 100)
        self._is_about_taking = bool(_ABOUT_TAKING.search(fold(heading)))
        self.turned_down = 0
        """In how many rows it says that the office itself did not take them."""
        self.turned_down_first: tuple[int, str] = (0, "")
        """The first line that says so, and what it says."""
        self._columns = [name for name in _IN_CELLS if name in columns]
        self._seen = 0
        self._alike = dict.fromkeys(self._columns, 0)
        self.is_empty = True

    def take_in(self, cell: str, line: int) -> None:
        """Look at a cell of the column, without its guards, and note its line."""
        if not cell:
            return
        self.is_empty = False
        if len(cell) <= _LONGEST_WORD and self._is_turned_down(squeeze(cell)):
            self.turned_down_first = self.turned_down_first if self.turned_down else (line, cell)
            self.turned_down += 1
        if self._seen < self._most:
            self._seen += 1
            for name in self._columns:
                self._alike[name] += _IN_CELLS[name](cell)

    def _is_turned_down(self, said: str) -> bool:
        return said in _TURNED_DOWN or (self._is_about_taking and said in _NO)

    def like(self) -> str | None:
        """Which column it looks like, at least every other cell of it."""
        return next((name for name in self._columns if self._alike[name] * 2 >= self._seen > 0), None)
