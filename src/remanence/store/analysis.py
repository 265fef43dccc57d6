"""What search indexes need to know of texts."""

from __future__ import annotations

import dataclasses

__all__ = ["Analysis", "Reanalysis", "StaleText"]


@dataclasses.dataclass(frozen=True, slots=True)
class Analysis:
    """What a search index needs to know of a text.

    Attributes:
        terms: The index terms in their order, separated by single spaces.
        asks: Whether the text ends with a question.
        version: The version of the analyser that found this.
    """

    terms: str
    asks: bool
    version: int


@dataclasses.dataclass(frozen=True, slots=True)
class StaleText:
    """An item that an older analyser read, with its text."""

    seq: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Reanalysis:
    """The new terms of an item."""

    seq: int
    analysis: Analysis
