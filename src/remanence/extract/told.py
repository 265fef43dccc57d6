"""What a model is to answer when it is asked for facts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from remanence.extract.answers import Answer, absent_if_blank, as_list, lowered, one_line
from remanence.extract.dates import FORMS
from remanence.extract.drafts import Change
from remanence.types import FactKind

__all__ = ["ToldFact", "ToldFacts"]

_MOST_FACTS = 60
_UNSURE = 0.5
"""What is taken for a model's confidence if it doesn't tell."""


def _date(value: object) -> object:
    """Return a year that came as a number as text."""
    is_year = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_year else absent_if_blank(value)


def _change(value: object) -> object:
    change = lowered(value)
    return "states" if change is None else change


def _confidence(value: object) -> object:
    return _UNSURE if value is None else value


_Statement = Annotated[str, BeforeValidator(one_line), Field(min_length=1, max_length=2_000)]
_Kind = Annotated[FactKind, BeforeValidator(lowered)]
_Id = Annotated[str, BeforeValidator(lowered)]
_Ids = Annotated[list[_Id], BeforeValidator(as_list), Field(min_length=1)]
_Words = Annotated[str, Field(max_length=200)]
_Attribute = Annotated[_Words | None, BeforeValidator(absent_if_blank)]
_Date = Annotated[str | None, BeforeValidator(_date)]
_Confidence = Annotated[float, BeforeValidator(_confidence), Field(ge=0, le=1)]
_Change = Annotated[Change, BeforeValidator(_change)]


class ToldFact(Answer):
    """A fact as a model tells it."""

    statement: _Statement = Field(
        description="One sentence that stands by itself: names instead of pronouns, absolute dates."
    )
    kind: _Kind = Field(description="What kind of statement it is.")
    sources: _Ids = Field(
        description="Ids of the messages it was drawn from, at least one new one (e1, e2, ...)."
    )
    attribute: _Attribute = Field(
        default=None,
        description="Whose and what, if that has one value at a time, as 'maria: home city'.",
    )
    valid_from: _Date = Field(
        default=None, description=f"Since when it is true, if that was said: {FORMS}."
    )
    valid_until: _Date = Field(
        default=None,
        description="The last year, month or day in which it was true, if that was said.",
    )
    confidence: _Confidence = Field(
        default=_UNSURE, description="How sure it is that this was said and meant, 0 to 1."
    )
    change: _Change = Field(
        default="states",
        description="'ends': something is no longer so; 'corrects': it never was; else 'states'.",
    )


class ToldFacts(Answer):
    """All that a model tells at once."""

    facts: Annotated[list[ToldFact], Field(max_length=_MOST_FACTS)] = Field(
        description=f"What is worth remembering, {_MOST_FACTS} facts at most; empty if nothing is."
    )
