"""mem0 as a memory service that an outbox delivers to."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from remanence.backends.exchange import Exchange
from remanence.backends.mem0.access import Access, Added
from remanence.backends.mem0.answers import (
    KEY,
    SESSION,
    Memory,
    is_pending,
    memories_of,
    recollection_of,
)
from remanence.backends.mem0.doomed import Doomed
from remanence.backends.mem0.faults import translated
from remanence.backends.mem0.text import clean
from remanence.backends.request import RecallRequest
from remanence.backends.service import Delivery, Erased
from remanence.clock import Clock, SystemClock
from remanence.errors import BackendRefusedError
from remanence.types import Filter, Recollection, Scope

__all__ = ["Mem0Service"]

_ROUNDS = 3
"""How often a search is repeated with more results, where too many of them are left out."""

_MORE = 4
_MOST = 1_000


class Mem0Service:
    """Keeps and finds memories in mem0.

    It fulfils :class:`~remanence.backends.Service`, :class:`~remanence.backends.Lookup` and
    :class:`~remanence.backends.Forgets`. mem0 extracts facts from an exchange; these are what is
    found. It keeps users and agents apart, and no sessions, which only an erasure tells apart.

    Args:
        access: The client.
        clock: Gives a time to memories that tell none.
    """

    kind = "mem0"

    def __init__(self, access: Access, *, clock: Clock | None = None) -> None:
        """Keep the client."""
        self._access = access
        self._clock = clock or SystemClock()

    @property
    def identity(self) -> str:
        """Where the client stores."""
        return self._access.identity

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search; what came from a reply that the agent can still see is left out.

        Raises:
            BackendRefusedError: It is asked for what mem0 can't tell apart.
            BackendError: mem0 failed.
        """
        where = request.where
        if where.session_id is not None:
            raise BackendRefusedError("mem0 keeps no sessions apart: search without session_id")
        query = clean(request.query)
        if not query.strip() or request.limit < 1:
            return []
        arguments: dict[str, Any] = {"filters": _ids(where.user_id, where.agent_id)}
        if request.threshold is not None:
            arguments["threshold"] = request.threshold
        most = request.limit
        found: list[Recollection] = []
        for _ in range(_ROUNDS):
            with _faults():
                answer = await self._access.search(query, top_k=most, **arguments)
            memories = memories_of(answer)
            found = self._wanted(memories, request)
            # Something was left out, and there may be more: what is left out takes no one's place.
            if len(found) >= request.limit or len(memories) < most or len(found) == len(memories):
                break
            most = min(most * _MORE, _MOST)
        return found[: request.limit]

    def _wanted(self, memories: Iterable[Memory], request: RecallRequest) -> list[Recollection]:
        now = self._clock.now()
        found: dict[str, Recollection] = {}
        for memory in memories:
            if memory.text not in found and not _is_visible(memory.key, request.visible):
                hit = recollection_of(memory, request.where, now)
                if _is_in(hit.at, request.where):
                    found[memory.text] = hit
        return list(found.values())

    async def deliver(self, delivery: Delivery) -> None:
        """Give mem0 an exchange, or statements, to extract facts from.

        If it extracts nothing from statements they are kept as they are.

        Raises:
            BackendUnavailableError: mem0, or a model that it needs, can't be reached.
            BackendRefusedError: mem0 never accepts this one.
            BackendError: It failed.
        """
        arguments: dict[str, Any] = dict(_ids(delivery.scope.user_id, delivery.scope.agent_id))
        if self._access.takes("metadata"):
            arguments["metadata"] = _metadata(delivery)
        if delivery.exchange is not None:
            messages = self._messages(delivery.exchange)
            if messages:
                await self._add(messages, arguments)
        elif delivery.statements:
            await self._state(delivery.statements, arguments)

    async def _state(self, statements: Sequence[str], arguments: dict[str, Any]) -> None:
        messages = [{"role": "user", "content": clean("\n".join(statements))}]
        added = await self._add(messages, arguments)
        if is_pending(added.answer) or added.facts:
            return  # it will be done, or all of the facts were known already
        if added.answer is not None and memories_of(added.answer):
            return
        if self._access.takes("infer"):
            await self._add(messages, {**arguments, "infer": False})

    async def _add(self, messages: list[dict[str, str]], arguments: dict[str, Any]) -> Added:
        with _faults():
            return await self._access.add(messages, **arguments)

    def _messages(self, exchange: Exchange) -> list[dict[str, str]]:
        """Return what user and assistant said, as mem0 takes it."""
        messages: list[dict[str, str]] = []
        for message in exchange.messages:
            content = clean(message.content)
            if message.role in ("user", "assistant") and content.strip():
                said = {"role": message.role, "content": content}
                if message.name is not None and self._access.takes_names:
                    said["name"] = clean(message.name)
                messages.append(said)
        return messages

    async def has(self, key: str, *, scope: Scope) -> bool:
        """Return whether a memory is there that was delivered with this key.

        Where mem0 can't be asked, or extracted nothing, that is ``False``: it is delivered again.
        """
        if not (self._access.lists and self._access.takes("metadata")):
            return False
        ids = _ids(scope.user_id, scope.agent_id)
        try:
            with _faults():
                answer = await self._access.one_with(ids, {KEY: key})
        except BackendRefusedError:
            return False  # it does not look by metadata
        return any(memory.key == key for memory in memories_of(answer))

    def check_erasing(self) -> None:
        """Do nothing if the client can erase.

        Raises:
            BackendRefusedError: It can't.
        """
        if not self._access.erases:
            raise BackendRefusedError(
                "this client of mem0 can't erase: it has no coroutine methods 'get_all' and "
                "'delete'"
            )

    async def erase(self, where: Filter, ids: Sequence[str] | None) -> Erased:
        """Erase memories, and what else mem0 keeps of them; see the protocol.

        Raises:
            BackendRefusedError: The client can't erase, or never will.
            BackendError: mem0 failed.
        """
        self.check_erasing()
        doomed = Doomed.of(_ids(where.user_id, where.agent_id), where, ids)
        with _faults():
            return await self._access.erase(doomed)


def _metadata(delivery: Delivery) -> dict[str, str]:
    session = delivery.scope.session_id
    return {KEY: delivery.key, **({} if session is None else {SESSION: session})}


def _ids(user_id: str, agent_id: str | None) -> dict[str, str]:
    """Return the ids by which mem0 keeps memories apart.

    Raises:
        BackendRefusedError: mem0 would take one of them for another.
    """
    ids = {"user_id": user_id} if agent_id is None else {"user_id": user_id, "agent_id": agent_id}
    for name, value in ids.items():
        if value == "*":
            raise BackendRefusedError(f"{name} is '*', by which mem0 finds everybody's memories")
        if any(character.isspace() for character in value):
            raise BackendRefusedError(f"{name} has white space in it, which mem0 does not accept")
    return ids


def _is_visible(key: str | None, visible: frozenset[str]) -> bool:
    """Return whether a key is that of a reply among these, or of a part of one."""
    return key is not None and any(key == seen or key.startswith(f"{seen}#") for seen in visible)


def _is_in(at: dt.datetime, where: Filter) -> bool:
    return (where.since is None or at >= where.since) and (where.until is None or at < where.until)


@contextlib.contextmanager
def _faults() -> Generator[None]:
    """Translate what a client of mem0 raises."""
    try:
        yield
    except Exception as error:  # the client's edge: whatever mem0 or its parts raise becomes ours
        ours = translated(error)
        if ours is error:
            raise
        raise ours from error
