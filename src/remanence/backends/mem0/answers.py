"""What mem0 answers, in all its shapes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any, cast

from remanence.errors import BackendAnswerError, InputError
from remanence.types import Filter, Recollection, Scope

__all__ = ["KEY", "SESSION", "Memory", "is_pending", "memories_of", "recollection_of", "time_of"]

KEY = "remanence_key"
"""The key of a memory's metadata under which the idempotency key of its delivery is kept."""

SESSION = "remanence_session"
"""The key of a memory's metadata under which the session is kept that it came from."""

_WAITING = ("PENDING", "RUNNING", "QUEUED")


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """One memory of an answer.

    Attributes:
        text: What it says.
        fields: What else there is of it.
    """

    text: str
    fields: Mapping[str, Any]

    @property
    def key(self) -> str | None:
        """The idempotency key of what it came from, or ``None`` if it has none."""
        key = self.metadata.get(KEY)
        return key if isinstance(key, str) else None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What was stored with it."""
        metadata = self.fields.get("metadata")
        return cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}


def memories_of(answer: object) -> list[Memory]:
    """Return the memories of an answer, in its order; what only waits is none.

    Raises:
        BackendAnswerError: The answer has none of the shapes that are known.
    """
    return [
        found
        for item in _items(answer)
        if not _waits(item) and (found := _memory(item)) is not None
    ]


def is_pending(answer: object) -> bool:
    """Return whether an answer to an add says that it will be done later."""
    if _waits(answer):
        return True
    try:
        return any(_waits(item) for item in _items(answer))
    except BackendAnswerError:
        return False


def recollection_of(memory: Memory, where: Filter, now: dt.datetime) -> Recollection:
    """Return a memory that was found as a fact.

    Args:
        memory: The memory.
        where: What was searched.
        now: The time that it has if it tells none.
    """
    fields = memory.fields
    return Recollection(
        text=memory.text,
        origin="fact",
        id=str(fields.get("id") or hashlib.sha256(memory.text.encode()).hexdigest()),
        score=_score(fields.get("score")),
        at=time_of(fields.get("created_at")) or now,
        scope=_scope(fields.get("agent_id"), where),
        metadata=dict(memory.metadata),
    )


def _items(answer: object) -> list[object]:
    found = answer
    if isinstance(answer, dict):
        record = cast("dict[str, object]", answer)
        found = record.get("results", [] if _waits(record) else None)
    if not isinstance(found, list):
        shape = _shape(cast("object", answer))
        raise BackendAnswerError(f"mem0 answered something unknown: {shape}")
    return cast("list[object]", found)


def _waits(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    record = cast("dict[str, object]", item)
    if "memory" in record or "text" in record or "results" in record:
        return False
    return str(record.get("status")).upper() in _WAITING or "event_id" in record


def _memory(item: object) -> Memory | None:
    """Return an item as a memory, or ``None`` for one without a text."""
    if isinstance(item, str):
        text, fields = item, cast("dict[str, Any]", {})
    elif isinstance(item, dict):
        fields = cast("dict[str, Any]", item)
        text = fields.get("memory") or fields.get("text")
    else:
        raise BackendAnswerError(f"mem0 answered something unknown: a list of {_shape(item)}")
    return Memory(text, fields) if isinstance(text, str) and text.strip() else None


def _shape(value: object) -> str:
    """Return what something is, without what it says."""
    if isinstance(value, dict):
        return f"a mapping of {sorted(map(str, cast('dict[object, object]', value)))}"
    return type(value).__name__


def _score(score: object) -> float:
    if isinstance(score, bool) or not isinstance(score, (int, float)) or score != score:  # noqa: PLR0124 - NaN
        return 0.0
    return min(max(float(score), 0.0), 1.0)


def time_of(value: object) -> dt.datetime | None:
    """Return a time with its time zone, UTC if none is told, or ``None`` for anything else."""
    if isinstance(value, dt.datetime):
        time = value
    elif isinstance(value, str):
        try:
            time = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    else:
        return None
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time


def _scope(agent_id: object, where: Filter) -> Scope:
    if isinstance(agent_id, str):
        try:
            return Scope(where.user_id, agent_id)
        except InputError:
            pass  # written by somebody else, under an id that none of ours can be
    return Scope(where.user_id, where.agent_id)
