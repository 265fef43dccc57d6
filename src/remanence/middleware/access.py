"""What an agent and its tools reach of a memory: in bounded time, and with every fault told."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

from agentscope.state import AgentState

from remanence.backends.protocol import Backend, Edits, Erases, TellsContext
from remanence.backends.request import RecallRequest
from remanence.errors import (
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
    RemanenceError,
)
from remanence.middleware.note import Notes
from remanence.middleware.owner import Owner
from remanence.middleware.question import LONGEST_QUESTION
from remanence.middleware.storable import storable_id
from remanence.recall.crowding import selected
from remanence.recall.quotations import Around
from remanence.telemetry import Faults, count
from remanence.types import Filter, Recollection, Scope

__all__ = ["Access"]

_AN_AGENT = "an agent"
_MOST_FOUND = 200
"""So much is looked through for something else, where what is found first is alike."""


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """A backend as the agents of one middleware see it.

    Attributes:
        backend: The memory.
        owner: Whose memory an agent's is.
        notes: Tells what is found.
        faults: Where failures are counted.
        top_k: How many memories a search before a reply returns at most.
        threshold: The least score, or ``None``.
        by_agent: Whether a search sees only what was said to the owner's agent.
        search_timeout: Seconds that a search before a reply may take.
        write_timeout: Seconds that a tool may search, or wait for the service to have what it adds.
        await_write: Whether a tool waits until the backend's service has what it adds.
    """

    backend: Backend
    owner: Owner
    notes: Notes
    faults: Faults
    top_k: int
    threshold: float | None
    by_agent: bool
    search_timeout: float
    write_timeout: float
    await_write: bool

    async def look_up(self, question: str, state: AgentState) -> str:
        """Search for a reply, and return a note of what is found; empty if that is nothing.

        Nothing is found when that fails, or takes too long.
        """
        if not question:
            return ""
        found: list[Recollection] = []
        around: Mapping[str, Around] = {}
        try:
            async with asyncio.timeout(self.search_timeout):
                request = self._request(question, self.top_k, state)
                async for hits in self._found(request):
                    found = hits
                around = await self._around(found, request)
        except TimeoutError:  # if something is found by then, that is told
            count("timeouts", of="recall")
            self.faults.record("recall", f"it takes longer than {self.search_timeout:g} s")
        except Exception as error:  # whatever fails, the reply goes on
            self.faults.record("recall", error)
        try:
            return self.notes.note(question, found, around)
        except Exception as error:  # a backend may return anything
            self.faults.record("recall", error)
            return ""

    async def search(self, keywords: list[str], limit: int, state: AgentState | None) -> str:
        """Search for each keyword by itself, and return what is found, merged; empty if nothing is.

        Raises:
            RemanenceError: It could not be searched.
        """
        with self._told("search"):
            requests = [self._request(keyword, limit, state) for keyword in keywords]
            async with asyncio.timeout(self.write_timeout):
                results = await asyncio.gather(*map(self._last_found, requests))
                found = _merged(results)
                around = await self._around(found, requests[0])
            return self.notes.answer("\n".join(keywords), found, around)

    async def add(self, statements: list[str], state: AgentState | None) -> bool:
        """Keep statements.

        Returns:
            Whether the backend's service has them; ``False`` when that is still to come.

        Raises:
            RemanenceError: They were not all kept, or that can't be known.
        """
        wait = self.write_timeout if self.await_write else 0.0
        with self._told("remember"):
            scope = self.owner.scope_of(state)
            return await self.backend.remember(statements, scope=scope, wait=wait)

    async def correct(self, memory_id: str, statement: str, state: AgentState | None) -> None:
        """Put a statement in the place of another one.

        Raises:
            RemanenceError: It was not, or that can't be known.
        """
        with self._told("correct"):
            where = self.where_of(state)
            if not isinstance(self.backend, Edits):
                raise _unable(self.backend)
            asked_by = self._asking(state)
            await self.backend.correct(memory_id, statement, where=where, asked_by=asked_by)

    async def forget(self, memory_ids: list[str], state: AgentState | None) -> list[str]:
        """Erase memories.

        Returns:
            The ids of those that there were.

        Raises:
            RemanenceError: They were not all erased, or that can't be known.
        """
        with self._told("forget"):
            where = self.where_of(state)
            if not isinstance(self.backend, Erases):
                raise _unable(self.backend)
            receipt = await self.backend.forget(
                memory_ids, scope=where, asked_by=self._asking(state)
            )
            return [*receipt.ids]

    def _asking(self, state: AgentState | None) -> str:
        """Return who asks, as an audit names them."""
        return self.owner.scope_of(state).agent_id or _AN_AGENT

    def where_of(self, state: AgentState | None) -> Filter:
        """Return what the agent with this state may see.

        Raises:
            InputError: It is not known whose memory its is.
        """
        return self._where(self.owner.scope_of(state))

    @contextlib.contextmanager
    def _told(self, kind: str) -> Generator[None]:
        """Count what fails for a tool, and have it told in the package's own errors."""
        try:
            yield
        except RemanenceError as error:
            self.faults.record(kind, error)
            raise
        except TimeoutError as error:
            count("timeouts", of=kind)
            late = BackendUnavailableError(f"it takes longer than {self.write_timeout:g} s")
            self.faults.record(kind, late)
            raise late from error
        except Exception as error:  # a tool that fails must not break the reply
            self.faults.record(kind, error)
            raise BackendError(f"the memory failed with {type(error).__name__}") from error

    def _request(self, query: str, limit: int, state: AgentState | None) -> RecallRequest:
        asking = self.owner.scope_of(state)
        return RecallRequest(
            query=query[-LONGEST_QUESTION:],
            where=self._where(asking),
            limit=limit,
            threshold=self.threshold,
            asking=asking,
            visible=frozenset(
                storable_id(message.id) for message in (state.context if state else ())
            ),
        )

    async def _found(self, request: RecallRequest) -> AsyncGenerator[list[Recollection]]:
        """Search; and search for more, once, where what is found may crowd out others.

        Yields:
            What is to be told, as far as it is known by then.
        """
        found = await self.backend.recall(request)
        selection = selected(found, request.limit)
        yield [*selection.hits]
        if selection.crowded and request.limit <= len(found) < _MOST_FOUND:
            more = dataclasses.replace(request, limit=_MOST_FOUND)
            yield [*selected(await self.backend.recall(more), request.limit).hits]

    async def _last_found(self, request: RecallRequest) -> list[Recollection]:
        found: list[Recollection] = []
        async for hits in self._found(request):
            found = hits
        return found

    async def _around(
        self, found: Sequence[Recollection], request: RecallRequest
    ) -> Mapping[str, Around]:
        """Return what was said around what was found; nothing where that can't be told."""
        if not found or not isinstance(self.backend, TellsContext):
            return {}
        try:
            return await self.backend.context(found, request)
        except RemanenceError as error:  # what was found is worth telling without
            self.faults.record("recall", error)
            return {}

    def _where(self, asking: Scope) -> Filter:
        return Filter(asking.user_id, asking.agent_id if self.by_agent else None)


def _unable(backend: Backend) -> BackendRefusedError:
    return BackendRefusedError(f"a memory of the kind {backend.kind!r} can't do that")


def _merged(results: Sequence[Sequence[Recollection]]) -> list[Recollection]:
    """Return what several searches found, each once with its best score, best first."""
    best: dict[tuple[str, str], Recollection] = {}
    for found in results:
        for recollection in found:
            key = (recollection.origin, recollection.id)
            if key not in best or best[key].score < recollection.score:
                best[key] = recollection
    return sorted(best.values(), key=lambda recollection: -recollection.score)
