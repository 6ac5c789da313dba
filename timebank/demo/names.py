"""What people, bodies and activities of the demo world are called. All names are made up."""

from timebank.domain.facts.organisations import Kind

BANK = "百步亭街道时间银行(演示)"

COMMUNITIES = (
    "安居",
    "百步",
    "春兰",
    "东方",
    "温馨",
    "文卉",
    "怡康",
    "和美",
    "金桥",
    "龙庭",
    "华清",
    "景兰",
    "青松",
    "翠柳",
    "丹桂",
    "江岸",
    "同心",
    "幸福",
    "望江",
    "朝阳",
)

BODIES: dict[Kind, str] = {
    "party-committee": "{}社区党委",
    "management-committee": "{}社区管理委员会",
    "property-company": "{}物业公司",
    "residents-committee": "{}社区居委会",
    "self-governing-body": "{}社区自治理事会",
    "social-organisation": "{}志愿者服务协会",
}
"""The bodies of each community, by kind; the blank is for its name."""

ACTIVITIES = (
    ("楼道扶手擦洗", "公共设施擦洗", "红细胞"),
    ("广场舞教学", "文体娱乐", None),
    ("旧衣捐赠整理", "公益慈善", "结对帮困"),
    ("小区夜间巡逻", "治安巡逻", "邻里守望"),
    ("独居老人探访", "邻里守望", "邻里守望"),
    ("邻里纠纷调解", "调解", None),
    ("社区矫正帮教", "帮教", "红细胞"),
    ("健康知识讲座", "文体娱乐", "讲座"),
)
"""What is done, under which category, and for which programme."""

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "芳秀英娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉鹏华红玉梅建国志伟海燕"
SKILLS = ("理发", "电工", "护理", "书法", "法律", "烹饪", "英语", "摄影")
