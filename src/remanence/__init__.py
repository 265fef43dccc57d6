"""Long-term memory for AI agents: embedded, durable, searchable, erasable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from remanence._version import __version__
from remanence.archive import Exported, Imported, ReadOut
from remanence.errors import (
    ArchiveError,
    CannotEncryptError,
    ConflictError,
    InputError,
    MemoryClosedError,
    MissingExtraError,
    NotADatabaseError,
    RecordError,
    RemanenceError,
    SchemaTooNewError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreKeyError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from remanence.types import (
    Check,
    Conversation,
    Episode,
    Fact,
    FactPage,
    Filter,
    Matches,
    Message,
    Page,
    Receipt,
    Recollection,
    Scope,
    Stats,
)

if TYPE_CHECKING:
    from remanence.engine import Memory

__all__ = [
    "ArchiveError",
    "CannotEncryptError",
    "Check",
    "ConflictError",
    "Conversation",
    "Episode",
    "Exported",
    "Fact",
    "FactPage",
    "Filter",
    "Imported",
    "InputError",
    "Matches",
    "Memory",
    "MemoryClosedError",
    "Message",
    "MissingExtraError",
    "NotADatabaseError",
    "Page",
    "ReadOut",
    "Receipt",
    "Recollection",
    "RecordError",
    "RemanenceError",
    "SchemaTooNewError",
    "Scope",
    "Stats",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreKeyError",
    "StoreReadOnlyError",
    "StoreUnreachableError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Load the engine, and the arrays it computes with, when it is first named."""
    if name == "Memory":
        from remanence.engine import Memory

        globals()["Memory"] = Memory
        return Memory
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
