"""Scripts that are written without spaces, and Korean, whose words change at their ends.

No dictionary cuts such a text into words. It is cut where function words stand (``的``, ``是``,
``什么``; ``です``; ``ของ``), and what lies between becomes overlapping pairs of characters, or one
character where there is but one: ``我的猫叫什么名字`` is about ``猫``. Pairs across a cut are no
words and are left out. Thai's characters are taken in clusters, a consonant with its vowels and
tone marks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from remanence.index.folding import fold
from remanence.index.lists import sections

__all__ = [
    "CLUSTERED",
    "IDEOGRAPHIC",
    "content_pieces",
    "has_kana",
    "is_ideographic",
    "korean_stem",
    "pairs",
    "units",
]

CLUSTERED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai and Lao, Burmese, Khmer: as a regular expression's set, like the next."""

IDEOGRAPHIC = (
    "\u3005-\u3007\u3031-\u3035"  # repetition marks and zero
    "\u3040-\u30ff"  # Hiragana and Katakana, which stand among ideographs
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # unified ideographs
    "\U00020000-\U0003fffd"  # their extensions
)

_CLUSTER = re.compile(
    "[\u0e40-\u0e44\u0ec0-\u0ec4]?[^\u0e40-\u0e44\u0ec0-\u0ec4]"
    "(?:\u17d2.|[\u0e30-\u0e3a\u0e45\u0e47-\u0e4e\u0eb0-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u1060\u17b6-\u17d1\u17d3\u17dd])*|."
)
_CLUSTERED = re.compile(f"[{CLUSTERED}]")
_KANA = re.compile("[\u3040-\u30ff]")
_NOT_IDEOGRAPHIC = re.compile("[\u3040-\u30ff\uac00-\ud7a3]")
_THAI = re.compile("[\u0e00-\u0e7f]")
_KINDS = re.compile("(?P<hiragana>[\u3040-\u309f]+)|[\u30a0-\u30ff]+|[^\u3040-\u30ff]+")
_TIED_BEFORE = frozenset(map(chr, range(0x0E40, 0x0E45)))
_TIED_AFTER = frozenset(map(chr, (*range(0x0E30, 0x0E3B), 0x0E45, *range(0x0E47, 0x0E4F))))
"""Thai vowels and tone marks that belong to the consonant after them, or before them."""
_PARTICLES = frozenset("はがをにでともへのや")
_LONGEST_INFLECTION = 3
"""Hiragana after an ideograph, up to so many, are the end of a verb or adjective."""
_FUNCTION, _ASKS, _CONTENT = range(3)


def has_kana(text: str) -> bool:
    """Return whether a text is Japanese: only that is written with kana."""
    return _KANA.search(text) is not None


def is_ideographic(piece: str) -> bool:
    """Return whether a piece's characters are words, or parts of words, with a meaning each."""
    return not (_NOT_IDEOGRAPHIC.search(piece) or _CLUSTERED.match(piece))


def units(run: str) -> Sequence[str]:
    """Return what a run is made of: characters, or in Thai and its like their clusters."""
    return _CLUSTER.findall(run) if _CLUSTERED.match(run) else run


def pairs(piece: str) -> list[str]:
    """Return the overlapping pairs of a piece's units, or the one unit that it is."""
    parts = units(piece)
    if len(parts) == 1:
        return [piece]
    return [parts[i] + parts[i + 1] for i in range(len(parts) - 1)]


class _Lexicon:
    """The function words of a language, and the words of content that look as if they held one."""

    def __init__(self, name: str) -> None:
        listed = sections(name)
        self._kinds: dict[str, int] = {}
        for kind, section in ((_FUNCTION, "function"), (_ASKS, "asks"), (_CONTENT, "content")):
            self._kinds.update({fold(word): kind for word in listed[section]})
        lengths: dict[str, set[int]] = {}
        for word in self._kinds:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(many, reverse=True) for first, many in lengths.items()}

    def cut(self, run: str, *, asked: bool) -> list[str]:
        """Return what lies between function words, the longest being taken at each place.

        Args:
            run: Folded.
            asked: Whether it is a question's, which words that only phrase it are cut from, too.
        """
        pieces: list[str] = []
        start = place = 0
        while place < len(run):
            length, kind = self._longest(run, place)
            if kind == _FUNCTION or (asked and kind == _ASKS):
                if start < place:
                    pieces.append(run[start:place])
                start = place + length
            place += length
        if start < place:
            pieces.append(run[start:])
        return pieces

    def _longest(self, run: str, place: int) -> tuple[int, int]:
        """Return the length and kind of the word that begins at a place; content if none does."""
        for length in self._lengths.get(run[place], ()):
            end = place + length
            kind = self._kinds.get(run[place:end])
            if kind is None or (end < len(run) and run[end] in _TIED_AFTER):
                continue
            if not place or run[place - 1] not in _TIED_BEFORE:
                return length, kind
        return 1, _CONTENT


@functools.cache
def _lexicon(language: str) -> _Lexicon:
    return _Lexicon(f"function_{language}.txt")


def content_pieces(run: str, *, japanese: bool, asked: bool = False) -> list[str]:
    """Return the stretches of a run that are about something.

    Args:
        run: A folded run of characters of :data:`CLUSTERED`, or of :data:`IDEOGRAPHIC`.
        japanese: Whether the text that it is from has kana.
        asked: Whether it is a question's.
    """
    if _THAI.match(run):
        return _lexicon("th").cut(run, asked=asked)
    if _CLUSTERED.match(run):
        return [run]
    if not japanese:
        return _lexicon("zh").cut(run, asked=asked)
    return [
        part for piece in _lexicon("ja").cut(run, asked=asked) for part in _japanese_parts(piece)
    ]


def _japanese_parts(piece: str) -> list[str]:
    """Cut between scripts, where words end, and drop inflections and particles."""
    parts: list[str] = []
    for match in _KINDS.finditer(piece):
        part = match[0]
        if match["hiragana"]:
            if match.start():
                if part[0] in _PARTICLES:
                    part = part[1:]
                elif len(part) <= _LONGEST_INFLECTION:
                    continue
            if len(part) > 2 and part[-1] in _PARTICLES:
                part = part[:-1]
            if len(part) < 2:
                continue
        parts.append(part)
    return parts


@functools.cache
def _endings() -> list[str]:
    listed = sections("particles_ko.txt")
    return sorted({*listed["particles"], *listed["endings"]}, key=len, reverse=True)


@functools.lru_cache(maxsize=16_384)
def korean_stem(word: str) -> str:
    """Return a Korean word without the particle or ending at its end, one character at least."""
    for ending in _endings():
        if len(ending) < len(word) and word.endswith(ending):
            return word.removesuffix(ending)
    return word
