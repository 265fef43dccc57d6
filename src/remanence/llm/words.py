"""Asking in words for JSON, and finding it in what came."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, cast

from remanence.errors import BackendAnswerError
from remanence.llm.protocol import Question

__all__ = ["in_words", "object_in"]

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>|\A.*?^</think>\s*$", re.DOTALL | re.MULTILINE)
"""What some models thought, if they show it; where it begins, not all tell."""

_BEGIN = re.compile(r'\{\s*["}]|\[\s*[\[{]')
"""Where an object may begin, or an array of such things."""

_STEP = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)
"""A text between quotation marks, one that does not end, or a bracket."""


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


# Not strict: many models put line breaks into texts as they are.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse)


def in_words(question: Question) -> str:
    """Return a question's text with the request for an answer in JSON, by its schema."""
    schema = json.dumps(question.schema, ensure_ascii=False, default=dict)
    return (
        f"{question.text}\n\n"
        f"Answer with one JSON object ({question.name}) and nothing else: no comment, no heading. "
        f"It has to fit this JSON schema:\n\n{schema}"
    )


def object_in(text: str) -> dict[str, Any]:
    """Return the first JSON object in a text, whatever is said around it.

    What a model shows of its thinking doesn't count, nor do objects inside of an array, or of an
    object that is broken or breaks off: half an answer must not pass for a whole one.

    Raises:
        BackendAnswerError: There is none, or it breaks off.
    """
    thought = _THOUGHT.match(text)
    place = thought.end() if thought else 0
    while begin := _BEGIN.search(text, place):
        try:
            found, place = _DECODER.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            place = _end(text, begin.start())
            continue
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
    raise BackendAnswerError("the chat model's answer has no JSON object in it")


def _end(text: str, begin: int) -> int:
    """Return where what begins with a bracket ends, be it JSON or not.

    Raises:
        BackendAnswerError: It does not end.
    """
    depth = 0
    for step in _STEP.finditer(text, begin):
        if step[0] == '"':
            break
        if step[0] in "{[":
            depth += 1
        elif step[0] in "}]":
            depth -= 1
            if depth == 0:
                return step.end()
    raise BackendAnswerError("the chat model's answer breaks off before its JSON object ends")
