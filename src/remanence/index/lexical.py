"""Lexical evidence: how much of a query's weight each turn, with its neighbours, accounts for.

A conversation is not a bag of passages: an answer is often next to the turn that shares the
question's words, and its own words are spread over neighbours. So each query term's evidence in a
turn is its frequency there plus its *presence* nearby, gated by length and saturated per term::

    LEX_i = sum_t v_t * x_it / (x_it + 1) / sum_t v_t
    v_t   = idf_t * [1/10 if t names a speaker of the scope, else 1] * the query's weight of t
    x_it  = a_i * tf_it / B_i + r_i * N_it + f_it
    N_it  = sum_k w_k * (y_(i-k),t + y_(i+k),t) + 0.8 * [turn i-1 asks] * y_(i-1),t
    y_jt  = min(1, tf_jt) / B_j, and half of f_jt
    f_it  = max y_ft over the facts f that rest on turn i
    B_i   = min(8, 0.15 + 0.85 * len_i / 30)              len in content terms
    r_i   = min(1, 20 / len_i)
    a_i   = 1 + W - g_i * (the weight w of the neighbours that exist)
    w_k   = 0.35 * 0.7^(k-1) for k = 1..4                 W their sum over both sides
    idf_t = ln(1 + (N - df_t + 1/2) / (df_t + 1/2))       (Robertson and Zaragoza, 2009)

``a`` makes up for neighbours that can't add anything: those that don't exist, and those that speak
of something else, as the coherence ``g`` tells (:mod:`remanence.index.coherence`). Without it, a
turn that stands alone loses to a long session about the topic. ``B`` has a bound, so that a long
answer is judged by the part that matters. A fact's words count as the words of the turns that it
was drawn from. A speaker's name says who speaks (which is scored apart) more than what is spoken
about. The saturation is BM25's with k1 = 1; the rest was found by measuring on LoCoMo's
conversations 0 to 4.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Hits", "LexicalEvidence", "Turns", "length_norm", "length_room", "lexical_evidence"]

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]

_REACH = 4
_NEIGHBOUR_WEIGHTS = tuple(0.35 * 0.7**distance for distance in range(_REACH))
_QUESTION_WEIGHT = 0.8
_NAME_WEIGHT = 0.1
_FACT_SPILL = np.float32(0.5)
_PIVOT_LENGTH = 30.0
_PIVOT_SLOPE = 0.85
_MOST_NORM = 8.0
_ROOM_LENGTH = 20.0
_CELLS_AT_ONCE = 100_000
"""So many cells of terms and turns stay in a core's own cache."""

_PRESENT = np.array([sum(_NEIGHBOUR_WEIGHTS[:there]) for there in range(_REACH + 1)], np.float32)
"""The weight of the neighbours on a side where so many are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Turns:
    """The turns of a scope, by number from 1; number 0 stands for a turn that isn't there.

    Attributes:
        norm: ``B_i``, see :func:`length_norm`.
        room: ``r_i``, see :func:`length_room`.
        before: The number of the turn before, in the same session.
        after: The number of the turn after.
        place: How many turns come before, in the same session.
        session: The number of the turn's session.
        sizes: For each session how many turns it has.
        asks: Whether the turn ends with a question.
        coherence: ``g_i``, 0 to 1.
        facts: Of each pair of a fact and a turn that it rests on the fact, ascending.
        sources: Of each such pair the turn.
    """

    norm: Floats
    room: Floats
    before: Numbers
    after: Numbers
    place: Numbers
    session: Numbers
    sizes: Numbers
    asks: npt.NDArray[np.bool_]
    coherence: Floats
    facts: Numbers
    sources: Numbers


@dataclasses.dataclass(frozen=True, slots=True)
class Hits:
    """The turns that use a query term, ascending, and how often each does.

    Attributes:
        turns: Their numbers.
        counts: How often each uses it.
        is_name: Whether the term names a speaker of the scope.
        weight: How much the query makes of the term.
        content: Whether it is a content term, one that counts for a turn's length.
    """

    turns: Numbers
    counts: Floats
    is_name: bool = False
    weight: float = 1.0
    content: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class LexicalEvidence:
    """What the words tell; one element a turn, and a meaningless first one.

    Attributes:
        weight: ``LEX``, 0 to 1.
        matched: How many of the query's content terms the turn itself uses.
    """

    weight: Floats
    matched: Numbers


def length_norm(lengths: npt.ArrayLike) -> Floats:
    """Return ``B`` for lengths in content terms: below 1 for short turns, 1 at 30 terms."""
    norm = 1 - _PIVOT_SLOPE + _PIVOT_SLOPE * np.asarray(lengths, np.float32) / _PIVOT_LENGTH
    return np.minimum(norm, _MOST_NORM).astype(np.float32)


def length_room(lengths: npt.ArrayLike) -> Floats:
    """Return ``r``, the room for what neighbours tell: 1 up to 20 content terms, then less."""
    room = _ROOM_LENGTH / np.maximum(np.asarray(lengths, np.float32), _ROOM_LENGTH)
    return room.astype(np.float32)


def lexical_evidence(turns: Turns, query: Sequence[Hits]) -> LexicalEvidence:
    """Return what the words of a query tell about every turn.

    Args:
        turns: The scope.
        query: For each distinct query term the turns that use it.
    """
    size = len(turns.norm)
    weights = np.array([_weight(hits, size - 1) for hits in query], np.float32)
    used = [place for place, hits in enumerate(query) if len(hits.turns)]
    total = np.zeros(size, np.float32)
    if not used:
        return LexicalEvidence(total, np.zeros(size, np.int32))
    weights /= weights.sum()
    at_once = max(1, _CELLS_AT_ONCE // size)
    scratch = np.empty((min(at_once, len(used)), size), np.float32)
    for start in range(0, len(used), at_once):
        block = used[start : start + at_once]
        evidence = _evidence(turns, [query[place] for place in block])
        more = np.add(evidence, 1, out=scratch[: len(block)])
        np.divide(evidence, more, out=evidence)
        total += weights[block] @ evidence
    return LexicalEvidence(total, _matched(query, size))


def _matched(query: Sequence[Hits], size: int) -> Numbers:
    """Return how many of the content terms each turn uses."""
    users = [hits.turns for hits in query if hits.content]
    if not users:
        return np.zeros(size, np.int32)
    return np.bincount(np.concatenate(users), minlength=size).astype(np.int32)


def _weight(hits: Hits, count: int) -> float:
    """Return ``v`` of a term in a scope of so many turns."""
    users = len(hits.turns)
    idf = math.log(1 + (count - users + 0.5) / (users + 0.5))
    return hits.weight * idf * (_NAME_WEIGHT if hits.is_name else 1)


def _evidence(turns: Turns, query: Sequence[Hits]) -> Floats:
    """Return ``x``, one row a term and one column a turn.

    The terms' hits lie end to end, and the rows in one flat array, so that the number of calls
    does not grow with the number of terms: on ten thousand turns they are what costs.
    """
    size = len(turns.norm)
    users = np.concatenate([hits.turns for hits in query])
    counts = np.concatenate([hits.counts for hits in query])
    lengths = [len(hits.turns) for hits in query]
    rows = np.repeat(np.arange(0, len(query) * size, size), lengths)
    evidence = np.zeros(len(query) * size, np.float32)
    norm = turns.norm[users]
    presence = (np.minimum(1, counts) / norm).astype(np.float32, copy=False)
    # A shift maps distinct turns to distinct turns, so plain indexing adds each share once;
    # only number 0 is hit repeatedly, and nobody reads it.
    _spread(evidence, turns, rows, users, presence)
    asking = turns.asks[users]
    if asking.any():
        answers = rows[asking] + turns.after[users[asking]]
        evidence[answers] += np.float32(_QUESTION_WEIGHT) * presence[asking]
    told = _told(turns, rows, users, presence) if len(turns.facts) else None
    if told is not None:
        cells, shares = told
        sources = (cells % size).astype(np.int32)
        _spread(evidence, turns, cells - sources, sources, _FACT_SPILL * shares)
    matrix = evidence.reshape(len(query), size)
    matrix *= turns.room
    evidence[rows + users] += _alone(turns, users) * counts / norm
    if told is not None:
        cells, shares = told
        evidence[cells] += shares
    return matrix


def _spread(
    evidence: Floats, turns: Turns, rows: npt.NDArray[np.intp], users: Numbers, presence: Floats
) -> None:
    """Add the shares of what is present in turns to the evidence of their neighbours."""
    before, after = users, users
    for weight in _NEIGHBOUR_WEIGHTS:
        before, after = turns.before[before], turns.after[after]
        share = np.float32(weight) * presence
        evidence[rows + before] += share
        evidence[rows + after] += share


def _told(
    turns: Turns, rows: npt.NDArray[np.intp], users: Numbers, presence: Floats
) -> tuple[npt.NDArray[np.intp], Floats] | None:
    """Return ``f`` where it is more than nothing: distinct cells of the flat array, and values."""
    first = np.searchsorted(turns.facts, users)
    counts = np.searchsorted(turns.facts, users, side="right") - first
    if not counts.any():
        return None
    ends = np.cumsum(counts)
    pairs = np.arange(int(ends[-1])) + np.repeat(first - ends + counts, counts)
    cells = np.repeat(rows, counts) + turns.sources[pairs]
    shares = np.repeat(presence, counts)
    order = np.lexsort((shares, cells))
    cells, shares = cells[order], shares[order]
    last = np.flatnonzero(np.diff(cells, append=-1))
    return cells[last], shares[last]


def _alone(turns: Turns, users: Numbers) -> Floats:
    """Return ``a``: what turns get for the neighbours that they lack."""
    place = turns.place[users]
    remaining = turns.sizes[turns.session[users]] - 1 - place
    present = _PRESENT[np.minimum(place, _REACH)] + _PRESENT[np.minimum(remaining, _REACH)]
    return 1 + 2 * _PRESENT[-1] - turns.coherence[users] * present
