"""The one writer: whatever waits when a transaction starts goes into that transaction.

Full durability costs one flush to disk for each transaction, so writers who come together share
it. A write that is refused (a conflict) fails alone; a transaction that fails as a whole (a full
disk) is tried again write by write, so that one that is too large does not take the others along.
"""

from __future__ import annotations

import queue
from typing import Any, TypeVar

from remanence.errors import RemanenceError, StoreBusyError
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.faults import translated
from remanence.store.sqlite.lane import Call, Calls, Lane

__all__ = ["WriterLane"]

T = TypeVar("T")

_MOST_IN_A_GROUP = 512
_IDLE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_LOG_FRAMES = 1000
"""Pages in the write-ahead log (4 MB) at which it is written back, and begins anew."""


class WriterLane(Lane):
    """The thread that writes; there is one for each open store.

    Attributes:
        commits: How many transactions it has committed.
    """

    commits: int = 0

    def _work_off(self, database: Database, calls: Calls) -> None:
        limit = _LOG_FRAMES
        while True:
            call = self._next(database, calls)
            if call is None:
                database.truncate_log()
                return
            self._serve(database, call, calls)
            # A reader may need the log: then it is tried again after as many pages more.
            frames = database.log_frames
            if frames > limit:
                limit = _LOG_FRAMES if database.checkpoint() else frames + _LOG_FRAMES

    def _next(self, database: Database, calls: Calls) -> Call[Any] | None:
        """Wait for a call; empty the log when none comes for a while."""
        pause = _IDLE_SECONDS
        while database.log_frames:
            try:
                return calls.get(timeout=pause)
            except queue.Empty:
                if not database.truncate_log():
                    pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        return calls.get()

    def _serve(self, database: Database, first: Call[Any], calls: Calls) -> None:
        """Run a call, with those that wait behind it as far as they can share its transaction."""
        group: list[Call[Any]] = []
        alone: Call[Any] | None = None
        call: Call[Any] | None = first
        while call is not None:
            if call.begin():
                if call.alone:
                    alone = call
                    break
                group.append(call)
            call = self._waiting(calls) if len(group) < _MOST_IN_A_GROUP else None
        if group:
            self._commit(database, group)
        if alone is not None:
            alone.run(database)

    def _waiting(self, calls: Calls) -> Call[Any] | None:
        try:
            call = calls.get_nowait()
        except queue.Empty:
            return None
        if call is None:  # the request to end: put it back for after this group
            calls.put(None)
        return call

    def _commit(self, database: Database, group: list[Call[Any]]) -> None:
        outcomes: list[tuple[Call[Any], Any, RemanenceError | None]] = []
        try:
            with translated(database.path, database.connection), database.transaction():
                for call in group:
                    if len(group) == 1:  # is undone with its transaction
                        outcomes.append((call, call.work(database), None))
                        continue
                    try:
                        with database.savepoint():
                            outcomes.append((call, call.work(database), None))
                    except RemanenceError as error:
                        outcomes.append((call, None, error))
        except BaseException as error:  # whoever waits for the future gets it
            # Who waited for another process in vain would do so again, one after the other.
            hopeless = isinstance(error, StoreBusyError)
            for call in group:
                if hopeless or len(group) == 1:
                    call.future.set_exception(error)
                else:
                    self._commit(database, [call])
            return
        self.commits += 1
        for call, result, refusal in outcomes:
            if refusal is None:
                call.future.set_result(result)
            else:
                call.future.set_exception(refusal)
