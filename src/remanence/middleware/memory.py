"""The memory middleware: recall before a reply, retain after it, tools in between."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from agentscope.middleware import MiddlewareBase
from agentscope.tool import ToolBase

from remanence.backends.protocol import (
    Backend,
    ChecksIds,
    CountsFaults,
    Edits,
    Erases,
    Extracts,
    TellsProfile,
)
from remanence.clock import Clock, check_clock
from remanence.engine import Memory
from remanence.middleware.access import Access
from remanence.middleware.counting import TokenCounter
from remanence.middleware.extraction import Extraction
from remanence.middleware.following import Following
from remanence.middleware.keeping import Keeper
from remanence.middleware.note import TOKEN_BUDGET, Notes, NoteTexts
from remanence.middleware.owner import Owner
from remanence.middleware.placing import note_set_aside, replace_note
from remanence.middleware.profile import PROFILE_TOKENS, Profile
from remanence.middleware.settings import Mode, backend_of, check_mode, check_texts, with_ability
from remanence.middleware.toolbox import TOOL_INSTRUCTIONS, ExtraTool, Toolbox, check_extra_tools
from remanence.middleware.tooling import check_names, is_hidden
from remanence.middleware.transcript import Transcript
from remanence.telemetry import Faults
from remanence.types import Scope
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

_log = logging.getLogger(__name__)


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
        extract: Whether the agent's own chat model reads in the background what is stored, and
            draws facts from it; for a memory that was opened without a ``chat_model``.
        profile: Whether the system prompt tells what is known of the user, whatever is asked.
        profile_tokens: How many tokens that is at most, the words around included.
        texts: The words around what was recalled.
        token_budget: How many tokens the note with what was recalled is at most, the words around
            included; so many for a tool's answer as well. What was found and has no room is cut
            to what is about the question, or left out and counted.
        count_tokens: Counts the tokens of a text, as the model does; by default they are
            estimated, see :mod:`remanence.recall.tokens`.
        extra_tools: Which tools are offered beside those for searching and adding:
            ``update_memory`` corrects what was noted, ``forget_memory`` erases for good, once the
            user has agreed; with one of them, a search by tool tells the ids of memories.
            ``memory_search`` searches as well, under the name of AgentScope's tool for ReMe.
        tool_instructions: What the system prompt says about the tools.
        tool_prefix: Put in front of the tools' names, where an agent has several memories.
        clock: Where the time of what is said comes from; the machine's clock by default.
        counted_in: Where failures are counted, and their warnings limited, for middlewares that are
            made anew for each reply; by default each counts its own.

    Attributes:
        faults: How often what failed: ``identify``, ``recall``, ``record`` what is said,
            ``retain``, ``retain in time``, or ``read`` what another version left in the state to
            be stored; ``count`` tokens, or find room in the ``budget``; tell the ``profile``; begin
            to ``extract``; for the tools ``search``, ``remember``, ``correct`` and ``forget``. With
            those of the backend's background, for whomever it works: ``deliver``, ``park`` and
            ``outbox`` of a queued one; ``extract`` and ``extract parked`` of the engine.

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
        extract: bool = False,
        profile: bool = False,
        profile_tokens: int = PROFILE_TOKENS,
        texts: NoteTexts | None = None,
        token_budget: int = TOKEN_BUDGET,
        count_tokens: Callable[[str], int] | None = None,
        extra_tools: Collection[ExtraTool] = (),
        tool_instructions: str = TOOL_INSTRUCTIONS,
        tool_prefix: str = "",
        clock: Clock | None = None,
        counted_in: Faults | None = None,
    ) -> None:
        """Check the arguments; nothing is read or written yet."""
        self._mode: Mode = check_mode(mode)
        if threshold is not None:
            check_fraction("threshold", threshold)
        backend = self._backend = backend_of(memory)
        extra = check_extra_tools(extra_tools, offered=mode != "static_control")
        if "update_memory" in extra:
            with_ability(backend, Edits, "extra_tools")
        if "forget_memory" in extra:
            with_ability(backend, Erases, "extra_tools")
        whose = "" if callable(user_id) else user_id
        self._key = f"remanence:{backend.kind}:{whose}:{agent_id or ''}:{tool_prefix}"
        self._emit_hint_event = check_flag("emit_hint_event", emit_hint_event)
        self._clock = check_clock(clock)
        self._faults = Faults(_log) if counted_in is None else counted_in
        self._owner = Owner(
            user_id,
            agent_id,
            check=backend.check_id if isinstance(backend, ChecksIds) else check_identifier,
            key=self._key,
            faults=self._faults,
        )
        words = check_texts(texts)
        tokens = TokenCounter(count_tokens, self._faults)
        self._access = Access(
            backend,
            self._owner,
            Notes(
                words,
                token_budget=token_budget,
                count_tokens=tokens,
                faults=self._faults,
                ids=not extra.isdisjoint(("update_memory", "forget_memory")),
            ),
            self._faults,
            top_k=check_count("top_k", top_k, least=1, most=100),
            threshold=threshold,
            by_agent=check_flag("scope_search_by_agent", scope_search_by_agent),
            search_timeout=check_amount("search_timeout", search_timeout),
            write_timeout=check_amount("write_timeout", write_timeout),
            await_write=check_flag("await_write", await_write),
        )
        self._toolbox = Toolbox(
            self._access,
            limit=top_k,
            extra=extra,
            prefix=tool_prefix,
            instructions=tool_instructions,
        )
        self._profile: Profile | None = None
        if check_flag("profile", profile):
            self._profile = Profile(
                with_ability(backend, TellsProfile, "profile"),
                self._access.where_of,
                key=self._key,
                texts=words,
                tokens=profile_tokens,
                count_tokens=tokens,
                seconds=search_timeout,
                faults=self._faults,
            )
        self._extraction: Extraction | None = None
        if check_flag("extract", extract):
            reader = with_ability(backend, Extracts, "extract")
            self._extraction = Extraction(reader, patience=search_timeout, faults=self._faults)
        self._keeper = Keeper(
            backend,
            self._faults,
            await_write=await_write,
            write_timeout=write_timeout,
            ready=None if self._extraction is None else self._extraction.begun,
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
        return [] if self._mode == "static_control" else self._toolbox.tools()

    async def on_system_prompt(self, agent: Agent, current_prompt: str) -> str:
        """Advertise the tools that the agent really has, and tell what is known of its user."""
        parts = [current_prompt]
        if self._mode != "static_control":
            parts.append(await self._toolbox.advertisement(agent.toolkit))
        if self._profile is not None:
            parts.append(await self._profile.told(agent.state))
        return "\n\n".join([parts[0], *filter(None, parts[1:])])

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
        if self._extraction is not None:
            self._extraction.begin(agent)
        with self._profile_kept(agent, scope):
            if self._mode == "agent_control" or scope is None:
                replace_note(agent.state, self._key, "")
                async for item in next_handler(**input_kwargs):
                    yield item
                return
            reply = self._following(agent, scope)
            inputs = input_kwargs.get("inputs")
            try:
                async for item in next_handler(**input_kwargs):
                    recalled = await reply.follow(item, inputs)
                    yield item
                    if recalled is not None and self._emit_hint_event:
                        yield recalled
            finally:
                await reply.end()

    async def on_compress_context(
        self,
        agent: Agent,
        input_kwargs: dict[str, Any],
        next_handler: Callable[..., Awaitable[None]],
    ) -> None:
        """Keep the memory note out of the summary: it is not part of the conversation."""
        with note_set_aside(agent.state, self._key):
            await next_handler(**input_kwargs)

    def _profile_kept(
        self, agent: Agent, scope: Scope | None
    ) -> contextlib.AbstractContextManager[None]:
        """Let the system prompt tell the same of the user as long as a reply goes on."""
        if self._profile is None:
            return contextlib.nullcontext()
        return self._profile.kept(agent.state, known=scope is not None)

    def _following(self, agent: Agent, scope: Scope) -> Following:
        # Each user's record has a name of its own: what one said is never stored as another's.
        transcript = Transcript(
            agent.state,
            f"{self._key}:{scope.user_id}",
            agent.name,
            clock=self._clock,
            hidden=partial(is_hidden, agent.toolkit, agent.state),
        )
        return Following(
            agent,
            scope,
            transcript,
            key=self._key,
            access=self._access,
            keeper=self._keeper,
            faults=self._faults,
        )
