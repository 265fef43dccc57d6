"""Where a scripted memory service keeps what it was given: in memory, or in files of a folder."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import uuid_utils

from remanence.backends.exchange import exchange_from_json, exchange_to_json
from remanence.backends.service import Delivery
from remanence.types import Role, Scope

__all__ = ["FolderShelf", "Kept", "MemoryShelf", "Shelf", "kept_of"]

_HEARD: tuple[Role, ...] = ("user", "assistant")


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A message or statement that is kept.

    Attributes:
        id: An id of its own: no other message or statement that is kept has it.
        message_id: The message's id, or ``None`` for a statement, and for a message without one.
        scope: Where it belongs.
        role: Who spoke; ``None`` for a statement.
        name: The speaker, if known.
        text: What was said.
        at: When.
    """

    id: str
    message_id: str | None
    scope: Scope
    role: Role | None
    name: str | None
    text: str
    at: dt.datetime


class Shelf(Protocol):
    """Keeps deliveries in the order in which they arrived, each key of a scope once."""

    def keep(self, delivery: Delivery) -> None:
        """Keep a delivery, unless it is kept already."""
        ...

    def has(self, key: str, scope: Scope) -> bool:
        """Return whether a delivery with this key is kept for a scope."""
        ...

    def all(self) -> list[tuple[dt.datetime, Delivery]]:
        """Return everything with the time of its arrival, in order."""
        ...

    def remove(self, delivery: Delivery) -> None:
        """Keep a delivery no longer."""
        ...


def kept_of(arrived: dt.datetime, delivery: Delivery) -> Iterator[Kept]:
    """Yield what is kept of a delivery: what user and assistant said, and statements."""
    place = _digest(delivery.key, delivery.scope)
    messages = () if delivery.exchange is None else delivery.exchange.messages
    for number, message in enumerate(messages):
        if message.role in _HEARD:
            yield Kept(
                f"{place}:{number}",
                message.id,
                delivery.scope,
                message.role,
                message.name,
                message.content,
                message.at or arrived,
            )
    for number, statement in enumerate(delivery.statements):
        yield Kept(f"{place}:{number}", None, delivery.scope, None, None, statement, arrived)


def _digest(key: str, scope: Scope) -> str:
    """Return what stands for a key in its scope."""
    named = json.dumps([scope.user_id, scope.agent_id, scope.session_id, key])
    return hashlib.sha256(named.encode()).hexdigest()


class MemoryShelf:
    """Keeps deliveries as long as the object lives."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._kept: dict[tuple[Scope, str], tuple[dt.datetime, Delivery]] = {}

    def keep(self, delivery: Delivery) -> None:
        """Keep a delivery, unless it is kept already."""
        place = (delivery.scope, delivery.key)
        self._kept.setdefault(place, (dt.datetime.now(dt.UTC), delivery))

    def has(self, key: str, scope: Scope) -> bool:
        """Return whether a delivery with this key is kept for a scope."""
        return (scope, key) in self._kept

    def all(self) -> list[tuple[dt.datetime, Delivery]]:
        """Return everything with the time of its arrival, in order."""
        return list(self._kept.values())

    def remove(self, delivery: Delivery) -> None:
        """Keep a delivery no longer."""
        self._kept.pop((delivery.scope, delivery.key), None)


class FolderShelf:
    """Keeps each delivery in a file, which is there whole or not at all, whoever is killed.

    Args:
        folder: Where the files are; it is created if missing. Several processes may share it.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder."""
        self._folder = folder
        self._last = 0
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, delivery: Delivery) -> None:
        """Write a delivery under another name, to the disk, and give it its own name then."""
        place = self._place(delivery.key, delivery.scope)
        if place.exists():
            return
        with self._lock:
            self._last = arrived = max(self._last + 1, time.time_ns())
        text = json.dumps({"arrived": arrived, **_delivery_to_json(delivery)})
        draft = self._folder / f".{uuid_utils.uuid7()}"
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
        self._write_through()

    def _write_through(self) -> None:
        """Have the new name on the disk as well, where folders can be written through."""
        if os.name != "posix":
            return
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def has(self, key: str, scope: Scope) -> bool:
        """Return whether a delivery with this key is kept for a scope."""
        return self._place(key, scope).exists()

    def all(self) -> list[tuple[dt.datetime, Delivery]]:
        """Return everything with the time of its arrival, in order."""
        records: list[dict[str, Any]] = [
            json.loads(file.read_text("utf-8")) for file in self._folder.glob("*.json")
        ]
        records.sort(key=lambda record: record["arrived"])
        return [(_arrived(record), _delivery_from_json(record)) for record in records]

    def remove(self, delivery: Delivery) -> None:
        """Keep a delivery no longer."""
        self._place(delivery.key, delivery.scope).unlink(missing_ok=True)

    def _place(self, key: str, scope: Scope) -> Path:
        return self._folder / f"{_digest(key, scope)}.json"


def _arrived(record: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromtimestamp(record["arrived"] / 1e9, dt.UTC)


def _delivery_to_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "key": delivery.key,
        "scope": dataclasses.astuple(delivery.scope),
        "exchange": None if delivery.exchange is None else exchange_to_json(delivery.exchange),
        "statements": list(delivery.statements),
    }


def _delivery_from_json(record: dict[str, Any]) -> Delivery:
    exchange = record["exchange"]
    return Delivery(
        record["key"],
        Scope(*record["scope"]),
        None if exchange is None else exchange_from_json(exchange),
        tuple(record["statements"]),
    )
