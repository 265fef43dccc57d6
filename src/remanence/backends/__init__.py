"""What a middleware talks to: something that recalls and retains for a scope."""

from remanence.backends.engine import EngineBackend
from remanence.backends.exchange import Exchange
from remanence.backends.protocol import (
    Backend,
    ChecksIds,
    Edits,
    Erases,
    Extracts,
    TellsContext,
    TellsProfile,
)
from remanence.backends.queued import QueuedBackend
from remanence.backends.request import RecallRequest
from remanence.backends.service import Delivery, Erased, Forgets, Lookup, Service

__all__ = [
    "Backend",
    "ChecksIds",
    "Delivery",
    "Edits",
    "EngineBackend",
    "Erased",
    "Erases",
    "Exchange",
    "Extracts",
    "Forgets",
    "Lookup",
    "QueuedBackend",
    "RecallRequest",
    "Service",
    "TellsContext",
    "TellsProfile",
]
