"""A durable queue for what has to reach a service, and the worker that delivers it."""

from remanence.outbox.queue import Outbox
from remanence.outbox.settings import OutboxSettings

__all__ = ["Outbox", "OutboxSettings"]
