"""A chat model as a reader: it finds facts in messages, and tells what is in doubt about them."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

from remanence.errors import BackendAnswerError, BackendError, BackendRefusedError
from remanence.extract.drafts import Draft
from remanence.extract.reading import findings_of, reading_question
from remanence.extract.reconcile import (
    Doubt,
    Verdict,
    merged,
    verdicts_of,
    weigh,
    weighing_question,
)
from remanence.extraction.weighing import Weighing
from remanence.llm.protocol import ChatModel, Completion, Question, Usage
from remanence.store.extraction import Expense
from remanence.store.protocol import Store
from remanence.telemetry import Faults, count
from remanence.types import Episode, Fact, Scope

__all__ = ["Nearest", "Reader", "waited"]

waited: ContextVar[float] = ContextVar("waited", default=0.0)
"""How many seconds a task has waited for a model's answers."""

_CALL_SECONDS = 120.0

Nearest = Callable[[Scope, Sequence[Draft]], Awaitable[list[list[Fact]]]]
"""Finds for drafts the known facts that are nearest to each, best first."""


class Reader:
    """Asks a model, checks its answers, and writes down what that cost.

    Args:
        model: The model.
        store: Where the cost is kept.
        nearest: Finds what a draft is to be compared with.
        faults: Where it is counted, as ``expense``, if the cost can't be kept.
    """

    def __init__(self, model: ChatModel, store: Store, *, nearest: Nearest, faults: Faults) -> None:
        """Keep the parts."""
        self._model = model
        self._store = store
        self._nearest = nearest
        self._faults = faults

    async def read(
        self, new: Sequence[Episode], before: Sequence[Episode], *, refused: str | None = None
    ) -> list[Draft]:
        """Return what the model finds in messages, each statement once.

        Args:
            new: The messages.
            before: What was said right before, for context.
            refused: Why its last answer could not be used, or ``None``.

        Raises:
            BackendUnavailableError: The model can't be reached.
            BackendAnswerError: Its answer is of no use.
            BackendError: It failed, took too long, or refused.
        """
        # In threads: whoever waits for the event loop has nothing to do with what is read.
        question = await asyncio.to_thread(reading_question, new, before, refused=refused)
        answer = await self._ask(question)
        findings = await asyncio.to_thread(findings_of, answer, new, before)
        count("facts", findings.dropped, became="dropped")
        return merged(findings.drafts)

    async def weigh(self, scope: Scope, drafts: Sequence[Draft], *, now: dt.datetime) -> Weighing:
        """Decide what becomes of drafts: by rule where that can be, by the model for the rest.

        Args:
            scope: Where the facts are to belong; only what is known there is compared.
            drafts: The drafts.
            now: The time.

        Raises:
            BackendError: As for :meth:`read`; that the answer is of no use counts as a failure.
        """
        weighing = Weighing(scope, drafts, now)
        nearest = await self._nearest(scope, drafts) if drafts else []
        await asyncio.to_thread(_weigh_all, weighing, nearest)
        doubts = weighing.doubts()
        if doubts:
            weighing.settle(await self._verdicts(doubts))
        return weighing

    async def _verdicts(self, doubts: Sequence[Doubt]) -> list[Verdict]:
        """Have the model compare what is in doubt; told what was wrong, it may answer once more."""
        try:
            return verdicts_of(await self._ask(weighing_question(doubts)), doubts)
        except BackendAnswerError as error:
            question = weighing_question(doubts, refused=str(error))
        try:
            return verdicts_of(await self._ask(question), doubts)
        except BackendAnswerError as error:
            raise BackendError(str(error)) from error

    async def _ask(self, question: Question) -> object:
        expense = Expense(1, 0, 0)
        began = time.monotonic()
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                completion = await _asked(self._model, question)
        except TimeoutError as error:
            raise BackendError(f"the chat model took longer than {_CALL_SECONDS:g} s") from error
        except BackendRefusedError as error:  # it may take less, so that it is not over yet
            raise BackendError(str(error)) from error
        else:
            usage = completion.usage
            expense = Expense(usage.calls, usage.input_tokens, usage.output_tokens)
            return completion.data
        finally:
            waited.set(waited.get() + time.monotonic() - began)
            try:
                await self._store.extraction.spend(expense)
            except Exception as error:  # what is found is worth more than its price
                self._faults.record("expense", error)


async def _asked(model: ChatModel, question: Question) -> Completion:
    """Ask a model, of which nobody knows yet whether it is one.

    Raises:
        BackendAnswerError: What it returned is no answer of a chat model.
    """
    answer: Any = model.ask(question)
    if not inspect.isawaitable(answer):
        name = type(answer).__name__
        raise BackendAnswerError(
            f"chat_model: ask returned {name} without being awaited; make it 'async def ask'"
        )
    completion: Any = await answer
    if not isinstance(completion, Completion):
        name = type(completion).__name__
        raise BackendAnswerError(f"chat_model: ask returned {name}; return a Completion")
    usage: Any = completion.usage
    if not isinstance(usage, Usage):
        name = type(usage).__name__
        raise BackendAnswerError(f"chat_model: a Completion's usage is {name}; give it a Usage")
    return completion


def _weigh_all(weighing: Weighing, nearest: Sequence[Sequence[Fact]]) -> None:
    """Weigh drafts, one after the other, by rule."""
    for draft, known in zip(weighing.drafts, nearest, strict=True):
        weighing.weighed.append(weigh(draft, weighing.candidates(known)))
