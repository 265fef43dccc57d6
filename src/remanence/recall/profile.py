"""What is known of a user, as a few lines: the current facts that tell most, within a budget."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

from remanence.types import Fact

__all__ = ["is_current", "profile"]

_KINDS = (
    "profile",
    "relationship",
    "preference",
    "instruction",
    None,
    "plan",
    "procedure",
    "event",
)
_MISSING = len(_KINDS)
_MISSES = 20
"""After so many in a row that don't fit, the lines are taken to be full."""


def is_current(fact: Fact, now: dt.datetime) -> bool:
    """Return whether a fact holds, or will: nobody has said otherwise, or only of later."""
    over = fact.valid_until is not None and fact.valid_until <= now
    return not over and fact.ending != "corrected"


def profile(
    facts: Iterable[Fact], *, now: dt.datetime, budget: int, count: Callable[[str], int]
) -> str:
    """Return the current facts as lines, each with its date where one is known.

    Who somebody is comes first, then whom they know, what they like, what they asked for, their
    plans, how they do things, and what happened. Within each, what the user said here comes first,
    then what was found most often, then what is surest, then what is latest. What a tool said is
    left out, and so are instructions that the user didn't give here: they have no place in what an
    agent is told before it is asked anything.

    Args:
        facts: What is known.
        now: The time.
        budget: How many tokens the lines are at most.
        count: Counts the tokens of a text.

    Returns:
        The lines; empty when there are none, or not even one fits.
    """
    current = [fact for fact in facts if is_current(fact, now) and _is_told(fact)]
    lines: list[str] = []
    missed = 0
    for fact in sorted(current, key=_order):
        if count("\n".join([*lines, _line(fact, now)])) <= budget:
            lines.append(_line(fact, now))
            missed = 0
        elif (missed := missed + 1) == _MISSES:
            break
    return "\n".join(lines)


def _is_told(fact: Fact) -> bool:
    if fact.kind == "instruction":
        return fact.stated_by in (None, "user") and not fact.imported
    return fact.stated_by not in ("tool", "system")


def _order(fact: Fact) -> tuple[int, bool, int, float, float]:
    kind = _KINDS.index(fact.kind) if fact.kind in _KINDS else _MISSING
    sure = 1.0 if fact.confidence is None else fact.confidence
    told_by_others = fact.imported or fact.stated_by not in (None, "user")
    return kind, told_by_others, -len(fact.sources), -sure, -fact.at.timestamp()


def _line(fact: Fact, now: dt.datetime) -> str:
    notes: list[str] = []
    if fact.valid_from is not None:
        word = "since" if fact.valid_from <= now else "from"
        notes.append(f"{word} {fact.valid_from:%Y-%m-%d}")
    if fact.valid_until is not None:
        notes.append(f"until {fact.valid_until:%Y-%m-%d}")
    if fact.stated_by == "assistant":
        notes.append("as the assistant said")
    if fact.imported:
        notes.append("from an import")
    text = " ".join(fact.text.split())
    return f"- {text} ({', '.join(notes)})" if notes else f"- {text}"
