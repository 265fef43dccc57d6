"""Memory for the agents of AgentScope's service: one memory a process, a middleware a turn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agentscope.middleware import MiddlewareBase

from remanence.backends.engine import EngineBackend
from remanence.backends.protocol import Backend, CountsFaults
from remanence.clock import Clock
from remanence.engine import Memory
from remanence.errors import InputError, MemoryClosedError, StoreError
from remanence.middleware.counting import TokenCounter
from remanence.middleware.memory import MemoryMiddleware
from remanence.middleware.note import TOKEN_BUDGET, NoteTexts
from remanence.middleware.profile import PROFILE_TOKENS
from remanence.middleware.settings import Mode
from remanence.middleware.toolbox import TOOL_INSTRUCTIONS, ExtraTool
from remanence.telemetry import Faults

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["MemoryFactory", "memory_factory"]

_log = logging.getLogger(__name__)


def memory_factory(  # noqa: PLR0913 - the documented parameters, by keyword
    memory: Memory | Backend | str | Path,
    *,
    mode: Mode = "both",
    top_k: int = 5,
    threshold: float | None = None,
    scope_search_by_agent: bool = False,
    await_write: bool = True,
    search_timeout: float = 2.0,
    write_timeout: float = 30.0,
    emit_hint_event: bool = True,
    profile: bool = False,
    profile_tokens: int = PROFILE_TOKENS,
    texts: NoteTexts | None = None,
    token_budget: int = TOKEN_BUDGET,
    count_tokens: Callable[[str], int] | None = None,
    extra_tools: Collection[ExtraTool] = (),
    tool_instructions: str = TOOL_INSTRUCTIONS,
    tool_prefix: str = "",
    clock: Clock | None = None,
) -> MemoryFactory:
    """Return what gives the agents of AgentScope's service a memory.

    The service calls it for each turn, with the user, the agent and the session, and gets a
    :class:`MemoryMiddleware` for that turn, whose tools it registers itself::

        memories = memory_factory("memory.db")
        app = create_app(..., extra_agent_middlewares=memories)
        memories.bind(app)

    All turns of a process share one memory. :meth:`MemoryFactory.bind` opens it when the service
    starts and closes it when the service ends; without that the first turn opens it. Several
    processes may use one file. Whoever can choose the user id that the service is given can read
    that user's memory: put what authenticates users in front of the service.

    The service needs the extra ``service`` of AgentScope, and what its storage needs.

    Args:
        memory: A file name or another location, as for :meth:`Memory.open`; or a
            :class:`~remanence.Memory`, where more is to be set, as ``Memory.open("memory.db",
            embedder="local")``; or another backend. What is not open yet is opened here, once, and
            closed by the factory. An open memory, and any other backend, stay the caller's to
            close.
        mode: ``static_control`` searches and stores by itself and offers no tools;
            ``agent_control`` offers only tools; ``both`` does both.
        top_k: How many memories a search returns at most; also the default of the tool.
        threshold: The least score of a memory, 0 to 1; ``None`` for any.
        scope_search_by_agent: Whether a search sees only what was said to the same agent. By
            default a user's memories are shared across all agents of that user, never across users.
        await_write: As for :class:`MemoryMiddleware`, like all that follow.
        search_timeout: Seconds that a search before a reply may take; or opening the memory, in the
            first turns.
        write_timeout: Seconds that a reply waits at most for what was said to be stored.
        emit_hint_event: Whether the event stream tells what was recalled.
        profile: Whether the system prompt tells what is known of the user, whatever is asked.
        profile_tokens: How many tokens that is at most.
        texts: The words around what was recalled.
        token_budget: How many tokens the note is at most; so many for a tool's answer as well.
        count_tokens: Counts the tokens of a text, as the model does; by default they are estimated.
        extra_tools: Which tools are offered beside those for searching and adding.
        tool_instructions: What the system prompt says about the tools.
        tool_prefix: Put in front of the tools' names, where an agent has several memories.
        clock: Where the time of what is said comes from; the machine's clock by default.

    Returns:
        What ``create_app(extra_agent_middlewares=...)`` takes.

    Raises:
        InputError: An argument is not acceptable.
    """
    # There is no ``extract``: the model would be the first user's, paid for by that user and shown
    # what the others say. A model for all is given to Memory.open.
    faults = Faults(_log)
    if not isinstance(memory, str | Path | Memory | Backend):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InputError(
            "memory", f"is {type(memory).__name__}", "give a file name, a Memory, or a Backend"
        )
    middleware = partial(
        MemoryMiddleware,
        mode=mode,
        top_k=top_k,
        threshold=threshold,
        scope_search_by_agent=scope_search_by_agent,
        await_write=await_write,
        search_timeout=search_timeout,
        write_timeout=write_timeout,
        emit_hint_event=emit_hint_event,
        profile=profile,
        profile_tokens=profile_tokens,
        texts=texts,
        token_budget=token_budget,
        count_tokens=TokenCounter(count_tokens, faults),
        extra_tools=extra_tools,
        tool_instructions=tool_instructions,
        tool_prefix=tool_prefix,
        clock=clock,
        counted_in=faults,
    )
    stored = Memory.open(memory) if isinstance(memory, str | Path) else memory
    # So that a mistake is told here, rather than to the first user.
    middleware(_Unopened(stored) if isinstance(stored, Memory) else stored, user_id="anybody")
    return MemoryFactory(stored, middleware, faults, search_timeout)


class MemoryFactory:
    """Gives each turn of an agent in AgentScope's service its memory middleware.

    Made by :func:`memory_factory`. It may be entered with ``async with``, which opens and closes
    the memory, as :meth:`bind` does for an app.

    Attributes:
        faults: How often what failed, over all users: ``open`` the memory, and what
            :class:`MemoryMiddleware` counts.
    """

    def __init__(
        self,
        memory: Memory | Backend,
        middleware: Callable[..., MemoryMiddleware],
        faults: Faults,
        seconds: float,
    ) -> None:
        """Keep the parts; nothing is opened yet."""
        self._seconds = seconds
        self._memory = memory
        self._middleware = middleware
        self._faults = faults
        self._opening: asyncio.Task[None] | None = None
        self._opened_here = False
        self._was_open = isinstance(memory, Memory) and _is_open(memory)

    @property
    def faults(self) -> Counter[str]:
        """How often what failed, by kind; with the faults in the memory's background."""
        memory = self._memory
        if isinstance(memory, Memory | CountsFaults):
            return self._faults.counts + memory.faults.counts
        return self._faults.counts

    async def __call__(self, user_id: str, agent_id: str, session_id: str) -> list[MiddlewareBase]:
        """Return the middleware for one turn, or none: then the turn goes on without memory.

        There is none for an id that no memory can have, which is counted in ``faults`` as
        ``identify``, and none as long as the store can't be opened, or not within
        ``search_timeout``: that is counted as ``open``, and the next turn tries again.

        Args:
            user_id: Whose turn it is.
            agent_id: The agent that replies.
            session_id: Its session.

        Raises:
            MemoryClosedError: The memory was closed. It is counted and logged as ``open``, as is
                what follows: the service tells users that something is wrong, and nobody what.
            InputError: The memory's folder does not exist.
        """
        del session_id  # the service puts it into the agent's state, and a reply is stored there
        try:
            async with asyncio.timeout(self._seconds):
                await self._open()
        except (StoreError, TimeoutError) as error:
            self._faults.record("open", error)
            return []
        except Exception as error:
            self._faults.record("open", error)
            raise
        try:
            return [self._middleware(self._memory, user_id=user_id, agent_id=agent_id)]
        except InputError as error:  # all but the ids was checked before
            self._faults.record("identify", error)
            return []

    def bind(self, app: Starlette) -> None:
        """Open the memory when an app starts, before all else, and close it when the app has ended.

        A memory that can't be opened keeps the app from starting. What is open already, or another
        backend, is left as it is. An app that is mounted in another one is not started by itself:
        there, enter the factory in the lifespan of the outer one.

        Args:
            app: What ``create_app`` returned.
        """
        inner = app.router.lifespan_context

        @contextlib.asynccontextmanager
        async def lifespan(started: Any) -> AsyncGenerator[Any]:
            async with self, inner(started) as state:
                yield state

        app.router.lifespan_context = lifespan

    async def __aenter__(self) -> Self:
        """Open the memory unless it is open; also one that was closed before."""
        self._was_open = False
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the memory if it was opened here."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the memory if it was opened here; closing twice does nothing.

        Not closing loses nothing that was stored.
        """
        self._was_open = True
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if self._opened_here and isinstance(self._memory, Memory):
            self._opened_here = False
            await self._memory.aclose()

    async def _open(self) -> None:
        """Open the memory if that is still to be done; turns that come together wait for one.

        Raises:
            MemoryClosedError: It was closed.
            InputError: Its folder does not exist.
            StoreError: It can't be opened.
        """
        memory = self._memory
        if not isinstance(memory, Memory):
            return
        if _is_open(memory):
            self._was_open = True
            return
        if self._was_open:
            raise MemoryClosedError(
                "the memory of this service was closed; keep it open as long as the service runs, "
                "or leave that to memory_factory(...).bind(app)"
            )
        if self._opening is None:
            self._opening = asyncio.create_task(self._open_once(memory))
            self._opening.add_done_callback(_retrieved)
        # A turn that is interrupted must not take the memory from those that wait with it.
        await asyncio.shield(self._opening)

    async def _open_once(self, memory: Memory) -> None:
        try:
            await memory
            self._opened_here = self._was_open = True
        finally:
            self._opening = None


class _Unopened(EngineBackend):
    """A memory that may be opened later, to check settings with."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory


def _retrieved(opening: asyncio.Task[None]) -> None:
    """Take note of an error that nobody waits for any more: each turn counts what it met."""
    if not opening.cancelled():
        opening.exception()


def _is_open(memory: Memory) -> bool:
    try:
        memory.check_open()
    except MemoryClosedError:
        return False
    return True
