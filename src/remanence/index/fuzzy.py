"""Terms that look like a word nobody used: misspellings, compounds, other inflections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Trigrams"]

_LEAST_OVERLAP = 0.6
_LEAST_LENGTH = 4
_UNINDEXED = 512


def _trigrams(term: str) -> set[str]:
    padded = f"^{term}$"
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


class Trigrams:
    """Finds terms by the overlap of their character trigrams.

    The overlap of two terms is Dice's coefficient of their sets of trigrams, the ends of a term
    counting as characters. The index is built at the first search and grows with the vocabulary.
    """

    __slots__ = ("_indexed", "_postings", "_sizes", "nbytes")

    nbytes: int
    """The memory held, in bytes, roughly."""

    def __init__(self) -> None:
        """Start empty."""
        self._indexed = 0
        self._postings: dict[str, npt.NDArray[np.int32]] = {}
        self._sizes: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self.nbytes = 0

    def similar(self, term: str, vocabulary: Sequence[str]) -> list[tuple[int, float]]:
        """Return numbers of similar terms with their overlap, the most similar first.

        Args:
            term: The term to match; shorter than four characters matches nothing.
            vocabulary: All terms, by number; must be the one of earlier calls, grown at its end.
        """
        if len(term) < _LEAST_LENGTH:
            return []
        if len(vocabulary) - self._indexed > _UNINDEXED:
            self._index(vocabulary)
        wanted = _trigrams(term)
        found = self._search(wanted)
        for number in range(self._indexed, len(vocabulary)):
            shared = _trigrams(vocabulary[number])
            overlap = 2 * len(wanted & shared) / (len(wanted) + len(shared))
            if overlap >= _LEAST_OVERLAP:
                found.append((number, overlap))
        return sorted(found, key=lambda match: (-match[1], vocabulary[match[0]]))

    def _search(self, wanted: set[str]) -> list[tuple[int, float]]:
        hits = [self._postings[gram] for gram in wanted if gram in self._postings]
        if not hits:
            return []
        numbers, shared = np.unique(np.concatenate(hits), return_counts=True)
        overlaps = 2 * shared / (len(wanted) + self._sizes[numbers])
        close = overlaps >= _LEAST_OVERLAP
        return list(zip(numbers[close].tolist(), overlaps[close].tolist(), strict=True))

    def _index(self, vocabulary: Sequence[str]) -> None:
        grams: dict[str, list[int]] = {}
        sizes: list[int] = []
        for number, term in enumerate(vocabulary):
            own = _trigrams(term)
            sizes.append(len(own))
            for gram in own:
                grams.setdefault(gram, []).append(number)
        self._postings = {gram: np.array(numbers, np.int32) for gram, numbers in grams.items()}
        self._sizes = np.array(sizes, np.int32)
        self._indexed = len(vocabulary)
        # Asked for before every search, and these are many.
        arrays = sum(numbers.nbytes for numbers in self._postings.values())
        self.nbytes = arrays + self._sizes.nbytes + 200 * len(self._postings)
