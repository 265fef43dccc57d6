"""The order of turns: pure functions over arrays that run in parallel, one element a turn.

::

    S_i  = z(LEX_i + 0.05 * [the query names the speaker of i]) + 0.8 * ln(min(1 + u_i, 20) / 20)
    z(x) = (x - mean) / sqrt((N * var + n0 * s0^2) / (N + n0))             n0 = 100, s0 = 0.05

``LEX`` is :func:`remanence.index.lexical.lexical_evidence`, ``u_i`` the number of different content
terms of the turn ("Wow, thanks!" is no evidence). ``z`` is the standard score in a large scope and
a fixed scale in a tiny one, where mean and variance say little. Found by measuring on LoCoMo's
conversations 0 to 4.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

__all__ = ["Ranking", "confidence", "rank", "standard_score"]

Floats = npt.NDArray[np.float32]

_PRIOR_TURNS = 100
_PRIOR_DEVIATION = 0.05
_SPEAKER_WEIGHT = 0.05
_INFORMATION_WEIGHT = 0.8
_INFORMATIVE_TERMS = 20
_EVEN = 9.0
_STEEPNESS = 1.6


@dataclasses.dataclass(frozen=True, slots=True)
class Ranking:
    """The best turns, best first.

    Attributes:
        turns: Their places in the arrays that were ranked.
        scores: Their scores, 0 to 1, descending.
    """

    turns: npt.NDArray[np.intp]
    scores: Floats


def standard_score(values: Floats) -> Floats:
    """Return the standard scores of ``values``, shrunk towards a fixed scale when there are few."""
    count = len(values)
    spread = count * float(np.var(values)) + _PRIOR_TURNS * _PRIOR_DEVIATION**2
    return (values - values.mean()) * np.float32(((count + _PRIOR_TURNS) / spread) ** 0.5)


def confidence(evidence: Floats) -> Floats:
    """Return evidence ``S`` as a score from 0 to 1 that keeps its order.

    It estimates how likely a hit is evidence for the question: a logistic regression over the five
    best hits of each question of LoCoMo's conversations 0 to 4, asked of its own conversation and,
    for wrong answers, a quarter of them of each other one.
    """
    return (1 / (1 + np.exp(-(evidence - _EVEN) / _STEEPNESS))).astype(np.float32)


def rank(
    *,
    lexical: Floats,
    named: npt.NDArray[np.bool_],
    distinct: npt.NDArray[np.int32],
    visible: npt.NDArray[np.bool_],
    limit: int,
    threshold: float | None = None,
) -> Ranking:
    """Order the turns that have any evidence.

    Args:
        lexical: Lexical evidence of each turn, 0 to 1.
        named: Whether the query names its speaker.
        distinct: How many different content terms it has.
        visible: Whether it may be returned.
        limit: How many turns to return at most.
        threshold: The least score to return, 0 to 1; ``None`` for any.

    Returns:
        The best turns; none when no visible turn has evidence. Equal turns come latest first.
    """
    candidates = np.flatnonzero(visible & (lexical > 0))
    if not len(candidates):
        return Ranking(candidates, np.zeros(0, np.float32))
    scores = standard_score(lexical + np.float32(_SPEAKER_WEIGHT) * named)[candidates]
    informative = np.minimum(1 + distinct[candidates], _INFORMATIVE_TERMS) / _INFORMATIVE_TERMS
    scores += np.float32(_INFORMATION_WEIGHT) * np.log(informative).astype(np.float32)
    if len(candidates) > limit:
        cut = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        top = np.flatnonzero(scores >= cut)
        candidates, scores = candidates[top], scores[top]
    order = np.lexsort((-candidates, -scores))[:limit]
    ranking = Ranking(candidates[order], confidence(scores[order]))
    if threshold is None:
        return ranking
    enough = ranking.scores >= threshold
    return Ranking(ranking.turns[enough], ranking.scores[enough])
