"""Writers: whatever waits when a transaction starts goes into that transaction.

Full durability costs one flush to disk for each transaction, so writers who come together share
it. A write that is refused (a conflict) fails alone; a transaction that fails as a whole (a full
disk) is tried again write by write, so that one that is too large does not take the others along.
"""

from __future__ import annotations

import abc
import queue
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from remanence.errors import (
    RemanenceError,
    StoreBusyError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from remanence.store.relational.lane import Call, Calls, Connected, Lane

__all__ = ["GroupingLane", "Outcome", "Transactional"]

_MOST_IN_A_GROUP = 512

_HOPELESS = (StoreBusyError, StoreReadOnlyError, StoreUnreachableError)
"""What no write of a group is at fault for."""


class Transactional(Connected, Protocol):
    """A database in which several writes can be one transaction."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Run a block inside a transaction so that it can fail alone."""
        ...


D = TypeVar("D", bound=Transactional)

Outcome = tuple[Any, RemanenceError | None]
"""What a call returned, or why it was refused."""


class GroupingLane(Lane[D]):
    """A thread that writes.

    Attributes:
        commits: How many transactions it has committed.
    """

    commits: int = 0

    def _work_off(self, database: D, calls: Calls[D]) -> None:
        while (call := calls.get()) is not None:
            self._serve(database, call, calls)

    def _serve(self, database: D, first: Call[D, Any], calls: Calls[D]) -> None:
        """Run a call, with those that wait behind it as far as they can share its transaction."""
        group: list[Call[D, Any]] = []
        last: Call[D, Any] | None = None
        call: Call[D, Any] | None = first
        while call is not None:
            if call.begin():
                if call.alone or call.apart:
                    last = call
                    break
                group.append(call)
            call = self._waiting(calls) if len(group) < _MOST_IN_A_GROUP else None
        if group:
            self._commit(database, group)
        if last is not None and last.alone:
            last.run(database)
        elif last is not None:
            self._commit(database, [last])

    def _waiting(self, calls: Calls[D]) -> Call[D, Any] | None:
        try:
            call = calls.get_nowait()
        except queue.Empty:
            return None
        if call is None:  # the request to end: put it back for after this group
            calls.put(None)
        return call

    def _commit(self, database: D, group: Sequence[Call[D, Any]]) -> None:
        try:
            with database.translated():
                outcomes = self._transact(database, group)
        except BaseException as error:  # whoever waits for the future gets it
            self._failed(database, group, error)
            return
        self.commits += 1
        for call, (result, refusal) in zip(group, outcomes, strict=True):
            if refusal is None:
                call.future.set_result(result)
            else:
                call.future.set_exception(refusal)

    def _failed(self, database: D, group: Sequence[Call[D, Any]], error: BaseException) -> None:
        """Try calls again one by one whose transaction failed; one that was alone has failed."""
        # Who waited in vain would do so again, one after the other.
        hopeless = isinstance(error, _HOPELESS)
        for call in group:
            if hopeless or len(group) == 1:
                call.future.set_exception(error)
            else:
                self._commit(database, [call])

    @abc.abstractmethod
    def _transact(self, database: D, group: Sequence[Call[D, Any]]) -> list[Outcome]:
        """Run calls in one transaction; return what came of each."""

    def _outcomes(self, database: D, group: Sequence[Call[D, Any]]) -> list[Outcome]:
        """Run calls inside a transaction; return what came of each."""
        outcomes: list[Outcome] = []
        for call in group:
            if len(group) == 1:  # is undone with its transaction
                outcomes.append((call.work(database), None))
                continue
            try:
                with database.savepoint():
                    outcomes.append((call.work(database), None))
            except RemanenceError as error:
                outcomes.append((None, error))
        return outcomes
