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

from remanence.recall.repeats import Statement, statements
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
    "|[^\\W\\d_\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)
"""Numbers don't count: they are what is easiest to change."""


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """What is to be told.

    Attributes:
        hits: The recollections, best first; with those that repeat them.
        crowded: Whether others might be told in place of some of them, if more were found.
    """

    hits: tuple[Recollection, ...]
    crowded: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _Each:
    """A statement, its rank among all that were found, and its words."""

    statement: Statement
    rank: int
    words: frozenset[str]

    @property
    def said_by(self) -> Role | None:
        latest = self.statement.latest
        return latest.role if latest.origin == "episode" else latest.stated_by

    @property
    def order(self) -> tuple[int, bool, int]:
        """The place among those that are alike: the most trusted come first."""
        said_by = self.said_by
        role = 0 if said_by is None else _ROLES.index(said_by)
        return role, self.statement.latest.imported, self.rank


def selected(found: Sequence[Recollection], limit: int) -> Selection:
    """Return the best ``limit`` statements, of which no kind crowds out the others.

    Args:
        found: What was found, best first.
        limit: How many different statements to tell at most, 1 or more.
    """
    most = (limit + 1) // 2
    every = [
        _Each(statement, rank, _words(statement.latest.text))
        for rank, statement in enumerate(statements(found))
    ]
    apart: list[_Each] = []
    tools = 0
    for each in sorted(_spread(every, most), key=_rank):
        tools += each.said_by == "tool"
        if each.said_by != "tool" or tools <= most:
            apart.append(each)
    there = {each.rank for each in apart}
    over = [each for each in every if each.rank not in there]
    least = _WEAK * max((each.statement.latest.score for each in every), default=0.0)
    strong = [each for each in apart if each.statement.latest.score >= least]
    weak = [each for each in apart if each.statement.latest.score < least]
    told = [*strong, *over, *weak][:limit]
    wanted = {(hit.origin, hit.id) for each in told for hit in each.statement.found}
    hits = tuple(hit for hit in found if (hit.origin, hit.id) in wanted)
    return Selection(hits, crowded=len(apart) < limit)


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


def _rank(each: _Each) -> int:
    return each.rank


def _shared(one: _Each, other: _Each) -> float:
    """Return which part of all their words two texts have in common."""
    every = one.words | other.words
    return len(one.words & other.words) / len(every) if every else 1.0


def _words(text: str) -> frozenset[str]:
    folded = unicodedata.normalize("NFKC", text[:_COMPARED_CHARS]).casefold()
    return frozenset(_WORD.findall(folded))
