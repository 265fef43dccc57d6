"""The ranking as its formulas read, without arrays: slow, and hard to get wrong."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import math

from remanence import Filter, Scope
from remanence.index.text import analyze, analyze_query, term_of, words

_NEIGHBOURS = ((1, 0.3), (2, 0.2), (3, 0.1))


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
        self.frequency = collections.Counter[str](terms)
        self.distinct = len(set(content))
        self.norm = 0.25 + 0.75 * len(content) / 30
        self.session: list[_Scored] = [self]

    def neighbour(self, distance: int) -> _Scored | None:
        place = self.session.index(self) + distance
        return self.session[place] if 0 <= place < len(self.session) else None


def _dice(one: str, other: str) -> float:
    grams = [
        {padded[i : i + 3] for i in range(len(padded) - 2)} for padded in (f"^{one}$", f"^{other}$")
    ]
    return 2 * len(grams[0] & grams[1]) / (len(grams[0]) + len(grams[1]))


def _frequencies(term: str, turns: list[_Scored]) -> dict[_Scored, float]:
    """Return how often each turn uses a term, or terms like it if none uses it."""
    exact = {turn: float(turn.frequency[term]) for turn in turns if turn.frequency[term]}
    if exact or len(term) < 4:
        return exact
    similar: dict[_Scored, float] = {}
    for turn in turns:
        overlaps = [
            _dice(term, other) * count
            for other, count in turn.frequency.items()
            if not other.startswith("_") and _dice(term, other) >= 0.6
        ]
        if overlaps:
            similar[turn] = sum(overlaps)
    return similar


def _evidence(turn: _Scored, frequency: dict[_Scored, float]) -> float:
    """Return ``x``, the evidence of one term in a turn."""

    def presence(other: _Scored | None) -> float:
        return 0.0 if other is None else min(1.0, frequency.get(other, 0.0)) / other.norm

    nearby, missing = 0.0, 0.0
    for distance, weight in _NEIGHBOURS:
        for other in (turn.neighbour(-distance), turn.neighbour(distance)):
            nearby += weight * presence(other)
            missing += weight * (other is None)
    before = turn.neighbour(-1)
    if before is not None and before.asks:
        nearby += 0.8 * presence(before)
    own = (1 + missing) * frequency.get(turn, 0.0) / turn.norm
    return own + nearby / max(1.0, turn.norm)


def scores(turns: list[Turn], query: str) -> dict[str, float]:
    """Return the score of each turn of a user that has evidence, by id; filters are left out."""
    wanted = analyze_query(query)
    scored = [_Scored(turn) for turn in turns]
    sessions: dict[Scope, list[_Scored]] = collections.defaultdict(list)
    for turn in scored:
        if turn.turn.position is not None:
            sessions[turn.turn.scope].append(turn)
            turn.session = sessions[turn.turn.scope]

    names = {term_of(word) for turn in turns for word in words(turn.speaker or "")}
    lexical = dict.fromkeys(scored, 0.0)
    weights = 0.0
    for term in wanted.terms:
        frequency = _frequencies(term, scored)
        users = len(frequency)
        weight = math.log(1 + (len(scored) - users + 0.5) / (users + 0.5))
        weight *= 0.25 if term in names else 1
        weights += weight
        for turn in scored:
            evidence = _evidence(turn, frequency)
            lexical[turn] += weight * evidence / (evidence + 1)

    total: list[float] = []
    for turn in scored:
        lexical[turn] /= weights or 1
        speaker = turn.turn.speaker
        named = speaker is not None and not wanted.words.isdisjoint(words(speaker))
        total.append(lexical[turn] + 0.05 * named)
    count = len(scored)
    mean = sum(total) / max(1, count)
    variance = sum((value - mean) ** 2 for value in total) / max(1, count)
    scale = math.sqrt((count * variance + 100 * 0.05**2) / (count + 100))
    found: dict[str, float] = {}
    for turn, value in zip(scored, total, strict=True):
        if lexical[turn] > 0:
            evidence = (value - mean) / scale
            evidence += 0.8 * math.log(min(1 + turn.distinct, 20) / 20)
            found[turn.turn.id] = 1 / (1 + math.exp(-(evidence - 9) / 1.6))
    return found
