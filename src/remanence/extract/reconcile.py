"""Drafts against what is known: what needs no model.

A draft is added, confirms a known fact, takes the place of known ones, or is ignored. What can't be
told from the words, the attribute and the times is a doubt, and is put to a model.
"""

from __future__ import annotations

from collections.abc import Sequence

from remanence.extract.drafts import Draft
from remanence.extract.merging import merged
from remanence.extract.periods import apart, begin, is_ahead, reach
from remanence.extract.sameness import attribute_key, overlap, statement_key
from remanence.extract.trust import distrust
from remanence.extract.verdicts import Action, Doubt, Verdict, bounded, may_replace, superseding
from remanence.extract.weighing import verdicts_of, weighing_question
from remanence.types import Fact

__all__ = [
    "Action",
    "Doubt",
    "Verdict",
    "merged",
    "verdicts_of",
    "weigh",
    "weighing_question",
]

_SURE_ENOUGH = 0.2
_RELATED = 0.3
"""Of the words of the shorter one: what shares fewer tells something else."""


def weigh(draft: Draft, candidates: Sequence[Fact]) -> Verdict | Doubt:
    """Return what becomes of a draft, or what a model has to compare it with.

    - What a model was hardly sure of (below 0.2) is ignored.
    - The same statement is confirmed. If the draft says that something ended or never was, a model
      is asked: it may have repeated what it says that of.
    - Another value of the same attribute takes the place of those before it. One of an earlier time
      is added beside, with the end that what came after gives it. A model is asked where the times
      don't tell, and where one statement has all the words of the other: it may say no more.
    - What says that something ended, or never was, does so to the one fact of its attribute.
    - Nothing takes the place of what is trusted more: both stay.
    - What has little in common with what is known is added.

    Args:
        draft: What was told.
        candidates: What is known and may have to do with it, best first. Facts that were
            superseded, and, for what is stated, those that were over when it began or began when
            it was over, are passed over.
    """
    if draft.confidence < _SURE_ENOUGH:
        return Verdict(draft, "ignore", reason="hardly sure")
    current = [fact for fact in candidates if fact.superseded_at is None]
    together = [fact for fact in current if not apart(fact, draft)]
    if (same := _same_statement(draft, together)) is not None:
        return same
    rivals = [fact for fact in together if _same_attribute(draft, fact)]
    compared = current if draft.change == "corrects" else together
    related = tuple(f for f in compared if f in rivals or _related(draft, f))
    if draft.change == "states":
        settled = _another_value(draft, rivals) if rivals else None
    else:
        settled = _retraction(draft, rivals)
    if settled is not None:
        return settled
    return Doubt(draft, related) if related else Verdict(draft, "add", reason="nothing like it")


def _same_statement(draft: Draft, known: Sequence[Fact]) -> Verdict | Doubt | None:
    key = statement_key(draft.statement)
    same = [f for f in known if statement_key(f.text) == key and not _other_occasion(draft, f)]
    if not same:
        return None
    if draft.change != "states":
        return Doubt(draft, tuple(same))
    best = min(same, key=distrust)
    return Verdict(draft, "confirm", (best,), reason="the same statement")


def _other_occasion(draft: Draft, fact: Fact) -> bool:
    """Return whether the same words tell of something that happened at another time."""
    happened = {draft.kind, fact.kind} & {"event", "plan"}
    dated = draft.valid_from is not None and fact.valid_from is not None
    return bool(happened) and dated and draft.valid_from != fact.valid_from


def _same_attribute(draft: Draft, fact: Fact) -> bool:
    if draft.attribute is None or fact.attribute is None:
        return False
    key = attribute_key(draft.attribute)
    return bool(key) and key == attribute_key(fact.attribute)


def _related(draft: Draft, fact: Fact) -> bool:
    return overlap(draft.statement, fact.text) >= _RELATED


def _another_value(draft: Draft, rivals: Sequence[Fact]) -> Verdict | None:
    """Return what becomes of another value of an attribute; ``None`` if that isn't clear."""
    before = [fact for fact in rivals if may_replace(draft, fact) and _began_before(fact, draft)]
    after = [fact for fact in rivals if _begins_after(fact, draft)]
    if any(may_replace(draft, f) and f not in before and f not in after for f in rivals):
        return None
    if not before:
        reason = "of an earlier time" if after else "less trusted than what is known"
        return Verdict(bounded(draft, after), "add", reason=reason)
    is_past = draft.valid_until is not None and draft.valid_until <= draft.at
    if is_past or any(overlap(draft.statement, fact.text) == 1 for fact in before):
        return None
    reason = "another value since then"
    return superseding(bounded(draft, after), before, corrects=False, reason=reason)


def _began_before(fact: Fact, draft: Draft) -> bool:
    """Return whether a fact began before a draft did, as far as either tells."""
    known, drafted = begin(fact), begin(draft)
    if known is None or drafted is None:
        return known is None and drafted is not None
    if known < drafted:
        return True
    latest = reach(draft)
    return fact.valid_from is None and latest is not None and known < latest


def _begins_after(fact: Fact, draft: Draft) -> bool:
    """Return whether a fact is known to have begun after a draft did.

    When it was stated tells that only of what had been stated before, and an end that a draft has
    of its own leaves open how the two go together.
    """
    known, drafted = begin(fact), begin(draft)
    if known is None or drafted is None or draft.valid_until is not None:
        return False
    if known <= max(drafted, reach(draft) or drafted) or _began_before(fact, draft):
        return False
    return fact.valid_from is not None or is_ahead(fact, draft)


def _retraction(draft: Draft, rivals: Sequence[Fact]) -> Verdict | None:
    """Return what becomes of what says that something ended or never was, if it is one thing."""
    if len(rivals) != 1:
        return None
    corrects = draft.change == "corrects"
    reason = "said never to have been" if corrects else "said to have ended"
    return superseding(draft, rivals, corrects=corrects, reason=reason)
