"""Recollections chosen and cut so that they fit into a note of so many tokens.

What was found is small, what is told is large: a hit is told as a whole, with the question that it
answers or the answer to it. Only where the budget forces it are long turns cut to the passage that
the question is about, all to about the same length; and only where that is not enough are the hits
that rank lowest left out, and counted.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from remanence.recall.passage import Passages
from remanence.recall.quotations import Around, Cost, Packed, Quotation
from remanence.recall.repeats import statements
from remanence.recall.tokens import estimate_tokens
from remanence.types import Recollection

__all__ = ["Around", "Cost", "Packed", "Quotation", "pack"]

_WHOLE = sys.maxsize
_UNHEARD = ("tool", "system")
"""Who says nothing that makes a turn understandable."""
_ASKS = re.compile(r"[?\uff1f\u061f][^\w?\uff1f\u061f]*$")
_SHORTEST = 60
"""Nothing is cut to fewer tokens than this if anything else can be left out instead."""
_LEAST = 8
"""The best hit is cut to so few before there is no note at all."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Candidate:
    """What may be told.

    Attributes:
        recollection: The recollection.
        tokens: How long its text is, about.
        place: The order of what happened at the same time: session, position there, rank.
        times: How often it was found.
        found: Whether it was found, or only belongs to something that was.
        asks: Whether it is told for the question at its end.
    """

    recollection: Recollection
    tokens: int
    place: tuple[int, int, int]
    times: int = 1
    found: bool = True
    asks: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class _Draft:
    """Contents of a note that fit.

    Attributes:
        told: What is told, the best first.
        hits: To how many tokens the hits among it are cut, about.
        near: To how many all else is cut.
        tokens: How many the note is.
    """

    told: tuple[_Candidate, ...]
    hits: int
    near: int
    tokens: int


def pack(
    hits: Sequence[Recollection],
    *,
    budget: int,
    cost: Cost,
    query: str = "",
    around: Mapping[str, Around] | None = None,
) -> Packed:
    """Return what a note within a budget tells of what was found.

    What one speaker repeated is told once, with its latest date. A hit comes with the question
    right before it, and one that asks with what was said right after it (tools aside), as long as
    there is room. No turn is told twice. The best hit is told if any can be.

    Args:
        hits: What was found, best first.
        budget: How many tokens the note may be.
        cost: How many tokens a note is. It is asked for each note that is considered, so that the
            budget is kept whatever it answers.
        query: What was asked: long turns are cut to what is about it.
        around: What was said around the hits, by their ids, as far as it is known.

    Returns:
        The note's contents; without items when there are no hits, or not even a few words of one
        fit.
    """
    return _Packing(hits, budget, cost, query, around or {}).packed()


class _Packing:
    """The steps of :func:`pack`, from one draft that fits to the next."""

    def __init__(
        self,
        hits: Sequence[Recollection],
        budget: int,
        cost: Cost,
        query: str,
        around: Mapping[str, Around],
    ) -> None:
        self._budget = budget
        self._cost = cost
        self._query = query
        self._around = around
        self._sessions: dict[object, int] = {}
        self._passages: dict[tuple[str, str], Passages] = {}
        self._hits = [
            self._candidate(each.latest, rank, each.times)
            for rank, each in enumerate(statements(hits))
        ]

    def packed(self) -> Packed:
        """Return what is told."""
        if not self._hits:
            return Packed((), 0, 0)
        draft = self._draft(self._hits, _WHOLE, _SHORTEST) or self._cut_hits()
        if not draft.told:
            return Packed((), len(self._hits), 0)
        draft = self._longer(self._with(draft, self._near(draft.told)))
        items = self._quotations(draft.told, draft.hits, draft.near)
        return Packed(tuple(items), self._left_out(draft.told), draft.tokens)

    def _cut_hits(self) -> _Draft:
        """Return as many of the hits as fit when they are cut short, the best ones first."""
        best = self._hits[:1]
        draft = self._draft(best, _SHORTEST, _SHORTEST) or self._highest(
            _LEAST, _SHORTEST - 1, lambda cap: self._draft(best, cap, cap)
        )
        if draft is None:
            return self._with(_Draft((), _SHORTEST, _SHORTEST, 0), self._hits)
        return self._with(draft, self._hits[1:])

    def _with(self, draft: _Draft, more: Iterable[_Candidate]) -> _Draft:
        """Add to a draft, one by one, what fits into it."""
        empty = self._cost((), 0)
        for each in more:
            alone = self._cost(self._quotations([each], draft.hits, draft.near), 0)
            if draft.told and draft.tokens + alone - empty > self._budget:
                continue  # spares asking for the whole note
            draft = self._draft([*draft.told, each], draft.hits, draft.near) or draft
        return draft

    def _longer(self, draft: _Draft) -> _Draft:
        """Cut less, as far as there is room: what is no hit, or everything where hits are cut."""
        whole = draft.hits == _WHOLE
        cut = [each.tokens for each in draft.told if not (whole and each.found)]
        longer = self._highest(
            draft.near + 1,
            max(cut, default=0),
            lambda cap: self._draft(draft.told, _WHOLE if whole else cap, cap),
        )
        return longer or draft

    def _highest(
        self, least: int, most: int, draft_of: Callable[[int], _Draft | None]
    ) -> _Draft | None:
        """Return the draft of the highest number that one fits for, or ``None`` if none does."""
        best: _Draft | None = None
        cap = most
        while least <= most:
            draft = draft_of(cap)
            if draft is None:
                most = cap - 1
            else:
                best, least = draft, cap + 1
            cap = (least + most) // 2
        return best

    def _draft(self, told: Sequence[_Candidate], hits: int, near: int) -> _Draft | None:
        """Return the draft that tells these, cut to so many tokens, or ``None`` if it won't fit."""
        tokens = self._cost(self._quotations(told, hits, near), self._left_out(told))
        return _Draft(tuple(told), hits, near, tokens) if tokens <= self._budget else None

    def _left_out(self, told: Iterable[_Candidate]) -> int:
        return len(self._hits) - sum(each.found for each in told)

    def _quotations(self, told: Iterable[_Candidate], hits: int, near: int) -> list[Quotation]:
        ordered = sorted(told, key=lambda each: (each.recollection.at, each.place))
        return [
            Quotation(
                each.recollection,
                self._text(each, hits if each.found else near),
                each.times,
                each.found,
            )
            for each in ordered
        ]

    def _text(self, candidate: _Candidate, cap: int) -> str:
        recollection = candidate.recollection
        text = recollection.text
        if candidate.tokens <= cap:
            return text
        key = (recollection.origin, recollection.id)
        if key not in self._passages:
            self._passages[key] = Passages(text, self._query, ending=candidate.asks)
        return self._passages[key].cut(max(_LEAST, len(text) * cap // candidate.tokens))

    def _near(self, told: Iterable[_Candidate]) -> list[_Candidate]:
        """Return what belongs to hits and was not found itself, in the order of the hits."""
        known = {(each.recollection.origin, each.recollection.id) for each in self._hits}
        near: list[_Candidate] = []
        for each in told:
            around = self._around_of(each.recollection)
            before = next((turn for turn in reversed(around.before) if _is_heard(turn)), None)
            after = next((turn for turn in around.after if _is_heard(turn)), None)
            rank = each.place[-1]
            belongs: list[_Candidate] = []
            if before is not None and _asks(before):
                belongs.append(self._neighbour(before, rank, around.position - 1, asks=True))
            if after is not None and _asks(each.recollection):
                belongs.append(self._neighbour(after, rank, around.position + 1))
            for other in belongs:
                key = (other.recollection.origin, other.recollection.id)
                if key not in known:
                    known.add(key)
                    near.append(other)
        return near

    def _neighbour(
        self, turn: Recollection, rank: int, position: int, *, asks: bool = False
    ) -> _Candidate:
        tokens = estimate_tokens(turn.text)
        return _Candidate(
            turn, tokens, (self._session(turn), position, rank), found=False, asks=asks
        )

    def _session(self, recollection: Recollection) -> int:
        return self._sessions.setdefault(recollection.scope, len(self._sessions))

    def _around_of(self, recollection: Recollection) -> Around:
        known = self._around.get(recollection.id) if recollection.origin == "episode" else None
        return known or Around()

    def _candidate(self, recollection: Recollection, rank: int, times: int) -> _Candidate:
        position = self._around_of(recollection).position
        tokens = estimate_tokens(recollection.text)
        return _Candidate(
            recollection, tokens, (self._session(recollection), position, rank), times
        )


def _is_heard(turn: Recollection) -> bool:
    return turn.role not in _UNHEARD


def _asks(turn: Recollection) -> bool:
    return _ASKS.search(turn.text) is not None
