"""Dense evidence: how near the vector of each turn, with its neighbours, is to a query's.

A turn is understood with what was said around it. Its vector is blended with its neighbours'::

    DENSE_i = 0.3 * q.e_i + 0.7 * q.unit(e_i + h_i * c_i)
    c_i     = sum_k v_k * (f_(i-k) + f_(i+k)) + 0.4 * [i-1 asks] * f_(i-1)          f_j = r_j * e_j
    v_k     = 0.7 * 0.5^(k-1) for k = 1..3
    h_i     = r_i * clip((n_i - m) / (3 * d), 0, 1)

``e`` are unit vectors, ``r`` the room for neighbours in a turn of its length
(:func:`remanence.index.lexical.length_room`), ``n_i`` the cosine with the nearest of the six
neighbours, ``m`` and ``d`` mean and deviation of the cosines of any two turns of the scope: how
near unrelated turns are differs from model to model. A turn amid others that speak of something
else is left alone.

No blended vector is stored. ``q.c_i`` is made of the products ``q.e_j`` that are computed anyway,
and of ``|e_i + h_i * c_i|`` the parts that don't depend on the query are kept, three numbers a
turn. The form was found by measuring on LoCoMo's conversations 0 to 4.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

__all__ = [
    "Blend",
    "Links",
    "Spread",
    "Surroundings",
    "blend",
    "dense_evidence",
    "spread_of",
    "surroundings",
]

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]

_REACH = 3
_NEIGHBOUR_WEIGHT = np.float32(0.7)
_DECAY = np.float32(0.5)
_QUESTION_WEIGHT = np.float32(0.4)
_BLENDED = np.float32(0.7)
_RELATED_DEVIATIONS = 3.0
_FACT_WEIGHT = np.float32(0.2)
_TURNS_AT_ONCE = 1024
"""Few enough for their vectors and their neighbours' to stay in a core's cache."""

_SAMPLE = 256
_PRIOR_TURNS = 20
_PRIOR_MEAN = 0.15
_PRIOR_DEVIATION = 0.12


@dataclasses.dataclass(frozen=True, slots=True)
class Links:
    """What of the turns' order matters here; number 0 stands for a turn that isn't there.

    Attributes:
        before: For each turn the number of the one before it in its session, 0 for none.
        after: For each turn the number of the one after it.
        asks: Whether it ends with a question.
        room: ``r_i``.
    """

    before: Numbers
    after: Numbers
    asks: Flags
    room: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is around turns, whatever is asked; one element a turn.

    Attributes:
        nearest: ``n_i``, the cosine with the nearest neighbour; -1 where none has a vector.
        along: ``e_i.c_i``.
        square: ``c_i.c_i``.
    """

    nearest: Floats
    along: Floats
    square: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Spread:
    """How near the turns of a scope are to each other, related or not.

    Attributes:
        mean: The mean cosine of two turns.
        deviation: Its standard deviation.
    """

    mean: float
    deviation: float


@dataclasses.dataclass(frozen=True, slots=True)
class Blend:
    """``DENSE_i = own_i * q.e_i + near_i * q.c_i``: the parts that no query changes.

    Attributes:
        own: The factor of a turn's own product.
        near: That of its neighbours'.
    """

    own: Floats
    near: Floats


def surroundings(vectors: Floats, links: Links, turns: npt.NDArray[np.intp]) -> Surroundings:
    """Measure what is around some turns; again for the six neighbours of one that changes.

    Args:
        vectors: One row a turn of the scope, a unit vector or, where there is none, zero.
        links: Those of the scope.
        turns: The turns to measure.
    """
    nearest, along, square = (np.empty(len(turns), np.float32) for _ in range(3))
    for start in range(0, len(turns), _TURNS_AT_ONCE):
        some = slice(start, start + _TURNS_AT_ONCE)
        nearest[some], along[some], square[some] = _around(vectors, links, turns[some])
    return Surroundings(nearest, along, square)


def _around(
    vectors: Floats, links: Links, turns: npt.NDArray[np.intp]
) -> tuple[Floats, Floats, Floats]:
    own = vectors[turns]
    context = np.zeros_like(own)
    nearest = np.full(len(turns), -1, np.float32)
    before, after, weight = turns, turns, _NEIGHBOUR_WEIGHT
    for distance in range(_REACH):
        before, after = links.before[before], links.after[after]
        for side, there in (("before", before), ("after", after)):
            rows = vectors[there]
            cosines = np.einsum("ij,ij->i", own, rows)
            np.maximum(nearest, cosines, out=nearest, where=rows.any(axis=1))
            shares = weight * links.room[there]
            if distance == 0 and side == "before":
                shares += _QUESTION_WEIGHT * links.asks[there] * links.room[there]
            context += shares[:, np.newaxis] * rows
        weight = weight * _DECAY
    return (
        nearest,
        np.einsum("ij,ij->i", own, context),
        np.einsum("ij,ij->i", context, context),
    )


def spread_of(vectors: Floats, present: Flags) -> Spread:
    """Return the spread of a scope's cosines, from up to 256 of its vectors, evenly taken.

    With few of them it leans on what is usual of sentence embedders.
    """
    there = np.flatnonzero(present)
    chosen = there[np.linspace(0, len(there) - 1, min(len(there), _SAMPLE)).astype(np.intp)]
    count = len(chosen)
    if count < 2:
        return Spread(_PRIOR_MEAN, _PRIOR_DEVIATION)
    sample = vectors[chosen]
    cosines = (sample @ sample.T)[np.triu_indices(count, 1)]
    total = count + _PRIOR_TURNS
    mean = (count * float(cosines.mean()) + _PRIOR_TURNS * _PRIOR_MEAN) / total
    variance = (count * float(cosines.var()) + _PRIOR_TURNS * _PRIOR_DEVIATION**2) / total
    return Spread(mean, variance**0.5)


def blend(around: Surroundings, room: Floats, spread: Spread) -> Blend:
    """Return how much of a turn's neighbours goes into it.

    Args:
        around: What is around each turn.
        room: ``r`` of each turn.
        spread: That of the scope.
    """
    related = (around.nearest - spread.mean) / (_RELATED_DEVIATIONS * spread.deviation)
    weight = room * np.clip(related, 0, 1).astype(np.float32)
    length = np.sqrt(np.maximum(1 + 2 * weight * around.along + weight**2 * around.square, 1e-6))
    near = _BLENDED * weight / length
    return Blend((1 - _BLENDED + _BLENDED / length).astype(np.float32), near.astype(np.float32))


def dense_evidence(
    products: Floats,
    parts: Blend,
    links: Links,
    *,
    facts: Numbers | None = None,
    sources: Numbers | None = None,
) -> Floats:
    """Return ``DENSE`` for every turn; 0 for a turn far from neighbours without a vector.

    Args:
        products: ``q.e_i``; 0 for a turn without a vector, and first for the stand-in.
        parts: What no query changes.
        links: Those of the scope.
        facts: Of each pair of a fact and a turn that it rests on the fact. A turn gets 0.2 of what
            its nearest fact has more.
        sources: Of each such pair the turn.
    """
    own = products * links.room
    before = after = own
    for _ in range(_REACH - 1):
        before = own + _DECAY * before[links.before]
        after = own + _DECAY * after[links.after]
    before *= _NEIGHBOUR_WEIGHT
    before += _QUESTION_WEIGHT * (own * links.asks)
    near = before[links.before]
    near += (_NEIGHBOUR_WEIGHT * after)[links.after]
    near *= parts.near
    near += parts.own * products
    if facts is not None and sources is not None and len(facts):
        best = np.full(len(near), -np.inf, np.float32)
        np.maximum.at(best, sources, near[facts])
        keyed = np.flatnonzero(best > near)
        near[keyed] += _FACT_WEIGHT * (best[keyed] - near[keyed])
    return near
