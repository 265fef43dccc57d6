"""Numbers in Chinese and Japanese texts, written in one way: digits.

``三只猫`` and ``3只猫``, ``二十三岁`` and ``23岁``, ``五月`` and ``5月`` are told alike. Numerals
count as numbers where a measure word follows, or where there are several that make one; the ``三``
of a name stays.
"""

from __future__ import annotations

import functools
import re

__all__ = ["with_digits"]

_ZEROES = "零\u3007"
_DIGITS = {
    **dict.fromkeys(_ZEROES, 0),
    **{character: value for value, character in enumerate("一二三四五六七八九", 1)},
    "两": 2,
}
_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_SECTION = 10_000
_NUMERALS = "".join((*_DIGITS, *_SCALES))

_ARTICLE_OF = "个只条件位张本把种份家台辆间杯双瓶棵朵匹头口支枝颗粒套座栋块次场顿段首部篇群对束"
"""What ``一`` stands before as an article does."""
_TIMES = "年月日号岁周点时分秒天"
_LONG_UNITS = "分钟|个?小时|个月|个星期|公斤|公里|厘米|毫米|点钟|块钱|时间"
_OTHERS = "元毛角度倍层楼名回枚册歳才届级遍趟箱盒碗盘斤米人円番"
_UNITS = f"(?:{_LONG_UNITS}|[{_ARTICLE_OF}{_TIMES}{_OTHERS}])"
_NUMBER = re.compile(
    r"(?:星期|礼拜|周)(?P<weekday>[一二三四五六日天1-7])(?![0-9次个年月])"
    rf"|(?P<first>第?)(?P<number>(?<![0-9a-z])[0-9]+(?![0-9a-z])|[{_NUMERALS}]{{1,20}})"
    rf"(?:[多几来余](?={_UNITS}))?"
    rf"(?:(?P<unit>{_UNITS})(?P<after>[线楼门院厅])?)?"
)
_IDIOMS = ("十分", "一点", "一时", "一次")
_HAS_HAN = re.compile("[\u3400-\u9fff]")


def with_digits(folded: str) -> str:
    """Return a folded text with its numbers in digits.

    A month and a day keep their units (``5月``, ``7日``), a weekday becomes ``周`` with 1 to 7;
    other measure words go: they tell little and are many.
    """
    return _NUMBER.sub(_written, folded) if _HAS_HAN.search(folded) else folded


def _written(match: re.Match[str]) -> str:
    if match["weekday"]:
        day = match["weekday"]
        return f" 周{7 if day in '日天' else _DIGITS.get(day, day)} "
    number, unit, after = match["number"], match["unit"] or "", match["after"]
    if not match["first"]:
        if number == "一" and unit and unit in _ARTICLE_OF:
            return " "
        if number + unit in _IDIOMS or (len(number) == 1 and not unit and number in _NUMERALS):
            return match[0]
    value = _value(number)
    if value is None:
        return match[0]
    if unit and unit in "月日号" and after is None:
        return f" {value}{'月' if unit == '月' else '日'} "
    return f" {value} {after or ''}"


@functools.lru_cache(maxsize=4_096)
def _value(numeral: str) -> str | None:
    """Return what a numeral says, in digits, or ``None`` if it is no number."""
    if numeral.isascii():
        return numeral
    if all(character in _DIGITS for character in numeral):
        spelt = len(numeral) != 2 or not {*_ZEROES}.isdisjoint(numeral)
        return "".join(str(_DIGITS[character]) for character in numeral) if spelt else None
    if numeral[0] not in _DIGITS and numeral[0] != "十":
        return None
    total, section, digit, scale = 0, 0, 0, 1
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
            scale = scale if digit else 1
        elif (unit := _SCALES[character]) >= _SECTION:
            count = section + digit
            total = total + count * unit if total > unit else (total + count) * unit
            section, digit, scale = 0, 0, unit
        else:
            section, digit, scale = section + (digit or 1) * unit, 0, unit
    rest = digit * (scale // 10) if digit and scale >= 100 else digit  # 九千八 is 9,800
    return str(total + section + rest)
