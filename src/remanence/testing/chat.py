"""A chat model that needs no model, and no AgentScope: it answers as it is told to."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias

from remanence.errors import BackendAnswerError, BackendError
from remanence.llm.protocol import Completion, Question, Usage
from remanence.recall.tokens import estimate_tokens

__all__ = ["Planned", "Planning", "ScriptedModel"]

Planned: TypeAlias = Mapping[str, Any] | BaseException
"""An answer, or what to raise in its place."""

Planning: TypeAlias = Callable[[Question], Planned | Awaitable[Planned]]
"""Decides about the answer when it is asked."""


class ScriptedModel:
    """Gives the answers it was given, one a question; fulfils :class:`remanence.llm.ChatModel`.

    Args:
        answers: Answers, exceptions to raise, or functions that are given the question and return
            one of these; or one such function for all questions. A function may be a coroutine
            function. Asked more than there are answers, it raises a
            :class:`~remanence.errors.BackendError` that says so; what is no answer in JSON, a
            :class:`~remanence.errors.BackendAnswerError`.
        identity: What tells it apart.

    Attributes:
        identity: What tells it apart.
        questions: What it was asked, in order, whatever came of it.
    """

    def __init__(
        self, answers: Iterable[Planned | Planning] | Planning = (), *, identity: str = "scripted"
    ) -> None:
        """Keep the script."""
        self.identity = identity
        self.questions: list[Question] = []
        self._next: Callable[[], Planned | Planning]
        if callable(answers):
            self._next = lambda: answers
        else:
            script = iter(answers)
            self._next = lambda: next(script, BackendError("the script has no more answers"))

    async def ask(self, question: Question) -> Completion:
        """Return what comes next in the script, with the tokens that it is about."""
        self.questions.append(question)
        planned = self._next()
        if callable(planned):
            planned = planned(question)
            if inspect.isawaitable(planned):
                planned = await planned
        if isinstance(planned, BaseException):
            raise planned
        text = _json(planned)
        asked = f"{question.system}\n{question.text}\n{json.dumps(question.schema, default=dict)}"
        usage = Usage(input_tokens=estimate_tokens(asked), output_tokens=estimate_tokens(text))
        return Completion(json.loads(text), usage)


def _json(planned: object) -> str:
    """Return an answer as JSON.

    Raises:
        BackendAnswerError: It is none.
    """
    if not isinstance(planned, Mapping):
        name = type(planned).__name__
        raise BackendAnswerError(f"the scripted model answered {name}, no JSON object")
    try:
        return json.dumps(planned, ensure_ascii=False, allow_nan=False, default=dict)
    except (TypeError, ValueError) as error:
        raise BackendAnswerError("the scripted model's answer is no JSON") from error
