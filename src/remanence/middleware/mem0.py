"""The memory middleware over mem0, constructed as AgentScope documents it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remanence.backends.mem0 import Mem0Backend
from remanence.clock import Clock
from remanence.middleware.note import TOKEN_BUDGET, NoteTexts
from remanence.middleware.owning import OwningMiddleware
from remanence.middleware.settings import Mode
from remanence.middleware.toolbox import TOOL_INSTRUCTIONS
from remanence.outbox.settings import OutboxSettings

if TYPE_CHECKING:
    from agentscope.agent import Agent
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

__all__ = ["Mem0Middleware"]

_TEXTS = NoteTexts()


class Mem0Middleware(OwningMiddleware):
    """Gives an AgentScope agent a memory that mem0 keeps.

    What is said goes to mem0, which distils it into memories with a chat model, and finds them
    again with an embedding model. AgentScope's models do for both, so mem0 needs no key of its
    own::

        middleware = Mem0Middleware(
            user_id="alice", chat_model=my_chat_model, embedding_model=my_embedding_model
        )
        agent = Agent(..., toolkit=Toolkit(tools=await middleware.list_tools()),
                      middlewares=[middleware])

    Everything is durable in an outbox before it is delivered, and delivered until mem0 has it.
    Nothing has to be closed: what is undelivered at exit waits on disk for the next process.
    Middlewares of one process that store in the same place share one client.

    Args:
        user_id: Whose memory it is; or a function that is given the agent and returns it. As mem0
            demands, without white space; and never ``*``, which is everybody to mem0.
        client: A ``mem0.AsyncMemory`` or ``mem0.AsyncMemoryClient`` of yours. It takes precedence
            over what follows, and stays yours to close.
        chat_model: The AgentScope model that mem0 extracts memories with.
        embedding_model: The AgentScope model that mem0 searches with.
        mem0_config: A ``mem0.configs.base.MemoryConfig``. The models given replace its own; all
            else in it stays.
        mode: ``static_control`` searches and stores by itself and offers no tools;
            ``agent_control`` offers only tools; ``both`` does both.
        agent_id: The agent's name in the memory; ``None`` if agents need not be told apart.
        top_k: How many memories a search returns at most; also the default of the tool.
        threshold: The least score of a memory, 0 to 1; ``None`` leaves it to mem0.
        scope_search_by_agent: Whether a search sees only what was said to this agent. ``False``
            shares a user's memories across agents.
        await_write: Whether a reply ends only when mem0 has what was said, or as soon as it is in
            the outbox.
        memory_section_header: The first line of the note with what was recalled.
        memory_section_intro: What the note says about the memories in it.
        token_budget: How many tokens the note is at most, the words around included; so many for a
            tool's answer as well.
        count_tokens: Counts the tokens of a text, as the model does; by default they are estimated.
        tool_instructions: What the system prompt says about the tools.
        data_dir: The folder for the outbox, and for mem0's store and history where ``mem0_config``
            does not say; a folder of the user's data by default.
        outbox: How much may wait in the outbox, how often it is tried, and when.
        search_timeout: Seconds that a search before a reply may take; after that the reply goes on
            without memory.
        write_timeout: Seconds that a reply waits at most for what was said to be stored.
        emit_hint_event: Whether the event stream tells what was recalled.
        tool_prefix: Put in front of the tools' names, where an agent has several memories.
        clock: Where the time of what is said comes from; the machine's clock by default.

    Attributes:
        faults: How often what failed; see :class:`~remanence.middleware.MemoryMiddleware`.

    Raises:
        MissingExtraError: mem0 is not installed.
        InputError: An argument is not acceptable; or there is neither a client, nor a
            configuration, nor both models. It is a ``ValueError``.
        TypeError: ``client`` is a synchronous one.
    """

    def __init__(  # noqa: PLR0913 - the documented parameters, by keyword
        self,
        *,
        user_id: str | Callable[[Agent], str],
        client: object | None = None,
        chat_model: ChatModelBase | None = None,
        embedding_model: EmbeddingModelBase[Any] | None = None,
        mem0_config: Any = None,
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
        tool_instructions: str = TOOL_INSTRUCTIONS,
        data_dir: str | Path | None = None,
        outbox: OutboxSettings | None = None,
        search_timeout: float = 2.0,
        write_timeout: float = 30.0,
        emit_hint_event: bool = True,
        tool_prefix: str = "",
        clock: Clock | None = None,
    ) -> None:
        """Check the arguments; nothing is opened yet."""
        super().__init__(
            Mem0Backend(
                client=client,
                chat_model=chat_model,
                embedding_model=embedding_model,
                mem0_config=mem0_config,
                data_dir=data_dir,
                settings=outbox,
                clock=clock,
            ),
            user_id=user_id,
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
            tool_instructions=tool_instructions,
            tool_prefix=tool_prefix,
            clock=clock,
        )
