"""How things are told to a model: one JSON object a line, times with the day of the week."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from remanence.extract.commands.machine import SQUARE_TOKEN
from remanence.unseen import replace_unseen

__all__ = ["LANGUAGES", "Language", "date", "language_of", "moment", "records"]

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_DAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}
_NONE: Mapping[Language, str] = {"en": "(none)", "zh": "(无)"}
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3040-\u30ff"
_CHARACTERS = re.compile(f"[{_HAN}]")
_KANA_CHARACTERS = re.compile(f"[{_KANA}]")
_WORDS = re.compile(f"[^\\W\\d_{_HAN}{_KANA}]+")
_KANA_SHARE = 0.1
"""Japanese has far more of them; Chinese has one now and then, for the looks of it."""
_SIGNS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029", ord("<"): "\\u003c"}
"""What JSON leaves as it is, and some take for the end of a line, or for the start of a turn."""


def language_of(texts: Iterable[str]) -> Language:
    """Return in which of the languages that there are questions in to ask about texts.

    That is Chinese if they have more characters of Chinese than words of other scripts, and hardly
    any of Japanese.
    """
    text = "\n".join(texts)
    characters = len(_CHARACTERS.findall(text))
    if characters <= len(_WORDS.findall(text)):
        return "en"
    return "en" if len(_KANA_CHARACTERS.findall(text)) > _KANA_SHARE * characters else "zh"


def moment(at: dt.datetime, language: Language) -> str:
    """Return a time as ``Wednesday 2024-05-01 23:30 -08:00``."""
    return f"{_DAYS[language][at.weekday()]} {_clock(at)}"


def date(at: dt.datetime) -> str:
    """Return a time as ``2024-05-01 -08:00`` if it is the start of a day, else with the hour."""
    return _clock(at).replace(" 00:00 ", " ") if at.time() == dt.time() else _clock(at)


def _clock(at: dt.datetime) -> str:
    wall = at.replace(tzinfo=None).isoformat(" ", "minutes")
    offset = at.isoformat(" ", "minutes")[len(wall) :]
    return f"{wall} {offset}"


def records(items: Sequence[Mapping[str, object]], language: Language) -> str:
    """Return things as JSON objects, one a line, without their absent values.

    No text in them can begin a line of its own, or a model's turn, and what nobody sees is told by
    its number. Without things, the line says so.
    """
    lines = [
        json.dumps(
            {key: value for key, value in item.items() if value is not None}, ensure_ascii=False
        )
        for item in items
    ]
    if not lines:
        return _NONE[language]
    return "\n".join(_spelt_out(line) for line in lines)


def _spelt_out(line: str) -> str:
    """Return JSON in which nothing stands that isn't seen, or that could tell turns apart."""
    line = SQUARE_TOKEN.sub(r"\\u005b\1]", line)
    return replace_unseen(line, _number).translate(_SIGNS)


def _number(character: str) -> str:
    """Return a character as JSON can hold it: by the numbers of its UTF-16 units."""
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at : at + 2].hex()}" for at in range(0, len(data), 2))
