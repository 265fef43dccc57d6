"""Which messages of a conversation were the last that its user saw, and what they say."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from remanence.types import Role

__all__ = ["Said", "branch", "is_object", "said", "time_of"]

_PASSED_OVER = frozenset(
    (
        "thoughts",
        "reasoning_recap",
        "user_editable_context",
        "model_editable_context",
        "execution_output",
        "system_error",
        "tether_browsing_code",
        "tether_browsing_display",
        "tether_quote",
        "sonic_webpage",
    )
)
"""What is no word of the two: how a model came to its answer, what tools said, and settings."""
_MARKERS = {
    "image_asset_pointer": "[image]",
    "audio_asset_pointer": "[audio]",
    "real_time_user_audio_video_asset_pointer": "[audio]",
    "video_container_asset_pointer": "[video]",
}
_EVERYBODY = "all"


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A message of a branch.

    Attributes:
        role: Who says it.
        content: What is said.
        at: When, if that is told.
        id: Its id.
        metadata: What else is known.
    """

    role: Role
    content: str
    at: dt.datetime | None
    id: str | None
    metadata: dict[str, Any]


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value was a JSON object."""
    return isinstance(value, dict)


def branch(conversation: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Return the nodes of the branch that was shown last, from its beginning.

    Where a conversation does not tell which that was, it is the one with the latest message.

    Returns:
        The names of the nodes, and what is wrong with the branch, if something is.
    """
    nodes: Mapping[str, Any] = conversation["mapping"]
    node: object = conversation.get("current_node")
    if not isinstance(node, str) or node not in nodes:
        node = _latest(nodes)
    path: list[str] = []
    seen: set[str] = set()
    trouble = None
    while isinstance(node, str):
        if node in seen:
            trouble = f"its branch comes back to {node!r}: what is before that is not known"
            break
        if not is_object(nodes.get(node)):
            trouble = f"its branch breaks off at {node!r}, which is missing"
            break
        seen.add(node)
        path.append(node)
        node = nodes[node].get("parent")
    return path[::-1], trouble


def _latest(nodes: Mapping[str, Any]) -> str | None:
    """Return the node with the latest message; of equals the last one."""
    latest: tuple[float, str] | None = None
    for name, node in nodes.items():
        message = node.get("message") if is_object(node) else None
        if is_object(message):
            at = time_of(message.get("create_time"))
            stamp = -math.inf if at is None else at.timestamp()
            if latest is None or stamp >= latest[0]:
                latest = stamp, name
    return None if latest is None else latest[1]


def said(node: Mapping[str, Any]) -> Said | str | None:
    """Return what a node says to the other of the two.

    Returns:
        The message; ``None`` where there is none, or none that the two said to one another; or why
        it can't be understood.
    """
    message = node.get("message")
    if not is_object(message):
        return None
    author, content, metadata = (
        told if is_object(told := message.get(name)) else {}
        for name in ("author", "content", "metadata")
    )
    role, kind = author.get("role"), content.get("content_type")
    is_to_a_tool = message.get("recipient", _EVERYBODY) not in (_EVERYBODY, None)
    is_hidden = metadata.get("is_visually_hidden_from_conversation") is True
    is_passed_over = isinstance(kind, str) and kind in _PASSED_OVER
    if role not in ("user", "assistant") or is_passed_over or is_to_a_tool or is_hidden:
        return None
    if kind not in ("text", "multimodal_text", "code"):
        is_told = kind is None or isinstance(kind, str)
        return f"content_type: is {repr(kind) if is_told else 'no text'}, which is not known here"
    text = _text(content)
    if not text.strip():
        return None
    told_id = message.get("id")
    return Said(
        role=role,
        content=text,
        at=time_of(message.get("create_time")),
        id=told_id if isinstance(told_id, str) and told_id else None,
        metadata=_metadata(metadata),
    )


def time_of(value: object) -> dt.datetime | None:
    """Return the time that seconds since 1970 tell; ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=value)
    except (OverflowError, ValueError):
        return None


def _text(content: Mapping[str, Any]) -> str:
    if content.get("content_type") == "code":
        text = content.get("text")
        return text if isinstance(text, str) else ""
    parts = _list(content.get("parts"))
    is_transcribed = any(
        is_object(part) and part.get("content_type") == "audio_transcription" for part in parts
    )
    texts = [_part(part, is_transcribed=is_transcribed) for part in parts]
    return "\n".join(text for text in texts if text.strip())


def _part(part: object, *, is_transcribed: bool) -> str:
    if isinstance(part, str):
        return part
    if not is_object(part):
        return ""
    kind = part.get("content_type")
    text = part.get("text")
    if isinstance(text, str):
        return text
    marker = _MARKERS.get(str(kind), "[attachment]")
    return "" if marker == "[audio]" and is_transcribed else marker


def _metadata(told: Mapping[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    model = told.get("model_slug")
    if isinstance(model, str) and model:
        metadata["model"] = model
    attachments = [item.get("name") for item in _list(told.get("attachments")) if is_object(item)]
    names = [name for name in attachments if isinstance(name, str)]
    if names:
        metadata["attachments"] = names
    return metadata


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
