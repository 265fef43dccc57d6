"""The agents that are attacked: real ones, with scripted models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from agentscope.agent import Agent
from agentscope.message import (
    DataBlock,
    HintBlock,
    Msg,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    URLSource,
)
from agentscope.middleware import MiddlewareBase
from agentscope.permission import PermissionBehavior, PermissionContext, PermissionDecision
from agentscope.tool import ToolBase, ToolChunk, Toolkit

from remanence.testing.models import ScriptedChatModel

__all__ = ["Prompt", "agent_of", "calls", "prompts", "said", "shown"]

SYSTEM = "You are Robin, who helps Alice."

Prompt = list[tuple[str, str]]
"""What a model is told, part by part: where it stands, and the text."""


class _Lookup(ToolBase):
    """A tool that returns what somebody else wrote."""

    name: str = "look_up"
    description: str = "Look something up."
    input_schema: dict[str, Any] = {  # noqa: RUF012 - the framework's shape
        "type": "object",
        "properties": {"place": {"type": "integer"}},
    }
    is_concurrency_safe: bool = False
    is_read_only: bool = True

    def __init__(self, answers: Sequence[str]) -> None:
        super().__init__()
        self._answers = answers

    async def check_permissions(
        self, tool_input: dict[str, Any], context: PermissionContext
    ) -> PermissionDecision:
        return PermissionDecision(behavior=PermissionBehavior.ALLOW, message="Yes.")

    async def call(self, place: int = 0) -> ToolChunk:  # pyright: ignore[reportIncompatibleMethodOverride] - tools are called by keyword
        return ToolChunk(content=[TextBlock(text=self._answers[place])])


async def agent_of(
    model: ScriptedChatModel, middleware: MiddlewareBase, *, answers: Sequence[str] = ()
) -> Agent:
    """Return a new agent with a memory, and a tool that returns these answers, if there are any."""
    tools: list[ToolBase] = [*await middleware.list_tools()]
    if answers:
        tools.append(_Lookup(answers))
    return Agent(
        name="Robin",
        system_prompt=SYSTEM,
        model=model,
        toolkit=Toolkit(tools=tools),
        middlewares=[middleware],
    )


def said(text: str, *, name: str = "Alice") -> Msg:
    """Return what somebody says."""
    return Msg(name=name, role="user", content=[TextBlock(text=text)])


def shown(name: str | None, caption: str, url: str = "https://example.org/file") -> Msg:
    """Return a file that Alice shows, with what she says of it."""
    source = URLSource(type="url", url=url, media_type="image/png")  # pyright: ignore[reportArgumentType] - it is made of a string
    file = DataBlock(source=source, name=name)
    return Msg(
        name="Alice", role="user", content=[file, *([TextBlock(text=caption)] if caption else [])]
    )


def calls(tool: str, *arguments: object) -> list[ToolCallBlock]:
    """Return an answer that calls a tool once with each of these."""
    return [
        ToolCallBlock(id=f"call-{place}", name=tool, input=json.dumps(each))
        for place, each in enumerate(arguments)
    ]


def prompts(model: ScriptedChatModel) -> list[Prompt]:
    """Return what a model was told, call by call."""
    return [[part for message in call for part in _parts(message)] for call in model.calls]


def _parts(message: Msg) -> Prompt:
    parts: Prompt = []
    for block in message.content:
        match block:
            case TextBlock(text=text):
                parts.append(("system" if message.role == "system" else "said", text))
            case HintBlock(hint=hint):
                where = "note" if message.name == "memory" else "hint of the framework"
                parts.append((where, hint if isinstance(hint, str) else str(hint)))
            case ToolResultBlock(output=output, name=name):
                told = output if isinstance(output, str) else _joined(output)
                parts.append((f"answer of {name}", told))
            case _:
                pass
    return parts


def _joined(blocks: Sequence[object]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, TextBlock))
