"""The terms of the ranking, and how each is switched off: by other constants in its modules.

Nothing in the package is made for this. A constant that is no longer there is an error, so that
the list can't fall behind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

__all__ = ["EVERYTHING", "TERMS", "Constant", "switched_off", "terms_of"]

EVERYTHING = "everything"
_RANK = "remanence.recall.rank"
_LEXICAL = "remanence.index.lexical"
_DENSE = "remanence.index.dense"
_HUGE = 1e9


@dataclasses.dataclass(frozen=True, slots=True)
class Constant:
    """A constant as it is while a term is off.

    Attributes:
        module: Where it is.
        name: What it is called.
        scale: What its value is multiplied with: 0, or something huge for a bound.
    """

    module: str
    name: str
    scale: float = 0.0


_ALONE = Constant(_LEXICAL, "_PRESENT")
_WORDS = (
    Constant(_LEXICAL, "_NEIGHBOUR_WEIGHTS"),
    Constant(_LEXICAL, "_QUESTION_WEIGHT"),
    _ALONE,
)
_VECTORS = (Constant(_DENSE, "_BLENDED"),)
TERMS: Mapping[str, Sequence[Constant]] = {
    EVERYTHING: (),
    "neighbours": (*_WORDS, *_VECTORS),
    "neighbours' words": _WORDS,
    "neighbours' vectors": _VECTORS,
    "a question's words for its answer": (
        Constant(_LEXICAL, "_QUESTION_WEIGHT"),
        Constant(_DENSE, "_QUESTION_WEIGHT"),
    ),
    "what turns get that stand alone": (_ALONE,),
    "the length of turns": (Constant(_LEXICAL, "_PIVOT_SLOPE"),),
    "the bound of length": (Constant(_LEXICAL, "_MOST_NORM", _HUGE),),
    "less room in long turns": (Constant(_LEXICAL, "_ROOM_LENGTH", _HUGE),),
    "the speaker named": (Constant(_RANK, "_SPEAKER_WEIGHT"),),
    "dates": (Constant(_RANK, "_DATE_WEIGHT"),),
    "words for a time": (Constant(_RANK, "_TIME_WEIGHT"),),
    "the role asked about": (Constant(_RANK, "_ROLE_WEIGHT"),),
    "recency": (Constant(_RANK, "_RECENT_WEIGHT"),),
    "news": (Constant(_RANK, "_NEWS"),),
}
"""What is switched off for each, by what it is called in tables."""


def terms_of(*, vectors: bool) -> list[str]:
    """Return the terms that there are, in a memory with vectors or without.

    Args:
        vectors: Whether there are vectors; without, each term of words is named once.
    """
    return [
        term
        for term, constants in TERMS.items()
        if vectors or (constants != _VECTORS and term != "neighbours")
    ]


@contextmanager
def switched_off(term: str) -> Generator[None]:
    """Switch a term off in this process, for memories that are opened meanwhile.

    Args:
        term: A key of :data:`TERMS`.

    Raises:
        AttributeError: The package has no such constant any more.
    """
    modules = [(import_module(each.module), each) for each in TERMS[term]]
    before = [getattr(module, each.name) for module, each in modules]
    try:
        for (module, each), value in zip(modules, before, strict=True):
            setattr(module, each.name, _scaled(value, each.scale))
        yield
    finally:
        for (module, each), value in zip(modules, before, strict=True):
            setattr(module, each.name, value)


def _scaled(value: Any, scale: float) -> Any:
    if isinstance(value, tuple):
        numbers = cast("tuple[float, ...]", value)
        return tuple(number * scale for number in numbers)
    if isinstance(value, float):
        return value * scale
    return (value * scale).astype(value.dtype)
