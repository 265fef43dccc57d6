"""The ranking as its formulas read, without arrays: slow, and hard to get wrong."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import math
from collections.abc import Container, Sequence

from remanence import Filter, Scope
from remanence.index.denials import negates, speaks_of_knowing
from remanence.index.text import analyze, analyze_query, term_of, words
from remanence.index.times import names_a_time
from remanence.recall.intent import intent_of

_WEIGHTS = [0.35 * 0.7**distance for distance in range(4)]


@dataclasses.dataclass(frozen=True)
class Turn:
    """A stored item, as far as the ranking reads it."""

    id: str
    scope: Scope
    text: str
    at: dt.datetime
    speaker: str | None = None
    position: int | None = None
    """Its place in its session; ``None`` for a fact."""
    role: str | None = None
    sources: tuple[str, ...] = ()
    secondhand: bool = False
    """The ids of the turns that a fact rests on."""

    def is_seen_by(self, where: Filter) -> bool:
        return (
            where.user_id == self.scope.user_id
            and where.agent_id in (None, self.scope.agent_id)
            and where.session_id in (None, self.scope.session_id)
            and (where.since is None or self.at >= where.since)
            and (where.until is None or self.at < where.until)
        )


class _Scored:
    """A turn with its terms, and the turns around it."""

    def __init__(self, turn: Turn) -> None:
        analysis = analyze(turn.text)
        terms = analysis.terms.split()
        content = [term for term in terms if not term.startswith("_")]
        self.turn = turn
        self.asks = analysis.asks
        self.timed = any(map(names_a_time, terms))
        self.frequency = collections.Counter[str](terms)
        self.content = set(content)
        self.norm = min(8.0, 0.15 + 0.85 * len(content) / 30)
        self.room = min(1.0, 20 / max(1, len(content)))
        self.session: list[_Scored] = [self]
        self.facts: list[_Scored] = []

    def neighbour(self, distance: int) -> _Scored | None:
        place = self.session.index(self) + distance
        return self.session[place] if 0 <= place < len(self.session) else None

    def credit(self, matched: int) -> float:
        doubt = 0.0
        if self.asks and matched:
            doubt = min(1.0, max(0.0, 2.5 - len(self.content) / matched))
        if self.turn.role == "assistant" and len(self.content) <= 10:
            negated = any(map(negates, self.frequency))
            doubt = max(doubt, negated and any(map(speaks_of_knowing, self.frequency)))
        return 1 - doubt / 2

    def coherence(self) -> float:
        before = [other for back in (1, 2, 3) if (other := self.neighbour(-back)) is not None]
        if not before or not self.content:
            return 1.0
        known = set[str]().union(*(other.frequency for other in before))
        return min(1.0, len(self.content & known) / len(self.content) / 0.4)


def _dice(one: str, other: str) -> float:
    grams = [
        {padded[i : i + 3] for i in range(len(padded) - 2)} for padded in (f"^{one}$", f"^{other}$")
    ]
    return 2 * len(grams[0] & grams[1]) / (len(grams[0]) + len(grams[1]))


def _frequencies(forms: Sequence[str], turns: list[_Scored]) -> dict[_Scored, float]:
    """Return how often each turn uses a term in any form, or terms like it if none uses it."""
    exact = {turn: float(sum(turn.frequency[form] for form in forms)) for turn in turns}
    if any(exact.values()) or len(forms[0]) < 4:
        return {turn: count for turn, count in exact.items() if count}
    similar: dict[_Scored, float] = {}
    for turn in turns:
        overlaps = [
            _dice(forms[0], other) * count
            for other, count in turn.frequency.items()
            if not other.startswith("_") and _dice(forms[0], other) >= 0.6
        ]
        if overlaps:
            similar[turn] = sum(overlaps)
    return similar


def _evidence(turn: _Scored, frequency: dict[_Scored, float]) -> float:
    """Return ``x``, the evidence of one term in a turn."""

    def presence(other: _Scored) -> float:
        return min(1.0, frequency.get(other, 0.0)) / other.norm

    def told(other: _Scored) -> float:
        return max((presence(fact) for fact in other.facts), default=0.0)

    nearby, there = 0.0, 0.0
    for distance, weight in enumerate(_WEIGHTS, 1):
        for other in (turn.neighbour(-distance), turn.neighbour(distance)):
            if other is not None:
                nearby += weight * (presence(other) + 0.5 * told(other))
                there += weight
    before = turn.neighbour(-1)
    if before is not None and before.asks:
        nearby += 0.8 * presence(before)
    alone = 1 + 2 * sum(_WEIGHTS) - turn.coherence() * there
    return alone * frequency.get(turn, 0.0) / turn.norm + turn.room * nearby + told(turn)


def _standard(values: list[float], deviation: float) -> list[float]:
    """Return standard scores, on a fixed scale where there are few values."""
    count = len(values)
    mean = sum(values) / max(1, count)
    squares = sum((value - mean) ** 2 for value in values)
    scale = math.sqrt((squares + 100 * deviation**2) / (count + 100))
    return [(value - mean) / scale for value in values]


def _linked(turns: list[Turn]) -> list[_Scored]:
    scored = [_Scored(turn) for turn in turns]
    by_id = {turn.turn.id: turn for turn in scored}
    sessions: dict[Scope, list[_Scored]] = collections.defaultdict(list)
    for turn in scored:
        if turn.turn.position is not None:
            sessions[turn.turn.scope].append(turn)
            turn.session = sessions[turn.turn.scope]
        for source in turn.turn.sources:
            by_id[source].facts.append(turn)
    return scored


def scores(turns: list[Turn], query: str, visible: Container[str]) -> dict[str, float]:
    """Return the score of each turn of a user that is visible and has evidence, by id."""
    wanted, intent = analyze_query(query), intent_of(query)
    scored = _linked(turns)
    names = {term_of(word) for turn in turns for word in words(turn.speaker or "")}
    lexical = dict.fromkeys(scored, 0.0)
    matched = collections.Counter[_Scored]()
    told_name: set[_Scored] = set()
    weights = 0.0
    for term in wanted.terms:
        frequency = _frequencies((term, *wanted.variants.get(term, ())), scored)
        if not term.startswith("_"):
            matched.update(frequency.keys())
        if term in names:
            told_name |= frequency.keys()
        users = len(frequency)
        weight = math.log(1 + (len(scored) - users + 0.5) / (users + 0.5))
        weight *= wanted.weights.get(term, 1.0) * (0.1 if term in names else 1)
        weights += weight
        for turn in scored:
            evidence = _evidence(turn, frequency)
            lexical[turn] += weight * evidence / (evidence + 1)

    anyone_named = any(not wanted.words.isdisjoint(words(turn.speaker or "")) for turn in turns)
    credited = [turn.credit(matched[turn]) * lexical[turn] / (weights or 1) for turn in scored]
    standard = _standard(credited, 0.05)
    found: dict[_Scored, float] = {}
    for turn, score in zip(scored, standard, strict=True):
        if lexical[turn] <= 0 or turn.turn.id not in visible:
            continue
        speaker, is_fact = turn.turn.speaker, turn.turn.position is None
        named = speaker is not None and not wanted.words.isdisjoint(words(speaker))
        named |= anyone_named and is_fact and turn in told_name
        news = len(turn.content) - matched[turn]
        found[turn] = (
            score
            + 1.75 * named
            + (intent.when and turn.timed)
            - 3 * (intent.said_by is not None and turn.turn.role not in (None, intent.said_by))
            - 2 * bool(turn.turn.sources)
            - 2 * turn.turn.secondhand
            + math.log(min(max(2, 2 + news), 20) / 20)
        )
    if intent.current and found:
        best = max(found.values())
        near = {turn: max(0.0, 1 - (best - score) / 8) for turn, score in found.items()}
        for turn in found:
            earlier = sum(near[other] for other in found if other.turn.at <= turn.turn.at)
            found[turn] += 3 * near[turn] * earlier / sum(near.values())
    best_lexical = max(lexical.values(), default=0.0) / (weights or 1)
    even = 1.75 - 2.5 * best_lexical + 1.9 * math.log10(min(max(1, len(scored)), 2_000))
    return {turn.turn.id: 1 / (1 + math.exp(even - 0.48 * score)) for turn, score in found.items()}
