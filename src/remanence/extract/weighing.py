"""What only a model can decide: whether two statements are the same, or can both be true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from remanence.errors import BackendAnswerError
from remanence.extract.answers import Answer, as_list, checked, lowered, place_of, schema_of
from remanence.extract.periods import Period
from remanence.extract.templates import template
from remanence.extract.trust import Told
from remanence.extract.verdicts import Doubt, Verdict, superseding
from remanence.extract.wording import date, language_of, records
from remanence.llm.protocol import Question
from remanence.types import Fact

__all__ = ["verdicts_of", "weighing_question"]

_TEMPLATE = "weighing.v1"
_REASON = "a model compared them"


_Id = Annotated[str, BeforeValidator(lowered)]


class _ToldVerdict(Answer):
    """What a model decides about one draft."""

    draft: _Id = Field(description="Id of the new statement, as d1.")
    action: Annotated[
        Literal["add", "confirm", "supersede", "correct", "ignore"], BeforeValidator(lowered)
    ] = Field(description="What it means for what is known.")
    known: Annotated[list[_Id], BeforeValidator(as_list)] = Field(
        default=[],
        description="Ids of the known statements, as k1, to confirm, supersede or correct.",
    )


class _ToldVerdicts(Answer):
    """What a model decides at once."""

    verdicts: list[_ToldVerdict] = Field(description="One for each new statement.")


def weighing_question(doubts: Sequence[Doubt], *, refused: str | None = None) -> Question:
    """Return the question what drafts mean for what is known.

    It is put in the language that the drafts are mostly in, English or Chinese.

    Args:
        doubts: The drafts, with what they are to be compared with.
        refused: Why the last answer to this could not be used, or ``None``.
    """
    language = language_of(doubt.draft.statement for doubt in doubts)
    asked = template(_TEMPLATE, language)
    known = _numbered(doubts)
    ids = {fact.id: id_ for id_, fact in known.items()}
    facts = [
        {"id": id_, "statement": fact.text, **_times(fact), **_origin(fact)}
        for id_, fact in known.items()
    ]
    drafts = [
        {
            "id": f"d{number}",
            "statement": doubt.draft.statement,
            **_times(doubt.draft),
            **_origin(doubt.draft),
            "change": doubt.draft.change,
            "compare": [ids[fact.id] for fact in doubt.candidates],
        }
        for number, doubt in enumerate(doubts, 1)
    ]
    text = asked.text(refused, known=records(facts, language), new=records(drafts, language))
    return Question(asked.system, text, schema_of(_ToldVerdicts), "verdicts")


def verdicts_of(answer: object, doubts: Sequence[Doubt]) -> list[Verdict]:
    """Return what a model decided, one verdict for each doubt, in their order.

    What it decided holds as far as trust and time allow; see
    :func:`~remanence.extract.verdicts.superseding`.

    Args:
        answer: The answer to :func:`weighing_question`, as JSON holds it.
        doubts: What was asked about.

    Raises:
        BackendAnswerError: It isn't what was asked for; names the place and the problem, and quotes
            nothing of it.
    """
    told = checked(_ToldVerdicts, answer).verdicts
    ids = {f"d{number}": number for number in range(1, len(doubts) + 1)}
    known = _numbered(doubts)
    found: dict[int, Verdict] = {}
    for place, each in enumerate(told):
        number = ids.get(each.draft)
        if number is None or number in found:
            problem = "is no id of a new statement" if number is None else "was answered before"
            raise BackendAnswerError(f"{place_of('verdicts', place, 'draft')}: {problem}")
        found[number] = _verdict(each, doubts[number - 1], known, place_of("verdicts", place))
    missing = [f"d{number}" for number in ids.values() if number not in found]
    if missing:
        raise BackendAnswerError(f"verdicts: has none for {missing[0]}")
    return [found[number] for number in ids.values()]


def _verdict(told: _ToldVerdict, doubt: Doubt, known: Mapping[str, Fact], place: str) -> Verdict:
    """Return what is told about one draft.

    Raises:
        BackendAnswerError: It names none of what the draft was to be compared with, or others.
    """
    if told.action in {"add", "ignore"}:
        action = "add" if told.action == "add" else "ignore"
        return Verdict(doubt.draft, action, reason=_REASON)
    candidates = {fact.id for fact in doubt.candidates}
    for number, id_ in enumerate(told.known):
        if id_ not in known or known[id_].id not in candidates:
            at = place_of("known", number)
            raise BackendAnswerError(f"{place}.{at}: is no id that this one is compared with")
    if not told.known:
        raise BackendAnswerError(f"{place}.known: names none")
    facts = [known[id_] for id_ in dict.fromkeys(told.known)]
    if told.action == "confirm":
        return Verdict(doubt.draft, "confirm", tuple(facts), reason=_REASON)
    return superseding(doubt.draft, facts, corrects=told.action == "correct", reason=_REASON)


def _numbered(doubts: Sequence[Doubt]) -> dict[str, Fact]:
    """Return the candidates by the ids under which they are shown, each once."""
    facts = {fact.id: fact for doubt in doubts for fact in doubt.candidates}
    return {f"k{number}": fact for number, fact in enumerate(facts.values(), 1)}


def _origin(told: Told) -> dict[str, object]:
    return {"by": told.stated_by, "imported": "from a file" if told.imported else None}


def _times(period: Period) -> dict[str, object]:
    return {
        "stated": date(period.at),
        "since": None if period.valid_from is None else date(period.valid_from),
        "until": None if period.valid_until is None else date(period.valid_until),
    }
