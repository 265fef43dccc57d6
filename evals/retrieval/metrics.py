"""How good a list of turns is, against the turns that hold the evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["all_found", "fraction_found", "ndcg"]


def fraction_found(found: Sequence[str], evidence: Sequence[str], depth: int) -> float:
    """Return which share of the evidence is among the first ``depth`` turns, 0 to 1."""
    return len(set(evidence).intersection(found[:depth])) / len(set(evidence))


def all_found(found: Sequence[str], evidence: Sequence[str], depth: int) -> float:
    """Return 1 if all of the evidence is among the first ``depth`` turns, otherwise 0."""
    return float(set(evidence).issubset(found[:depth]))


def ndcg(found: Sequence[str], evidence: Sequence[str], depth: int) -> float:
    """Return the normalised discounted cumulative gain at ``depth``, 0 to 1.

    Gains are binary: 1 for a turn that is evidence, 0 for any other. The gain at rank r counts
    1/log2(r + 1); the sum is divided by that of a list that begins with all the evidence
    (Järvelin and Kekäläinen, 2002).
    """
    wanted = set(evidence)
    gained = sum(
        _discount(rank) for rank, turn in enumerate(found[:depth], start=1) if turn in wanted
    )
    return gained / sum(_discount(rank) for rank in range(1, min(len(wanted), depth) + 1))


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)
