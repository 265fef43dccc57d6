"""When to try again."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["delay"]

_MOST_DOUBLINGS = 64


def delay(
    failures: int,
    *,
    first: float,
    longest: float,
    draw: Callable[[], float] = random.random,
) -> float:
    """Return how long to wait after a failure: exponential backoff with equal jitter.

    Half of ``min(longest, first * 2 ** (failures - 1))`` for certain, and as much of the other half
    as is drawn: those who failed together don't come back together, and nobody comes back at once.
    From Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Args:
        failures: How many there were, from 1.
        first: The most to wait after the first one, in seconds.
        longest: The most to wait after any, in seconds.
        draw: Returns a random number from 0 to 1.

    Returns:
        Seconds.
    """
    doublings = min(max(failures, 1) - 1, _MOST_DOUBLINGS)
    half = min(longest, first * 2.0**doublings) / 2
    return half + half * draw()
