"""What the measured costs come to at another size: computed, not measured."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

__all__ = ["Activity", "Popularity", "Shares"]

_EXACT = 1_000
"""So many of the busiest users are counted one by one, the others in classes."""

_CLASS = 1.005
"""By how much the ranks of a class may differ."""

_ROUNDS = 200

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Shares:
    """Users in classes of about the same share of what is asked.

    Attributes:
        users: How many users a class has.
        share: The share of each of them.
    """

    users: Floats
    share: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Popularity:
    """Users of whom the one of rank r asks in proportion to r to the power of -skew (Zipf's law).

    Attributes:
        users: How many there are.
        skew: The exponent: 0 is that all ask alike.
    """

    users: int
    skew: float

    def shares(self) -> Shares:
        """Return the users in classes; the shares of all add up to one."""
        edges = np.arange(min(_EXACT, self.users) + 1, dtype=np.float64)
        if self.users > _EXACT:
            steps = math.ceil(math.log(self.users / _EXACT) / math.log(_CLASS))
            further = np.geomspace(_EXACT, self.users, steps + 1)[1:].round()
            edges = np.unique(np.concatenate([edges, further]))
        users = np.diff(edges)
        ranks = np.where(users == 1, edges[1:], np.sqrt((edges[:-1] + 1) * edges[1:]))
        weights = ranks**-self.skew
        return Shares(users, weights / float((users * weights).sum()))

    def hit_rate(self, held: float) -> float:
        """Return which share of what is asked finds its index, if so many are held.

        The one that was used the longest ago leaves. The rate is Che's approximation (H. Che, Y.
        Tung, Z. Wang, "Hierarchical Web caching systems", IEEE JSAC 20(7), 2002): all indexes stay
        for about the same number of questions after their last use, so many that ``held`` of them
        are there at any time.

        Args:
            held: How many indexes there is room for, in all workers together if each user has one
                worker.
        """
        if held >= self.users:
            return 1.0
        shares = self.shares()
        low, high = 0.0, 1.0
        while _held(shares, high) < held:
            high *= 2
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            low, high = (middle, high) if _held(shares, middle) < held else (low, middle)
        there = -np.expm1(-shares.share * high)
        return float((shares.users * shares.share * there).sum())


def _held(shares: Shares, stay: float) -> float:
    """Return how many indexes are there if each stays for so many questions."""
    return float((shares.users * -np.expm1(-shares.share * stay)).sum())


@dataclasses.dataclass(frozen=True, slots=True)
class Activity:
    """What users do: assumptions, each of them a guess.

    Attributes:
        users: How many there are.
        active: The share of them who are there on a day.
        turns: How many turns each of these has a day: a search, and a call that stores two
            messages.
        peak: How many times as much the busiest hour has as the average.
    """

    users: int
    active: float
    turns: float
    peak: float

    @property
    def turns_a_second(self) -> float:
        """Turns a second in the busiest hour."""
        return self.users * self.active * self.turns * self.peak / 86_400
