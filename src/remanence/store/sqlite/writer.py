"""The one writer of a file, which also keeps its write-ahead log short."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from typing import Any

from remanence.store.relational.grouping import GroupingLane, Outcome
from remanence.store.relational.lane import Call, Calls
from remanence.store.sqlite.database import Database

__all__ = ["WriterLane"]

_IDLE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_LOG_FRAMES = 1000
"""Pages in the write-ahead log (4 MB) at which it is written back, and begins anew."""


class WriterLane(GroupingLane[Database]):
    """The thread that writes; there is one for each open store."""

    def _work_off(self, database: Database, calls: Calls[Database]) -> None:
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

    def _transact(self, database: Database, group: Sequence[Call[Database, Any]]) -> list[Outcome]:
        with database.transaction():
            return self._outcomes(database, group)

    def _next(self, database: Database, calls: Calls[Database]) -> Call[Database, Any] | None:
        """Wait for a call; empty the log when none comes for a while."""
        pause = _IDLE_SECONDS
        while database.log_frames:
            try:
                return calls.get(timeout=pause)
            except queue.Empty:
                if not database.truncate_log():
                    pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        return calls.get()
