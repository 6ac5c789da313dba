"""Devices: in a few words, what somebody uses, from the header `User-Agent`, which itself is kept nowhere."""

import re

LONGEST = 60

_PROGRAMS = {
    "MicroMessenger": "WeChat",
    "AlipayClient": "Alipay",
    "DingTalk": "DingTalk",
    "HuaweiBrowser": "Huawei Browser",
    "QQBrowser": "QQ Browser",
    "UCBrowser": "UC Browser",
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "OpenHarmony": "HarmonyOS",
    "HarmonyOS": "HarmonyOS",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
"""What a header says, and how it is called. The order counts: many programs claim to be others as well."""

_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]*")


def device_of(user_agent: str) -> str:
    """A device in a few words, as `WeChat on Android` or `curl`; empty where nothing is said."""
    said = user_agent[:1000]
    program = next((name for mark, name in _PROGRAMS.items() if f"{mark}/" in said), None)
    system = next((name for mark, name in _SYSTEMS.items() if mark in said), None)
    if program is None:
        product = _PRODUCT.match(said)
        program = product[0].strip()[:LONGEST] if product and not said.startswith("Mozilla") else None
    return " on ".join(each for each in (program, system) if each)
