"""A fact as a model told it, checked, before anybody has compared it with what is known."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal

from remanence.types import FactKind, Role

__all__ = ["Change", "Draft"]

Change = Literal["states", "ends", "corrects"]


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """A fact as a model told it, checked.

    Attributes:
        statement: One line, 1 to 2,000 characters.
        kind: What kind of statement it is.
        sources: The ids of the episodes that it was drawn from together, in their order; at least
            one of them is new.
        stated_by: The least trusted role among these.
        at: When it was stated: the time of the latest new one of these.
        attribute: Whose and what, where that has one value at a time, in the form that
            :func:`~remanence.extract.sameness.attribute_key` gives.
        valid_from: Since when it is true, if that was said.
        valid_until: Until when it was true, that moment excluded, if that was said.
        confidence: How sure the model was, 0 to 1.
        change: ``ends`` if it tells that something isn't so any more, ``corrects`` that it never
            was, ``states`` anything else.
        begins_by: Where ``valid_from`` is the start of a year, month or day that was named, the
            end of that: it became true somewhere in between.
        repeated_by: Episodes that say the same and are trusted less, each group as a draft's
            sources. They may confirm the fact; as sources of it they would lower its trust.
        imported: Whether any of its sources comes from a file.
    """

    statement: str
    kind: FactKind
    sources: tuple[str, ...]
    stated_by: Role
    at: dt.datetime
    attribute: str | None
    valid_from: dt.datetime | None
    valid_until: dt.datetime | None
    confidence: float
    change: Change
    begins_by: dt.datetime | None = None
    repeated_by: tuple[tuple[str, ...], ...] = ()
    imported: bool = False
