"""The memory middleware: recall before a reply, retain after it, tools in between."""

from __future__ import annotations

import contextlib
import logging
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from agentscope.event import HintBlockEvent, ReplyEndEvent, ReplyStartEvent
from agentscope.message import HintBlock
from agentscope.middleware import MiddlewareBase
from agentscope.tool import ToolBase

from remanence.backends.engine import EngineBackend
from remanence.backends.protocol import Backend, ChecksIds, CountsFaults
from remanence.clock import Clock, check_clock
from remanence.engine import Memory
from remanence.errors import InputError
from remanence.middleware.access import Access
from remanence.middleware.context import awaits_outside
from remanence.middleware.keeping import Keeper
from remanence.middleware.note import (
    TOKEN_BUDGET,
    Notes,
    NoteTexts,
    has_note,
    note_set_aside,
    renew_note,
    replace_note,
)
from remanence.middleware.owner import Owner
from remanence.middleware.question import question_of
from remanence.middleware.spoken import heard_text
from remanence.middleware.tools import AddMemory, SearchMemory, check_names, is_hidden
from remanence.middleware.transcript import Transcript
from remanence.telemetry import Faults
from remanence.validation import (
    check_amount,
    check_count,
    check_flag,
    check_fraction,
    check_identifier,
)

if TYPE_CHECKING:
    from agentscope.agent import Agent

__all__ = ["MemoryMiddleware", "Mode"]

Mode = Literal["static_control", "agent_control", "both"]

_log = logging.getLogger(__name__)

_PREFIX = re.compile("[A-Za-z0-9_-]*")

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
        await_write: Whether a reply ends only when the backend has what was said, or as soon as it
            is durable here. For a backend that stores here, as the engine does, that is the same.
        search_timeout: Seconds that a search before a reply may take; after that the reply goes on
            without memory.
        write_timeout: Seconds that a reply waits at most for what was said to be stored; after that
            it is stored in the background. Also the seconds that a tool may search, or wait for
            what it adds to be stored.
        emit_hint_event: Whether the event stream tells what was recalled, for a user interface to
            show.
        texts: The words around what was recalled.
        token_budget: How many tokens the note with what was recalled is at most, the words around
            included; so many for a tool's answer as well. What was found and has no room is cut
            to what is about the question, or left out and counted.
        count_tokens: Counts the tokens of a text, as the model does; by default they are
            estimated, see :mod:`remanence.recall.tokens`.
        tool_instructions: What the system prompt says about the tools.
        tool_prefix: Put in front of the tools' names, where an agent has several memories.
        clock: Where the time of what is said comes from; the machine's clock by default.

    Attributes:
        faults: How often what failed: ``identify``, ``recall``, ``record`` what is said,
            ``retain``, ``retain in time``, or ``read`` what another version left in the state to
            be stored; ``count`` tokens; for the tools ``search`` and ``remember``. With those of a
            queued backend, for whomever it delivers: ``deliver``, ``park`` and ``outbox``.

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
        write_timeout: float = 30.0,
        emit_hint_event: bool = True,
        texts: NoteTexts | None = None,
        token_budget: int = TOKEN_BUDGET,
        count_tokens: Callable[[str], int] | None = None,
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
        check_flag("await_write", await_write)
        check_flag("emit_hint_event", emit_hint_event)
        check_flag("scope_search_by_agent", scope_search_by_agent)
        if not isinstance(tool_instructions, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError("tool_instructions", f"is {tool_instructions!r}", "give a string")
        if not isinstance(tool_prefix, str) or not _PREFIX.fullmatch(tool_prefix):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError(
                "tool_prefix", f"is {tool_prefix!r}", "use letters, digits, '_' and '-' only"
            )
        backend = self._backend = _backend_of(memory)
        whose = "" if callable(user_id) else user_id
        self._key = f"remanence:{backend.kind}:{whose}:{agent_id or ''}:{tool_prefix}"
        self._mode: Mode = mode
        self._tool_instructions = tool_instructions
        self._tool_prefix = tool_prefix
        self._emit_hint_event = emit_hint_event
        self._clock = check_clock(clock)
        self._faults = Faults(_log)
        self._owner = Owner(
            user_id,
            agent_id,
            check=backend.check_id if isinstance(backend, ChecksIds) else check_identifier,
            key=self._key,
            faults=self._faults,
        )
        self._access = Access(
            self._backend,
            self._owner,
            Notes(
                texts or NoteTexts(),
                token_budget=token_budget,
                count_tokens=count_tokens,
                faults=self._faults,
            ),
            self._faults,
            top_k=top_k,
            threshold=threshold,
            by_agent=scope_search_by_agent,
            search_timeout=check_amount("search_timeout", search_timeout),
            write_timeout=check_amount("write_timeout", write_timeout),
            await_write=await_write,
        )
        self._keeper = Keeper(
            self._backend, self._faults, await_write=await_write, write_timeout=write_timeout
        )

    @property
    def faults(self) -> Counter[str]:
        """How often what failed, by kind; with the faults of the backend's deliveries."""
        if isinstance(self._backend, CountsFaults):
            return self._faults.counts + self._backend.faults.counts
        return self._faults.counts

    async def get_middleware_key(self) -> str:
        """Return what the names of this middleware's entries in the agent's state begin with.

        It tells apart the memories of several users, agents, kinds of backend and tool prefixes on
        one agent, and is the same in every process.
        """
        return self._key

    async def list_tools(self) -> list[ToolBase]:
        """Return the tools for the agent's toolkit; none in ``static_control``."""
        if self._mode == "static_control":
            return []
        prefix = self._tool_prefix
        return [
            SearchMemory(self._access, prefix=prefix, limit=self._access.top_k),
            AddMemory(self._access, prefix=prefix),
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
        scope = self._owner.identify(agent)
        if self._mode == "agent_control" or scope is None:
            replace_note(agent.state, self._key, "")
            async for item in next_handler(**input_kwargs):
                yield item
            return
        transcript = self._transcript_of(agent, scope.user_id)
        accepted = False
        try:
            async for item in next_handler(**input_kwargs):
                if isinstance(item, ReplyStartEvent):
                    accepted = True
                    hint = await self._begin(transcript, item.reply_id, input_kwargs.get("inputs"))
                    yield item
                    if hint is not None and self._emit_hint_event:
                        yield _event_of(hint, item.reply_id)
                    continue
                if not accepted:  # what the agent refuses changes nothing about a reply that waits
                    accepted = True
                    await self._renew_note(transcript)
                if self._noted(transcript, item):
                    await self._keeper.keep(transcript, scope)
                yield item
        finally:
            if accepted and self._ended(transcript, agent):
                await self._keeper.keep(transcript, scope)

    async def on_compress_context(
        self,
        agent: Agent,
        input_kwargs: dict[str, Any],
        next_handler: Callable[..., Awaitable[None]],
    ) -> None:
        """Keep the memory note out of the summary: it is not part of the conversation."""
        with note_set_aside(agent.state, self._key):
            await next_handler(**input_kwargs)

    def _transcript_of(self, agent: Agent, user_id: str) -> Transcript:
        # Each user's record has a name of its own: what one said is never stored as another's.
        return Transcript(
            agent.state,
            f"{self._key}:{user_id}",
            agent.name,
            clock=self._clock,
            hidden=partial(is_hidden, agent.toolkit, agent.state),
        )

    async def _begin(
        self, transcript: Transcript, reply_id: str, inputs: object
    ) -> HintBlock | None:
        """Record that a reply begins, and put what is recalled for it into the context."""
        state = transcript.state
        question = ""
        with self._recording():
            question = question_of(heard_text(transcript.asked(inputs)), state.context)
            transcript.begin(reply_id, inputs, question)
        return replace_note(state, self._key, await self._access.look_up(question, state))

    def _noted(self, transcript: Transcript, item: object) -> bool:
        """Take an event down; tell whether something is to be kept before anybody hears of it."""
        with self._recording():
            transcript.note(item)
            # Whoever hears of the end may stop reading, or leave.
            return isinstance(item, ReplyEndEvent) and transcript.close_part()
        return False

    def _ended(self, transcript: Transcript, agent: Agent) -> bool:
        """End the record unless the reply waits; tell whether something is left to be kept."""
        with self._recording():
            return not awaits_outside(agent.state, agent.name) and transcript.end()
        return False

    @contextlib.contextmanager
    def _recording(self) -> Generator[None]:
        """Let nothing that goes wrong with the record reach the reply."""
        try:
            yield
        except Exception as error:  # whatever fails, the reply goes on
            self._faults.record("record", error)

    async def _renew_note(self, transcript: Transcript) -> None:
        """Recall anew for a reply that goes on: what was forgotten meanwhile leaves its context."""
        if has_note(transcript.state, self._key):
            told = await self._access.look_up(transcript.question, transcript.state)
            renew_note(transcript.state, self._key, told)


def _event_of(hint: HintBlock, reply_id: str) -> HintBlockEvent:
    return HintBlockEvent(reply_id=reply_id, block_id=hint.id, source=hint.source, hint=hint.hint)


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
