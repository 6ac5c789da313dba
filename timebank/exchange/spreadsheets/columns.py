"""The columns we understand, by every heading that offices give them."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from timebank.domain.text import LONGEST_KEPT
from timebank.exchange.cells.durations import Unit
from timebank.exchange.cells.texts import squeeze


class Column(NamedTuple):
    """A column we understand, by its headings, the first of which the template has.

    `unless` names columns that can stand in for a required one; `counts` says that bare numbers in it have a unit.
    """

    name: str
    headings: tuple[str, ...]
    about: str
    required: bool = False
    unless: tuple[str, ...] = ()
    counts: bool = False
    unit: Unit | None = None


class Meaning(NamedTuple):
    """What a heading means: which column, and in which unit its bare numbers count, if it says so."""

    column: str
    unit: Unit | None


_NUMBER = Column(
    "number",
    ("志愿者编号", "编号", "志愿者号", "志愿者号码", "volunteer number", "volunteer no", "volunteer id"),
    "the volunteer's number, twelve digits",
)
_PHONE = Column(
    "phone",
    (
        *("手机", "手机号", "手机号码", "电话", "电话号码", "联系电话", "联系方式", "联系手机", "联系手机号"),
        *("移动电话", "联系号码", "本人电话", "本人手机", "志愿者电话", "志愿者手机", "志愿者手机号", "手机/电话"),
        *("电话/手机", "手机(电话)", "电话(手机)", "联系电话(手机)", "phone number", "phone no", "telephone number"),
        *("mobile", "mobile phone", "mobile number", "mobile no", "telephone", "tel", "tel no", "cell", "cell phone"),
        *("contact number", "contact phone", "telefon", "telefonnummer", "handy", "handynummer", "mobil"),
    ),
    "the phone, as text",
)
_NAMES = (
    *("姓名", "志愿者姓名", "名字", "人员姓名", "服务者姓名", "服务人员", "参加人", "参加人员", "参与人", "参与人员"),
    *("full name", "volunteer name"),
)
_DURATION = "how long it took, if that is less than from start to end, or there is no end"

VOLUNTEER_COLUMNS = (
    Column("name", _NAMES, "the name", required=True),
    _PHONE,
    Column("skills", ("技能", "专业技能", "特长", "专长", "服务特长", "技能特长", "skill"), "skills, parted by ;"),
    _NUMBER._replace(about="only of those who have one already; 新 (new) for somebody else of the same name"),
)
"""What a list of volunteers is made of."""

RECORD_COLUMNS = (
    _NUMBER,
    _PHONE._replace(about="the volunteer's phone, if the number is not at hand"),
    Column("name", _NAMES, "the volunteer's name, to be compared; it decides among those who share a phone"),
    Column(
        "volunteer",
        ("志愿者",),
        "number, phone or name, in one column",
        required=True,
        unless=("number", "phone"),
    ),
    Column(
        "activity",
        (
            *("活动", "活动名称", "活动名", "活动主题", "活动标题", "服务活动", "志愿活动", "志愿服务活动"),
            *("activity name", "event", "event name"),
        ),
        "what was done",
        required=True,
    ),
    Column(
        "category",
        ("类别", "活动类别", "服务类别", "类型", "活动类型", "服务类型", "服务类目", "活动分类", "服务分类"),
        "the category, as the bank's rule book spells it",
        required=True,
    ),
    Column(
        "capacity",
        ("身份", "服务身份", "人员身份", "人员类别", "身份类别", "志愿者身份", "参加身份", "参与身份"),
        "居民 (resident, also if nothing is written), 工作人员(非在岗) (staff off duty) or 在岗 (staff on duty)",
    ),
    Column("date", ("日期", "服务日期", "活动日期", "day", "service date", "activity date"), "the day, as 2026/3/1"),
    Column("start_date", ("开始日期", "起始日期", "服务开始日期", "活动开始日期"), "the day it began on"),
    Column(
        "started_at",
        (
            *("开始时间", "开始", "起始时间", "起始", "服务开始时间", "开始服务时间", "活动开始时间", "签到时间"),
            *("签到", "上岗时间", "到岗时间", "起", "start", "start time", "started", "from", "begin", "begins"),
            *("sign in", "check in", "clock in", "time in", "beginn"),
        ),
        "when it began, as 2026/3/1 8:30, or 8:30 beside a day",
        required=True,
        unless=("period",),
    ),
    Column("end_date", ("结束日期", "终止日期", "截止日期", "服务结束日期", "活动结束日期"), "the day it ended on"),
    Column(
        "ended_at",
        (
            *("结束时间", "结束", "终止时间", "终止", "截止时间", "服务结束时间", "结束服务时间", "活动结束时间"),
            *("签退时间", "签退", "离岗时间", "下岗时间", "止", "end", "end time", "ended", "until", "to", "finish"),
            *("sign out", "check out", "clock out", "time out", "ende"),
        ),
        "when it ended",
        required=True,
        unless=("minutes", "hours", "duration", "period"),
    ),
    Column(
        "period",
        (
            *("时间段", "起止时间", "服务时间段", "活动时间段", "服务时段", "活动时段", "时段", "服务起止时间"),
            "活动起止时间",
        ),
        "from when until when in one cell, as 8:30-10:30",
    ),
    Column("minutes", ("分钟", "分钟数", "服务分钟", "服务分钟数", "mins"), _DURATION, counts=True, unit="minutes"),
    Column("hours", ("小时", "小时数", "服务小时", "服务小时数", "工时", "hrs"), _DURATION, counts=True, unit="hours"),
    Column(
        "duration",
        (
            *("时长", "服务时长", "志愿时长", "志愿服务时长", "活动时长", "总时长", "服务总时长", "累计时长"),
            *("时数", "服务时数", "志愿时数", "志愿服务时数", "dauer", "time spent"),
        ),
        _DURATION,
        counts=True,
    ),
    Column(
        "break",
        ("休息", "休息时长", "午休", "午休时长", "中途休息", "扣除", "扣除时长", "pause", "lunch break", "rest"),
        "what is to be taken off for a break",
        counts=True,
    ),
    Column("place", ("地点", "活动地点", "服务地点", "场所", "location", "venue", "ort"), "where"),
    Column("content", ("内容", "服务内容", "活动内容", "工作内容", "description"), "what it was in detail"),
    Column(
        "programmes",
        ("项目", "服务项目", "项目名称", "所属项目", "志愿服务项目", "programme", "program", "programs", "project"),
        "programmes, parted by ;",
    ),
    Column(
        "team",
        ("队伍", "队伍名称", "所属队伍", "服务队伍", "志愿服务队伍", "志愿队伍", "小队", "team name", "squad"),
        "the organisation's team in whose name it was, as it is called; nothing, if it was in none's",
    ),
    Column(
        "person_in_charge",
        (
            *("负责人", "活动负责人", "服务负责人", "现场负责人", "负责人姓名", "活动负责人姓名", "负责人编号"),
            *("person in charge", "in charge", "responsible person"),
        ),
        "who was in charge, a member of the organisation: their number, phone or name",
    ),
)
"""What a list of service records is made of."""

_FROM_DAY = Column(
    "from_day", ("起始日期", "开始日期", "设立日期", "入住日期", "迁入日期", "自", "from", "since"), "from which day on"
)


def level_name(depth: int) -> str:
    """The name of the column of a level, the top one being 0."""
    return f"level_{depth + 1}"


def is_level(name: str) -> bool:
    """Whether a column of this name is that of a level."""
    return name.startswith("level_")


def _level_columns(levels: Sequence[str]) -> list[Column]:
    return [
        Column(level_name(depth), (level,), f"the name of the {level}", required=depth == 0)
        for depth, level in enumerate(levels)
    ]


def place_columns(levels: Sequence[str]) -> tuple[Column, ...]:
    """What a list of places is made of: a column for each level of the bank's."""
    return (*_level_columns(levels), _FROM_DAY)


def resident_columns(levels: Sequence[str]) -> tuple[Column, ...]:
    """What a list of residents is made of: who, and where."""
    return (
        _NUMBER,
        _PHONE._replace(about="the volunteer's phone, if the number is not at hand"),
        Column("name", _NAMES, "the volunteer's name, to be compared; it decides among those who share a phone"),
        *_level_columns(levels),
        _FROM_DAY,
        Column("tie", ("居住或工作", "关系", "住/工作", "tie"), "居住 (lives) or 工作 (works); 居住 unless it is said"),
        Column(
            "door",
            ("门牌", "门牌号", "室号", "房号", "房间号", "户号", "door"),
            "the door, as 302室; personal, and sealed",
        ),
    )


_UNITS: dict[str, Unit] = {
    **dict.fromkeys(("分钟", "分", "分鐘", "minutes", "minute", "mins", "min", "m"), "minutes"),
    **dict.fromkeys(("小时", "时", "小時", "小时数", "个小时", "hours", "hour", "hrs", "hr", "h", "stunden"), "hours"),
}
_BRACKETS = str.maketrans("[]【】〔〕", "()()()")
_NOTE = re.compile(r"\(([^()]*)\)")
_PARTS = re.compile(r"[,，;；、]")
_SAYS_HOW = re.compile(
    r"必填项?|选填|非必填|可选填?|可不填|可空|可留空|多选|单选|可多选|下拉选择|文本(格式)?|数字|纯数字|整数|真实姓名|实名|全称|全名"
    r"|required|mandatory|optional|text|(?:共)?[0-9]+(?:[-~至到][0-9]+)?(?:位|个字|字)(?:数字|数|以内|手机号?码?)?|[0-9]+digits?"
    r"|(?:格式|如|例|示例|请(?:填|写|按|用|勿|务必|选|输入|注意|如实|参照|统一)|注意|精确到|统一|说明|见|eg|e\.g|forexample|format|max).*"
    r"|不要?含?(?:空格|横线|区号).*|(?:勿|不要|不能|须|需).*|y{2,4}.*|年月日|年/月/日|24小时制|24h|与?身份证(?:一致|姓名|上)?.*"
)
"""What stands in brackets beside a heading, and says how to fill in the column, not what it is."""
_NUMBERED = re.compile(r"^(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})[、.)](?![0-9])")
_ASKING = re.compile(r"^请?(?:填写|输入|选择)?您的")
_ABOUT_UNIT = re.compile(r"[()\[\]/:,.单位按以计为：]|in(?=[hm])")
_TRADITIONAL = str.maketrans(
    "機電話號碼聯繫絡動類別開間結終長鐘時編願務項點內稱簽離崗員參與業從職",
    "机电话号码联系络动类别开间结终长钟时编愿务项点内称签离岗员参与业从职",
)


def fold(heading: str) -> str:
    """A heading without what people vary: traditional characters, its number on a form, notes on how to fill it in.

    Of a long one its beginning: no heading is so long, and each column that is wanted is compared with it.
    """
    said = squeeze(heading[:LONGEST_KEPT]).translate(_TRADITIONAL).translate(_BRACKETS)
    said = _ASKING.sub("", _NUMBERED.sub("", said))
    return _NOTE.sub(_without_how, said).strip(":：.。,，;；") if "(" in said else said


def _without_how(note: re.Match[str]) -> str:
    """What stands in brackets, without what says how to fill in the column: 必填, 11位, 格式…"""
    left = [part for part in _PARTS.split(note[1]) if part and not _SAYS_HOW.fullmatch(part)]
    return f"({','.join(left)})" if left else ""


class Vocabulary:
    """What headings mean, among the columns of one kind of list."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns: Mapping[str, Column] = {column.name: column for column in columns}
        self._meanings = {
            fold(heading): Meaning(column.name, column.unit)
            for column in columns
            for heading in (column.name, *column.headings)
        }
        self._counting = {key: each for key, each in self._meanings.items() if self.columns[each.column].counts}

    def meaning(self, heading: str) -> Meaning | None:
        """What a heading means; None if we do not know it."""
        key = fold(heading)
        return self._meanings.get(key) or self._with_a_unit(key)

    def _with_a_unit(self, key: str) -> Meaning | None:
        """What a heading means that says a unit too, as 时长(小时) or "duration in hours"."""
        for base, meaning in self._counting.items():
            unit = _UNITS.get(_ABOUT_UNIT.sub("", key.removeprefix(base))) if key.startswith(base) else None
            if unit and meaning.unit in (None, unit):
                return Meaning(meaning.column, unit)
        return None

    def find(self, said: str) -> str | None:
        """The column that is meant by its name, or by one of its headings."""
        meaning = self.meaning(said)
        return meaning.column if meaning else None
