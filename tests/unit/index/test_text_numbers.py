from __future__ import annotations

import pytest

from remanence.index.folding import fold
from remanence.index.numerals import with_digits


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("三只猫", "3 猫"),
        ("3只猫", "3 猫"),
        ("３隻貓", "3 猫"),
        ("二十三岁", "23"),
        ("2023年5月7日", "2023 5月 7日"),
        ("二〇二三年五月七号", "2023 5月 7日"),
        ("十二月三十一日", "12月 31日"),
        ("星期三", "周3"),
        ("礼拜天", "周7"),
        ("上周五", "上 周5"),
        ("十分钟", "10"),
        ("二号线", "2 线"),
        ("第三层", "3"),
        ("九千八", "9800"),
        ("一千零五十", "1050"),
        ("两万三", "23000"),
        ("一百二十万", "1200000"),
        ("一亿三千万", "130000000"),
        ("四千五百块钱", "4500"),
        ("三十多口人", "30 人"),
        ("٣ قطط", "3 قطط"),
        ("३ घंटे", "3 घंटे"),
    ],
)
def test_numbers_are_written_in_digits(written: str, told: str) -> None:
    assert with_digits(fold(written)).split() == told.split()


@pytest.mark.parametrize(
    "text",
    [
        "三亚",
        "张三",
        "万一",
        "百合",
        "千万别去",
        "十分高兴",
        "一起",
        "一点也不",
        "ca983",
        "五 apples",
    ],
)
def test_other_numerals_stay(text: str) -> None:
    assert with_digits(text) == text


def test_one_is_an_article_before_a_measure_word() -> None:
    assert with_digits("一只猫").split() == ["猫"]
    assert with_digits("第一只猫").split() == ["1", "猫"]
