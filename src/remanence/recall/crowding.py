"""What is told where much of what was found says almost the same, or comes from tools.

Whoever can put text before an agent can put it there a hundred times, each time a little different,
so that nothing else is among the first hits. Here at most half of what is told may be alike, two of
it almost the same, and at most half may be what tools returned, as long as something else that
answers nearly as well was found. Of what is alike, what the user said here comes before what others
said. Nothing is left out for it where there is nothing better to tell.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence
from typing import get_args

from remanence.types import Recollection, Role

__all__ = ["Selection", "selected"]

_ALIKE = 0.6
"""Texts that have so many of all their words in common are alike."""
_SAME = 0.8
"""So many, and they say almost the same."""
_MOST_SAME = 2
_WEAK = 0.5
"""What has less than so much of the best score is no better than what says the same once more."""
_COMPARED_CHARS = 2_000
_ROLES: tuple[Role, ...] = get_args(Role)
_WORD = re.compile(
    "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]"
    "|[^\\W\\d_\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+|\\d+"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """What is to be told.

    Attributes:
        hits: The recollections, best first; with some of those that repeat them.
        crowded: Whether others might be told in place of some of them, if more were found.
    """

    hits: tuple[Recollection, ...]
    crowded: bool


@dataclasses.dataclass(slots=True)
class _Each:
    """What one speaker said in the same words, once or repeatedly.

    Attributes:
        best: The best of what was found of it.
        rank: Its rank among all that was found.
        words: Its words. Numbers are none: they are what is easiest to change.
        ids: The ids of what was found of it.
    """

    best: Recollection
    rank: int
    words: frozenset[str]
    ids: list[str]

    @property
    def said_by(self) -> Role | None:
        """As what it was said."""
        return self.best.role if self.best.origin == "episode" else self.best.stated_by

    @property
    def order(self) -> tuple[int, bool, int]:
        """The place among those that are alike: the most trusted come first."""
        said_by = self.said_by
        role = 0 if said_by is None else _ROLES.index(said_by)
        return role, self.best.imported, self.rank


def selected(found: Sequence[Recollection], limit: int) -> Selection:
    """Return the best ``limit`` statements, of which no kind crowds out the others.

    What one speaker says in the same words is one statement, however often it was found.

    Args:
        found: What was found, best first.
        limit: How many different statements to tell at most, 1 or more.
    """
    most = (limit + 1) // 2
    every = _each(found, limit)
    apart: list[_Each] = []
    tools = 0
    for each in sorted(_spread(every, most), key=lambda one: one.rank):
        tools += each.said_by == "tool"
        if each.said_by != "tool" or tools <= most:
            apart.append(each)
    there = {each.rank for each in apart}
    over = [each for each in every if each.rank not in there]
    least = _WEAK * max((each.best.score for each in every), default=0.0)
    strong = [each for each in apart if each.best.score >= least]
    weak = [each for each in apart if each.best.score < least]
    wanted = {id_ for each in [*strong, *over, *weak][:limit] for id_ in each.ids}
    hits = tuple(hit for hit in found if hit.id in wanted)
    return Selection(hits, crowded=len(apart) < limit)


def _each(found: Sequence[Recollection], most: int) -> list[_Each]:
    """Return what was found, each statement once, with ``most`` of what repeats it."""
    known: dict[object, _Each] = {}
    for rank, hit in enumerate(found):
        folded = unicodedata.normalize("NFKC", hit.text[:_COMPARED_CHARS]).casefold()
        words = _WORD.findall(folded)
        whole = tuple(words) if words and len(hit.text) <= _COMPARED_CHARS else hit.text
        key = (hit.origin, hit.role, hit.speaker, whole)
        if key in known:
            if len(known[key].ids) < most:
                known[key].ids.append(hit.id)
        else:
            said = frozenset(word for word in words if not word.isdecimal())
            known[key] = _Each(hit, rank, said, [hit.id])
    return [*known.values()]


def _spread(every: Sequence[_Each], most: int) -> list[_Each]:
    """Return of all that is alike the first ``most``, two at most of what is almost the same."""
    groups: list[list[_Each]] = []
    for each in every:
        for group in groups:
            if _shared(each, group[0]) >= _ALIKE:
                group.append(each)
                break
        else:
            groups.append([each])
    spread: list[_Each] = []
    for group in groups:
        chosen: list[_Each] = []
        for each in group if len(group) <= most else sorted(group, key=lambda one: one.order):
            same = sum(_shared(each, other) >= _SAME for other in chosen)
            if len(chosen) < most and same < _MOST_SAME:
                chosen.append(each)
        spread += chosen
    return spread


def _shared(one: _Each, other: _Each) -> float:
    """Return which part of all their words two texts have in common."""
    every = one.words | other.words
    return len(one.words & other.words) / len(every) if every else 1.0
