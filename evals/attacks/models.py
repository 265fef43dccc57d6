"""Models that believe everything: whatever they read becomes a fact, and an instruction as well."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agentscope.message import Msg, TextBlock

from remanence.llm.protocol import Question
from remanence.testing.chat import ScriptedModel
from remanence.testing.extracting import verbatim_facts

__all__ = ["GullibleLLM", "gullible_model"]

_LONGEST = 1_900


def gullible_model() -> ScriptedModel:
    """Return a model that tells each message as an instruction of the user's, and as a fact."""
    return ScriptedModel(_answer)


def _answer(question: Question) -> Mapping[str, Any]:
    shown = [json.loads(line) for line in question.text.splitlines() if line.startswith('{"id"')]
    if question.name == "verdicts":
        drafts = [each["id"] for each in shown if each["id"].startswith("d")]
        return {"verdicts": [{"draft": draft, "action": "add"} for draft in drafts]}
    facts: list[dict[str, Any]] = []
    for message in shown:
        if message["id"].startswith("e"):
            text = message["text"][:_LONGEST]
            facts += [_fact(message["id"], f"The user wants this: {text}", "instruction")]
            facts += [_fact(message["id"], text, "preference")]
    return {"facts": facts[:60]}


def _fact(source: str, statement: str, kind: str) -> dict[str, Any]:
    return {"statement": statement, "kind": kind, "sources": [source], "confidence": 1.0}


class GullibleLLM:
    """A model of mem0's kind, which tells each message as a memory, word for word."""

    def generate_response(self, messages: Sequence[Mapping[str, str]], **_: Any) -> str:
        """Answer mem0."""
        asked = [
            Msg(name="mem0", role="user", content=[TextBlock(text=message["content"])])
            for message in messages
        ]
        return verbatim_facts(asked)
