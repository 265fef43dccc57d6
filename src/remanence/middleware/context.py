"""What an agent's context tells: what it heard and when, and what its reply waits for."""

from __future__ import annotations

from collections.abc import Sequence

from agentscope.message import HintBlock, Msg, ToolCallBlock, ToolCallState, ToolResultBlock
from agentscope.state import AgentState

from remanence.middleware.placing import is_note

__all__ = ["awaits_outside", "heard_after", "heard_since_own", "last_said", "structured_output"]


def awaits_outside(state: AgentState, agent_name: str) -> bool:
    """Return whether a tool call waits for a permission or for a result from outside.

    The state tells: no event does where only some of several calls were answered.
    """
    if not state.context or not _is_own(state.context[-1], agent_name):
        return False
    last = state.context[-1]
    answered = {block.id for block in last.content if isinstance(block, ToolResultBlock)}
    return any(
        block.state in (ToolCallState.ASKING, ToolCallState.SUBMITTED) and block.id not in answered
        for block in last.content
        if isinstance(block, ToolCallBlock)
    )


def heard_since_own(context: Sequence[Msg], agent_name: str) -> list[Msg]:
    """Return what others said since the agent last said or did something, in order.

    A message of its own that holds only hints is the framework's.
    """
    heard: list[Msg] = []
    for message in reversed(context):
        if _is_own(message, agent_name):
            if all(isinstance(block, HintBlock) for block in message.content):
                continue
            break
        if not is_note(message):
            heard.append(message)
    return heard[::-1]


def last_said(context: Sequence[Msg]) -> str | None:
    """Return the id of the last message that somebody said; ``None`` if nobody said anything."""
    return next((message.id for message in reversed(context) if not is_note(message)), None)


def heard_after(context: Sequence[Msg], message_id: str | None, agent_name: str) -> list[Msg]:
    """Return what others said after a message, in order.

    Compression takes away the oldest messages first: where that message is gone, all that are left
    came after it.
    """
    heard: list[Msg] = []
    for message in reversed(context):
        if message.id == message_id:
            break
        if not is_note(message) and not _is_own(message, agent_name):
            heard.append(message)
    return heard[::-1]


def structured_output(state: AgentState) -> object:
    """Return the data that a reply gave, or ``None`` if it was not asked for any."""
    # Structured replies, and their place in the state, came after AgentScope 2.0.3.
    return getattr(getattr(state, "reply_context", None), "structured_output", None)


def _is_own(message: Msg, agent_name: str) -> bool:
    return message.role == "assistant" and message.name == agent_name
