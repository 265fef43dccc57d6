"""What a service is to erase, in the SQLite file of the queue before it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from remanence.store.audit import NewAudit
from remanence.store.erasing import Scrub
from remanence.store.orders import NewOrder, Order, Passage
from remanence.store.relational.audit import record
from remanence.store.relational.database import Row, Runs
from remanence.store.relational.rows import filter_parameters, to_id, to_text
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.scrub import overwrite_free_space
from remanence.store.times import to_microseconds, to_time
from remanence.types import Filter

__all__ = ["SQLiteOrders"]

_PATIENCE = 2.0
"""Seconds to wait for readers who need the log that is about to be emptied."""


class SQLiteOrders:
    """Keeps orders in a store's file; see :class:`remanence.store.orders.OrderStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
        glance: Runs work that reads a few rows by their keys.
        alone: Runs work that manages transactions itself.
    """

    def __init__(self, *, write: Runs, read: Runs, glance: Runs, alone: Runs) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read
        self._glance = glance
        self._alone = alone

    async def place(self, order: NewOrder) -> Order:
        """Write an order down; see the protocol."""
        return await self._write(_place, order)

    async def placed(self, destination: str, user_id: str | None = None) -> list[Order]:
        """Return what is not fulfilled; see the protocol."""
        return await self._glance(_placed, destination, user_id)

    async def passage(self, id: str) -> Passage:  # noqa: A002 - the field's name
        """Return what may become of a job; see the protocol."""
        return await self._glance(_passage, id)

    async def in_hands(self, order: Order, *, now: dt.datetime) -> list[str]:
        """Return what is being delivered; see the protocol."""
        rows = await self._read(_jobs, order, now)
        return [to_text(row[2]) for row in rows if row[3]]

    async def drop_jobs(self, order: Order) -> int:
        """Remove jobs; see the protocol."""
        return await self._write(_drop_jobs, order)

    async def jobs_left(self, order: Order) -> int:
        """Count jobs; see the protocol."""
        return len(await self._read(_jobs, order, order.asked_at))

    async def drop(self, ids: Sequence[str]) -> int:
        """Remove jobs by their ids; see the protocol."""
        return await self._write(_drop, tuple(ids))

    async def fulfil(self, order: Order, audit: NewAudit) -> None:
        """Forget an order that is fulfilled; see the protocol."""
        await self._write(_fulfil, order, audit)

    async def withdraw(self, order: Order) -> None:
        """Forget an order that can't be; see the protocol."""
        await self._write(_forget, order)

    async def overwrite(self) -> Scrub:
        """Overwrite freed space; see the protocol."""
        return await self._alone(overwrite_free_space, _PATIENCE)


def _place(database: Database, order: NewOrder) -> Order:
    ids = None if order.ids is None else json.dumps([_hex(each) for each in order.ids])
    parameters = {
        **filter_parameters(order.where),
        "ids": ids,
        "asked_by": order.asked_by,
        "asked_at": to_microseconds(order.asked_at),
        "destination": order.destination,
    }
    number: int = database.one("place_order", parameters)[0]
    told = {field.name: getattr(order, field.name) for field in dataclasses.fields(NewOrder)}
    return Order(**told, number=number)


def _placed(database: Database, destination: str, user_id: str | None) -> list[Order]:
    rows = database.rows("orders", {"destination": destination, "user_id": user_id})
    return [_order(destination, row) for row in rows]


def _order(destination: str, row: Row) -> Order:
    number, user_id, agent_id, session_id, since, until, ids, asked_at, asked_by = row
    where = Filter(
        user_id,
        agent_id,
        session_id,
        since=None if since is None else to_time(since),
        until=None if until is None else to_time(until),
    )
    named = None if ids is None else tuple(map(_text, json.loads(ids)))
    return Order(destination, where, named, to_time(asked_at), asked_by, number)


def _hex(id_: str) -> str:
    return id_.encode(errors="surrogatepass").hex()


def _text(data: str) -> str:
    return bytes.fromhex(data).decode(errors="surrogatepass")


def _passage(database: Database, id_: str) -> Passage:
    there, orders, erased = database.one("passage", {"id": to_id(id_)})
    if not there or erased:
        return "barred"
    return "waits" if orders else "free"


def _jobs(database: Database, order: Order, now: dt.datetime) -> list[Row]:
    there = {"number": order.number, "now": to_microseconds(now)}
    return database.rows("jobs_ordered", there)


def _drop_jobs(database: Database, order: Order) -> int:
    return _drop(database, [to_text(row[2]) for row in _jobs(database, order, order.asked_at)])


def _drop(database: Database, ids: Sequence[str]) -> int:
    dropped: list[dict[str, Any]] = [
        {"number": number, "user_id": user_id}
        for id_ in ids
        for number, user_id in database.rows("remove_job", {"id": to_id(id_)})
    ]
    database.run_many("drop_payload", dropped)
    return len(dropped)


def _forget(database: Database, order: Order) -> bool:
    return database.row("drop_order", {"number": order.number}) is not None


def _fulfil(database: Database, order: Order, audit: NewAudit) -> None:
    if _forget(database, order):
        record(database, audit)
