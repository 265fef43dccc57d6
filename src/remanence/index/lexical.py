"""Lexical evidence: how much of a query's weight each turn, with its neighbours, accounts for.

A conversation is not a bag of passages: an answer is often next to the turn that shares the
question's words, and its own words are spread over neighbours. So each query term's evidence in a
turn is its frequency there plus its *presence* nearby, gated by length and saturated per term::

    LEX_i = sum_t v_t * x_it / (x_it + 1) / sum_t v_t
    v_t   = idf_t * [1/4 if t names a speaker of the scope, else 1]
    x_it  = a_i * tf_it / B_i + N_it / max(1, B_i)
    N_it  = sum_k w_k * (y_(i-k),t + y_(i+k),t) + 0.8 * [turn i-1 asks] * y_(i-1),t
    y_jt  = min(1, tf_jt) / B_j
    B_i   = 0.25 + 0.75 * len_i / 30                      len in content terms
    a_i   = 1 + the weight w of the neighbours that don't exist
    idf_t = ln(1 + (N - df_t + 1/2) / (df_t + 1/2))       (Robertson and Zaragoza, 2009)

A speaker's name says who speaks (which is scored apart) more than what is spoken about. The
saturation is BM25's with k1 = 1. The neighbours' part was found by measuring on LoCoMo's
conversations 0 to 4.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Hits", "Turns", "length_norm", "lexical_evidence"]

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]

_NEIGHBOUR_WEIGHTS = (0.3, 0.2, 0.1)
_QUESTION_WEIGHT = 0.8
_NAME_WEIGHT = 0.25
_TERMS_AT_ONCE = 8
_PIVOT_LENGTH = 30.0
_PIVOT_SLOPE = 0.75

_REACH = len(_NEIGHBOUR_WEIGHTS)
_MISSING = np.array(
    [sum(_NEIGHBOUR_WEIGHTS[present:]) for present in range(_REACH + 1)], np.float32
)
"""The weight of the neighbours that are missing on a side where so many are present."""


@dataclasses.dataclass(frozen=True, slots=True)
class Turns:
    """The turns of a scope, by number from 1; number 0 stands for a turn that isn't there.

    Attributes:
        norm: ``B_i``, see :func:`length_norm`.
        before: The number of the turn before, in the same session.
        after: The number of the turn after.
        place: How many turns come before, in the same session.
        session: The number of the turn's session.
        sizes: For each session how many turns it has.
        asks: Whether the turn ends with a question.
    """

    norm: Floats
    before: Numbers
    after: Numbers
    place: Numbers
    session: Numbers
    sizes: Numbers
    asks: npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True)
class Hits:
    """The turns that use a query term, ascending, and how often each does.

    Attributes:
        turns: Their numbers.
        counts: How often each uses it.
        is_name: Whether the term names a speaker of the scope.
    """

    turns: Numbers
    counts: Floats
    is_name: bool = False


def length_norm(lengths: npt.ArrayLike) -> Floats:
    """Return ``B`` for lengths in content terms: below 1 for short turns, 1 at 30 terms."""
    norm = 1 - _PIVOT_SLOPE + _PIVOT_SLOPE * np.asarray(lengths, np.float32) / _PIVOT_LENGTH
    return norm.astype(np.float32)


def lexical_evidence(turns: Turns, query: Sequence[Hits]) -> Floats:
    """Return ``LEX``, from 0 to 1, for every turn (and a meaningless first element).

    Args:
        turns: The scope.
        query: For each distinct query term the turns that use it.
    """
    size = len(turns.norm)
    weights = np.array([_weight(hits, size - 1) for hits in query], np.float32)
    used = [place for place, hits in enumerate(query) if len(hits.turns)]
    gate = (1 / np.maximum(1, turns.norm)).astype(np.float32)
    total = np.zeros(size, np.float32)
    for start in range(0, len(used), _TERMS_AT_ONCE):
        block = used[start : start + _TERMS_AT_ONCE]
        evidence = _evidence(turns, [query[place] for place in block], gate)
        np.divide(evidence, evidence + 1, out=evidence)
        evidence *= weights[block, np.newaxis]
        total += evidence.sum(axis=0)
    if used:
        total /= weights.sum()
    total[0] = 0
    return total


def _weight(hits: Hits, count: int) -> float:
    """Return ``v`` of a term in a scope of so many turns."""
    users = len(hits.turns)
    idf = math.log(1 + (count - users + 0.5) / (users + 0.5))
    return _NAME_WEIGHT * idf if hits.is_name else idf


def _evidence(turns: Turns, query: Sequence[Hits], gate: Floats) -> Floats:
    """Return ``x``, one row a term and one column a turn.

    The terms' hits lie end to end, and the rows in one flat array, so that the number of calls
    does not grow with the number of terms: on ten thousand turns they are what costs.
    """
    size = len(gate)
    users = np.concatenate([hits.turns for hits in query])
    counts = np.concatenate([hits.counts for hits in query])
    lengths = [len(hits.turns) for hits in query]
    rows = np.repeat(np.arange(0, len(query) * size, size), lengths)
    evidence = np.zeros(len(query) * size, np.float32)
    norm = turns.norm[users]
    presence = np.minimum(1, counts) / norm
    # A shift maps distinct turns to distinct turns, so plain indexing adds each share once;
    # only number 0 is hit repeatedly, and nobody reads it.
    before, after = users, users
    for weight in _NEIGHBOUR_WEIGHTS:
        before, after = turns.before[before], turns.after[after]
        share = np.float32(weight) * presence
        evidence[rows + before] += share
        evidence[rows + after] += share
    asking = turns.asks[users]
    if asking.any():
        answers = rows[asking] + turns.after[users[asking]]
        evidence[answers] += np.float32(_QUESTION_WEIGHT) * presence[asking]
    matrix = evidence.reshape(len(query), size)
    matrix *= gate
    evidence[rows + users] += _alone(turns, users) * counts / norm
    return matrix


def _alone(turns: Turns, users: Numbers) -> Floats:
    """Return ``a``: what turns at the edge of a session get for the neighbours they lack."""
    place = turns.place[users]
    remaining = turns.sizes[turns.session[users]] - 1 - place
    return 1 + _MISSING[np.minimum(place, _REACH)] + _MISSING[np.minimum(remaining, _REACH)]
