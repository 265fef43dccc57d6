"""What may be given as a chat model."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, TypeAlias, Union, cast

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


def as_chat_model(value: Askable) -> ChatModel | None:
    """Return the chat model that a value stands for; it is asked nothing yet.

    Args:
        value: A chat model; a chat model of AgentScope; or ``None``.

    Returns:
        The chat model, or ``None`` for none.

    Raises:
        InputError: The value is something else.
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
    return cast("ChatModel", value)


def _is_agentscope(value: object) -> bool:
    """Tell whether a value is a model of AgentScope's, without importing it."""
    return any(
        kind.__name__ == "ChatModelBase" and kind.__module__.partition(".")[0] == "agentscope"
        for kind in type(value).__mro__
    )
