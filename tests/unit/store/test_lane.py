"""What waits for a thread that ended, or was asked to end, is told so."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from remanence import MemoryClosedError, StoreError
from remanence.store.relational.lane import Calls, Lane, ReaderLane
from remanence.store.sqlite.database import Database


class _FallingLane(Lane[Database]):
    """Takes one call and falls over it."""

    def __init__(self, database: Database) -> None:
        self.fall = threading.Event()
        super().__init__("falling", [database])

    def _work_off(self, database: Database, calls: Calls[Database]) -> None:
        self.fall.wait()
        raise RuntimeError("the thread fell")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_calls_to_a_thread_that_ended_fail(database: Path) -> None:
    lane = _FallingLane(Database(database, busy_timeout=1, writable=True))
    waiting = lane.submit(Database.truncate_log)
    lane.fall.set()

    with pytest.raises(StoreError, match="the thread fell"):
        waiting.result(timeout=5)
    with pytest.raises(StoreError, match="the thread fell"):
        lane.submit(Database.truncate_log)
    lane.close()


def test_calls_before_closing_are_done_and_later_ones_refused(database: Path) -> None:
    Database(database, busy_timeout=1, writable=True).close()
    lane = ReaderLane("reading", [Database(database, busy_timeout=1, writable=False)])
    before = [lane.submit(lambda database: database.path) for _ in range(20)]
    lane.close()

    assert {call.result(timeout=5) for call in before} == {database}
    with pytest.raises(MemoryClosedError):
        lane.submit(lambda database: database.path)
