"""Threads that write: grouped, tried again when the connection breaks, and never twice.

When a connection breaks while a transaction is being committed, nobody knows whether it was. Each
thread that writes therefore has a row of its own, whose number every one of its transactions
raises by one from the one before. Afterwards the number tells. Whoever asks raises it by two, which
leaves it odd or even as it was: so the lost transaction can't be committed any more should it still
be on its way, and what was found is on every replica that commits wait for, since this is.
"""

from __future__ import annotations

import contextlib
import queue
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeVar

from psycopg import errors
from psycopg_pool import PoolTimeout
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from remanence.errors import StoreReadOnlyError, StoreUnreachableError
from remanence.store.postgres.database import Database
from remanence.store.postgres.faults import is_lost, passes, words_of
from remanence.store.postgres.roles import APP
from remanence.store.relational.grouping import GroupingLane, Outcome
from remanence.store.relational.lane import Call, Calls, ReaderLane

__all__ = ["ReadingLane", "WritingLane"]

T = TypeVar("T")

_WAIT_SECONDS = 1.0
_GLANCE_SECONDS = 0.05
"""How long somebody else who holds a user's rows is waited for, at first and when looking again."""

_LOOK_SECONDS = 0.2

_ROLE = f"SELECT set_config('role', '{APP}', true)"

_REGISTER = """
DELETE FROM remanence.writers WHERE seen_at < now() - interval '30 days';
INSERT INTO remanence.writers (writer, last) VALUES ('{writer}', 0)
"""

# Division by zero, and so the end of the transaction, if the number is not the one before.
_NEXT = """
WITH raised AS (
    UPDATE remanence.writers SET last = {number}, seen_at = now()
    WHERE writer = '{writer}' AND last = {before}
    RETURNING 1
)
SELECT 1 / count(*) FROM raised
"""

# Whoever is still at it is waited for.
_ASK = "SELECT last FROM remanence.writers WHERE writer = '{writer}' FOR UPDATE"


def _insisting(patience: float, work: Callable[..., T], *arguments: Any) -> T:
    """Do something, and again for some seconds if that fails by what may pass."""
    try:
        return work(*arguments)
    except Exception as error:
        if not passes(error):
            raise
    again = Retrying(
        retry=retry_if_exception(passes),
        stop=stop_after_delay(patience),
        wait=wait_random_exponential(multiplier=0.02, max=1.0),
        reraise=True,
    )
    return again(work, *arguments)


class ReadingLane(ReaderLane[Database]):
    """Threads that read; a connection that breaks meanwhile is replaced, and the read repeated.

    Args:
        name: The threads' name.
        databases: A database for each.
        patience: Seconds to try again for.
    """

    def __init__(self, name: str, databases: Sequence[Database], *, patience: float) -> None:
        """Start the threads."""
        self._patience = patience
        super().__init__(name, databases)

    def _serve(self, database: Database, call: Call[Database, Any]) -> None:
        try:
            with database.translated():
                result = _insisting(self._patience, _read, database, call)
        except BaseException as error:  # whoever waits for the future gets it
            call.future.set_exception(error)
        else:
            call.future.set_result(result)


def _read(database: Database, call: Call[Database, Any]) -> Any:
    try:
        result = call.work(database)
    except BaseException:
        database.roll_back()
        raise
    database.release()
    return result


class WritingLane(GroupingLane[Database]):
    """A thread that writes.

    Args:
        name: The thread's name.
        database: Its database.
        patience: Seconds to try again for.
        announce: Is told the destinations of jobs that were put in.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        *,
        patience: float,
        announce: Callable[[Iterable[str]], None],
    ) -> None:
        """Start the thread."""
        self._patience = patience
        self._announce = announce
        self._writer: uuid.UUID | None = None
        self._number = 0
        self._put_off: list[Call[Database, Any]] = []
        self._look_at = 0.0
        super().__init__(name, [database])

    def _work_off(self, database: Database, calls: Calls[Database]) -> None:
        while True:
            try:
                call = calls.get(timeout=_LOOK_SECONDS if self._put_off else None)
            except queue.Empty:
                self._try_again(database)
                continue
            if call is None:
                break
            self._serve(database, call, calls)
            self._try_again(database)
        while self._put_off:
            time.sleep(_LOOK_SECONDS)
            self._try_again(database)

    def _commit(self, database: Database, group: Sequence[Call[Database, Any]]) -> None:
        """Write, but for users of whom something was put off: theirs comes after that."""
        waiting = {call.holds for call in self._put_off if call.holds is not None}
        free = [call for call in group if call.holds not in waiting]
        for call in group:
            if call.holds in waiting:
                self._put_off_call(call)
        if free:
            # All take users in the same order, so that no two transactions wait for each other.
            super()._commit(database, sorted(free, key=_user_of))

    def _failed(
        self, database: Database, group: Sequence[Call[Database, Any]], error: BaseException
    ) -> None:
        """Try calls again one by one; put off what somebody else holds the rows for.

        So a user whose rows are held for long does not hold up the others.
        """
        if isinstance(error, StoreReadOnlyError | StoreUnreachableError):
            for call in group:  # no one of them is at fault, and each would wait as long again
                call.future.set_exception(error)
            return
        if len(group) > 1:
            for call in group:
                self._commit(database, [call])
            return
        (call,) = group
        held = isinstance(error.__cause__, errors.LockNotAvailable)
        if held and (call.deadline is None or time.monotonic() < call.deadline):
            self._put_off_call(call)
        else:
            call.future.set_exception(error)

    def _put_off_call(self, call: Call[Database, Any]) -> None:
        if call.deadline is None:
            call.deadline = time.monotonic() + self._patience
        self._put_off.append(call)
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def _try_again(self, database: Database) -> None:
        """Try what was put off, in its order."""
        if not self._put_off or time.monotonic() < self._look_at:
            return
        calls, self._put_off = self._put_off, []
        for call in calls:
            self._commit(database, [call])

    def _transact(self, database: Database, group: Sequence[Call[Database, Any]]) -> list[Outcome]:
        deadline = time.monotonic() + self._patience
        return _insisting(self._patience, self._try, database, group, deadline)

    def _try(
        self, database: Database, group: Sequence[Call[Database, Any]], deadline: float
    ) -> list[Outcome]:
        self._register(database)
        again = any(call.deadline is not None for call in group)
        with _undone(database):
            database.begin(seconds=min(_GLANCE_SECONDS if again else _WAIT_SECONDS, self._patience))
            outcomes = self._outcomes(database, group)
        destinations = set(database.destinations)
        try:
            with _undone(database):
                database.commit(f"{_ROLE};\n{self._raised(1)}")
        except errors.DivisionByZero:
            self._writer = None  # its row is gone, as from a backup: another one will do
            raise
        except PoolTimeout:
            raise  # there was no connection, so nothing was sent
        except Exception as error:
            if not is_lost(error) or not self._was_committed(database, deadline):
                raise
        else:
            self._number += 1
        self._announce(destinations)
        database.release()
        return outcomes

    def _register(self, database: Database) -> None:
        """Make a row for this thread, unless there is one."""
        if self._writer is not None:
            return
        writer = uuid.uuid4()
        with _undone(database):
            database.begin()
            database.commit(f"{_ROLE};\n{_REGISTER.format(writer=writer)}")
        self._writer, self._number = writer, 0

    def _raised(self, by: int, before: int | None = None) -> str:
        """Return the statement that raises this thread's number."""
        before = self._number if before is None else before
        return _NEXT.format(writer=self._writer, before=before, number=before + by)

    def _was_committed(self, database: Database, deadline: float) -> bool:
        """Return whether the transaction was committed that nobody answered for.

        If it was not, it can't be any more.

        Raises:
            StoreUnreachableError: Nobody can tell.
        """
        try:
            left = max(1.0, deadline - time.monotonic())
            return _insisting(left, self._ask, database)
        except Exception as error:
            self._writer = None  # nobody knows its number
            raise StoreUnreachableError(
                f"{database.place} was lost while it committed, and whether this was kept is not "
                f"known ({words_of(error)}); messages with ids can be sent again, and are kept once"
            ) from error

    def _ask(self, database: Database) -> bool:
        with _undone(database):
            database.begin()
            found = database.execute(f"{_ROLE};\n{_ASK.format(writer=self._writer)}")
            last: int | None = found[0][0] if found else None
            if last is not None:
                database.commit(self._raised(2, last))
        database.release()
        if last is None:
            self._writer = None
            return False
        committed = last > self._number and (last - self._number) % 2 == 1
        self._number = last + 2
        return committed


@contextlib.contextmanager
def _undone(database: Database) -> Generator[None]:
    """Undo what a block does, if it fails."""
    try:
        yield
    except BaseException:
        database.roll_back()
        raise


def _user_of(call: Call[Database, Any]) -> str:
    return call.holds or ""
