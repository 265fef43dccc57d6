"""How processes tell one another that there is work: LISTEN and NOTIFY, as far as they get through.

A notification makes the server commit one transaction after another, so it is not part of those
that write: it is sent on its own, a few times a second at most. Behind a proxy that pools
transactions nothing is heard; then workers find what there is by looking now and then, as they do
in any case.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable

import psycopg

from remanence.store.postgres.connections import Address

__all__ = ["Announcer"]

_CHANNEL = "remanence_jobs"
_PAUSE_SECONDS = 0.05
_LOOK_SECONDS = 0.5
_PROOF_SECONDS = 5.0
_AGAIN_SECONDS = 5.0
_MOST_BYTES = 4_000

_Tell = Callable[[], None]


class Announcer:
    """Tells other processes of jobs that were put in, and hears of theirs.

    Args:
        address: The database.

    Attributes:
        hears: Whether notifications get through; ``None`` until that is known.
    """

    def __init__(self, address: Address) -> None:
        """Nothing is said or heard until somebody listens or announces."""
        self._address = address
        self._name = uuid.uuid4().hex
        self._told: dict[str, set[_Tell]] = {}
        self._lock = threading.Lock()
        self._words: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._speaking: threading.Thread | None = None
        self._listening: threading.Thread | None = None
        self.hears: bool | None = None

    def listen(self, destination: str, tell: _Tell) -> Callable[[], None]:
        """Have something called when another process puts jobs in; return what ends that."""
        with self._lock:
            self._told.setdefault(destination, set()).add(tell)
            if self._listening is None and not self._ended.is_set():
                self._listening = self._started(self._listen, "remanence-listener")

        def end() -> None:
            with self._lock:
                self._told.get(destination, set()).discard(tell)

        return end

    def announce(self, destinations: Iterable[str]) -> None:
        """Tell other processes that jobs were put in."""
        for destination in destinations:
            self._words.put(destination)
            with self._lock:
                if self._speaking is None and not self._ended.is_set():
                    self._speaking = self._started(self._speak, "remanence-announcer")

    def close(self) -> None:
        """End both threads."""
        self._ended.set()
        self._words.put(None)
        for thread in (self._speaking, self._listening):
            if thread is not None:
                thread.join(timeout=2 * _LOOK_SECONDS)

    def _started(self, work: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._address.conninfo, autocommit=True, prepare_threshold=None)

    def _speak(self) -> None:
        connection: psycopg.Connection[tuple[object, ...]] | None = None
        while (word := self._words.get()) is not None:
            words = {word}
            self._ended.wait(_PAUSE_SECONDS)
            with contextlib.suppress(queue.Empty):
                while (further := self._words.get_nowait()) is not None:
                    words.add(further)
            try:
                if connection is None or connection.closed:
                    connection = self._connected()
                for each in words:
                    self._notify(connection, each)
            except psycopg.Error:  # others find it by looking
                with contextlib.suppress(Exception):
                    if connection is not None:
                        connection.close()
                connection = None
            if self._ended.is_set():
                break
        if connection is not None:
            connection.close()

    def _notify(self, connection: psycopg.Connection[tuple[object, ...]], word: str) -> None:
        payload = f"{self._name} {word}"
        if len(payload.encode()) <= _MOST_BYTES:
            connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, payload))

    def _listen(self) -> None:
        while not self._ended.is_set() and self.hears is not False:
            try:
                with self._connected() as connection:
                    self._hear(connection)
            except psycopg.Error:
                self._ended.wait(_AGAIN_SECONDS)

    def _hear(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Listen until the end, or until it turns out that nothing gets through."""
        connection.execute(f"LISTEN {_CHANNEL}".encode())
        self._tell_all()  # what was said while nobody listened
        proof = f"{self._name} {uuid.uuid4().hex}"
        with self._connected() as other:
            other.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, proof))
        deadline = time.monotonic() + _PROOF_SECONDS
        proven = False
        while not self._ended.is_set():
            for notify in connection.notifies(timeout=_LOOK_SECONDS):
                if notify.payload == proof:
                    proven = self.hears = True
                else:
                    self._tell(notify.payload)
                if self._ended.is_set():
                    return
            if not proven and time.monotonic() > deadline:
                self.hears = False
                return

    def _tell(self, payload: str) -> None:
        name, _, destination = payload.partition(" ")
        if name != self._name:
            with self._lock:
                told = list(self._told.get(destination, ()))
            for tell in told:
                tell()

    def _tell_all(self) -> None:
        with self._lock:
            told = [tell for each in self._told.values() for tell in each]
        for tell in told:
            tell()
