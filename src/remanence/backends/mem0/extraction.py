"""What a chat model answered when mem0 asked it for facts, looked at before mem0 is."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from remanence.backends.mem0.text import clean
from remanence.errors import BackendAnswerError

__all__ = ["facts_of"]

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_SHOWN = 120
"""How many characters of an answer an error quotes."""


def facts_of(answer: str) -> list[dict[str, Any]]:
    """Return the facts of an answer; an empty list if it says that there are none.

    mem0 takes whatever it can't read for an answer without facts, and so it does an empty answer,
    as newer versions of AgentScope make of one that was interrupted. A code fence, a
    ``<think>`` block, and words before and after the JSON are accepted, as mem0 does.

    Raises:
        BackendAnswerError: It is something else than facts.
    """
    data = _json_of(answer)
    facts = cast("dict[str, object]", data).get("memory") if isinstance(data, dict) else None
    if not isinstance(facts, list):
        raise _unreadable(answer, 'has no list of facts as "memory"')
    return [_fact(fact, answer) for fact in cast("list[object]", facts) if not _is_blank(fact)]


def _json_of(answer: str) -> object:
    """Return the JSON value in an answer: all of it, or what stands between its braces."""
    text = _THOUGHT.sub("", answer).strip()
    start, end = text.find("{"), text.rfind("}") + 1
    failure: ValueError | None = None
    for candidate in (text, text[start:end] if start >= 0 else ""):
        try:
            return json.loads(candidate, strict=False)
        except ValueError as error:
            failure = error
        except RecursionError as error:
            raise _unreadable(answer, "is nested too deeply") from error
    raise _unreadable(answer, "is not JSON") from failure


def _is_blank(fact: object) -> bool:
    if not isinstance(fact, dict):
        return False
    text = cast("dict[str, object]", fact).get("text")
    return isinstance(text, str) and not text.strip()


def _fact(fact: object, answer: str) -> dict[str, Any]:
    if not isinstance(fact, dict):
        raise _unreadable(answer, "has a fact that is no object")
    found = cast("dict[str, Any]", fact)
    if not isinstance(found.get("text"), str):
        raise _unreadable(answer, "has a fact without a text")
    return {**found, "text": clean(found["text"])}


def _unreadable(answer: str, problem: str) -> BackendAnswerError:
    shown = answer.strip()[:_SHOWN]
    return BackendAnswerError(f"what the chat model extracted for mem0 {problem}: {shown!r}")
