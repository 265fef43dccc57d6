import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from remanence import InputError
from remanence.llm import AgentScopeChatModel, Completion, Question, Usage
from remanence.llm.choosing import as_chat_model
from remanence.testing.chat import ScriptedModel


class _Lazy:
    """Knows what it is called only when it is asked, and can't tell yet."""

    @property
    def identity(self) -> str:
        raise AssertionError("asked before it was needed")

    async def ask(self, question: Question) -> Completion:
        return Completion({}, Usage())


class _Half:
    identity = "half"


class _Plain:
    identity = "plain"

    def ask(self, question: Question) -> Completion:
        return Completion({}, Usage())


class _Promising:
    identity = "promising"

    def ask(self, question: Question) -> Awaitable[Completion]:
        return _Lazy().ask(question)


class _Slotted:
    __slots__ = ("identity",)

    def __init__(self, identity: object) -> None:
        self.identity = identity

    async def ask(self, question: Question) -> Completion:
        return Completion({}, Usage())


class _Method(_Slotted):
    __slots__ = ()

    def identity(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - that is the mistake
        return "method"

    def __init__(self) -> None:
        pass


class _Number(_Half):
    ask = 7


class _Callable(_Half):
    """Its ``ask`` is an object that can be called; nobody can tell what comes of that."""

    def __init__(self, ask: object) -> None:
        self.ask = ask


class _Static(_Half):
    @staticmethod
    async def ask(question: Question) -> Completion:
        return Completion({}, Usage())


def _traced(ask: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(ask)
    def call(*arguments: Any) -> Any:
        return ask(*arguments)

    return call


def _threaded(ask: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(ask)
    async def call(*arguments: Any) -> Any:
        return await asyncio.to_thread(ask, *arguments)

    return call


class _Traced(_Half):
    ask = _traced(_Lazy.ask)


class _Threaded(_Half):
    ask = _threaded(_Plain.ask)


def test_none_is_none() -> None:
    assert as_chat_model(None) is None


def test_a_chat_model_is_itself() -> None:
    for model in (ScriptedModel(), _Lazy(), _Promising(), _Slotted("its name"), _Static()):
        assert as_chat_model(cast("Any", model)) is model


@pytest.mark.parametrize(
    "model",
    [
        _Traced(),
        _Threaded(),
        _Callable(functools.partial(_Lazy().ask)),
        _Callable(_Lazy().ask),
        _Callable(AsyncMock()),
    ],
)
def test_what_may_be_one_is_let_through(model: Any) -> None:
    assert as_chat_model(model) is model


@pytest.mark.agentscope
def test_a_model_of_agentscope_becomes_a_chat_model() -> None:
    pytest.importorskip("agentscope")
    from remanence.testing.models import ScriptedChatModel

    model = as_chat_model(ScriptedChatModel())
    assert isinstance(model, AgentScopeChatModel)
    assert as_chat_model(model) is model


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("gpt-4o-mini", "is 'gpt-4o-mini'"),
        (7, "int lacks identity, ask"),
        (_Half(), "_Half lacks ask;"),
        (_Plain(), "_Plain.ask is no coroutine function; write 'async def ask"),
        (_Callable(functools.partial(_Plain().ask)), "_Callable.ask is no coroutine function"),
        (_Number(), "_Number.ask is int"),
        (_Slotted(""), "_Slotted.identity has 0 characters; make it a text of 1 to 256"),
        (_Slotted("x" * 257), "_Slotted.identity has 257 characters"),
        (_Slotted(7), "_Slotted.identity is int"),
        (_Method(), "_Method.identity is a method"),
        (ScriptedModel, "is the class ScriptedModel; make one: ScriptedModel(…)"),
    ],
)
def test_anything_else_is_refused(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=r"^chat_model: ") as failed:
        as_chat_model(value)
    assert said in str(failed.value)
