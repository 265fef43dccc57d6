"""The memory middleware over ReMe, which runs in this process."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remanence.backends.reme import OWNER, ReMeBackend
from remanence.clock import Clock
from remanence.middleware.note import TOKEN_BUDGET, NoteTexts
from remanence.middleware.owning import OwningMiddleware
from remanence.middleware.settings import Mode
from remanence.middleware.toolbox import TOOL_INSTRUCTIONS, ExtraTool
from remanence.outbox.settings import OutboxSettings

if TYPE_CHECKING:
    from agentscope.agent import Agent
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

__all__ = ["ReMeMiddleware"]

_TEXTS = NoteTexts()


class ReMeMiddleware(OwningMiddleware):
    """Gives an AgentScope agent a memory that ReMe keeps: Markdown files that people can read.

    ReMe's application is embedded; nothing else has to be started. Without a model, messages are
    noted word for word, and found by their words; with a chat model, ReMe's agent notes what is
    worth it; with an embedding model, notes are found by meaning as well::

        middleware = ReMeMiddleware(workspace_dir="notes", user_id="alice")
        agent = Agent(..., toolkit=Toolkit(tools=await middleware.list_tools()),
                      middlewares=[middleware])

    Everything is durable in an outbox before it is delivered, and delivered until ReMe has it.
    Nothing has to be closed: what is undelivered at exit waits on disk for the next process.
    Middlewares of one process that store in the same place share what is open, and several
    processes may use one folder.

    Args:
        workspace_dir: The folder of the memory, and of the outbox; ``remanence/reme`` in the user's
            data folder by default. With a ``user_id``, each user has a workspace of their own in
            ``users`` in it; without, it is one workspace itself, as ReMe's own tools know it.
        user_id: Whose memory it is; or a function that is given the agent and returns it; ``None``
            for one workspace that is nobody's in particular.
        chat_model: The AgentScope model that ReMe's agent works with; ``None`` for notes word for
            word.
        embedding_model: The AgentScope model that searches by meaning as well; ``None`` for words
            alone.
        mode: ``static_control`` searches and stores by itself and offers no tools;
            ``agent_control`` offers only tools; ``both`` does both.
        agent_id: The agent's name in the memory; ``None`` if agents need not be told apart.
        top_k: How many memories a search returns at most; also the default of the tool.
        threshold: The least score of a memory, 0 to 1; ``None`` for any. By words alone a score is
            ``s / (1 + s)`` of ReMe's BM25, which is low where there is little; with vectors it is
            the share of what one that comes first by words and by meaning has.
        scope_search_by_agent: Whether a search sees only what was said to this agent, and notes
            that name no agent. ``False`` shares a user's memories across agents.
        await_write: Whether a reply ends only when ReMe has what was said, or as soon as it is in
            the outbox.
        memory_section_header: The first line of the note with what was recalled.
        memory_section_intro: What the note says about the memories in it.
        token_budget: How many tokens the note is at most, the words around included; so many for a
            tool's answer as well.
        count_tokens: Counts the tokens of a text, as the model does; by default they are estimated.
        extra_tools: Which tools are offered beside those for searching and adding:
            ``memory_search`` searches under the name that the tool of AgentScope's class for ReMe
            has; ``forget_memory`` erases for good, once the user has agreed.
        tool_instructions: What the system prompt says about the tools.
        timezone: The time zone of the workspaces' days, as ``Europe/Brussels``.
        watch: Whether ReMe watches the files all the time; without, a search sees which notes came
            or went, and a second later what was written into those that were there.
        dream: When ReMe's agent works through the notes of the last days, as cron has it; ``None``
            for never. See :class:`~remanence.backends.reme.ReMeBackend`.
        outbox: How much may wait in the outbox, how often it is tried, and when.
        search_timeout: Seconds that a search before a reply may take; after that the reply goes on
            without memory.
        write_timeout: Seconds that a reply waits at most for what was said to be stored.
        emit_hint_event: Whether the event stream tells what was recalled.
        tool_prefix: Put in front of the tools' names, where an agent has several memories.
        clock: Where the time of what is said comes from; the machine's clock by default.

    Attributes:
        faults: How often what failed; see :class:`~remanence.middleware.MemoryMiddleware`, and
            ``embedding`` where ReMe went on by words alone, and ``index`` where a note or a page
            can't be read and is left out, or the index was made anew.

    Raises:
        MissingExtraError: ReMe is not installed, or not in a release that works here.
        InputError: An argument is not acceptable. It is a ``ValueError``.
    """

    def __init__(  # noqa: PLR0913 - the documented parameters, by keyword
        self,
        *,
        workspace_dir: str | Path | None = None,
        user_id: str | Callable[[Agent], str] | None = None,
        chat_model: ChatModelBase | None = None,
        embedding_model: EmbeddingModelBase[Any] | None = None,
        mode: Mode = "both",
        agent_id: str | None = None,
        top_k: int = 5,
        threshold: float | None = None,
        scope_search_by_agent: bool = True,
        await_write: bool = True,
        memory_section_header: str = _TEXTS.header,
        memory_section_intro: str = _TEXTS.intro,
        token_budget: int = TOKEN_BUDGET,
        count_tokens: Callable[[str], int] | None = None,
        extra_tools: Collection[ExtraTool] = (),
        tool_instructions: str = TOOL_INSTRUCTIONS,
        timezone: str = "UTC",
        watch: bool = False,
        dream: str | None = None,
        outbox: OutboxSettings | None = None,
        search_timeout: float = 2.0,
        write_timeout: float = 30.0,
        emit_hint_event: bool = True,
        tool_prefix: str = "",
        clock: Clock | None = None,
    ) -> None:
        """Check the arguments; nothing is opened yet."""
        super().__init__(
            ReMeBackend(
                workspace_dir=workspace_dir,
                apart=user_id is not None,
                chat_model=chat_model,
                embedding_model=embedding_model,
                timezone=timezone,
                watch=watch,
                dream=dream,
                settings=outbox,
                clock=clock,
            ),
            user_id=OWNER if user_id is None else user_id,
            mode=mode,
            agent_id=agent_id,
            top_k=top_k,
            threshold=threshold,
            scope_search_by_agent=scope_search_by_agent,
            await_write=await_write,
            search_timeout=search_timeout,
            write_timeout=write_timeout,
            emit_hint_event=emit_hint_event,
            texts=NoteTexts(memory_section_header, memory_section_intro),
            token_budget=token_budget,
            count_tokens=count_tokens,
            extra_tools=extra_tools,
            tool_instructions=tool_instructions,
            tool_prefix=tool_prefix,
            clock=clock,
        )
