"""The memory middleware: recall before a reply, retain after it, tools in between."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, get_args

from agentscope.event import ReplyStartEvent
from agentscope.middleware import MiddlewareBase
from agentscope.state import AgentState
from agentscope.tool import ToolBase

from remanence.backends.engine import EngineBackend
from remanence.backends.protocol import Backend, RecallRequest
from remanence.clock import Clock, SystemClock
from remanence.engine import Memory
from remanence.errors import InputError
from remanence.middleware.note import NoteTexts, note_set_aside, replace_note
from remanence.middleware.tools import AddMemory, SearchMemory, check_names
from remanence.middleware.transcript import Transcript, heard_text
from remanence.types import Filter, Recollection, Scope
from remanence.validation import check_amount, check_count, check_fraction, check_identifier

if TYPE_CHECKING:
    from agentscope.agent import Agent

__all__ = ["MemoryMiddleware", "Mode"]

Mode = Literal["static_control", "agent_control", "both"]

_log = logging.getLogger(__name__)

_LONGEST_QUERY = 2_000

TOOL_INSTRUCTIONS = (
    "## Long-term memory\n\n"
    "Past conversations are kept. Use `search_memory` when the answer may lie in one of them, and "
    "`add_memory` for what will matter later. Each tool's description tells how to call it."
)


class MemoryMiddleware(MiddlewareBase):
    """Gives an AgentScope agent a memory of its conversations.

    Before a reply, what is relevant is searched and put into the context as one note right after
    the user's message, in place of the note before. After the reply, what was really said is
    stored. The agent can search and add by itself with tools::

        memory = await Memory.open("alice.db")
        middleware = MemoryMiddleware(memory, user_id="alice")
        agent = Agent(..., toolkit=Toolkit(tools=await middleware.list_tools()),
                      middlewares=[middleware])

    A memory that fails never breaks a reply: the failure is logged and counted in ``faults``.

    Args:
        memory: An open :class:`~remanence.Memory`, or another backend. It stays the caller's to
            close.
        user_id: Whose memory it is; or, for a middleware that the agents of several users share, a
            function that is given the agent and returns it, asked anew for each reply.
        mode: ``static_control`` searches and stores by itself and offers no tools;
            ``agent_control`` offers only tools; ``both`` does both.
        agent_id: The agent's name in the memory; ``None`` if agents need not be told apart, and
            then a search sees what was said to any of them.
        top_k: How many memories a search returns at most; also the default of the tool.
        threshold: The least score of a memory, 0 to 1; ``None`` for any.
        scope_search_by_agent: Whether a search sees only what was said to this agent. ``False``
            shares a user's memories across agents.
        await_write: Whether a reply ends only when the backend has what was said. A backend that
            is durable at once, as the engine is, always does.
        search_timeout: Seconds that a search before a reply may take; after that the reply goes on
            without memory.
        texts: The words around what was recalled.
        tool_instructions: What the system prompt says about the tools.
        tool_prefix: Put in front of the tools' names, where an agent has several memories.
        clock: Where the time of what is said comes from; the machine's clock by default.

    Attributes:
        faults: How often what failed: ``identify``, ``recall``, ``retain``.

    Raises:
        InputError: An argument is not acceptable.
    """

    def __init__(  # noqa: PLR0913 - the documented parameters, by keyword
        self,
        memory: Memory | Backend,
        *,
        user_id: str | Callable[[Agent], str],
        mode: Mode = "both",
        agent_id: str | None = None,
        top_k: int = 5,
        threshold: float | None = None,
        scope_search_by_agent: bool = True,
        await_write: bool = True,
        search_timeout: float = 2.0,
        texts: NoteTexts | None = None,
        tool_instructions: str = TOOL_INSTRUCTIONS,
        tool_prefix: str = "",
        clock: Clock | None = None,
    ) -> None:
        """Check the arguments; nothing is read or written yet."""
        if mode not in get_args(Mode):
            raise InputError("mode", f"is {mode!r}", f"use one of {', '.join(get_args(Mode))}")
        check_count("top_k", top_k, least=1, most=100)
        if threshold is not None:
            check_fraction("threshold", threshold)
        if texts is not None and not isinstance(texts, NoteTexts):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError("texts", f"is {type(texts).__name__}", "give a NoteTexts")
        self._user_id = user_id if callable(user_id) else check_identifier("user_id", user_id)
        self._agent_id = None if agent_id is None else check_identifier("agent_id", agent_id)
        self._backend = _backend_of(memory)
        whose = "" if callable(user_id) else user_id
        self._key = f"remanence:{self._backend.kind}:{whose}:{agent_id or ''}"
        self._user_key = f"{self._key}/user"
        self._mode: Mode = mode
        self._top_k = top_k
        self._threshold = threshold
        self._by_agent = scope_search_by_agent
        self._await_write = await_write
        self._search_timeout = check_amount("search_timeout", search_timeout)
        self._texts = texts or NoteTexts()
        self._tool_instructions = tool_instructions
        self._tool_prefix = tool_prefix
        self._clock = clock or SystemClock()
        self.faults: Counter[str] = Counter()

    async def get_middleware_key(self) -> str:
        """Return the name under which the agent's state keeps this middleware's record.

        It tells apart the memories of several users, agents and kinds of backend on one agent, and
        is the same in every process.
        """
        return self._key

    async def list_tools(self) -> list[ToolBase]:
        """Return the tools for the agent's toolkit; none in ``static_control``."""
        if self._mode == "static_control":
            return []
        prefix = self._tool_prefix
        return [
            SearchMemory(self, prefix=prefix, limit=self._top_k),
            AddMemory(self, prefix=prefix),
        ]

    async def on_system_prompt(self, agent: Agent, current_prompt: str) -> str:
        """Advertise the tools that the agent really has."""
        if self._mode == "static_control":
            return current_prompt
        instructions = self._tool_instructions
        for name in (SearchMemory.name, AddMemory.name):
            prefixed = f"{self._tool_prefix}{name}"
            if await agent.toolkit.get_tool(prefixed) is None:
                return current_prompt
            instructions = instructions.replace(f"`{name}`", f"`{prefixed}`")
        return f"{current_prompt}\n\n{instructions}"

    async def on_reply(
        self,
        agent: Agent,
        input_kwargs: dict[str, Any],
        next_handler: Callable[..., AsyncGenerator[Any, None]],
    ) -> AsyncGenerator[Any, None]:
        """Recall when the reply begins, take down what is said, and store it at the end.

        Raises:
            InputError: The agent's toolkit has two memory tools of the same name.
        """
        check_names(agent.toolkit)
        self._identify(agent)
        user_id = self._known_user(agent.state)
        if self._mode == "agent_control" or user_id is None:
            replace_note(agent.state, self._key, self._texts, [])
            async for item in next_handler(**input_kwargs):
                yield item
            return
        inputs = input_kwargs.get("inputs")
        # Each user's record has a name of its own: what one said is never stored as another's.
        record = f"{self._key}:{user_id}"
        transcript = Transcript(agent.state, record, agent.name)
        accepted = False
        try:
            async for item in next_handler(**input_kwargs):
                if not accepted:  # what the agent refuses changes nothing about a reply that waits
                    accepted = True
                    transcript.resume()
                if isinstance(item, ReplyStartEvent):
                    # What a reply before left behind (it was never resumed) is kept as it is.
                    await self._retain(agent, transcript)
                    transcript.begin(item.reply_id, inputs, self._clock.now())
                    await self._put_note(agent, heard_text(inputs))
                else:
                    transcript.note(item)
                yield item
        finally:
            if accepted and not transcript.waiting:
                await asyncio.shield(self._retain(agent, transcript))

    async def on_compress_context(
        self,
        agent: Agent,
        input_kwargs: dict[str, Any],
        next_handler: Callable[..., Awaitable[None]],
    ) -> None:
        """Keep the memory note out of the summary: it is not part of the conversation."""
        with note_set_aside(agent.state, self._key):
            await next_handler(**input_kwargs)

    async def _put_note(self, agent: Agent, query: str) -> None:
        found: list[Recollection] = []
        if query:
            try:
                async with asyncio.timeout(self._search_timeout):
                    found = await self._recall(query[-_LONGEST_QUERY:], self._top_k, agent.state)
            except Exception as error:  # whatever fails, the reply goes on
                self._count_fault("recall", error)
        replace_note(agent.state, self._key, self._texts, found)

    async def _retain(self, agent: Agent, transcript: Transcript) -> None:
        try:
            exchange = transcript.exchange(self._clock.now())
            if exchange is not None:
                scope = self._scope_of(agent.state)
                await self._backend.retain(exchange, scope=scope, wait=self._await_write)
        except Exception as error:  # whatever fails, the reply goes on
            self._count_fault("retain", error)
        else:
            transcript.clear()

    def _count_fault(self, kind: str, error: Exception) -> None:
        self.faults[kind] += 1
        reason = str(error) or type(error).__name__
        _log.warning("memory could not %s (%d so far): %s", kind, self.faults[kind], reason)

    def _identify(self, agent: Agent) -> None:
        """Ask whose agent it is, and put the answer where the tools find it, into its state."""
        if not callable(self._user_id):
            return
        context = agent.state.middle_context
        context.pop(self._user_key, None)
        try:
            context[self._user_key] = check_identifier("user_id", self._user_id(agent))
        except Exception as error:  # whatever fails, the reply goes on
            self._count_fault("identify", error)

    def _known_user(self, state: AgentState | None) -> str | None:
        if not callable(self._user_id):
            return self._user_id
        return None if state is None else state.middle_context.get(self._user_key)

    def _scope_of(self, state: AgentState | None) -> Scope:
        user_id = self._known_user(state)
        if user_id is None:
            raise InputError(
                "user_id",
                "is a function that has not told whose agent this is",
                "let it return a user id for every agent, and call tools through their agent",
            )
        return Scope(user_id, self._agent_id, None if state is None else state.session_id)

    async def _recall(self, query: str, limit: int, state: AgentState | None) -> list[Recollection]:
        asking = self._scope_of(state)
        context = [] if state is None else state.context
        return await self._backend.recall(
            RecallRequest(
                query=query,
                where=Filter(asking.user_id, self._agent_id if self._by_agent else None),
                limit=limit,
                threshold=self._threshold,
                asking=asking,
                visible=frozenset(message.id for message in context),
            )
        )

    async def search(
        self, keywords: list[str], limit: int, state: AgentState | None
    ) -> list[Recollection]:
        """Search for each keyword by itself and merge what is found, best first."""
        searches = (self._recall(keyword[-_LONGEST_QUERY:], limit, state) for keyword in keywords)
        best: dict[tuple[str, str], Recollection] = {}
        for found in await asyncio.gather(*searches):
            for recollection in found:
                key = (recollection.origin, recollection.id)
                if key not in best or best[key].score < recollection.score:
                    best[key] = recollection
        return sorted(best.values(), key=lambda recollection: -recollection.score)

    async def add(self, statements: list[str], state: AgentState | None) -> int:
        """Keep statements; return how many."""
        kept = await self._backend.remember(statements, scope=self._scope_of(state))
        return len(kept)


def _backend_of(memory: Memory | Backend) -> Backend:
    if isinstance(memory, Memory):
        return EngineBackend(memory)
    if not isinstance(memory, Backend):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InputError(
            "memory",
            f"is {type(memory).__name__}",
            "give an open Memory, as memory = await Memory.open('alice.db'), or a Backend",
        )
    return memory
