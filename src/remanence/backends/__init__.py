"""What a middleware talks to: something that recalls and retains for a scope."""

from remanence.backends.engine import EngineBackend
from remanence.backends.protocol import Backend, Exchange, RecallRequest

__all__ = ["Backend", "EngineBackend", "Exchange", "RecallRequest"]
