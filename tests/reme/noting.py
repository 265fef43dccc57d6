"""What a chat model answers ReMe's agent, which writes notes with tools."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from agentscope.message import Msg, ToolCallBlock

from remanence.testing.models import Answer, ScriptedChatModel

__all__ = ["NOTED", "Noting", "call", "prompt_of"]

NOTED = "Nora, the sister of Alice, lives in Ghent and keeps bees."


def prompt_of(messages: Sequence[Msg]) -> str:
    """Return what ReMe's agent was asked to do."""
    return "\n".join(str(message.get_text_content()) for message in messages)


def call(tool: str, **arguments: Any) -> Sequence[ToolCallBlock]:
    """Return an answer that calls one of ReMe's tools."""
    return [ToolCallBlock(id="call", name=tool, input=json.dumps(arguments))]


class Noting:
    """Writes a note of each new conversation, and edits it when the conversation goes on.

    Args:
        content: What the note says.
        edit: What is replaced in it by what, later.
        before: Is called first, with the prompt; what it returns is answered, if anything.
    """

    def __init__(
        self,
        content: str = NOTED,
        edit: tuple[str, str] = ("Ghent", "Bruges"),
        before: Callable[[str], Answer | None] = lambda _: None,
    ) -> None:
        self._content = content
        self._edit = edit
        self._before = before
        self.prompts: list[str] = []

    def model(self, **options: Any) -> ScriptedChatModel:
        """Return a model that answers so."""
        return ScriptedChatModel(self, **options)

    def __call__(self, messages: list[Msg]) -> Answer:
        if any(message.has_content_blocks("tool_result") for message in messages):
            return "It is noted."
        prompt = prompt_of(messages)
        self.prompts.append(prompt)
        first = self._before(prompt)
        if first is not None:
            return first
        if path := re.search(r"Target path: (\S+)", prompt):
            old, new = self._edit
            return call("edit", path=path[1], old=old, new=new)
        date, session = re.search(r"Today: (\S+)", prompt), re.search(r"Session ID: (\S+)", prompt)
        assert date is not None
        assert session is not None
        return call(
            "daily_write",
            name="nora",
            description="Where Nora lives.",
            session_id=session[1],
            content=self._content,
            date=date[1],
        )
