"""What a backend is asked."""

from __future__ import annotations

import dataclasses

from remanence.types import Filter, Scope

__all__ = ["RecallRequest"]


@dataclasses.dataclass(frozen=True, slots=True)
class RecallRequest:
    """A search.

    Attributes:
        query: What is looked for.
        where: What may be seen.
        limit: How many recollections to return at most.
        threshold: The least score; ``None`` leaves it to the backend.
        asking: The scope of the agent that asks.
        visible: Ids of messages of ``asking`` that are still in the agent's context: a backend
            that keeps messages leaves them out, so that the conversation does not answer itself.
    """

    query: str
    where: Filter
    limit: int
    asking: Scope
    threshold: float | None = None
    visible: frozenset[str] = frozenset()
