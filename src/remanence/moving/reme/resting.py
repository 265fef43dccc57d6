"""Which messages of a conversation a statement of its note rests on, by the words they share.

A note tells which conversation it was made of, and not which of its messages. To rest on all of
them would be of no use: whoever looks for a statement would be shown every message of that day, and
who forgets one of them would lose the whole note.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Sequence

from remanence.index.text import WEAK, analyze
from remanence.moving.reme.dialogs import Spoken

__all__ = ["Sources"]

_MOST = 3
_LEAST_SHARE = 0.5
"""A message is a source if it has at least so much of the best one's weight."""


class Sources:
    """What was said that statements may rest on.

    Args:
        said: The messages, in order.
    """

    def __init__(self, said: Sequence[Spoken]) -> None:
        """Look at the words of the messages."""
        self._said = said
        self._terms = [_terms(each.content) for each in said]
        found = collections.Counter(term for terms in self._terms for term in terms)
        self._weights = {term: math.log(1 + len(said) / times) for term, times in found.items()}

    def of(self, text: str) -> list[Spoken]:
        """Return the messages that share most with a text, in order; none if none shares any."""
        terms = _terms(text)
        # Exact sums, so that it is the same each time in whichever order a set has its terms.
        weights = [math.fsum(self._weights[term] for term in terms & told) for told in self._terms]
        best = max(weights, default=0)
        if not best:
            return []
        ranked = sorted(range(len(weights)), key=lambda number: (-weights[number], number))
        near = [number for number in ranked[:_MOST] if weights[number] >= _LEAST_SHARE * best]
        return [self._said[number] for number in sorted(near)]


def _terms(text: str) -> frozenset[str]:
    return frozenset(term for term in analyze(text).terms.split() if not term.startswith(WEAK))
