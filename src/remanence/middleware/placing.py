"""Where a memory note stands in an agent's context: one at most of each middleware."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from typing import cast

from agentscope.message import HintBlock, Msg
from agentscope.state import AgentState

__all__ = ["has_note", "is_note", "note_set_aside", "renew_note", "replace_note"]

_NAME = "memory"
_MARK = "remanence.note"
_SOURCE = json.dumps({"label": "Memory", "sublabel": ""})
"""Where a note comes from, in the form in which the framework's user interface reads it."""


def replace_note(state: AgentState, key: str, told: str) -> HintBlock | None:
    """Put a note at the end of the context, in place of the one before.

    Args:
        state: The agent's state.
        key: Whose note it is; notes of other middlewares stay.
        told: What it tells. If that is empty there is no note.

    Returns:
        The note's block, or ``None`` if there is none.
    """
    _drop_note(state, key)
    if not told:
        return None
    hint = HintBlock(hint=told, source=_SOURCE)
    state.context.append(Msg(name=_NAME, role="assistant", content=[hint], metadata={_MARK: key}))
    return hint


def has_note(state: AgentState, key: str) -> bool:
    """Return whether the context has a note of this middleware."""
    return any(_owner(message) == key for message in state.context)


def renew_note(state: AgentState, key: str, told: str) -> None:
    """Let the note in the context tell this, where it stands; if that is empty it goes."""
    if not told:
        _drop_note(state, key)
        return
    for message in state.context:
        if _owner(message) == key:
            message.content = [HintBlock(hint=told, source=_SOURCE)]


def _drop_note(state: AgentState, key: str) -> None:
    state.context = [message for message in state.context if _owner(message) != key]


@contextlib.contextmanager
def note_set_aside(state: AgentState, key: str) -> Generator[None]:
    """Take the note out of the context, and put it back after the message it came after.

    If that message is gone by then, the note comes first.
    """
    place = next((i for i, message in enumerate(state.context) if _owner(message) == key), None)
    if place is None:
        yield
        return
    note = state.context[place]
    before = {message.id for message in state.context[:place]}
    state.context = [message for message in state.context if message is not note]
    try:
        yield
    finally:
        kept = sum(message.id in before for message in state.context)
        state.context = [*state.context[:kept], note, *state.context[kept:]]


def is_note(message: Msg) -> bool:
    """Return whether a message is a memory note, whoever's."""
    return _owner(message) is not None


def _owner(message: Msg) -> object:
    """Return whose memory note a message is, or ``None`` if it is none."""
    metadata = cast("dict[str, object]", message.metadata)  # pyright: ignore[reportUnknownMemberType] - a bare dict there
    return metadata.get(_MARK)
