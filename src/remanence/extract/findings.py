"""What a model found in messages: its answer, checked and led back to them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from remanence.errors import BackendAnswerError
from remanence.extract.answers import checked, place_of
from remanence.extract.dates import FORMS, Stretch, stretch_of
from remanence.extract.drafts import Draft
from remanence.extract.instructions import imitates_a_program, reads_like_instruction
from remanence.extract.messages import ShownMessage, shown_messages
from remanence.extract.quoted import is_quoted
from remanence.extract.sameness import attribute_key
from remanence.extract.told import ToldFact, ToldFacts
from remanence.extract.trust import least_trusted
from remanence.types import Episode

__all__ = ["Findings", "drafts_of", "findings_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class Findings:
    """What a model found.

    Attributes:
        drafts: What may become facts.
        dropped: How many others must not, because they would steer an agent.
    """

    drafts: tuple[Draft, ...]
    dropped: int


def drafts_of(answer: object, new: Sequence[Episode], before: Sequence[Episode]) -> list[Draft]:
    """Return what may become facts, as :func:`findings_of` finds it.

    Raises:
        BackendAnswerError: The answer isn't what was asked for.
    """
    return list(findings_of(answer, new, before).drafts)


def findings_of(answer: object, new: Sequence[Episode], before: Sequence[Episode]) -> Findings:
    """Return what a model found in messages.

    Dropped is a statement that itself reads like an instruction to an agent; an instruction that
    isn't in the user's own words alone, said here rather than quoted or read from a file; and
    whatever is drawn only from messages that read like instructions, unless the user said all of
    them here.

    Args:
        answer: The answer to :func:`~remanence.extract.reading.reading_question`, as JSON holds it.
        new: The messages that were asked about.
        before: What was given as context.

    Raises:
        BackendAnswerError: It isn't what was asked for; names the place and the problem, and quotes
            nothing of it.
    """
    told = checked(ToldFacts, answer).facts
    messages = shown_messages(new, before)
    drafts: list[Draft] = []
    for number, fact in enumerate(told):
        place = place_of("facts", number)
        sources = _sources(fact, messages, place)
        draft = _draft(fact, sources, place)
        if not _steers(draft, sources):
            drafts.append(draft)
    return Findings(tuple(drafts), len(told) - len(drafts))


def _sources(
    fact: ToldFact, messages: Mapping[str, ShownMessage], place: str
) -> list[ShownMessage]:
    """Return the messages that a fact was drawn from, in their order.

    Raises:
        BackendAnswerError: One of them was never shown, or none is new.
    """
    for number, source in enumerate(fact.sources):
        if source not in messages:
            raise BackendAnswerError(f"{place}.sources[{number}]: is no id of a message")
    found = [message for id_, message in messages.items() if id_ in fact.sources]
    if not any(message.is_new for message in found):
        raise BackendAnswerError(f"{place}.sources: names no new message (e1, e2, ...)")
    return found


def _draft(fact: ToldFact, sources: Sequence[ShownMessage], place: str) -> Draft:
    """Return a fact with its dates read.

    Raises:
        BackendAnswerError: They can't be.
    """
    times = [message.episode.at for message in sources if message.is_new]
    offset = times[0].utcoffset() or dt.timedelta()
    start = _stretch(fact.valid_from, offset, f"{place}.valid_from")
    end = _stretch(fact.valid_until, offset, f"{place}.valid_until")
    if start and end and end[1] <= start[0]:
        raise BackendAnswerError(f"{place}.valid_until: is not after valid_from")
    if fact.change == "ends" and end and not start:
        # the end of what ended, told where its end goes: since then it is over
        start, end = (end[1], end[1]), None
    return Draft(
        statement=fact.statement,
        kind=fact.kind,
        sources=tuple(message.episode.id for message in sources),
        stated_by=least_trusted(message.episode.role for message in sources),
        at=max(times),
        attribute=attribute_key(fact.attribute or "") or None,
        valid_from=start[0] if start else None,
        valid_until=end[1] if end else None,
        confidence=fact.confidence,
        change=fact.change,
        begins_by=start[1] if start and start[0] < start[1] else None,
        imported=any(message.episode.imported for message in sources),
    )


def _stretch(date: str | None, offset: dt.timedelta, place: str) -> Stretch | None:
    """Return what a date names, if there is one.

    Raises:
        BackendAnswerError: It is no date.
    """
    if date is None:
        return None
    stretch = stretch_of(date, offset)
    if stretch is None:
        raise BackendAnswerError(f"{place}: is no date; give one as {FORMS}, or leave it out")
    return stretch


def _steers(draft: Draft, sources: Sequence[ShownMessage]) -> bool:
    if reads_like_instruction(draft.statement):
        return True
    if draft.kind == "instruction" and not _is_own(draft, sources):
        return True
    if draft.stated_by == "user" and not draft.imported:
        return False
    return all(message.marked for message in sources)


def _is_own(draft: Draft, sources: Sequence[ShownMessage]) -> bool:
    """Return whether a draft is in the user's own words alone."""
    if draft.stated_by != "user" or draft.imported:
        return False
    return not any(
        is_quoted(draft.statement, message.text) or imitates_a_program(message.text)
        for message in sources
    )
