"""What the framework's messages say, as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from agentscope.message import DataBlock, Msg, TextBlock, URLSource

from remanence.unseen import without_unseen

__all__ = ["BETWEEN_BLOCKS", "heard_text", "messages_of", "reference", "spoken_text"]

BETWEEN_BLOCKS = "\n"

_LONGEST_NAME = 200
_INSIDE = str.maketrans("[]'\"", "()\u2019\u2019")
_ADDRESS = re.compile(r"[\s\[\]<>'\"]")


def spoken_text(message: Msg) -> str:
    """Return what a message says: its texts, and references in place of its attachments.

    Hints, thoughts and tool calls are not said; a message of nothing else gives an empty text.
    """
    parts: list[str] = []
    for block in message.content:
        if isinstance(block, TextBlock):
            parts.append(block.text)
        elif isinstance(block, DataBlock):
            url = str(block.source.url) if isinstance(block.source, URLSource) else None
            parts.append(reference(block.source.media_type, name=block.name, url=url))
    return BETWEEN_BLOCKS.join(part for part in parts if part.strip())


def reference(media_type: str, *, name: str | None = None, url: str | None = None) -> str:
    """Return what stands for an attachment in a text: its name, its type, and where it is.

    Nothing in these can end it: in a name, brackets are round and quotation marks are apostrophes,
    and what is longer than 200 characters is cut. An address has none of them, and no blanks.
    """
    called = _plain(name or "")
    if len(called) > _LONGEST_NAME:
        called = f"{called[: _LONGEST_NAME - 1].rstrip()}…"
    named = f" '{called}'" if called else ""
    where = f" at {_ADDRESS.sub(_percent, without_unseen(url))}" if url else ""
    return f"[attachment{named} of type {_plain(media_type)}{where}]"


def _plain(text: str) -> str:
    return " ".join(without_unseen(text).translate(_INSIDE).split())


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def messages_of(inputs: object) -> Sequence[Msg]:
    """Return the messages among the inputs of a reply; none if those are something else."""
    if isinstance(inputs, Msg):
        return [inputs]
    if isinstance(inputs, list):
        items = cast("list[object]", inputs)
        return [item for item in items if isinstance(item, Msg)]
    return []


def heard_text(inputs: object) -> str:
    """Return what the inputs of a reply say, as one text; empty if they are no messages."""
    return "\n".join(text for text in map(spoken_text, messages_of(inputs)) if text)
