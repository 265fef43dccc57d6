"""Which turns use which terms: the vocabulary of a scope, and where its words are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from remanence.index.columns import Column
from remanence.index.denials import MOST_TERMS, negates, speaks_of_knowing
from remanence.index.fuzzy import Trigrams
from remanence.index.labels import Labels
from remanence.index.lexical import Hits
from remanence.index.postings import Postings
from remanence.index.terms import WEAK
from remanence.index.times import names_a_time

__all__ = ["InvertedIndex", "Used"]

_TERM_BYTES = 150
"""What a term takes in memory, roughly."""

Numbers = npt.NDArray[np.int32]


@dataclasses.dataclass(frozen=True, slots=True)
class Used:
    """What turns that were added use.

    Attributes:
        lengths: Of each turn how many content terms it has.
        distinct: How many different ones.
        timed: Whether any term of it tells a time.
        denies: Whether it is short, and says that something isn't known.
        owners: Of each distinct pair of a turn and a content term that it uses the turn.
        terms: Of each such pair the term.
    """

    lengths: npt.NDArray[np.float32]
    distinct: npt.NDArray[np.intp]
    timed: npt.NDArray[np.bool_]
    denies: npt.NDArray[np.bool_]
    owners: Numbers
    terms: Numbers


class InvertedIndex:
    """The terms of a scope by number, and the turns that use each."""

    def __init__(self) -> None:
        """Start empty."""
        self._terms: Labels[str] = Labels()
        self._weak = Column(np.bool_)
        self._temporal = Column(np.bool_)
        self._negating = Column(np.bool_)
        self._knowing = Column(np.bool_)
        self._postings = Postings()
        self._trigrams = Trigrams()

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes; that of strings is estimated."""
        marks = (self._weak, self._temporal, self._negating, self._knowing)
        columns = sum(column.nbytes for column in marks)
        strings = _TERM_BYTES * len(self._terms)
        return columns + strings + self._postings.nbytes + self._trigrams.nbytes

    def add(self, first: int, texts: Sequence[str]) -> Used:
        """Add turns.

        Args:
            first: The first one's number; the others' follow.
            texts: Their terms, separated by single spaces.
        """
        known = len(self._terms)
        occurring = self._terms.number(" ".join(texts).split())
        new = self._terms.values[known:]
        self._weak.extend([term.startswith(WEAK) for term in new])
        self._temporal.extend([names_a_time(term) for term in new])
        self._negating.extend([negates(term) for term in new])
        self._knowing.extend([speaks_of_knowing(term) for term in new])
        counts = np.array([text.count(" ") + 1 if text else 0 for text in texts], np.int64)
        turns = np.repeat(np.arange(first, first + len(texts), dtype=np.int32), counts)
        owners, terms, frequencies = self._postings.add(turns, occurring)
        timed, negating, knowing = (
            np.bincount(owners[marked.values[terms]] - first, minlength=len(texts)) > 0
            for marked in (self._temporal, self._negating, self._knowing)
        )
        strong = ~self._weak.values[terms]
        owners, terms = owners[strong], terms[strong]
        lengths = np.bincount(owners - first, frequencies[strong], minlength=len(texts))
        distinct = np.bincount(owners - first, minlength=len(texts))
        denies = negating & knowing & (distinct <= MOST_TERMS)
        return Used(lengths.astype(np.float32), distinct, timed, denies, owners, terms)

    def keep(self, kept: npt.NDArray[np.bool_], renumbered: Numbers) -> Numbers:
        """Drop turns, and the terms that none uses any more; renumber the others.

        Args:
            kept: For each turn, whether it stays.
            renumbered: For each turn, its new number, in the same order.

        Returns:
            For each term its new number; meaningless where it is dropped.
        """
        used = self._postings.keep(kept, renumbered, len(self._terms))
        renamed = self._terms.keep(used)
        self._postings.rename(renamed)
        self._weak.keep(used)
        self._temporal.keep(used)
        self._negating.keep(used)
        self._knowing.keep(used)
        self._trigrams = Trigrams()
        return renamed

    def find(
        self, term: str, variants: Sequence[str], *, size: int, weight: float, is_name: bool
    ) -> Hits:
        """Return the turns that use a term or a variant of it, or terms like it if none does.

        Args:
            term: The term.
            variants: Other forms that stand for the same word.
            size: How many turns there are.
            weight: How much it counts.
            is_name: Whether it names a speaker.
        """
        known = [self._terms.get(form) for form in (term, *variants)]
        content = not term.startswith(WEAK)
        forms = [(number, 1.0) for number in known if number is not None]
        if len(forms) == 1:
            return Hits(*self._postings.find(forms[0][0]), is_name, weight, content)
        counts = np.zeros(size, np.float32)
        for number, overlap in forms or self._similar(term):
            turns, frequencies = self._postings.find(number)
            counts[turns] += np.float32(overlap) * frequencies
        turns = np.flatnonzero(counts).astype(np.int32)
        return Hits(turns, counts[turns], is_name, weight, content)

    def _similar(self, term: str) -> list[tuple[int, float]]:
        """Return terms with content that look like one that nobody used."""
        return [
            (number, overlap)
            for number, overlap in self._trigrams.similar(term, self._terms.values)
            if not self._weak.values[number]
        ]
