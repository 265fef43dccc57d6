"""Characters that nobody sees: which say nothing, and which belong to a script or an emoji.

Whoever reads a text on a screen doesn't see them; a model, which reads code points, does. They can
hide words, tear words apart that a list would know, or turn around what a person sees. Some are
spelling, though: Persian and the scripts of India join and part letters by them, and emoji are put
together with them. Those stay where they do that:

- a joiner or non-joiner after a virama, or between two letters of a script that joins letters, as
  rules A.1 and A.2 of RFC 5892 have it for names;
- a joiner between two emoji, and a variation selector right after one;
- the tags of the flags of England, Scotland and Wales.

Each of them stands alone: of a row, which could carry any message, nothing stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["replace_unseen", "without_unseen"]

_JOINERS = "\u200c\u200d"
_JOINER = "\u200d"
_SELECTORS = "\ufe0e\ufe0f"
_KEYCAP = "\u20e3"
_VIRAMA = 9
"""The combining class of what ends a syllable in the scripts of India."""

_FLAGS = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_CANDIDATE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for tabs and ends of lines
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "]"
)
_UNSEEN = re.compile(f"({_FLAGS})|{_CANDIDATE.pattern}")
_PICTURE = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0e80-\u109f\u1780-\u18af\ua840-\ua87f\ufb50-\ufdff\ufe70-\ufefc]"
)
"""Arabic and its kin, the scripts of India and of those around it, Khmer and Mongolian."""


def without_unseen(text: str) -> str:
    """Return a text without the characters that nobody sees and that spell nothing.

    Tabs and line feeds stay; other controls go.
    """
    return replace_unseen(text, lambda _: "")


def replace_unseen(text: str, put: Callable[[str], str]) -> str:
    """Return a text with something in place of each such character.

    Args:
        text: The text.
        put: Is given the character, and returns what takes its place.
    """
    if not _CANDIDATE.search(text):
        return text

    def kept(match: re.Match[str]) -> str:
        if match[1] is not None or _spells(text, match.start()):
            return match[0]
        return put(match[0])

    return _UNSEEN.sub(kept, text)


def _spells(text: str, place: int) -> bool:
    """Return whether the character at a place is a part of how something is spelt."""
    here = text[place]
    before, after = text[max(0, place - 1) : place], text[place + 1 : place + 2]
    if here in _SELECTORS:
        return bool(_PICTURE.match(before)) or (before in set("0123456789#*") and after == _KEYCAP)
    if here not in _JOINERS or not before:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if here == _JOINER and _PICTURE.match(after):
        start = text[max(0, place - 2) : place - 1] if before in _SELECTORS else before
        return bool(_PICTURE.match(start))
    return _joins(before) and _joins(after)


def _joins(character: str) -> bool:
    return bool(_JOINING.match(character)) and unicodedata.category(character)[0] in "LM"
