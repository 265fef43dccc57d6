"""What may be given as a chat model."""

from __future__ import annotations

import functools
import inspect
import re
import types
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

from remanence.errors import InputError
from remanence.llm.agentscope import AgentScopeChatModel
from remanence.llm.protocol import ChatModel

if TYPE_CHECKING:
    from agentscope.model import ChatModelBase

__all__ = ["Askable", "as_chat_model"]

Askable: TypeAlias = Union[ChatModel, "ChatModelBase", None]
"""A chat model, a chat model of AgentScope, or ``None`` for none."""

_MEMBERS = ("identity", "ask")
_FIX = "give None, an AgentScope chat model or a ChatModel"
_MOST_CHARS = 256

_PARTIAL: tuple[type[Any], ...] = (functools.partial, functools.partialmethod)
_AROUND: tuple[type[Any], ...] = (*_PARTIAL, staticmethod, classmethod, types.MethodType)
"""What only passes calls on to a function."""

_AWAITABLE = re.compile(r"Awaitable|Coroutine|Future|Task")
"""In the annotation of what a function returns, that it has to be awaited."""


def as_chat_model(value: Askable) -> ChatModel | None:
    """Return the chat model that a value stands for; it is asked nothing yet.

    Args:
        value: A chat model; a chat model of AgentScope; or ``None``.

    Returns:
        The chat model, or ``None`` for none.

    Raises:
        InputError: The value is something else, as far as that can be told without asking it.
    """
    if value is None:
        return None
    if isinstance(value, str):
        raise InputError("chat_model", f"is {value!r}", f"{_FIX}; a name alone is not enough")
    if isinstance(value, type):
        name = value.__name__
        raise InputError("chat_model", f"is the class {name}", f"make one: {name}(…)")
    if _is_agentscope(value):
        return AgentScopeChatModel(cast("ChatModelBase", value))
    # Looked up without being computed, as it is none of this function's business.
    missing = [name for name in _MEMBERS if inspect.getattr_static(value, name, None) is None]
    if missing:
        raise InputError("chat_model", f"{type(value).__name__} lacks {', '.join(missing)}", _FIX)
    _check_ask(value)
    _check_identity(value)
    return cast("ChatModel", value)


def _check_ask(value: object) -> None:
    """Refuse a model whose ``ask`` surely can't be awaited; whatever may be is let through."""
    ask: Any = inspect.getattr_static(value, "ask")
    while isinstance(ask, _AROUND):
        ask = getattr(ask, "func" if isinstance(ask, _PARTIAL) else "__func__")
    if callable(ask):
        ask = inspect.unwrap(ask, stop=inspect.iscoroutinefunction)
    if inspect.isfunction(ask):
        answers = str(ask.__annotations__.get("return", ""))
        if inspect.iscoroutinefunction(ask) or _AWAITABLE.search(answers):
            return
        told = "is no coroutine function"
    elif callable(ask) or _is_computed(ask):
        return
    else:
        told = f"is {type(ask).__name__}"
    problem = f"{type(value).__name__}.ask {told}"
    raise InputError("chat_model", problem, "write 'async def ask(self, question)'")


def _is_computed(found: object) -> bool:
    """Tell whether what a class has under a name only makes what its objects have there."""
    return hasattr(type(found), "__get__")


def _check_identity(value: object) -> None:
    """Refuse a model whose identity is no name, if it can be looked at without computing it."""
    identity: Any = inspect.getattr_static(value, "identity")
    if isinstance(identity, types.MemberDescriptorType):
        identity = getattr(value, "identity", None)
    elif _is_computed(identity) and not inspect.isfunction(identity):
        return
    if isinstance(identity, str) and 0 < len(identity) <= _MOST_CHARS:
        return
    if isinstance(identity, str):
        told = f"has {len(identity):,} characters"
    else:
        told = f"is {'a method' if inspect.isfunction(identity) else type(identity).__name__}"
    raise InputError(
        "chat_model",
        f"{type(value).__name__}.identity {told}",
        f"make it a text of 1 to {_MOST_CHARS} characters, as a field or a property",
    )


def _is_agentscope(value: object) -> bool:
    """Tell whether a value is a model of AgentScope's, without importing it."""
    return any(
        kind.__name__ == "ChatModelBase" and kind.__module__.partition(".")[0] == "agentscope"
        for kind in type(value).__mro__
    )
