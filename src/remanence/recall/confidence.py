"""How likely a hit is an answer: what a threshold is compared with."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["confidence"]

Floats = npt.NDArray[np.float32]

_WORDS_ALONE = (1.75, 0.48, 2.5, 1.9)
_WITH_DENSE = (1.65, 0.42, 2.0, 2.0)
_MANY_TURNS = 2_000
_MOST_DOUBT = 80.0
"""More overflows 32-bit floats."""


def confidence(scores: Floats, *, best_lexical: float, count: int, with_dense: bool) -> Floats:
    """Return evidence ``S`` as a score from 0 to 1 that keeps its order.

    It estimates how likely a hit is evidence for the question, where one question in two has an
    answer in the memory::

        1 / (1 + exp(1.75 - 0.48 * S - 2.5 * max LEX + 1.9 * log10 N))             words alone
        1 / (1 + exp(1.65 - 0.42 * S - 2.0 * max LEX + 2.0 * log10 N))             with vectors

    ``N`` counts for 2,000 at most. ``S`` compares a turn with the others of its scope, so that it
    grows with their number, and ``max LEX`` tells how much of the question the scope knows at all.
    Logistic regressions over the five best hits of each question of LoCoMo's conversations 0 to 4,
    asked of its own conversation and of another one (with that one's names), whole and cut down to
    1 to 20 turns.

    Args:
        scores: ``S`` of the hits.
        best_lexical: The highest ``LEX`` of the scope.
        count: How many turns it has.
        with_dense: Whether ``DENSE`` is part of ``S``.
    """
    constant, steepness, known, size = _WITH_DENSE if with_dense else _WORDS_ALONE
    even = constant - known * best_lexical + size * math.log10(min(count, _MANY_TURNS))
    doubt = np.minimum(even - steepness * scores, _MOST_DOUBT)
    return (1 / (1 + np.exp(doubt))).astype(np.float32)
