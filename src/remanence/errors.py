"""Everything Remanence raises on purpose.

::

    RemanenceError
    ├── ArchiveError                   a file is no whole archive, or one can't be written
    ├── InputError (ValueError)        an argument is not acceptable; names the field and the fix
    │   └── RecordError                a record of an imported file; names the file and the line
    ├── ConflictError                  a message id is already taken by another message
    ├── MissingExtraError (ImportError)  an optional part is not installed; names the pip line
    ├── MemoryClosedError              the memory is not open (yet, any more, or in this process)
    ├── BackendError                   a memory service, or a model, could not do what was asked
    │   ├── BackendUnavailableError    it can't be reached, or asks to be left alone for a while
    │   ├── BackendAnswerError         what it answered can't be understood
    │   └── BackendRefusedError        it will never accept this; trying again is of no use
    │       └── DimensionError         vectors of another size than it stores
    ├── OutboxFullError                as much waits to be delivered as was allowed
    └── StoreError                     the store can't do what was asked
        ├── NotADatabaseError          the file is something else, or damaged
        ├── SchemaTooNewError          a newer Remanence wrote the file
        ├── StoreReadOnlyError         the file or its folder can't be written
        ├── StoreFullError             no space is left; nothing was written
        ├── StoreBusyError             another process holds the store for too long
        ├── StoreUnreachableError      the server can't be reached, or has no connection to spare
        ├── StoreKeyError              the key does not open the file, or it needs none
        └── CannotEncryptError         the installed build of SQLite can't encrypt

Errors of the libraries underneath are translated where they occur and stay reachable as
``__cause__``.
"""

from __future__ import annotations

__all__ = [
    "ArchiveError",
    "BackendAnswerError",
    "BackendError",
    "BackendRefusedError",
    "BackendUnavailableError",
    "CannotEncryptError",
    "ConflictError",
    "DimensionError",
    "InputError",
    "MemoryClosedError",
    "MissingExtraError",
    "NotADatabaseError",
    "OutboxFullError",
    "RecordError",
    "RemanenceError",
    "SchemaTooNewError",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreKeyError",
    "StoreReadOnlyError",
    "StoreUnreachableError",
]


class RemanenceError(Exception):
    """Base of every error that Remanence raises on purpose."""


class ArchiveError(RemanenceError):
    """A file is no archive, or not a whole one, or one can't be written; nothing was stored."""


class InputError(RemanenceError, ValueError):
    """An argument is not acceptable.

    Attributes:
        field: The name of the argument or record field.
        problem: What is wrong with it.
        fix: What to do instead.
    """

    def __init__(self, field: str, problem: str, fix: str) -> None:
        """Compose the message from its three parts."""
        super().__init__(f"{field}: {problem}; {fix}")
        self.field = field
        self.problem = problem
        self.fix = fix


class RecordError(InputError):
    """A record of an imported file is not acceptable.

    Attributes:
        where: The place of the record: a file with a line, or a path into a JSON document.
    """

    def __init__(self, where: str, field: str, problem: str, fix: str) -> None:
        """Put the place in front of the message."""
        super().__init__(field, problem, fix)
        self.where = where
        self.args = (f"{where}: {self.args[0]}",)


class ConflictError(RemanenceError):
    """A message id is already taken in its session by a message with another content."""


class MissingExtraError(RemanenceError, ImportError):
    """An optional part of Remanence is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        """Name the ``pip install`` line that brings the part.

        Args:
            extra: The name of the extra, as in ``remanence[extra]``.
            needed_for: What can't be done without it, as the start of a sentence.
        """
        super().__init__(f'{needed_for} needs an extra: pip install "remanence[{extra}]"')
        self.extra = extra


class MemoryClosedError(RemanenceError):
    """The memory is not open: not yet, not any more, or not in this process."""


class BackendError(RemanenceError):
    """A memory service could not do what was asked; base of the errors that say why."""


class BackendUnavailableError(BackendError):
    """A memory service can't be reached, or asks to be left alone: not the fault of any one call.

    Attributes:
        retry_after: Seconds that it asked to be left alone for, or ``None`` if it didn't say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Keep what the service asked for."""
        super().__init__(message)
        self.retry_after = retry_after


class BackendAnswerError(BackendError):
    """What a memory service answered can't be understood; it may have done what was asked."""


class BackendRefusedError(BackendError):
    """A memory service will never accept this, so that trying again is of no use."""


class DimensionError(BackendRefusedError):
    """Vectors have another size than the service stores."""


class OutboxFullError(RemanenceError):
    """As much waits to be delivered as was allowed; nothing of this was put in."""


class StoreError(RemanenceError):
    """The store can't do what was asked; base of the errors that say why."""


class NotADatabaseError(StoreError):
    """The file is not a Remanence database, or it is damaged."""


class SchemaTooNewError(StoreError):
    """The database was written by a newer version of Remanence."""


class StoreReadOnlyError(StoreError):
    """The database file, or the folder it is in, can't be written."""


class StoreFullError(StoreError):
    """No space is left where the database is; nothing of the write was kept."""


class StoreBusyError(StoreError):
    """Another process held the store for longer than the time allowed."""


class StoreUnreachableError(StoreError):
    """The database server can't be reached; a write that was under way was not acknowledged."""


class StoreKeyError(StoreError):
    """The key does not open the file, or one was given for a file that is not encrypted."""


class CannotEncryptError(StoreError):
    """The installed build of SQLite can't encrypt; the message names what to install."""
