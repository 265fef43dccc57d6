"""What a note is made of: recollections, what was said around them, and what is told of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from remanence.types import Recollection

__all__ = ["Around", "Cost", "Packed", "Quotation"]


@dataclasses.dataclass(frozen=True, slots=True)
class Around:
    """What was said around a turn, in its session.

    Attributes:
        before: The turns before it, in order; the last one is next to it.
        after: The turns after it, in order; the first one is next to it.
        position: Its place in the session, from 0.
    """

    before: tuple[Recollection, ...] = ()
    after: tuple[Recollection, ...] = ()
    position: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Quotation:
    """What a note tells of one recollection.

    Attributes:
        recollection: The recollection; of something repeated, the latest one.
        text: Its text, or a passage of it with ``…`` where something is missing.
        times: How often it was found.
        found: Whether it was found, or only belongs to something that was.
    """

    recollection: Recollection
    text: str
    times: int = 1
    found: bool = True


Cost = Callable[[Sequence[Quotation], int], int]
"""Returns how many tokens a note is that tells quotations in this order, and how many more were
left out; with everything around them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Packed:
    """What goes into a note.

    Attributes:
        items: What it tells, oldest first.
        left_out: How many more were found; those that repeat another one don't count.
        tokens: How many tokens the note is; 0 where it tells nothing.
    """

    items: tuple[Quotation, ...]
    left_out: int
    tokens: int
