"""What was said more than once: the same words, whoever punctuates them how.

Two texts are one statement said twice if they have the same words in the same order, but for case,
signs and words that only fill; or, for long texts, if at least nine of ten of all their runs of
three words are common to both, and no number is among the words in which they differ.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence

from remanence.types import Recollection

__all__ = ["Statement", "statements"]

_WORD = re.compile(
    "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    "|[^\\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
    "|-(?=[0-9])|[^\\s\\w.,;:!?'\"()\u2026\u3000-\u303f-]"
)
_APOSTROPHES = re.compile("(?<=\\w)['\u2019](?=\\w)")
_FILLERS = frozenset(
    (
        *("a", "an", "the", "ah", "eh", "er", "hey", "hi", "hm", "hmm", "oh", "um", "wow", "yeah"),
        *("just", "ok", "okay", "please", "really", "so", "very", "well", "yes"),
        *("了", "啊", "吧", "哦", "嗯", "呀", "哈", "嘛", "啦", "呢"),
    )
)
_RUN = 3
_ALIKE = 0.9
_LONG = 12
"""So many words are enough to be alike without being the same."""
_COMPARED_CHARS = 20_000
"""Longer texts are one statement only if they have the same words."""


@dataclasses.dataclass(slots=True)
class Statement:
    """Something that was found, once or repeatedly.

    Attributes:
        latest: The recollection of when it was said last; the better one of several of one time.
        times: How often it was found.
    """

    latest: Recollection
    times: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class _Words:
    """What tells a statement apart: who said it, and its words."""

    who: tuple[str, str | None, str | None]
    words: tuple[str, ...]
    runs: frozenset[tuple[str, ...]]


def statements(found: Sequence[Recollection]) -> list[Statement]:
    """Return recollections with what one speaker repeated told once, in their order.

    A statement has the place of its best recollection, and the words and the date of its latest
    one. The same item twice is one that was said once.
    """
    known: list[tuple[_Words, Statement]] = []
    exact: dict[object, Statement] = {}
    seen: set[tuple[str, str]] = set()
    for recollection in found:
        item = (recollection.origin, recollection.id)
        if item in seen:
            continue
        seen.add(item)
        words = _words_of(recollection)
        same = exact.get((words.who, words.words)) or next(
            (statement for other, statement in known if _alike(words, other)), None
        )
        if same is None:
            same = Statement(recollection)
            known.append((words, same))
        else:
            same.times += 1
            if recollection.at > same.latest.at:
                same.latest = recollection
        exact.setdefault((words.who, words.words), same)
    return [statement for _, statement in known]


def _words_of(recollection: Recollection) -> _Words:
    text = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", recollection.text).casefold())
    every = _WORD.findall(text)
    words = tuple(word for word in every if word not in _FILLERS) or tuple(every) or (text,)
    runs: frozenset[tuple[str, ...]] = frozenset()
    if len(words) >= _LONG and len(text) <= _COMPARED_CHARS:
        runs = frozenset(words[i : i + _RUN] for i in range(len(words) - _RUN + 1))
    who = (recollection.origin, recollection.role, recollection.speaker)
    return _Words(who, words, runs)


def _alike(one: _Words, other: _Words) -> bool:
    fewer, more = sorted((len(one.runs), len(other.runs)))
    if not fewer or fewer < _ALIKE * more or one.who != other.who:
        return False
    common = len(one.runs & other.runs)
    if common < _ALIKE * (fewer + more - common):
        return False
    differing = set(one.words) ^ set(other.words)
    return not any(character.isdigit() for word in differing for character in word)
