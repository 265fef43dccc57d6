"""AgentScope middleware that gives agents long-term memory."""

from typing import TYPE_CHECKING, Any

from remanence.errors import MissingExtraError

try:
    import agentscope as _agentscope  # noqa: F401  # pyright: ignore[reportUnusedImport] - to see that it is there
except ImportError as error:
    raise MissingExtraError("agentscope", "A middleware for AgentScope agents") from error

from remanence.middleware.memory import MemoryMiddleware
from remanence.middleware.note import NoteTexts
from remanence.middleware.service import MemoryFactory, memory_factory

if TYPE_CHECKING:
    from remanence.middleware.mem0 import Mem0Middleware
    from remanence.middleware.reme import ReMeMiddleware

__all__ = [
    "Mem0Middleware",
    "MemoryFactory",
    "MemoryMiddleware",
    "NoteTexts",
    "ReMeMiddleware",
    "memory_factory",
]


def __getattr__(name: str) -> Any:
    """Load what needs an extra of its own when it is first named."""
    if name == "Mem0Middleware":
        from remanence.middleware.mem0 import Mem0Middleware

        return Mem0Middleware
    if name == "ReMeMiddleware":
        from remanence.middleware.reme import ReMeMiddleware

        return ReMeMiddleware
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
