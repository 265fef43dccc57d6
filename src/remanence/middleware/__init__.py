"""AgentScope middleware that gives agents long-term memory."""

from remanence.errors import MissingExtraError

try:
    import agentscope as _agentscope  # noqa: F401  # pyright: ignore[reportUnusedImport] - to see that it is there
except ImportError as error:
    raise MissingExtraError("agentscope", "A middleware for AgentScope agents") from error

from remanence.middleware.memory import MemoryMiddleware
from remanence.middleware.note import NoteTexts

__all__ = ["MemoryMiddleware", "NoteTexts"]
