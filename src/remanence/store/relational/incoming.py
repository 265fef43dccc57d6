"""The sessions that what is taken in goes to."""

from __future__ import annotations

from collections.abc import Sequence

from remanence.store.archive import ArchivedEpisode, ArchivedFact, ArchivedSession
from remanence.store.relational.database import Database
from remanence.store.relational.place import Place
from remanence.store.relational.rows import scope_parameters
from remanence.types import Scope

__all__ = ["IncomingSessions", "scope_of"]


class IncomingSessions:
    """The sessions that items go to, made when the first one does.

    Args:
        database: The database, inside a transaction.
        user_id: Whose.
        sessions: All of them.

    Attributes:
        new: How many were made.
    """

    def __init__(
        self, database: Database, user_id: str, sessions: Sequence[ArchivedSession]
    ) -> None:
        """Nothing was placed yet."""
        self._database = database
        self._user_id = user_id
        self._next = {scope_of(each): each.next_position for each in sessions}
        self._places: dict[tuple[str, str], Place] = {}
        self._moved: dict[tuple[str, str], int] = {}
        self._known: dict[tuple[str, str], int | None] = {}
        self._seq: int | None = None
        self.new = 0

    def number(self, item: ArchivedEpisode | ArchivedFact) -> int | None:
        """Return the number of an item's session if that was there before."""
        key = scope_of(item)
        if key not in self._known:
            row = self._database.row("session", scope_parameters(self._scope_of(item)))
            self._known[key] = None if row is None else row[0]
        return self._known[key]

    def _scope_of(self, item: ArchivedEpisode | ArchivedFact) -> Scope:
        return Scope(self._user_id, item.agent_id, item.session_id)

    def place(self, item: ArchivedEpisode | ArchivedFact) -> tuple[Place, int]:
        """Return an item's session, with the item's number, and its position if it has one."""
        key = scope_of(item)
        place = self._places.get(key)
        if place is None:
            is_new = self.number(item) is None
            place = self._places[key] = Place(self._database, self._scope_of(item))
            if is_new:
                self.new += 1
                self._moved[key] = 0
                place.next_position = self._next[key]
        place.seq = place.seq if self._seq is None else self._seq
        self._seq = place.next_seq()
        if isinstance(item, ArchivedFact):
            return place, 0
        moved = self._moved.setdefault(key, place.next_position - item.position)
        position = item.position + moved
        place.next_position = max(place.next_position, position + 1)
        return place, position

    def save(self) -> None:
        """Write the sessions' counters back."""
        for place in self._places.values():
            place.save()


def scope_of(item: ArchivedSession | ArchivedEpisode | ArchivedFact) -> tuple[str, str]:
    """Return the agent and the session that a store keeps something under."""
    return item.agent_id or "", item.session_id or ""
