"""How values go to the server and come back: ids as its own type, truth as numbers."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Dumper, Loader

from remanence.store.relational.rows import Id

__all__ = ["register"]


class _IdDumper(Dumper):
    """Writes an id as a ``uuid``."""

    oid = 2950  # uuid, the same in every server

    def dump(self, obj: Id) -> bytes:
        return obj.hex().encode()


class _BinaryIdDumper(_IdDumper):
    """Writes an id as a ``uuid``, in binary."""

    format = pq.Format.BINARY

    def dump(self, obj: Id) -> bytes:
        return bytes(obj)


class _IdLoader(Loader):
    """Reads a ``uuid`` as bytes."""

    def load(self, data: Any) -> bytes:
        return bytes.fromhex(bytes(data).replace(b"-", b"").decode())


class _BinaryIdLoader(Loader):
    """Reads a ``uuid`` as bytes, in binary."""

    format = pq.Format.BINARY

    def load(self, data: Any) -> bytes:
        return bytes(data)


class _TruthDumper(Dumper):
    """Writes truth as the number that it is in every table."""

    oid = 23  # int4

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"

    def quote(self, obj: bool) -> bytes:
        return self.dump(obj)


def register(connection: psycopg.Connection[Any]) -> None:
    """Teach a connection these values."""
    adapters = connection.adapters
    adapters.register_dumper(Id, _IdDumper)
    adapters.register_dumper(Id, _BinaryIdDumper)
    adapters.register_dumper(bool, _TruthDumper)
    adapters.register_loader("uuid", _IdLoader)
    adapters.register_loader("uuid", _BinaryIdLoader)
