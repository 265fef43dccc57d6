"""The vector stores of mem0's open source client: what they list, and what they keep in memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from remanence.backends.mem0.locked import local_client
from remanence.backends.mem0.places import is_class
from remanence.errors import BackendError

__all__ = ["Row", "VectorStore"]

_FIRST = 1_000
_MOST = 1 << 30
_AT_ONCE = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A memory, or an entity, as a vector store lists it.

    Attributes:
        id: Its id.
        payload: What is stored with the vector.
    """

    id: str
    payload: Mapping[str, Any]


class VectorStore:
    """One of the two vector stores of a client.

    Args:
        store: mem0's own object.
    """

    def __init__(self, store: Any) -> None:
        """Keep it."""
        self.store = store

    def rows(self, filters: Mapping[str, str]) -> list[Row]:
        """Return all rows that filters see.

        Raises:
            BackendError: There is no end to them.
        """
        most = _FIRST
        while most < _MOST:
            listed = self.store.list(filters=dict(filters), top_k=most)
            found = cast("list[Any]", list(listed or ()))
            if found and isinstance(found[0], (list, tuple)):  # some tell where to go on as well
                found = list(cast("list[Any]", found[0]))
            if len(found) < most:
                return [Row(str(each.id), dict(each.payload or {})) for each in found]
            most *= 8
        raise BackendError("mem0's store lists memories without an end")

    def delete(self, ids: Sequence[str]) -> None:
        """Delete rows."""
        if is_class(self.store, "Qdrant"):
            # One by one, each would wait for a search or two.
            name = self.store.collection_name
            for place in range(0, len(ids), _AT_ONCE):
                some = list(ids[place : place + _AT_ONCE])
                self.store.client.delete(collection_name=name, points_selector=some)
        else:
            for id_ in ids:
                self.store.delete(vector_id=id_)

    def relabel(self, id: str, payload: Mapping[str, Any]) -> None:  # noqa: A002 - the field's name
        """Replace what is stored with a vector."""
        self.store.update(vector_id=id, vector=None, payload=dict(payload))

    @property
    def is_local(self) -> bool:
        """Whether it is a Qdrant of this process, in a folder or in memory."""
        return self._collection is not None

    @property
    def path(self) -> Path | None:
        """The SQLite file in which it keeps its rows, or ``None`` if that is not known."""
        storage = getattr(self._collection, "storage", None)
        location = getattr(storage, "location", None)
        return None if location is None else Path(location)

    def stored(self, ids: Collection[str]) -> list[bytes]:
        """Return rows as they are in the file, those that are found there."""
        storage = getattr(self._collection, "storage", None)
        connection, key_of = getattr(storage, "storage", None), getattr(storage, "encode_key", None)
        if connection is None or key_of is None:
            return []
        with self._alone():
            rows = [
                connection.execute("SELECT point FROM points WHERE id = ?", (key_of(id_),))
                for id_ in ids
            ]
            return [bytes(row[0]) for found in rows for row in found.fetchall()]

    def wipe(self) -> bool:
        """Overwrite what the process's own copy still has of deleted rows; return whether it could.

        Qdrant only marks them, and where it makes room for more it fills that with copies.
        """
        collection = self._collection
        try:
            with self._alone():
                used = len(collection.ids)
                gone = [place for place in range(used) if collection.deleted[place]]
                for place in gone:
                    collection.payload[place] = {}
                for vectors in collection.vectors.values():
                    vectors[gone] = 0.0
                    vectors[used:] = 0.0
                for sparse in collection.sparse_vectors.values():
                    for place in gone:
                        sparse[place] = type(sparse[place])(indices=[], values=[])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return False  # another version keeps them otherwise
        return True

    @property
    def _collection(self) -> Any:
        """Qdrant's own object of a collection in this process, or ``None``."""
        client = local_client(getattr(self.store, "client", None))
        collections: Any = getattr(client, "collections", {})
        return collections.get(getattr(self.store, "collection_name", None))

    def _alone(self) -> contextlib.AbstractContextManager[object]:
        """Keep others from using Qdrant for a block."""
        lock = getattr(self.store.client, "alone", None)
        return contextlib.nullcontext() if lock is None else lock()
