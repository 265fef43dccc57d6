"""What has to fit together across the lines of an archive."""

from __future__ import annotations

from remanence.errors import ArchiveError, RecordError
from remanence.store.archive import ArchivedEpisode, ArchivedFact, ArchivedItem, ArchivedSession

__all__ = ["Whole"]

_FIX = "restore the archive, or export again"

_Key = tuple[str | None, str | None]


class Whole:
    """What was seen of an archive so far: tells what contradicts it."""

    def __init__(self) -> None:
        """Start before the first line."""
        self._next: dict[_Key, int] = {}
        self._last: dict[_Key, int] = {}
        self._episodes: set[str] = set()
        self._facts: dict[str, str | None] = {}
        self._messages: set[tuple[_Key, str]] = set()
        self._open: list[tuple[str, str, str]] = []
        self._successors: list[tuple[str, str]] = []
        self._number = 0

    def session(self, session: ArchivedSession, where: str) -> None:
        """Take down a session.

        Raises:
            ArchiveError: It is there twice.
        """
        key = (session.agent_id, session.session_id)
        if key in self._next:
            raise ArchiveError(f"{where}: the session is there twice; {_FIX}")
        self._next[key] = session.next_position

    def item(self, item: ArchivedItem, where: str) -> None:
        """Take down an item, in the order of their numbers.

        Raises:
            ArchiveError: Its number or id is there twice.
            RecordError: Its session is not there, or what it says of that is wrong.
        """
        if item.number == self._number:
            raise ArchiveError(f"{where}: number: {item.number} is there twice; {_FIX}")
        self._number = item.number
        if item.id in self._episodes or item.id in self._facts:
            raise ArchiveError(f"{where}: id: {item.id} is there twice; {_FIX}")
        key = (item.agent_id, item.session_id)
        if key not in self._next:
            raise RecordError(where, "session_id", "is none of the archive's sessions", _FIX)
        if isinstance(item, ArchivedEpisode):
            self._episode(item, key, where)
        else:
            self._fact(item, where)

    def _episode(self, episode: ArchivedEpisode, key: _Key, where: str) -> None:
        self._episodes.add(episode.id)
        if episode.position <= self._last.get(key, -1):
            raise RecordError(where, "position", "is not after the one before in its session", _FIX)
        if episode.position >= self._next[key]:
            raise RecordError(where, "position", "is not before the session's next_position", _FIX)
        self._last[key] = episode.position
        if episode.message_id is not None:
            if (key, episode.message_id) in self._messages:
                raise ArchiveError(
                    f"{where}: message_id: {episode.message_id!r} is there twice in its session; "
                    f"{_FIX}"
                )
            self._messages.add((key, episode.message_id))

    def _fact(self, fact: ArchivedFact, where: str) -> None:
        self._facts[fact.id] = fact.superseded_by
        # Most rest on what came before; what came later is looked at in the end.
        self._open += [
            (where, "sources", source.episode)
            for source in fact.sources
            if source.episode not in self._episodes
        ]
        if fact.superseded_by is not None:
            self._successors.append((where, fact.id))

    def finish(self) -> None:
        """Check what could not be told before everything was seen.

        Raises:
            RecordError: A fact rests on, or was superseded by, what is not in the archive; or facts
                supersede one another in a circle.
        """
        for where, field, episode in self._open:
            if episode not in self._episodes:
                raise RecordError(
                    where, field, f"names {episode}, which is no episode in the archive", _FIX
                )
        sound: set[str] = set()
        for where, first in self._successors:
            self._check_line(where, first, sound)

    def _check_line(self, where: str, first: str, sound: set[str]) -> None:
        """Follow what superseded a fact up to the last; what is ``sound`` was followed before."""
        line: set[str] = set()
        following: str | None = first
        while following is not None and following not in sound:
            if following in line:
                raise RecordError(where, "superseded_by", "leads back to the fact itself", _FIX)
            if following not in self._facts:
                raise RecordError(
                    where,
                    "superseded_by",
                    f"names {following}, which is no fact in the archive",
                    _FIX,
                )
            line.add(following)
            following = self._facts[following]
        sound |= line
