"""What becomes of the facts that a model told: from drafts and verdicts to changes of a store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import uuid_utils

from remanence.extract.drafts import Draft
from remanence.extract.reconcile import Doubt, Verdict
from remanence.extract.sameness import statement_key
from remanence.index.text import analyze
from remanence.store.facts import Confirmation, FactChanges, NewFact, Supersession
from remanence.types import Fact, Scope

__all__ = ["Weighing"]


class Weighing:
    """The drafts of one reading, weighed one after another.

    What an earlier draft tells is known to the later ones where it may be the same, or another
    value of the same attribute: it stands among their candidates, as the fact that it may become.
    Else two statements of one answer are taken to be meant side by side, as a model told them so.

    Args:
        scope: Where the facts are to belong.
        drafts: The drafts, in the order they were told.
        now: The time.

    Attributes:
        drafts: The drafts.
        weighed: For each draft so far its verdict, or the doubt that a model has to settle.
    """

    def __init__(self, scope: Scope, drafts: Sequence[Draft], now: dt.datetime) -> None:
        """Give each draft the fact that it may become."""
        self.drafts = tuple(drafts)
        self.weighed: list[Verdict | Doubt] = []
        self._now = now
        self._facts = [_fact(scope, draft, now) for draft in drafts]

    def candidates(self, known: Sequence[Fact]) -> list[Fact]:
        """Return what the next draft may confirm or supersede.

        Args:
            known: The facts that are nearest to it in the store.
        """
        draft = self.drafts[len(self.weighed)]
        gone: set[str] = set()
        told: list[Fact] = []
        for fact, weighed in zip(self._facts, self.weighed, strict=False):
            stays = isinstance(weighed, Doubt) or weighed.action in ("add", "supersede")
            if stays and _may_be_one(draft, fact):
                told.append(fact)
            if isinstance(weighed, Verdict) and weighed.action == "supersede":
                gone |= {each.id for each in weighed.known}
        return [fact for fact in (*known, *told) if fact.id not in gone]

    def doubts(self) -> list[Doubt]:
        """Return what a model has to settle."""
        return [each for each in self.weighed if isinstance(each, Doubt)]

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        """Put verdicts in the places of the doubts, in their order."""
        settled = iter(verdicts)
        self.weighed = [next(settled) if isinstance(each, Doubt) else each for each in self.weighed]

    def changes(self) -> FactChanges:
        """Return what is to be stored, once no doubt is left."""
        become: dict[str, str] = {}  # what a draft's fact is in the store, by its id
        added: dict[str, Draft] = {}
        confirmed: list[Confirmation] = []
        superseded: dict[str, Supersession] = {}
        ours = {fact.id for fact in self._facts}
        for fact, verdict in zip(self._facts, self.weighed, strict=True):
            if isinstance(verdict, Doubt) or verdict.action == "ignore":
                continue
            draft = verdict.draft
            known = [become.get(each.id, each.id) for each in verdict.known]
            known = [each for each in known if each in added or each not in ours]
            if verdict.action == "confirm" and known:
                become[fact.id] = known[0]
                confirmed += [Confirmation(each, draft.sources) for each in known]
            else:
                become[fact.id] = fact.id
                added[fact.id] = draft
            confirmed += [Confirmation(become[fact.id], group) for group in draft.repeated_by]
            if verdict.action == "supersede" and verdict.ending is not None:
                for each in known:
                    place = Supersession(each, fact.id, verdict.ending, verdict.until)
                    superseded.setdefault(each, place)
        return FactChanges(
            added=tuple(_new_fact(id_, draft, self._now) for id_, draft in added.items()),
            confirmed=tuple(confirmed),
            superseded=tuple(superseded.values()),
        )


def _may_be_one(draft: Draft, fact: Fact) -> bool:
    """Return whether a draft may say what an earlier one of the same answer says, or end it."""
    if draft.change != "states" or statement_key(draft.statement) == statement_key(fact.text):
        return True
    return draft.attribute is not None and draft.attribute == fact.attribute


def _fact(scope: Scope, draft: Draft, now: dt.datetime) -> Fact:
    return Fact(
        id=str(uuid_utils.uuid7()),
        scope=scope,
        text=draft.statement,
        at=draft.at,
        recorded_at=now,
        sources=draft.sources,
        kind=draft.kind,
        attribute=draft.attribute,
        stated_by=draft.stated_by,
        confidence=draft.confidence,
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
        imported=draft.imported,
    )


def _new_fact(id_: str, draft: Draft, now: dt.datetime) -> NewFact:
    return NewFact(
        id=id_,
        text=draft.statement,
        at=draft.at,
        recorded_at=now,
        metadata="{}",
        analysis=analyze(draft.statement),
        sources=draft.sources,
        kind=draft.kind,
        attribute=draft.attribute,
        stated_by=draft.stated_by,
        confidence=draft.confidence,
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
    )
