"""What becomes of a draft, and of the facts whose place it takes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Literal

from remanence.extract.drafts import Draft
from remanence.extract.periods import begin, is_ahead, reach
from remanence.extract.trust import distrust
from remanence.types import Ending, Fact

__all__ = ["Action", "Doubt", "Verdict", "bounded", "may_replace", "superseding"]

Action = Literal["add", "confirm", "supersede", "ignore"]


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a draft.

    Attributes:
        draft: The draft, with an end of its own where what is known gives it one.
        action: ``add`` makes a fact of it, ``confirm`` lets known facts rest on its sources as
            well, ``supersede`` makes a fact of it that takes the place of known ones, ``ignore``
            does nothing.
        known: The facts that are confirmed or superseded; empty otherwise.
        ending: How these end, for ``supersede``.
        until: Until when these were true, if they ``ended``; after each of them began.
        reason: Why, in a few words that quote nothing.
    """

    draft: Draft
    action: Action
    known: tuple[Fact, ...] = ()
    ending: Ending | None = None
    until: dt.datetime | None = None
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Doubt:
    """A draft that a model has to compare with what is known.

    Attributes:
        draft: The draft.
        candidates: What it may confirm or supersede; one or more.
    """

    draft: Draft
    candidates: tuple[Fact, ...]


def superseding(draft: Draft, known: Sequence[Fact], *, corrects: bool, reason: str) -> Verdict:
    """Return the verdict that a draft takes the place of known facts, as far as it may.

    It never takes the place of what is trusted more, nor of what was stated and began after it:
    that gives it an end instead. What began before it ended when it began. What began no earlier
    never was, unless the draft names only the year, month or day for its own beginning.

    Args:
        draft: The draft.
        known: What can't be true beside it; nothing that was superseded already.
        corrects: Whether these never were true.
        reason: Why.

    Returns:
        ``supersede`` with those that it may supersede, else ``add``.
    """
    ahead = [fact for fact in known if is_ahead(fact, draft)]
    behind = [fact for fact in known if may_replace(draft, fact) and fact not in ahead]
    draft = bounded(draft, ahead)
    if not behind:
        why = "of an earlier time" if ahead else "less trusted than what is known"
        return Verdict(draft, "add", reason=why)
    until, ended = _ending(draft, behind)
    if corrects or not ended:
        return Verdict(draft, "supersede", tuple(behind), "corrected", reason=reason)
    lasting = tuple(f for f in ended if f.valid_until is None or f.valid_until > until)
    if not lasting:
        return Verdict(draft, "add", reason="over already")
    return Verdict(draft, "supersede", lasting, "ended", until, reason)


def may_replace(draft: Draft, fact: Fact) -> bool:
    """Return whether a draft is trusted enough to take the place of a fact."""
    return distrust(draft) <= distrust(fact)


def bounded(draft: Draft, ahead: Sequence[Fact]) -> Draft:
    """Return a draft that ends where the first of these facts begins, unless it has an end.

    What is trusted less than the draft gives it none.
    """
    trusted = [fact for fact in ahead if distrust(fact) <= distrust(draft)]
    begins = [start for start in map(begin, trusted) if start is not None]
    if not begins or draft.valid_until is not None:
        return draft
    return dataclasses.replace(draft, valid_until=min(begins))


def _ending(draft: Draft, known: Sequence[Fact]) -> tuple[dt.datetime, list[Fact]]:
    """Return when a draft ended most of these facts, and which: those that began before."""
    since = draft.valid_from or draft.at
    ended = _begun(known, since)
    latest = reach(draft)
    if latest is None or len(ended) == len(known):
        return since, ended
    more = _begun(known, latest)
    return (latest, more) if len(more) > len(ended) else (since, ended)


def _begun(known: Sequence[Fact], time: dt.datetime) -> list[Fact]:
    return [fact for fact in known if (start := begin(fact)) is None or start < time]
