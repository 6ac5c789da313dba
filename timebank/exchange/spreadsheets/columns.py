"""The columns we understand, by every heading that offices give them."""

import re
import unicodedata
from typing import NamedTuple


class Column(NamedTuple):
    """A column we understand, by its headings; `unless` names columns that can stand in for a required one."""

    name: str
    headers: tuple[str, ...]
    required: bool = False
    unless: tuple[str, ...] = ()


def _column(name: str, *headers: str, required: bool = False, unless: tuple[str, ...] = ()) -> Column:
    """A column that its own name is a heading of, too."""
    return Column(name, (name, *headers), required, unless)


VOLUNTEER_COLUMNS = (
    _column("name", "姓名", "名字", "志愿者姓名", required=True),
    _column("phone", "手机", "手机号", "电话", "联系电话", "联系方式"),
    _column("skills", "技能", "专业技能", "特长"),
)
"""What a list of volunteers is made of."""

RECORD_COLUMNS = (
    _column("volunteer", "志愿者", required=True, unless=("number", "phone")),
    _column("number", "volunteer_number", "志愿者编号", "编号"),
    _column("phone", "手机", "手机号", "电话", "联系电话", "联系方式"),
    _column("volunteer_name", "姓名"),
    _column("activity", "活动", "活动名称", required=True),
    _column("category", "类别", "活动类别", "服务类别", required=True),
    _column("capacity", "身份", "服务身份"),
    _column("started_at", "开始", "开始时间", "起始时间", required=True),
    _column("ended_at", "结束", "结束时间", "终止时间", required=True, unless=("minutes", "hours", "duration")),
    _column("date", "日期", "服务日期"),
    _column("minutes", "分钟", "时长(分钟)", "服务分钟"),
    _column("hours", "小时", "时长(小时)", "服务小时"),
    _column("duration", "时长", "服务时长"),
    _column("place", "地点"),
    _column("content", "内容", "服务内容"),
    _column("programmes", "项目", "服务项目"),
)
"""What a list of service records is made of."""


def squeeze(heading: str) -> str:
    """A heading without what people vary: case, width, spaces, underscores, hyphens, the star of a required field."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", heading).casefold())
    return re.sub(r"[\s_*\-]", "", folded)
