"""What is done inside a transaction to take in one user's memory that left another store."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from remanence.errors import ConflictError
from remanence.store.analysis import Analysis
from remanence.store.archive import (
    ArchivedEnding,
    ArchivedEpisode,
    ArchivedFact,
    ExtractionState,
    Incoming,
    TakenIn,
)
from remanence.store.audit import NewAudit
from remanence.store.relational.audit import record
from remanence.store.relational.database import Database, Row
from remanence.store.relational.incoming import IncomingSessions, scope_of
from remanence.store.relational.jobs import follow
from remanence.store.relational.place import next_epoch
from remanence.store.relational.rows import (
    ENDINGS,
    KINDS,
    ROLES,
    to_id,
    to_text,
)
from remanence.store.times import to_microseconds, to_offset

__all__ = ["take_in"]

_WAITING, _DONE = 1, -1


def take_in(database: Database, user_id: str, incoming: Incoming) -> TakenIn:
    """Store what left a store; see :meth:`remanence.store.archive.ArchiveStore.take_in`."""
    taking = _Taking(database, user_id, incoming)
    taken = taking.all()
    if taken.episodes or taken.facts:
        follow(database, incoming.then)
    counts = {
        "episodes": taken.episodes,
        "facts": taken.facts,
        "already there": taken.episodes_there + taken.facts_there,
    }
    record(database, NewAudit(incoming.at, "import", user_id, incoming.asked_by, counts))
    return taken


class _Taking:
    """Takes in one archive, inside a transaction."""

    def __init__(self, database: Database, user_id: str, incoming: Incoming) -> None:
        database.hold(user_id)
        self._database = database
        self._user = {"user_id": user_id}
        self._incoming = incoming
        self._is_known = database.row("any_entry", self._user) is not None
        self._sessions = IncomingSessions(database, user_id, incoming.sessions)
        self._numbers: dict[str, int] = {}
        self._facts: list[tuple[ArchivedFact, bool]] = []
        self._known_as: dict[str, str] = {}
        self._completed: dict[int, None] = {}
        self._episodes = 0
        self._episodes_there = 0

    def all(self) -> TakenIn:
        """Store what is new, and complete what is there."""
        for item, analysis in self._incoming.items:
            if isinstance(item, ArchivedEpisode):
                self._take_episode(item, analysis)
            else:
                self._take_fact(item, analysis)
        self._sessions.save()
        # What a fact rests on, and what superseded it, may have come after it.
        for fact, is_new in self._facts:
            number = self._numbers[fact.id]
            changed = self._add_sources(fact, number)
            changed |= self._follow_up(fact, number) if is_new else self._end(fact, number)
            if changed and not is_new:
                self._completed[number] = None
        for ending in self._incoming.endings:
            self._take_ending(ending)
        self._check_ends([*self._completed])
        if self._completed:
            self._rebuild()
        new = sum(is_new for _, is_new in self._facts)
        return TakenIn(
            sessions=self._sessions.new,
            episodes=self._episodes,
            facts=new,
            episodes_there=self._episodes_there,
            facts_there=len(self._facts) - new,
            facts_completed=len(self._completed),
            known_as=self._known_as,
        )

    def _take_episode(self, episode: ArchivedEpisode, analysis: Analysis) -> None:
        number = self._episode_there(episode)
        if number is not None:
            self._episodes_there += 1
            self._numbers[episode.id] = number
            return
        place, position = self._sessions.place(episode)
        self._database.run(
            "take_in_episode",
            {
                **self._user,
                "id": to_id(episode.id),
                "seq": place.seq,
                "session": place.session,
                "position": position,
                "role": episode.role,
                "name": episode.name,
                "content": episode.content,
                **_at(episode),
                "message_id": episode.message_id,
                "metadata": episode.metadata,
                "imported": episode.imported,
                "extraction": self._extraction(episode.extraction),
            },
        )
        place.add_entry(
            0,
            at=to_microseconds(episode.at),
            recorded_at=episode.recorded_at,
            analysis=analysis,
            role=episode.role,
            speaker=episode.name,
        )
        self._numbers[episode.id] = place.seq
        self._episodes += 1

    def _extraction(self, state: ExtractionState) -> int:
        if state == "done":
            return _DONE
        return _WAITING if self._incoming.extract and state != "unasked" else 0

    def _episode_there(self, episode: ArchivedEpisode) -> int | None:
        """Return the number of the episode that is there already, if it is.

        Raises:
            ConflictError: It is another one.
        """
        if not self._is_known:
            return None
        named = {**self._user, "id": to_id(episode.id)}
        if self._database.row("fact_there", named) is not None:
            raise _taken(episode.id, "as a fact")
        row = self._database.row("episode_there", named)
        if row is not None:
            told = (*scope_of(episode), episode.role, episode.name, episode.content)
            told = (*told, *_at(episode).values(), episode.message_id)
            _check_same(episode, row, told)
            return row[0]
        session = self._sessions.number(episode)
        if session is None or episode.message_id is None:
            return None
        named = {**self._user, "session": session, "message_id": episode.message_id}
        row = self._database.row("message_there", named)
        if row is None:
            return None
        if row[1:3] != (episode.role, episode.content):
            raise ConflictError(
                f"id: message {episode.message_id!r} is already stored in session "
                f"{episode.session_id or '(unnamed)'!r} with another role or content; forget the "
                "stored one first, or import for another user"
            )
        self._known_as[episode.id] = to_text(row[3])
        return row[0]

    def _take_fact(self, fact: ArchivedFact, analysis: Analysis) -> None:
        number = self._fact_there(fact)
        self._facts.append((fact, number is None))
        if number is not None:
            self._numbers[fact.id] = number
            return
        place, _ = self._sessions.place(fact)
        self._database.run(
            "take_in_fact",
            {
                **self._user,
                "id": to_id(fact.id),
                "seq": place.seq,
                "session": place.session,
                "text": fact.text,
                **_at(fact),
                "metadata": fact.metadata,
                "imported": fact.imported,
                **_stated(fact),
                **_timed("valid_until", fact.valid_until),
                **_superseded(fact),
            },
        )
        place.add_entry(
            1, at=to_microseconds(fact.at), recorded_at=fact.recorded_at, analysis=analysis
        )
        self._numbers[fact.id] = place.seq

    def _fact_there(self, fact: ArchivedFact) -> int | None:
        """Return the number of the fact that is there already, if it is.

        Raises:
            ConflictError: It is another one.
        """
        if not self._is_known:
            return None
        named = {**self._user, "id": to_id(fact.id)}
        if self._database.row("episode_there", named) is not None:
            raise _taken(fact.id, "as an episode")
        row = self._database.row("fact_there", named)
        if row is None:
            return None
        told = (*scope_of(fact), fact.text, *_at(fact).values(), *_stated(fact).values())
        _check_same(fact, row, told)
        return row[0]

    def _add_sources(self, fact: ArchivedFact, number: int) -> bool:
        """Let a fact rest on its sources; return whether some of them are new to it."""
        added = [
            self._database.row(
                "take_in_source",
                {
                    **self._user,
                    "fact": number,
                    "source": self._number("episode_there", source.episode, "sources"),
                    "stated_by": ROLES.index(source.stated_by),
                    "drawn": source.drawn,
                },
            )
            for source in fact.sources
        ]
        return any(row is not None for row in added)

    def _follow_up(self, fact: ArchivedFact, number: int) -> bool:
        """Name what superseded a new fact."""
        if fact.superseded_by is not None:
            by = self._successor(fact.superseded_by)
            place = {**self._user, "seq": number, "superseded_by": by}
            self._database.run("take_in_successor", place)
        return False

    def _end(self, fact: ArchivedFact, number: int) -> bool:
        """Let a fact that is there end as it did in the archive; return whether it does now."""
        if fact.superseded_at is None:
            return False
        return self._run_end(fact, number)

    def _run_end(self, told: ArchivedFact | ArchivedEnding, number: int) -> bool:
        by = None if told.superseded_by is None else self._successor(told.superseded_by)
        place = {**self._user, "seq": number, "superseded_by": by, **_superseded(told)}
        ended = {**place, **_timed("valid_until", told.valid_until)}
        return self._database.row("take_in_end", ended) is not None

    def _take_ending(self, ending: ArchivedEnding) -> None:
        """Let a fact that is there end."""
        number = self._number("fact_there", ending.fact, "endings")
        if self._run_end(ending, number):
            self._completed[number] = None

    def _successor(self, id_: str) -> int:
        return self._number("fact_there", id_, "superseded_by")

    def _number(self, statement: str, id_: str, field: str) -> int:
        """Return the number of something that came with this, or was there.

        Raises:
            ConflictError: There is no such thing.
        """
        number = self._numbers.get(id_)
        if number is None:
            row = self._database.row(statement, {**self._user, "id": to_id(id_)})
            if row is None:
                raise ConflictError(
                    f"{field}: {id_} is neither here nor comes in with this; it may have been "
                    "forgotten meanwhile: import again"
                )
            number = self._numbers[id_] = row[0]
        return number

    def _check_ends(self, completed: Sequence[int]) -> None:
        """Refuse facts that supersede one another in a circle, as the two sides tell it together.

        Raises:
            ConflictError: They do.
        """
        sound: set[int] = set()
        for number in completed:
            line: set[int] = set()
            following: int | None = number
            while following is not None and following not in sound:
                if following in line:
                    raise ConflictError(
                        "facts: what superseded a fact here was superseded by it in the archive; "
                        "import for another user, or forget the facts here first"
                    )
                line.add(following)
                row = self._database.one("successor", {**self._user, "seq": following})
                following = row[0]
            sound |= line

    def _rebuild(self) -> None:
        """Have search indexes begin anew: facts that they know rest on what they don't know yet."""
        epoch = next_epoch(self._database)
        raised = {"epoch": epoch, "rebuild_epoch": epoch, "seq_floor": None}
        self._database.run("raise_epoch", {**self._user, **raised})


def _at(item: ArchivedEpisode | ArchivedFact) -> dict[str, int]:
    return {
        "at": to_microseconds(item.at),
        "utc_offset": to_offset(item.at),
        "recorded_at": to_microseconds(item.recorded_at),
    }


def _stated(fact: ArchivedFact) -> dict[str, Any]:
    """Return what was known of a fact when it was recorded."""
    return {
        "kind": None if fact.kind is None else KINDS.index(fact.kind),
        "attribute": fact.attribute,
        "stated_by": None if fact.stated_by is None else ROLES.index(fact.stated_by),
        "confidence": fact.confidence,
        **_timed("valid_from", fact.valid_from),
        **_timed("stated_until", fact.stated_until),
    }


def _superseded(fact: ArchivedFact | ArchivedEnding) -> dict[str, Any]:
    at = fact.superseded_at
    return {
        "superseded_at": None if at is None else to_microseconds(at),
        "ending": None if fact.ending is None else ENDINGS.index(fact.ending),
    }


def _timed(name: str, time: dt.datetime | None) -> dict[str, int | None]:
    return {
        name: None if time is None else to_microseconds(time),
        f"{name}_offset": None if time is None else to_offset(time),
    }


def _check_same(item: ArchivedEpisode | ArchivedFact, row: Row, told: tuple[object, ...]) -> None:
    """Refuse an item whose id is taken by another; a row ends with its metadata.

    Raises:
        ConflictError: It is.
    """
    same = row[1:-1] == told
    if not same or json.loads(row[-1]) != json.loads(item.metadata):
        raise _taken(item.id, "with another content, scope or time")


def _taken(id_: str, what: str) -> ConflictError:
    return ConflictError(
        f"id: {id_} is already stored here {what}; import for another user, or forget the "
        "stored one first"
    )
