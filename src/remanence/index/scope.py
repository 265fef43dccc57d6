"""The index of one user: what the store's feed told, arranged for scoring."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from remanence.index.coherence import Coherence
from remanence.index.columns import Column
from remanence.index.dense import Links
from remanence.index.facts import FactTable, View
from remanence.index.inverted import InvertedIndex, Used
from remanence.index.labels import Labels
from remanence.index.lexical import Hits, Turns, length_norm, length_room, lexical_evidence
from remanence.index.links import NOT_A_SESSION, FactKeys, SessionLinks
from remanence.index.text import Query, term_of, words
from remanence.index.vectors import TurnVectors
from remanence.store.protocol import Changes, Entry, Head
from remanence.store.times import to_microseconds
from remanence.store.vectors import VectorBlock, Vectors
from remanence.types import Filter, Origin, Role

__all__ = ["ROLES", "Evidence", "ScopeIndex"]

ROLES: tuple[Role | None, ...] = (None, "user", "assistant", "system", "tool")
"""What the numbers in :attr:`Evidence.role` stand for."""

_LABEL_BYTES = 150
_EMPTY_BYTES = 5_000
"""What an index holds besides its arrays and strings, roughly."""


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for each turn of a scope; all arrays run in parallel.

    Attributes:
        numbers: The turns' sequence numbers.
        at: When each happened, in microseconds since 1970.
        role: As what it was said: a place in :data:`ROLES`.
        lexical: Lexical evidence, 0 to 1.
        matched: How many of the query's terms the turn uses.
        distinct: How many different content terms it has.
        timed: Whether it has a word that tells a time.
        visible: Whether the filter lets it be seen.
        dense: Dense evidence; ``None`` without vectors.
        embedded: Whether it has a vector; ``None`` without vectors.
        named: Whether the query names its speaker; ``None`` where it names none.
        drawn: Whether it is a fact that rests on other turns; ``None`` where there is none.
        secondhand: Whether it is a fact that others than the user stated; ``None`` where there is
            none.
    """

    numbers: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    role: npt.NDArray[np.int8]
    lexical: npt.NDArray[np.float32]
    matched: npt.NDArray[np.int32]
    distinct: npt.NDArray[np.int32]
    timed: npt.NDArray[np.bool_]
    asks: npt.NDArray[np.bool_]
    denies: npt.NDArray[np.bool_]
    visible: npt.NDArray[np.bool_]
    dense: npt.NDArray[np.float32] | None
    embedded: npt.NDArray[np.bool_] | None
    named: npt.NDArray[np.bool_] | None
    drawn: npt.NDArray[np.bool_] | None
    secondhand: npt.NDArray[np.bool_] | None


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
        self._words = InvertedIndex()
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
        self._room = Column(np.float32)
        self._role = Column(np.int8)
        self._timed = Column(np.bool_)
        self._denies = Column(np.bool_)
        self._recorded = Column(np.int64)
        self._links = SessionLinks()
        self._coherence = Coherence()
        self._vectors = TurnVectors()
        self._keys = FactKeys()
        self._awaited: list[tuple[int, int]] = []  # sources that are still to come, and their facts
        self._facts = FactTable()
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
            self._room,
            self._role,
            self._timed,
            self._denies,
            self._recorded,
        )  # pyright: ignore[reportAssignmentType] - a column's element type is invariant
        return columns

    def __len__(self) -> int:
        """Return the number of turns."""
        return len(self._seq) - 1

    def holds(self, numbers: Sequence[int]) -> bool:
        """Return whether any of these sequence numbers is there."""
        with self._lock:
            return bool(self._find(np.array(numbers, np.int64))[1].any())

    @property
    def nbytes(self) -> int:
        """The memory held, in bytes; that of strings is estimated."""
        arrays = sum(column.nbytes for column in self._columns()) + self._links.nbytes
        strings = _LABEL_BYTES * (len(self._places) + len(self._speakers))
        tables = (self._words, self._coherence, self._vectors, self._keys, self._facts)
        return _EMPTY_BYTES + arrays + strings + sum(table.nbytes for table in tables)

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
            if changes.amended:
                self._amend(changes.amended)
            if changes.entries:
                self._add(changes.entries)
            self.head = Head(changes.seq, changes.epoch, self.head.embedded)
            return True

    def apply_vectors(self, since: Head, vectors: Vectors) -> bool:
        """Take in vectors of turns that are known.

        Args:
            since: What the vectors were asked for; if the index has moved on, they are ignored.
            vectors: What the store told.

        Returns:
            Whether they were taken in.
        """
        with self._lock:
            if self.head != since:
                return False
            progress = min(vectors.progress, since.seq)
            if progress < since.embedded:  # they were dropped, for those of another embedder
                self._vectors = TurnVectors()
            else:
                for block in vectors.blocks:
                    self._take_in(block, after=since.embedded, upto=progress)
            self.head = Head(since.seq, since.epoch, progress)
            return True

    def _take_in(self, block: VectorBlock, *, after: int, upto: int) -> None:
        new = np.flatnonzero((block.numbers > after) & (block.numbers <= upto))
        turns, known = self._find(block.numbers[new])
        if len(turns):
            self._vectors.put(turns, block.data[new[known]], self._order())

    def _find(
        self, numbers: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Return the turns of those of these sequence numbers that are there, and which these are.

        Turn 0, the stand-in, has the number 0, which no item has.
        """
        places = np.searchsorted(self._seq.values, numbers)
        places = np.minimum(places, len(self._seq) - 1)
        known = self._seq.values[places] == numbers
        return places[known], known

    def _add(self, entries: Sequence[Entry]) -> None:
        first = len(self._seq)
        self._seq.extend([entry.seq for entry in entries])
        self._at.extend([entry.at for entry in entries])
        self._asks.extend([entry.asks for entry in entries])
        self._role.extend([ROLES.index(entry.role) for entry in entries])
        self._recorded.extend([entry.recorded_at for entry in entries])
        self._speaker.extend(self._speakers.number(entry.speaker for entry in entries))
        self._read_names()
        places = self._places.number((entry.agent_id, entry.session_id) for entry in entries)
        self._place.extend(places)
        episodes = np.array([entry.origin == "episode" for entry in entries])
        sessions = np.where(episodes, places + 1, NOT_A_SESSION).astype(np.int32)
        self._session.extend(sessions)
        self._links.extend(sessions)
        self._measure(self._words.add(first, [entry.terms for entry in entries]))
        facts = np.arange(first, first + len(entries), dtype=np.int32)[~episodes]
        self._facts.extend(facts, [entry.times for entry in entries if entry.times is not None])
        self._add_keys(np.arange(first, first + len(entries), dtype=np.int32), entries)
        self._add_awaited()

    def _amend(self, entries: Sequence[Entry]) -> None:
        """Replace what is known of facts that were confirmed or superseded."""
        turns, known = self._find(np.array([entry.seq for entry in entries], np.int64))
        amended = [entry for entry, there in zip(entries, known, strict=True) if there]
        self._facts.amend(turns, [entry.times for entry in amended if entry.times is not None])
        self._keys.drop(turns)
        anew = {entry.seq for entry in amended}
        self._awaited = [each for each in self._awaited if each[1] not in anew]
        self._add_keys(turns.astype(np.int32), amended)

    def _measure(self, used: Used) -> None:
        """Take down what the terms of new turns tell about them."""
        self._norm.extend(length_norm(used.lengths))
        self._room.extend(length_room(used.lengths))
        self._distinct.extend(used.distinct)
        self._timed.extend(used.timed)
        self._denies.extend(used.denies)
        self._cohere(len(used.lengths), used.owners, used.terms)

    def _cohere(
        self, count: int, owners: npt.NDArray[np.int32], terms: npt.NDArray[np.int32]
    ) -> None:
        session = self._session.values
        self._coherence.extend(count, owners, terms, session=session, links=self._links)

    def _read_names(self) -> None:
        """Take the speakers' names apart."""
        unread = self._speakers.values[len(self._names) :]
        if unread:
            self._names += [frozenset(words(speaker or "")) for speaker in unread]
            self._name_terms = frozenset(term_of(word) for name in self._names for word in name)

    def _add_keys(self, turns: npt.NDArray[np.int32], entries: Sequence[Entry]) -> None:
        """Tie facts, which are these turns, to the turns that they rest on."""
        counts = np.array([len(entry.sources) for entry in entries], np.int64)
        if not counts.any():
            return
        facts = np.repeat(turns, counts)
        told = [(number, entry.seq) for entry in entries for number in entry.sources]
        sources, known = self._find(np.array([number for number, _ in told], np.int64))
        self._keys.extend(facts[known], sources)
        last = self._seq.values[-1]
        self._awaited += [each for each in told if each[0] > last]

    def _add_awaited(self) -> None:
        """Tie facts to what confirmed them later, and is there by now."""
        last = self._seq.values[-1]
        come = sorted((fact, source) for source, fact in self._awaited if source <= last)
        if not come:
            return
        self._awaited = [each for each in self._awaited if each[0] > last]
        told = np.array(come, np.int64)
        there = np.isin(told, self._seq.values).all(axis=1)
        (facts, _), (sources, _) = self._find(told[there, 0]), self._find(told[there, 1])
        self._keys.extend(facts.astype(np.int32), sources)

    def _remove(self, numbers: Sequence[int]) -> None:
        """Drop turns as if they had never been there."""
        kept = ~np.isin(self._seq.values, np.array(numbers, np.int64))
        kept[0] = True
        renumbered = (np.cumsum(kept) - 1).astype(np.int32)
        renamed = self._words.keep(kept, renumbered)
        for column in self._columns():
            column.keep(kept)
        _compact(self._speakers, self._speaker)
        self._names.clear()
        self._read_names()
        _compact(self._places, self._place)
        alone = self._session.values == NOT_A_SESSION
        self._session.values[:] = np.where(alone, NOT_A_SESSION, self._place.values + 1)
        self._links = SessionLinks()
        self._links.extend(self._session.values)
        owners, terms = self._coherence.pairs()
        staying = kept[owners]
        self._coherence = Coherence()
        self._cohere(len(self), renumbered[owners[staying]], renamed[terms[staying]])
        self._keys.keep(kept, renumbered)
        self._facts.keep(kept, renumbered)
        self._vectors.keep(kept, self._order())

    def evidence(
        self,
        query: Query,
        where: Filter,
        exclude: Sequence[int],
        vector: npt.NDArray[np.float32] | None = None,
        *,
        view: View | None = None,
        origin: Origin | None = None,
    ) -> Evidence:
        """Return what speaks for each turn.

        Args:
            query: What is looked for.
            where: What may be seen; its user is this index's.
            exclude: Sequence numbers of turns not to be seen.
            vector: The question's, of the embedder whose vectors these are; ``None`` for none.
            view: From which moment to look; ``None`` for now.
            origin: Only episodes, or only facts, may be seen; ``None`` for both.
        """
        with self._lock:
            hits = [self._hits(term, query) for term in query.terms]
            said = lexical_evidence(self._turns(), hits)
            dense = embedded = None
            if vector is not None and self._vectors.count:
                dense, embedded = self._vectors.evidence(vector, self._order(), self._keys)
                dense, embedded = dense[1:], embedded[1:]
            return Evidence(
                numbers=self._seq.values[1:],
                at=self._at.values[1:],
                role=self._role.values[1:],
                lexical=said.weight[1:],
                matched=said.matched[1:],
                distinct=self._distinct.values[1:],
                timed=self._timed.values[1:],
                asks=self._asks.values[1:],
                denies=self._denies.values[1:],
                visible=self._visible(where, exclude, view or View(), origin)[1:],
                dense=dense,
                embedded=embedded,
                named=self._named(query, hits),
                drawn=self._flags(self._keys.facts.values),
                secondhand=self._flags(self._facts.secondhand),
            )

    def _turns(self) -> Turns:
        return Turns(
            norm=self._norm.values,
            room=self._room.values,
            before=self._links.before.values,
            after=self._links.after.values,
            place=self._links.place.values,
            session=self._session.values,
            sizes=self._links.sizes.values,
            asks=self._asks.values,
            coherence=self._coherence.values.values,
            facts=self._keys.facts.values,
            sources=self._keys.sources.values,
        )

    def _order(self) -> Links:
        return Links(
            before=self._links.before.values,
            after=self._links.after.values,
            asks=self._asks.values,
            room=self._room.values,
        )

    def _hits(self, term: str, query: Query) -> Hits:
        """Return the turns that use a term."""
        return self._words.find(
            term,
            query.variants.get(term, ()),
            size=len(self._seq),
            weight=query.weights.get(term, 1.0),
            is_name=term in self._name_terms,
        )

    def _named(self, query: Query, hits: Sequence[Hits]) -> npt.NDArray[np.bool_] | None:
        """Return of which turns the query names the speaker, and which facts name who it names."""
        named = [not query.words.isdisjoint(name) for name in self._names]
        if not any(named):
            return None
        flags = np.array(named)[self._speaker.values]
        told = [found.turns for found in hits if found.is_name]
        if told:
            turns = np.concatenate(told)
            flags[turns[self._session.values[turns] == NOT_A_SESSION]] = True
        return flags[1:]

    def _flags(self, turns: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_] | None:
        """Return which turns are these, or ``None`` if there are none."""
        if not len(turns):
            return None
        flags = np.zeros(len(self._seq), np.bool_)
        flags[turns] = True
        return flags[1:]

    def _visible(
        self, where: Filter, exclude: Sequence[int], view: View, origin: Origin | None
    ) -> npt.NDArray[np.bool_]:
        visible = np.ones(len(self._seq), np.bool_)
        facts = self._facts.turns.values
        if view.as_of is not None:
            said = self._at.values <= view.as_of
            said[facts] = True  # what was true then may have been told later
            visible &= said
        if view.known_at is not None:
            visible &= self._recorded.values <= view.known_at
        visible[self._facts.hidden(view)] = False
        if origin == "episode":
            visible[facts] = False
        elif origin == "fact":
            stated = np.zeros(len(visible), np.bool_)
            stated[facts] = True
            visible &= stated
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
