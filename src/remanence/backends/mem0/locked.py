"""A Qdrant client that works in a folder of this machine, asked by one thread at a time."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Generator
from typing import Any

__all__ = ["LockedClient", "is_local", "local_client", "put_lock"]

_putting = threading.Lock()


class LockedClient:
    """Passes everything on to a client, one call after the other.

    mem0 calls the client from several threads at once. A server copes with that; in a folder,
    memories that were acknowledged are gone when it is opened again.

    Args:
        client: The client.
    """

    def __init__(self, client: Any) -> None:
        """Keep the client."""
        self._client = client
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        """Return what the client has under a name, and behind the lock if it can be called."""
        value = getattr(self._client, name)
        if not callable(value):
            return value

        @functools.wraps(value)
        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return value(*args, **kwargs)

        return locked

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """Keep others from calling the client for a block."""
        with self._lock:
            yield

    @property
    def inner(self) -> Any:
        """The client itself."""
        return self._client

    def create_payload_index(self, *_: Any, **__: Any) -> None:
        """Do nothing: in a folder there are no such indexes, and the client would only warn."""


def is_local(client: object) -> bool:
    """Return whether a Qdrant client works in a folder or in memory, without a server."""
    return type(getattr(client, "_client", None)).__name__ == "QdrantLocal"


def local_client(client: object) -> Any:
    """Return the part of a Qdrant client that is its own server; ``None`` if it has none.

    Args:
        client: The client, with a lock around it or without.
    """
    inner = client.inner if isinstance(client, LockedClient) else client
    return getattr(inner, "_client", None) if is_local(inner) else None


def put_lock(memory: Any) -> bool:
    """Put a lock around the Qdrant client of mem0's open source client, where it needs one.

    Args:
        memory: The ``AsyncMemory``. Nothing else of it is touched, and a second lock is not put.

    Returns:
        Whether it works in a folder, and had no lock yet.
    """
    with _putting:
        store = getattr(memory, "vector_store", None)
        client = getattr(store, "client", None)
        if store is None or not is_local(client):
            return False
        store.client = LockedClient(client)
        entities = getattr(memory, "_entity_store", None)
        if entities is not None:  # it has the same client
            entities.client = store.client
        return True
