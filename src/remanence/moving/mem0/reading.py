"""What mem0 remembers, as it was, by user."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from remanence.backends.mem0.answers import KEY, SESSION, time_of
from remanence.errors import InputError
from remanence.moving.arrivals import Arrivals, Gathering, Place
from remanence.moving.mem0.history import History, Said, Version, read_history
from remanence.moving.mem0.owners import Owners
from remanence.moving.mem0.places import Located, located
from remanence.moving.mem0.points import Point, points
from remanence.types import Role

__all__ = ["read_mem0"]

_SOURCE = "mem0"
_TEXT, _SCOPE = "data", ("user_id", "agent_id", "run_id")
_OWN = (_TEXT, "text_lemmatized", "hash", "created_at", "updated_at", *_SCOPE, KEY, SESSION)
"""What becomes something else than metadata, or nothing as it can be made anew."""

_PROCEDURE = "procedural_memory"
_UNKNOWN: Role = "assistant"
"""In whose words something is of which mem0 does not tell that: a model's, who heard it."""
_STATEMENT = 7
"""The version of the UUIDs that statements are delivered with."""
_NOBODYS = "belongs to no user; name whose it is to be with --user"


def read_mem0(
    path: Path,
    *,
    user_id: str | None,
    agent_id: str | None = None,
    now: dt.datetime,
    progress: Callable[[int, int], None] | None = None,
    history: Path | None = None,
) -> Arrivals:
    """Read mem0's local store; nothing in it is changed, and it may be in use.

    What is written to it meanwhile may be missed. Its memories are pickled, so that reading them
    may run code: only read a store that you trust.

    A memory becomes a statement, and what it said before, as far as the history tells, statements
    that were superseded. What was deleted is not brought back. The last messages that mem0 keeps
    become messages. A time that tells no offset is one in UTC, as mem0 writes them.

    Args:
        path: Qdrant's folder, or the one in which that is as ``qdrant``, as ``data_dir`` of a
            :class:`~remanence.backends.mem0.Mem0Backend`.
        user_id: Only this user's; what names no user becomes theirs.
        agent_id: The agent, where a memory names none.
        now: When it is read.
        progress: Called with how many memories were read, and how many there are.
        history: mem0's history; found by itself if it is beside the store.

    Raises:
        InputError: There is no such store, or it can't be read.
        MissingExtraError: Qdrant's client is not installed.
    """
    places = located(path.expanduser(), history)
    gathering = Gathering(_SOURCE, now)
    told = read_history(history) if history is not None else _beside(places, gathering)
    reader = _Reader(gathering, told, now, user_id, agent_id)
    for point in points(places.store, progress):
        reader.memory(point)
    for said in told.said:
        reader.message(said)
    reader.finish(places)
    return gathering.arrivals()


def _beside(places: Located, gathering: Gathering) -> History:
    """Return what the history beside a store tells; where it tells nothing, that is told."""
    if places.history is None:
        gathering.skip(
            str(places.store),
            "there is no history.db beside it, which tells what memories said before, and what was "
            "said last; name it with --history",
            amount=0,
        )
        return History()
    try:
        return read_history(places.history)
    except InputError as error:
        gathering.skip(
            str(places.history),
            f"{error.problem}; what memories said before, and what was said last, is left out",
        )
        return History()


class _Reader:
    """Puts memories and messages where they belong."""

    def __init__(
        self,
        gathering: Gathering,
        history: History,
        now: dt.datetime,
        user_id: str | None,
        agent_id: str | None,
    ) -> None:
        self.gathering = gathering
        self._history = history
        self._now = now
        self._user_id = user_id
        self._agent_id = agent_id
        self._seen: set[str] = set()
        self._owners = Owners(user_id)

    def memory(self, point: Point) -> None:
        """Add a memory, with what it said before."""
        where = f"{point.collection} {point.id}"
        payload, text = point.payload, point.payload.get(_TEXT)
        self._seen.add(point.id)
        if not isinstance(text, str):
            self.gathering.skip(where, "has no text, and so is no memory of mem0's")
            return
        place = self._place(where, point.collection, payload, payload.get(SESSION))
        if place is None:
            return
        earlier, at = self._earlier(point.id, text, payload)
        following: tuple[str | None, dt.datetime] = (
            self.gathering.statement(
                place,
                _key(point.id, text, at),
                where=where,
                text=text,
                at=at or self._now,
                metadata=_metadata(point),
                kind="procedure" if payload.get("memory_type") == _PROCEDURE else None,
                stated_by=_stated_by(payload),
                valid_until=_expiry(payload.get("expiration_date")),
            ),
            at or self._now,
        )
        for version in reversed(earlier):
            by, until = following
            since = min(version.at or until, until)
            following = (
                self.gathering.statement(
                    place,
                    _key(point.id, version.text, version.at),
                    where=f"{where}, as it was before",
                    text=version.text,
                    at=since,
                    metadata={"source": {"from": _SOURCE, "id": point.id}},
                    stated_by=_UNKNOWN,
                    superseded_at=until,
                    superseded_by=by,
                    ending="ended",
                ),
                since,
            )

    def _earlier(
        self, id_: str, text: str, payload: Mapping[str, Any]
    ) -> tuple[Sequence[Version], dt.datetime | None]:
        """Return what a memory said before, and since when it says what it does."""
        versions = self._history.versions.get(id_, ())
        at = time_of(payload.get("updated_at")) or time_of(payload.get("created_at"))
        if versions and versions[-1].text == text:
            return versions[:-1], at or versions[-1].at
        return versions, at

    def message(self, said: Said) -> None:
        """Add a message."""
        where = f"messages {said.id}"
        role = _role(said.fields["role"])
        at = time_of(said.fields["created_at"])
        if role is None or at is None or not isinstance(said.fields["content"], str):
            self.gathering.skip(where, "has no role, no text or no time that is known here")
            return
        place = self._place(where, None, said.scope, None)
        if place is not None:
            self.gathering.message(
                place,
                f"message\x00{said.id}",
                where=where,
                role=role,
                content=said.fields["content"],
                at=at,
                name=_name(said.fields["name"]),
                metadata={"source": {"from": _SOURCE, "message": said.id}},
            )

    def _place(
        self, where: str, collection: str | None, told: Mapping[str, Any], session: object
    ) -> Place | None:
        """Return where something belongs, if it is to be read and that is known.

        Args:
            where: Its place in the source.
            collection: What it is in, if it is a memory.
            told: What names the user, the agent and the run.
            session: The session, where it is known besides.
        """
        user, agent, run = (told.get(name) for name in _SCOPE)
        if not _is_name(user):
            self.gathering.skip(where, "user_id: is no text, and so names nobody")
            return None
        user = _name(user)
        if user is None and self._user_id is None:
            self.gathering.skip(where, _NOBODYS)
            return None
        owner = self._owners.owner(user, collection)
        if owner is None:
            return None
        for name, value in (("agent_id", agent), ("run_id", run), (SESSION, session)):
            if not _is_name(value):
                self.gathering.skip(where, f"{name}: is no text")
                return None
        return Place(owner, _name(agent) or self._agent_id, _name(session) or _name(run))

    def finish(self, places: Located) -> None:
        """Tell of what was left out.

        Raises:
            InputError: Memories name users, and not the one whose are to be read.
        """
        self._owners.check(places.store)
        gone = self._history.deleted - self._seen
        lost = self._history.versions.keys() - self._history.deleted - self._seen
        self.gathering.delete(gone)
        history = str(places.history)
        for where, amount, why in (
            *(
                (history if name is None else f"collection {name}", amount, "of other users")
                for name, amount in self._owners.others()
            ),
            (history, len(gone), "deleted in mem0, and not brought back"),
            (history, len(lost), "of which only the history tells"),
        ):
            if amount:
                self.gathering.skip(where, f"left out: {amount:,} {why}", amount)


def _stated_by(payload: Mapping[str, Any]) -> Role:
    """Return in whose words a memory was found, as far as mem0 tells that.

    A model drew it from what somebody said, and must not pass for what a program stored. What this
    package's middleware had mem0 remember is an agent's, though mem0 was told it as a user's.
    """
    if _is_statement(payload.get(KEY)):
        return _UNKNOWN
    return _role(payload.get("role")) or _role(payload.get("attributed_to")) or _UNKNOWN


def _is_statement(key: object) -> bool:
    """Return whether a key is one that a statement is delivered with, and no reply's."""
    try:
        return isinstance(key, str) and uuid.UUID(key).version == _STATEMENT and "-" in key
    except ValueError:
        return False


def _key(id_: str, text: str, at: dt.datetime | None) -> str:
    """Return what tells a version of a memory apart, whether it is still current or not."""
    since = "" if at is None else at.astimezone(dt.UTC).isoformat()
    return f"{id_}\x00{since}\x00{text}"


def _metadata(point: Point) -> dict[str, Any]:
    """Return what is kept beside a memory: what came with it, and where it comes from."""
    payload = point.payload
    kept = {str(key): value for key, value in payload.items() if key not in _OWN}
    source: dict[str, Any] = {"from": _SOURCE, "id": point.id, "collection": point.collection}
    told = ("hash", "created_at", "updated_at", "run_id")
    source |= {key: payload[key] for key in told if payload.get(key) is not None}
    if "source" in kept:
        source["source"] = kept["source"]
    return {**kept, "source": source}


def _is_name(value: object) -> bool:
    """Return whether a value names something, or is missing; mem0 takes keys of a database too."""
    is_key = isinstance(value, int | uuid.UUID) and not isinstance(value, bool)
    return value is None or isinstance(value, str) or is_key


def _name(value: object) -> str | None:
    """Return what names something, as mem0 does: without white space at its ends."""
    return None if value is None else str(value).strip() or None


def _role(value: object) -> Role | None:
    return cast("Role", value) if value in get_args(Role) else None


def _expiry(value: object) -> dt.datetime | None:
    """Return the moment at which mem0 stops telling a memory: the end of a day in UTC."""
    try:
        day = dt.date.fromisoformat(str(value))
        return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
    except (ValueError, OverflowError):
        return None
