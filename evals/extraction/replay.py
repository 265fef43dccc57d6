"""A stand-in for a chat model that tells what a data set has written down of the messages shown."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Mapping, Sequence
from typing import Any

from evals.extraction.asked import is_reading, moment, overlap, records
from evals.retrieval.cases import Case, Turn
from remanence.llm.protocol import Completion, Question
from remanence.testing.chat import ScriptedModel

__all__ = ["RULE", "Replay"]

_SAME = 0.8
RULE = (
    "Asked what a statement means for known ones, the stand-in answers that it confirms the one "
    f"with which it shares most words, if that is more than {_SAME:.0%} of the different words of "
    "the longer of the two; otherwise that it is to be added. It never says that anything ended."
)
"""By what rule the stand-in weighs, in words."""

_Key = tuple[dt.datetime, str | None, str]
_Place = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Told:
    number: int
    text: str
    sources: tuple[_Place, ...]


class Replay:
    """Knows the turns and statements of cases; fulfils :class:`remanence.llm.ChatModel`.

    It finds out by their times, speakers and words which turns it is shown, and tells the
    statements that rest on them: each one when the last of its turns is new, with those of its
    turns that are shown. The tokens are an estimate from the texts.

    Attributes:
        identity: What tells it apart.
        seconds: How long its answers took.
        told: The numbers of the statements that it told.
        cut: The numbers of those of which some turn was not shown.
        doubts: How many statements it was asked to compare with known ones.
        confirmed: How many of these it said to confirm one.
    """

    def __init__(self) -> None:
        self.identity = "replayed observations"
        self.seconds = 0.0
        self.told: set[int] = set()
        self.cut: set[int] = set()
        self.doubts = 0
        self.confirmed = 0
        self._turns: dict[_Key, _Place] = {}
        self._statements: dict[_Place, list[_Told]] = {}
        self._amount = 0
        self._script = ScriptedModel(self._answer, identity=self.identity)

    def learn(self, case: Case) -> None:
        """Learn the turns and statements of a case."""
        places = {turn.id: place for place, turn in enumerate(case.turns())}
        for turn in case.turns():
            key = _key(turn)
            assert key not in self._turns, "two turns can't be told apart"
            self._turns[key] = (case.name, turn.id)
        for statement in case.statements:
            ordered = sorted(statement.sources, key=places.__getitem__)
            sources = tuple((case.name, turn) for turn in ordered)
            told = _Told(self._amount, statement.text, sources)
            self._statements.setdefault(sources[-1], []).append(told)
            self._amount += 1

    async def ask(self, question: Question) -> Completion:
        """Answer by looking up."""
        began = time.perf_counter()
        completion = await self._script.ask(question)
        self._script.questions.clear()
        self.seconds += time.perf_counter() - began
        return completion

    def _answer(self, question: Question) -> Mapping[str, Any]:
        if is_reading(question):
            return {"facts": self._facts(question)}
        return {"verdicts": self._verdicts(question)}

    def _facts(self, question: Question) -> Sequence[Mapping[str, Any]]:
        new = {self._place(each): id_ for id_, each in records(question, "e").items()}
        before = {self._place(each): id_ for id_, each in records(question, "c").items()}
        shown = before | new
        return [
            self._fact(statement, shown)
            for place in new
            for statement in self._statements.get(place, ())
        ]

    def _fact(self, statement: _Told, shown: Mapping[_Place, str]) -> Mapping[str, Any]:
        self.told.add(statement.number)
        sources = [shown[place] for place in statement.sources if place in shown]
        if len(sources) < len(statement.sources):
            self.cut.add(statement.number)
        return {
            "statement": statement.text,
            "kind": "event",
            "sources": sources,
            "confidence": 0.9,
        }

    def _place(self, shown: Mapping[str, Any]) -> _Place:
        return self._turns[moment(shown["at"]), shown.get("name"), shown["text"]]

    def _verdicts(self, question: Question) -> Sequence[Mapping[str, Any]]:
        known = records(question, "k")
        return [
            {"draft": id_, **self._verdict(draft, known)}
            for id_, draft in records(question, "d").items()
        ]

    def _verdict(
        self, draft: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        self.doubts += 1
        shared = {
            id_: overlap(draft["statement"], known[id_]["statement"]) for id_ in draft["compare"]
        }
        best = max(shared, key=shared.__getitem__)
        if shared[best] <= _SAME:
            return {"action": "add"}
        self.confirmed += 1
        return {"action": "confirm", "known": [best]}


def _key(turn: Turn) -> _Key:
    return turn.at.replace(second=0, microsecond=0), turn.speaker, turn.text
