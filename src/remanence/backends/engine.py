"""The embedded engine as a backend."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

from remanence.backends.exchange import Exchange
from remanence.backends.request import RecallRequest
from remanence.engine import Memory
from remanence.errors import ConflictError, InputError
from remanence.recall.quotations import Around
from remanence.telemetry import Faults
from remanence.types import Episode, Filter, Message, Receipt, Recollection, Scope
from remanence.validation import MAX_ID_CHARS

__all__ = ["EngineBackend"]

_DIGITS = 15
_REACH = 3
"""How many turns around a hit are looked at: tools may stand between a question and its answer."""


class EngineBackend:
    """Keeps exchanges as episodes and statements as facts.

    It fulfils :class:`Backend`, :class:`CountsFaults`, :class:`TellsContext`,
    :class:`TellsProfile`, :class:`Edits`, :class:`Erases` and :class:`Extracts`.

    Args:
        memory: An open memory; it stays the caller's to close.

    Raises:
        InputError: It is no memory.
        MemoryClosedError: The memory is not open.
    """

    kind = "engine"

    def __init__(self, memory: Memory) -> None:
        """Keep the memory."""
        if not isinstance(memory, Memory):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError("memory", f"is {type(memory).__name__}", "give an open Memory")
        memory.check_open()
        self._memory = memory

    @property
    def identity(self) -> str:
        """The store's location."""
        return f"{self.kind}:{self._memory.location}"

    @property
    def faults(self) -> Faults:
        """What went wrong in the memory's background, whoever stored it."""
        return self._memory.faults

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search; what the agent can still see is left out, with all of its parts."""
        visible = await self._memory.episode_ids(request.visible, scope=request.asking)
        return await self._memory.recall(
            request.query,
            scope=request.where,
            limit=request.limit,
            exclude=visible,
            threshold=request.threshold,
        )

    async def context(
        self, found: Sequence[Recollection], request: RecallRequest
    ) -> Mapping[str, Around]:
        """Return what was said around episodes; there is nothing around a fact."""
        ids = [hit.id for hit in found if hit.origin == "episode"]
        if not ids:
            return {}
        visible = await self._memory.episode_ids(request.visible, scope=request.asking)
        around = await self._memory.around(ids, scope=request.where, before=_REACH, after=_REACH)
        return {hit: _around(hit, told, frozenset(visible)) for hit, told in around.items()}

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: float) -> bool:
        """Store the messages in one transaction; their ids make it idempotent."""
        del wait  # when the transaction is over, the store has it
        try:
            await self._memory.observe(exchange.messages, scope=scope)
        except ConflictError:
            await self._retain_apart(exchange.messages, scope)
        return True

    async def _retain_apart(self, messages: Sequence[Message], scope: Scope) -> None:
        """Store messages one by one, those whose id another one has as a part of that one.

        An agent may hear in another form what it was said to have said itself.
        """
        for message in messages:
            try:
                await self._memory.observe(message, scope=scope)
            except ConflictError:
                renamed = dataclasses.replace(message, id=_other_id(message))
                await self._memory.observe(renamed, scope=scope)

    async def remember(self, statements: Sequence[str], *, scope: Scope, wait: float) -> bool:
        """Store each statement as a fact in the agent's words; they share a transaction."""
        del wait  # as for an exchange
        remember = partial(self._memory.remember, scope=scope, stated_by="assistant")
        await asyncio.gather(*map(remember, statements))
        return True

    async def profile(
        self, where: Filter, *, token_budget: int, count_tokens: Callable[[str], int]
    ) -> str:
        """Tell the facts that are so now."""
        return await self._memory.profile(
            scope=where, token_budget=token_budget, count_tokens=count_tokens
        )

    async def correct(
        self, memory_id: str, statement: str, *, where: Filter, asked_by: str | None = None
    ) -> None:
        """Let a new fact in the agent's words supersede another one.

        Raises:
            InputError: There is no fact of that id, or the statement can't be stored.
        """
        known = await self._memory.get(memory_id, scope=where)
        if known is None:
            raise InputError(
                "memory_id", f"there is no memory {memory_id!r}", "give an id that a search tells"
            )
        if isinstance(known, Episode):
            raise InputError(
                "memory_id",
                "is of something that was said, which stays as it was",
                "correct what was noted of it, or forget it",
            )
        await self._memory.correct(
            memory_id, statement, scope=where, stated_by="assistant", asked_by=asked_by
        )

    async def forget(
        self,
        ids: Iterable[str] | None = None,
        *,
        scope: Scope | Filter,
        asked_by: str | None = None,
    ) -> Receipt:
        """Erase episodes and facts; see :meth:`remanence.Memory.forget`."""
        return await self._memory.forget(ids, scope=scope, asked_by=asked_by)

    async def forget_user(self, user_id: str, *, asked_by: str | None = None) -> Receipt:
        """Erase everything of a user; see :meth:`remanence.Memory.forget_user`."""
        return await self._memory.forget_user(user_id, asked_by=asked_by)

    async def extract_with(self, chat_model: Any) -> None:
        """Have facts drawn from what is stored from now on."""
        await self._memory.extract_with(chat_model)


def _around(hit: str, told: Sequence[Episode], visible: AbstractSet[str]) -> Around:
    """Return what was said around an episode, given with it among the others, in order."""
    position = next(episode.position for episode in told if episode.id == hit)
    others = [(each.position, _recollection(each)) for each in told if each.id not in visible]
    return Around(
        before=tuple(turn for place, turn in others if place < position),
        after=tuple(turn for place, turn in others if place > position),
        position=position,
    )


def _recollection(episode: Episode) -> Recollection:
    """Return an episode that nobody searched for."""
    return Recollection(
        text=episode.content,
        origin="episode",
        id=episode.id,
        score=0.0,
        at=episode.at,
        scope=episode.scope,
        role=episode.role,
        speaker=episode.name,
        metadata=episode.metadata,
        imported=episode.imported,
    )


def _other_id(message: Message) -> str:
    """Return an id for a message whose own another one has: always the same for one content."""
    said = f"{message.role}\n{message.id}\n{message.content}"
    digest = hashlib.sha256(said.encode()).hexdigest()[:_DIGITS]
    return f"{str(message.id)[: MAX_ID_CHARS - _DIGITS - 1]}#{digest}"
