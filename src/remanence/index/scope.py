"""The index of one user: what the store's feed told, arranged for scoring."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from remanence.index.columns import Column
from remanence.index.fuzzy import Trigrams
from remanence.index.labels import Labels
from remanence.index.lexical import Hits, Turns, length_norm, lexical_evidence
from remanence.index.postings import Postings
from remanence.index.text import WEAK, Query, term_of, words
from remanence.store.protocol import Changes, Entry, Head
from remanence.store.times import to_microseconds
from remanence.types import Filter

__all__ = ["Evidence", "ScopeIndex"]

_EMPTY_BYTES = 5_000
"""What an index holds besides its arrays and strings, roughly."""

_NOT_A_SESSION = 0
"""The session of a fact, for the purpose of neighbours: it has none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for each turn of a scope; all arrays run in parallel.

    Attributes:
        numbers: The turns' sequence numbers.
        lexical: Lexical evidence, 0 to 1.
        named: Whether the query names the turn's speaker.
        distinct: How many different content terms the turn has.
        visible: Whether the filter lets it be seen.
    """

    numbers: npt.NDArray[np.int64]
    lexical: npt.NDArray[np.float32]
    named: npt.NDArray[np.bool_]
    distinct: npt.NDArray[np.int32]
    visible: npt.NDArray[np.bool_]


class ScopeIndex:
    """All turns (episodes and facts) of one user.

    Safe to share between threads: what :meth:`evidence` returns stays as it is when the index
    goes on. Turn number 0 is a stand-in for turns that don't exist.
    """

    def __init__(self) -> None:
        """Start empty: as the index of a user who has no memories."""
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self.head = Head(0, 0)
        self._terms: Labels[str] = Labels()
        self._weak = Column(np.bool_)
        self._postings = Postings()
        self._trigrams = Trigrams()
        self._places: Labels[tuple[str | None, str | None]] = Labels()
        self._speakers: Labels[str | None] = Labels()
        self._names: list[frozenset[str]] = []
        self._name_terms: frozenset[str] = frozenset()
        self._seq = Column(np.int64)
        self._at = Column(np.int64)
        self._place = Column(np.int32)
        self._speaker = Column(np.int32)
        self._session = Column(np.int32)
        self._asks = Column(np.bool_)
        self._distinct = Column(np.int32)
        self._norm = Column(np.float32)
        self._links = _Links()
        for column in self._columns():
            column.extend([0])
        self._links.extend(np.zeros(1, np.int32))

    def _columns(self) -> tuple[Column[np.generic], ...]:
        """Return the columns that have one element a turn."""
        columns: tuple[Column[np.generic], ...] = (
            self._seq,
            self._at,
            self._place,
            self._speaker,
            self._session,
            self._asks,
            self._distinct,
            self._norm,
        )  # pyright: ignore[reportAssignmentType] - a column's element type is invariant
        return columns

    def __len__(self) -> int:
        """Return the number of turns."""
        return len(self._seq) - 1

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes; that of strings is estimated."""
        arrays = sum(column.nbytes for column in self._columns()) + self._links.nbytes
        strings = 150 * (len(self._terms) + len(self._places) + len(self._speakers))
        return _EMPTY_BYTES + arrays + self._postings.nbytes + self._trigrams.nbytes + strings

    def apply(self, since: Head, changes: Changes) -> bool:
        """Bring the index up to date.

        Args:
            since: What the changes were asked for; if the index has moved on, they are ignored.
            changes: What the store told.

        Returns:
            Whether they were applied.
        """
        with self._lock:
            if self.head != since:
                return False
            if changes.rebuild:
                self._clear()
            if changes.removed:
                self._remove(changes.removed)
            if changes.entries:
                self._add(changes.entries)
            self.head = Head(changes.seq, changes.epoch)
            return True

    def _add(self, entries: Sequence[Entry]) -> None:
        first = len(self._seq)
        self._seq.extend([entry.seq for entry in entries])
        self._at.extend([entry.at for entry in entries])
        self._asks.extend([entry.asks for entry in entries])
        self._speaker.extend(self._speakers.number(entry.speaker for entry in entries))
        self._read_names()
        places = self._places.number((entry.agent_id, entry.session_id) for entry in entries)
        self._place.extend(places)
        episodes = np.array([entry.origin == "episode" for entry in entries])
        sessions = np.where(episodes, places + 1, _NOT_A_SESSION).astype(np.int32)
        self._session.extend(sessions)
        self._links.extend(sessions)
        self._add_terms(first, [entry.terms for entry in entries])

    def _read_names(self) -> None:
        """Take the speakers' names apart."""
        unread = self._speakers.values[len(self._names) :]
        if unread:
            self._names += [frozenset(words(speaker or "")) for speaker in unread]
            self._name_terms = frozenset(term_of(word) for name in self._names for word in name)

    def _add_terms(self, first: int, texts: Sequence[str]) -> None:
        known = len(self._terms)
        occurring = self._terms.number(" ".join(texts).split())
        self._weak.extend([term.startswith(WEAK) for term in self._terms.values[known:]])
        counts = np.array([text.count(" ") + 1 if text else 0 for text in texts], np.int64)
        turns = np.repeat(np.arange(first, first + len(texts), dtype=np.int32), counts)
        owners, terms, frequencies = self._postings.add(turns, occurring)
        strong = ~self._weak.values[terms]
        owners = owners[strong] - first
        lengths = np.bincount(owners, frequencies[strong], minlength=len(texts))
        self._norm.extend(length_norm(lengths))
        self._distinct.extend(np.bincount(owners, minlength=len(texts)))

    def _remove(self, numbers: Sequence[int]) -> None:
        """Drop turns as if they had never been there."""
        kept = ~np.isin(self._seq.values, np.array(numbers, np.int64))
        kept[0] = True
        renumbered = (np.cumsum(kept) - 1).astype(np.int32)
        used = self._postings.keep(kept, renumbered, len(self._terms))
        self._postings.rename(self._terms.keep(used))
        self._weak.keep(used)
        self._trigrams = Trigrams()
        for column in self._columns():
            column.keep(kept)
        _compact(self._speakers, self._speaker)
        self._names.clear()
        self._read_names()
        _compact(self._places, self._place)
        alone = self._session.values == _NOT_A_SESSION
        self._session.values[:] = np.where(alone, _NOT_A_SESSION, self._place.values + 1)
        self._links = _Links()
        self._links.extend(self._session.values)

    def evidence(self, query: Query, where: Filter, exclude: Sequence[int]) -> Evidence:
        """Return what speaks for each turn.

        Args:
            query: What is looked for.
            where: What may be seen; its user is this index's.
            exclude: Sequence numbers of turns not to be seen.
        """
        with self._lock:
            turns = Turns(
                norm=self._norm.values,
                before=self._links.before.values,
                after=self._links.after.values,
                place=self._links.place.values,
                session=self._session.values,
                sizes=self._links.sizes.values,
                asks=self._asks.values,
            )
            hits = [self._hits(term) for term in query.terms]
            lexical = lexical_evidence(turns, hits)
            return Evidence(
                numbers=self._seq.values[1:],
                lexical=lexical[1:],
                named=self._named(query)[1:],
                distinct=self._distinct.values[1:],
                visible=self._visible(where, exclude)[1:],
            )

    def _hits(self, term: str) -> Hits:
        """Return the turns that use a term, or terms like it if nobody used it."""
        is_name = term in self._name_terms
        number = self._terms.get(term)
        if number is not None:
            return Hits(*self._postings.find(number), is_name)
        similar = [
            (number, overlap)
            for number, overlap in self._trigrams.similar(term, self._terms.values)
            if not self._weak.values[number]
        ]
        if not similar:
            return Hits(np.zeros(0, np.int32), np.zeros(0, np.float32), is_name)
        counts = np.zeros(len(self._seq), np.float32)
        for number, overlap in similar:
            turns, frequencies = self._postings.find(number)
            counts[turns] += np.float32(overlap) * frequencies
        turns = np.flatnonzero(counts).astype(np.int32)
        return Hits(turns, counts[turns], is_name)

    def _named(self, query: Query) -> npt.NDArray[np.bool_]:
        named = [not query.words.isdisjoint(name) for name in self._names]
        if not any(named):
            return np.zeros(len(self._speaker), np.bool_)
        return np.array(named)[self._speaker.values]

    def _visible(self, where: Filter, exclude: Sequence[int]) -> npt.NDArray[np.bool_]:
        visible = np.ones(len(self._seq), np.bool_)
        if where.agent_id is not None or where.session_id is not None:
            allowed = [
                where.agent_id in (None, agent_id) and where.session_id in (None, session_id)
                for agent_id, session_id in self._places.values
            ]
            visible &= np.array(allowed or [False])[self._place.values]
        if where.since is not None:
            visible &= self._at.values >= to_microseconds(where.since)
        if where.until is not None:
            visible &= self._at.values < to_microseconds(where.until)
        if exclude:
            visible &= ~np.isin(self._seq.values, np.array(exclude, np.int64))
        return visible


def _compact(labels: Labels[Any], column: Column[np.int32]) -> None:
    """Forget labels that no turn has any more; the stand-in for missing turns has the first."""
    used = np.zeros(len(labels), np.bool_)
    used[column.values[1:]] = True
    renumbered = labels.keep(used)
    column.values[0] = 0
    column.values[1:] = renumbered[column.values[1:]]


class _Links:
    """Who comes before and after whom in a session.

    Attributes:
        before: For each turn the number of the one before it, 0 for none.
        after: For each turn the number of the one after it, 0 for none.
        place: For each turn how many come before it.
        sizes: For each session how many turns it has; 1 for :data:`_NOT_A_SESSION`.
    """

    def __init__(self) -> None:
        """Start without turns."""
        self.before = Column(np.int32)
        self.after = Column(np.int32)
        self.place = Column(np.int32)
        self.sizes = Column(np.int32)
        self._last = Column(np.int32)

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes."""
        columns = (self.before, self.after, self.place, self.sizes, self._last)
        return sum(column.nbytes for column in columns)

    def extend(self, sessions: npt.NDArray[np.int32]) -> None:
        """Append turns of these sessions; turns of :data:`_NOT_A_SESSION` stay alone."""
        first, count = len(self.before), len(sessions)
        room = int(sessions.max(initial=0)) + 1 - len(self._last)
        if room > 0:
            self._last.extend(np.zeros(room, np.int32))
            self.sizes.extend(np.zeros(room, np.int32))
        order = np.argsort(sessions, kind="stable")
        grouped = sessions[order]
        turns = (order + first).astype(np.int32)
        starts = np.flatnonzero(np.diff(grouped, prepend=-1))
        sizes = np.diff(starts, append=count)
        owners = grouped[starts]
        before = np.roll(turns, 1)
        before[starts] = self._last.values[owners]
        place = np.arange(count, dtype=np.int32) - np.repeat(starts, sizes).astype(np.int32)
        place += self.sizes.values[grouped]
        linked = grouped != _NOT_A_SESSION
        self.before.extend(np.zeros(count, np.int32))
        self.after.extend(np.zeros(count, np.int32))
        self.place.extend(np.zeros(count, np.int32))
        self.before.values[turns[linked]] = before[linked]
        self.after.values[before[linked]] = turns[linked]
        self.after.values[0] = 0
        self.place.values[turns[linked]] = place[linked]
        self._last.values[owners] = turns[starts + sizes - 1]
        self.sizes.values[owners] += sizes.astype(np.int32)
        self.sizes.values[_NOT_A_SESSION] = 1
