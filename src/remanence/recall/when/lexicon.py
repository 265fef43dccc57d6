"""The words that name times, from the files in ``words``, one language each."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import re
import tomllib
from typing import cast

__all__ = ["NUMERALS", "WESTERN", "Eastern", "Meaning", "Western", "eastern", "split", "western"]

WESTERN = ("en", "de", "fr", "es")
"""The languages that put spaces between words; an earlier one wins when a text could be either."""

NUMERALS = "零〇一二两三四五六七八九十百"
"""The characters of Chinese numbers."""

_PIECE = re.compile(r"'s\b|\d+(?:th)?|[^\W\d_]+|\S")
_TELLING = frozenset(
    {
        "abbreviation", "day", "daypart", "decade", "decades", "feast", "halves", "mark", "month",
        "monthend", "namesake", "part", "quarter", "season", "unit", "units", "weekday", "yearend",
        "yearly",
    }
)  # fmt: skip
"""Kinds of words without one of which no time is named, unless by digits."""


@dataclasses.dataclass(frozen=True, slots=True)
class Meaning:
    """What a word means.

    Attributes:
        kind: Its part in the grammar: ``month``, ``unit``, ``ago`` ...
        value: A number, such as that of the month; 0 when there is none.
        name: A word, such as the unit's; empty when there is none.
        most: The upper end of a vague number, else the value.
    """

    kind: str
    value: int
    name: str
    most: int


@dataclasses.dataclass(frozen=True, slots=True)
class Western:
    """A language that puts spaces between words.

    Attributes:
        phrases: From its first word to phrases and their meaning, the longest first.
        telling: Words without one of which it names no time.
        marks: Words that tell the language.
    """

    phrases: dict[str, list[tuple[tuple[str, ...], Meaning]]]
    telling: frozenset[str]
    marks: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Eastern:
    """Chinese and Japanese, written without spaces.

    Attributes:
        phrases: Phrases and their meaning.
        pattern: Matches the longest phrase.
        telling: Matches a phrase without one of which no time is named.
        variants: From traditional characters to simplified ones, for ``str.translate``.
        stops: Matches what only looks like a time, unless a number stands before it.
    """

    phrases: dict[str, Meaning]
    pattern: str
    telling: re.Pattern[str]
    variants: dict[int, str]
    stops: re.Pattern[str]


def split(phrase: str) -> tuple[str, ...]:
    """Return the words and signs of a phrase."""
    return tuple(_PIECE.findall(phrase))


def _read(language: str) -> dict[str, object]:
    folder = importlib.resources.files("remanence.recall.when").joinpath("words")
    return tomllib.loads(folder.joinpath(f"{language}.toml").read_text("utf-8"))


def _meaning(kind: str, key: str) -> Meaning:
    numbers = [int(piece) for piece in key.split() if piece.lstrip("-").isdigit()]
    names = [piece for piece in key.split() if not piece.lstrip("-").isdigit()]
    value, most = (numbers[0], numbers[-1]) if numbers else (0, 0)
    return Meaning(kind, value, "".join(names), most)


def _entries(words: dict[str, object]) -> dict[str, Meaning]:
    """Return all phrases of a file; one that is said twice is an error of the file."""
    entries: dict[str, Meaning] = {}
    for kind, table in words.items():
        if not isinstance(table, dict):
            continue
        for key, phrases in cast("dict[str, str]", table).items():
            for phrase in phrases.split(", "):
                if entries.setdefault(phrase, meaning := _meaning(kind, key)) is not meaning:
                    raise ValueError(f"{phrase!r} means {entries[phrase]} and {meaning}")
    return entries


@functools.cache
def western(language: str) -> Western:
    """Return the words of a language of ``WESTERN``."""
    words = _read(language)
    phrases: dict[str, list[tuple[tuple[str, ...], Meaning]]] = {}
    telling: set[str] = set()
    for phrase, meaning in _entries(words).items():
        pieces = split(phrase)
        phrases.setdefault(pieces[0], []).append((pieces, meaning))
        if meaning.kind in _TELLING:
            telling.add(max(pieces, key=len))
    for known in phrases.values():
        known.sort(key=lambda entry: -len(entry[0]))
    marks = frozenset(str(words["marks"]).split())
    return Western(phrases, frozenset(telling), marks)


@functools.cache
def eastern() -> Eastern:
    """Return the words of Chinese and Japanese."""
    words = _read("cjk")
    variants = cast("dict[str, str]", words.pop("variants"))["0"].split()
    stops = cast("dict[str, str]", words.pop("stop"))["0"].split(", ")
    entries = _entries(words)
    longest = sorted(entries, key=len, reverse=True)
    telling = [phrase for phrase in longest if entries[phrase].kind in _TELLING]
    return Eastern(
        entries,
        "|".join(map(re.escape, longest)),
        re.compile("|".join(map(re.escape, telling))),
        {ord(pair[0]): pair[1] for pair in variants},
        re.compile(rf"(?<![\d{NUMERALS}昨今明后])(?:{'|'.join(map(re.escape, stops))})"),
    )
