"""What may be given as an embedder."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union, cast

from remanence.embed.agentscope import AgentScopeEmbedder
from remanence.embed.local import LocalEmbedder
from remanence.embed.protocol import Embedder
from remanence.errors import InputError

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase

__all__ = ["Embeddable", "as_embedder"]

Embeddable: TypeAlias = Union[Embedder, "EmbeddingModelBase[Any]", Literal["local"], None]
"""An embedder, an embedding model of AgentScope, ``"local"``, or ``None`` for none."""

_MEMBERS = ("identity", "dimensions", "batch", "prepare", "embed_documents", "embed_query")
_FIX = 'give None, "local", a LocalEmbedder, an AgentScope embedding model or an Embedder'


def as_embedder(value: Embeddable) -> Embedder | None:
    """Return the embedder that a value stands for; nothing is loaded yet.

    Args:
        value: An embedder; an embedding model of AgentScope; ``"local"`` for
            :class:`~remanence.embed.local.LocalEmbedder` with its default model; or ``None``.

    Returns:
        The embedder, or ``None`` for none.

    Raises:
        InputError: The value is something else.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if value == "local":
            return LocalEmbedder()
        raise InputError(
            "embedder", f"is {value!r}", f"{_FIX}; a model's name is a LocalEmbedder's"
        )
    if _is_agentscope(value):
        return AgentScopeEmbedder(cast("EmbeddingModelBase[Any]", value))
    # Looked up without being computed: what an embedder is called may take a model to know.
    missing = [name for name in _MEMBERS if not _has(value, name)]
    if missing or isinstance(value, type):
        if isinstance(value, type):
            name = value.__name__
            raise InputError("embedder", f"is the class {name}", f"make one: {name}(…)")
        raise InputError("embedder", f"{type(value).__name__} lacks {', '.join(missing)}", _FIX)
    return cast("Embedder", value)


def _is_agentscope(value: object) -> bool:
    """Tell whether a value is a model of AgentScope's, without importing it."""
    return any(
        kind.__name__ == "EmbeddingModelBase" and kind.__module__.partition(".")[0] == "agentscope"
        for kind in type(value).__mro__
    )


def _has(value: object, name: str) -> bool:
    return inspect.getattr_static(value, name, None) is not None
