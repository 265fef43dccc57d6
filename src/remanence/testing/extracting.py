"""Answers to mem0's question for facts that need no model."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from remanence.errors import MissingExtraError

try:
    from agentscope.message import Msg
except ImportError as error:
    raise MissingExtraError("agentscope", "An answer for AgentScope's chat models") from error

__all__ = ["facts_answer", "is_extraction", "said_in", "verbatim_facts"]

_ROLE = "You are a Memory Extractor"
_MESSAGES = re.compile(r"^## New Messages\n(.*?)\n+## Observation Date$", re.DOTALL | re.MULTILINE)
_SPEAKER = re.compile(r"^(?:user|assistant): ", re.MULTILINE)


def is_extraction(messages: Sequence[Msg]) -> bool:
    """Return whether a chat model was asked by mem0 for the facts of an exchange."""
    return any(
        message.role == "system" and _ROLE in (message.get_text_content() or "")
        for message in messages
    )


def said_in(messages: Sequence[Msg]) -> list[str]:
    """Return what user and assistant said in the exchange that mem0 asks about, word for word."""
    for message in reversed(messages):
        if section := _MESSAGES.search(message.get_text_content() or ""):
            parts = _SPEAKER.split(section[1] + "\n")[1:]
            return [part.removesuffix("\n") for part in parts]
    return []


def facts_answer(*facts: str) -> str:
    """Return the answer that tells mem0 these facts."""
    return json.dumps({"memory": [{"id": str(n), "text": fact} for n, fact in enumerate(facts)]})


def verbatim_facts(messages: Sequence[Msg]) -> str:
    """Answer mem0 with each message of the exchange as a fact of its own, word for word.

    So mem0 keeps what was said as it was said, and a test can tell what it has to find. Give it to
    a :class:`~remanence.testing.models.ScriptedChatModel` as its answers.
    """
    return facts_answer(*said_in(messages))
