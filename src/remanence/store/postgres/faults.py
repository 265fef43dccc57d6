"""PostgreSQL's errors, told as what is wrong and what to do, and which of them pass."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from remanence.errors import (
    NotADatabaseError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnreachableError,
)

__all__ = ["is_lost", "passes", "told", "translated", "words_of"]

_AGAIN = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.UniqueViolation,  # somebody else has just put in the same
    errors.DivisionByZero,  # the number that a writer keeps is gone: see the writer
    errors.ReadOnlySqlTransaction,  # a standby that is about to be promoted, or was demoted
)
"""What may go otherwise the next time, on a connection that is whole."""

_ENDS_CONNECTIONS = ("08", "57")
"""Classes of errors: the connection's own, and operators who step in, by a shut-down for one."""


_FIXES = (
    (re.compile("password authentication failed"), "mend it in the URL, $PGPASSWORD or ~/.pgpass"),
    (re.compile("no password supplied"), "give one in the URL, $PGPASSWORD or ~/.pgpass"),
    (re.compile('database ".*" does not exist'), "create it, or mend the name that ends the URL"),
    (re.compile('role ".*" does not exist'), "create it, or mend the name before the @ in the URL"),
    (
        re.compile("too many (clients|connections)|connection slots|connection limit"),
        "raise the server's max_connections, or open memories with fewer connections",
    ),
    (re.compile("SSL|sslmode|certificate"), "see sslmode and sslrootcert in the URL"),
)
_UNKNOWN = "see that the server runs where the URL says and takes more connections, then try again"


def is_lost(error: BaseException) -> bool:
    """Return whether a connection is gone, or could not be had: what was sent may have arrived."""
    if isinstance(error, PoolTimeout | TooManyRequests):
        return True
    if isinstance(error, errors.IdleInTransactionSessionTimeout | errors.TooManyConnections):
        return True
    if not isinstance(error, psycopg.Error) or isinstance(error, errors.QueryCanceled):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate.startswith(_ENDS_CONNECTIONS)


def passes(error: BaseException) -> bool:
    """Return whether an error may be over when the same is tried again."""
    return is_lost(error) or isinstance(error, _AGAIN)


@contextlib.contextmanager
def translated(place: str) -> Generator[None]:
    """Turn errors of PostgreSQL into store errors that name ``place`` and the fix.

    Args:
        place: The database, without a password.
    """
    try:
        yield
    except (psycopg.Error, PoolTimeout, TooManyRequests, PoolClosed) as error:
        raise told(place, error) from error


def told(place: str, error: BaseException) -> StoreError:  # noqa: PLR0911 - one for each meaning
    """Return what an error means to whoever uses the store."""
    text = words_of(error)
    match error:
        case errors.DiskFull() | errors.OutOfMemory():
            return StoreFullError(
                f"no space is left at {place} ({text}); nothing was kept of this write: free some "
                "space and repeat it"
            )
        case errors.LockNotAvailable() | errors.DeadlockDetected() | errors.SerializationFailure():
            return StoreBusyError(
                f"{place}: somebody else holds these rows for too long ({text}); find who with "
                "pg_stat_activity, then try again"
            )
        case errors.QueryCanceled():
            return StoreBusyError(
                f"{place} cancelled a statement ({text}); raise its statement_timeout, or ask for "
                "less at a time"
            )
        case errors.ReadOnlySqlTransaction():
            return StoreReadOnlyError(
                f"{place} only reads ({text}); name the primary, or several hosts with "
                "target_session_attrs=read-write"
            )
        case errors.InsufficientPrivilege() | errors.InvalidParameterValue():
            return StoreReadOnlyError(
                f"{place} refuses this ({text}); grant the roles remanence_app and "
                "remanence_worker to who logs in: remanence migrate --grant NAME"
            )
        case errors.UndefinedTable() | errors.UndefinedColumn() | errors.InvalidSchemaName():
            return NotADatabaseError(
                f"{place} has no Remanence schema, or a damaged one ({text}); make it: "
                "remanence migrate"
            )
        case _ if is_lost(error):
            fix = next((fix for cause, fix in _FIXES if cause.search(text)), _UNKNOWN)
            return StoreUnreachableError(f"{place} can't be reached ({text}); {fix}")
        case _:
            return StoreError(f"{place}: {text}")


def words_of(error: BaseException) -> str:
    """Return what an error says, in one line and without values."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    # Below the first line there may be values, but for who could not connect: there are the hosts.
    connecting = isinstance(error, PoolTimeout) or (
        isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    )
    return " ".join(lines if connecting else lines[:1])
