"""Vectors in half precision, as a column of the database keeps them: pgvector's type, or bytes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import pq
from psycopg.adapt import Dumper, Loader

__all__ = ["HalfType", "HalfVectors", "pack", "unpack"]

_BYTES = np.dtype("<f2")
_HEADER = np.dtype([("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">i4"), ("count", ">i4"),
                    ("first", ">i4")])  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class HalfType:
    """What pgvector's ``halfvec`` is called in a database.

    Attributes:
        oid: The type's number.
        array_oid: The number of the type of its arrays.
    """

    oid: int
    array_oid: int

    def register(self, connection: psycopg.Connection[Any]) -> None:
        """Let a connection send and receive arrays of it in their binary form."""
        dumper = type("_Dumper", (_HalfDumper,), {"oid": self.array_oid, "kind": self})
        connection.adapters.register_dumper(HalfVectors, dumper)
        connection.adapters.register_loader(self.array_oid, _HalfLoader)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class HalfVectors:
    """Vectors on their way to or from a column of ``halfvec[]``, shape ``(n, dimensions)``."""

    data: npt.NDArray[np.float16]


def pack(data: npt.NDArray[np.float32], kind: HalfType | None) -> bytes | HalfVectors:
    """Return vectors as they are stored: with pgvector in its type, without as bytes."""
    return data.astype(_BYTES).tobytes() if kind is None else HalfVectors(data.astype(np.float16))


def unpack(stored: bytes | HalfVectors, count: int) -> npt.NDArray[np.float32]:
    """Return so many vectors of what is stored, shape ``(count, dimensions)``."""
    if isinstance(stored, HalfVectors):
        return stored.data.astype(np.float32)
    return np.frombuffer(stored, _BYTES).reshape(count, -1).astype(np.float32)


def _element(dimensions: int) -> np.dtype[Any]:
    """Return how one element of an array comes: its length, and what pgvector writes of it."""
    return np.dtype(
        [
            ("length", ">i4"),
            ("dimensions", ">i2"),
            ("unused", ">i2"),
            ("data", ">f2", (dimensions,)),
        ]
    )


class _HalfDumper(Dumper):
    """Writes an array of ``halfvec``."""

    format = pq.Format.BINARY
    kind: HalfType

    def dump(self, obj: HalfVectors) -> bytes:
        count, dimensions = obj.data.shape
        header = np.array([(1, 0, self.kind.oid, count, 1)], _HEADER)
        elements = np.zeros(count, _element(dimensions))
        elements["length"] = 4 + 2 * dimensions
        elements["dimensions"] = dimensions
        elements["data"] = obj.data
        return header.tobytes() + elements.tobytes()


class _HalfLoader(Loader):
    """Reads an array of ``halfvec``."""

    format = pq.Format.BINARY

    def load(self, data: Any) -> HalfVectors:
        packed = bytes(data)
        count = int(np.frombuffer(packed, _HEADER, count=1)["count"][0])
        size = (len(packed) - _HEADER.itemsize) // count
        elements = np.frombuffer(packed, _element((size - 8) // 2), offset=_HEADER.itemsize)
        return HalfVectors(elements["data"].astype(np.float16))
