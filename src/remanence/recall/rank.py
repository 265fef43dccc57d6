"""The order of turns: pure functions over arrays that run in parallel, one element a turn.

::

    S_i = z(c_i * LEX_i) + z(c_i * DENSE_i) + 1.75 * [the query names the speaker of i] + 5 * DATE_i
          + [the query asks for a time, and i has one] - 3 * [the query asks what others than i say]
          + ln(clip(2 + u_i - m_i, 2, 20) / 20) + 3 * RECENT_i - 2 * [i is a fact drawn from turns]
          - 2 * [i is a fact that others than the user stated]

    z(x)     = (x - mean) / sqrt((N * var + n0 * s0^2) / (N + n0))    n0 = 100, s0 = 0.05 and 0.09
    c_i      = 1 - max([i asks] * clip(2.5 - u_i / m_i, 0, 1), [i denies]) / 2
    DATE_i   = 1 within the time that the query names, falling to 0 over 3 days before and 9 after
    RECENT_i = p_i * (sum of p_j over turns j no later than i) / (sum of p)       0 unless asked for
    p_i      = max(0, 1 - (max S - S_i) / 8)              without RECENT

``LEX`` is :func:`remanence.index.lexical.lexical_evidence`, ``DENSE``
:func:`remanence.index.dense.dense_evidence`. ``u_i`` counts the different content terms of a turn,
``m_i`` those of the query that it uses: what adds nothing to the question ("Wow, thanks!", or the
question itself, asked before) answers nothing. Such a question, and a reply that it isn't known,
are only half as credible, ``c``, however much they look like what is asked. What is told of a time
is mostly told afterwards, hence the nine days. Where a question asks how things are now, what was
said later counts more among the turns that are near the best. ``z`` is the standard score in a
large scope and a fixed scale in a tiny one, where mean and variance say little.

The weights were found on LoCoMo's conversations 0 to 4; that of the role, and recency, of which
LoCoMo has no example, on half of a pool of LongMemEval's turns.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from remanence.recall.confidence import confidence

__all__ = ["Evidence", "Ranking", "date_prior", "rank", "standard_score"]

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]

_PRIOR_TURNS = 100
_LEXICAL_DEVIATION = 0.05
_DENSE_DEVIATION = 0.09
_SPEAKER_WEIGHT = np.float32(1.75)
_DATE_WEIGHT = np.float32(5.0)
_TIME_WEIGHT = np.float32(1.0)
_ROLE_WEIGHT = np.float32(-3.0)
_RECENT_WEIGHT = np.float32(3.0)
_DRAWN_WEIGHT = np.float32(-2.0)
_SECONDHAND_WEIGHT = np.float32(-2.0)
_MOST_DOUBT = np.float32(0.5)
_NEAR_BEST = 8.0
_LEAST_NEWS, _MUCH_NEWS = 2, 20
_NEWS = np.log(np.arange(_MUCH_NEWS + 1, dtype=np.float32).clip(_LEAST_NEWS) / _MUCH_NEWS)
_MOST_LOST = float(-_NEWS[0])
_MICROSECONDS_A_DAY = 86_400_000_000
_DAYS_BEFORE = 3.0
_DAYS_AFTER = 9.0


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for each turn of a scope; all arrays run in parallel.

    What is ``None`` speaks for none.

    Attributes:
        lexical: ``LEX``, 0 to 1.
        matched: How many of the query's terms it uses.
        distinct: How many different content terms it has.
        visible: Whether it may be returned.
        dense: ``DENSE``.
        embedded: Whether it has a vector, so that ``dense`` tells something.
        named: Whether the query names its speaker.
        timed: Whether it has a word for a time, for a query that asks for one.
        asked: Whether its role may be the one that the query asks about.
        dated: ``DATE``, see :func:`date_prior`.
        drawn: Whether it is a fact whose sources are among the turns.
        secondhand: Whether it is a fact that others than the user stated: between such a one and
            the user's own words, these count.
        asks: Whether it ends with a question.
        denies: Whether it is a reply that something isn't known.
        at: When it happened, for a query that asks for how things are now.
    """

    lexical: Floats
    matched: Numbers
    distinct: Numbers
    visible: Flags
    dense: Floats | None = None
    embedded: Flags | None = None
    named: Flags | None = None
    timed: Flags | None = None
    asked: Flags | None = None
    dated: Floats | None = None
    drawn: Flags | None = None
    secondhand: Flags | None = None
    asks: Flags | None = None
    denies: Flags | None = None
    at: npt.NDArray[np.int64] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Ranking:
    """The best turns, best first.

    Attributes:
        turns: Their places in the arrays that were ranked.
        scores: Their scores, 0 to 1, descending.
    """

    turns: npt.NDArray[np.intp]
    scores: Floats


def standard_score(values: Floats, deviation: float, among: Flags | None = None) -> Floats:
    """Return standard scores, shrunk towards a fixed scale when there are few.

    Args:
        values: What to standardise.
        deviation: ``s0``, the scale of a tiny scope.
        among: Which values tell something; the others score 0.
    """
    if among is not None and among.all():
        among = None
    known = values if among is None else values[among]
    count = len(known)
    if not count:
        return np.zeros(len(values), np.float32)
    mean = float(known.mean())
    spread = max(0.0, float(known @ known) - count * mean * mean)
    spread += _PRIOR_TURNS * deviation**2
    scores = (values - np.float32(mean)) * np.float32(((count + _PRIOR_TURNS) / spread) ** 0.5)
    if among is not None:
        scores[~among] = 0
    return scores


def date_prior(at: npt.NDArray[np.int64], start: int | None, end: int | None) -> Floats:
    """Return ``DATE`` for times in microseconds since 1970.

    Args:
        at: When each turn happened.
        start: The first moment that the query names; ``None`` where it names none.
        end: The moment after the last one.
    """
    distance = np.zeros(len(at), np.float32)
    if start is not None:
        early = (start - at) / np.float32(_DAYS_BEFORE * _MICROSECONDS_A_DAY)
        np.maximum(distance, early, out=distance, casting="unsafe")
    if end is not None:
        late = (at - end) / np.float32(_DAYS_AFTER * _MICROSECONDS_A_DAY)
        np.maximum(distance, late, out=distance, casting="unsafe")
    return np.clip(1 - distance, 0, 1)


def rank(evidence: Evidence, *, limit: int, threshold: float | None = None) -> Ranking:
    """Order the turns that have any evidence.

    Args:
        evidence: What speaks for each turn.
        limit: How many turns to return at most.
        threshold: The least score to return, 0 to 1; ``None`` for any.

    Returns:
        The best turns; none when no visible turn has evidence. Equal turns come latest first.
    """
    tells = evidence.lexical > 0
    if evidence.embedded is not None:
        tells |= evidence.embedded
    if evidence.dated is not None:
        tells |= evidence.dated >= 1
    candidates = np.flatnonzero(evidence.visible & tells)
    if not len(candidates):
        return Ranking(candidates, np.zeros(0, np.float32))
    scores = _scores(evidence)[candidates]
    # News only takes away, so that what is far enough behind already is left out of the rest.
    first = _first(scores, limit, _MOST_LOST)
    if evidence.at is not None:  # and whatever is near the best, which alone may be recent
        first |= scores >= scores.max() - _MOST_LOST - _NEAR_BEST
    candidates, scores = candidates[first], scores[first]
    news = _LEAST_NEWS + evidence.distinct[candidates] - evidence.matched[candidates]
    scores += _NEWS[np.clip(news, _LEAST_NEWS, _MUCH_NEWS)]
    if evidence.at is not None:
        scores += _RECENT_WEIGHT * _recent(scores, evidence.at[candidates])
    order = np.lexsort((-candidates, -scores))[:limit]
    found = confidence(
        scores[order],
        best_lexical=float(evidence.lexical.max()),
        count=len(evidence.lexical),
        with_dense=evidence.dense is not None,
    )
    ranking = Ranking(candidates[order], found)
    if threshold is None:
        return ranking
    enough = ranking.scores >= threshold
    return Ranking(ranking.turns[enough], ranking.scores[enough])


def _scores(evidence: Evidence) -> Floats:
    """Return ``S`` without news and recency."""
    places, credit = _doubted(evidence)
    scores = standard_score(_credited(evidence.lexical, places, credit), _LEXICAL_DEVIATION)
    if evidence.dense is not None:
        dense = _credited(evidence.dense, places, credit)
        scores += standard_score(dense, _DENSE_DEVIATION, evidence.embedded)
    if evidence.dated is not None:
        scores += _DATE_WEIGHT * evidence.dated
    for flags, weight in (
        (evidence.named, _SPEAKER_WEIGHT),
        (evidence.timed, _TIME_WEIGHT),
        (None if evidence.asked is None else ~evidence.asked, _ROLE_WEIGHT),
        (evidence.drawn, _DRAWN_WEIGHT),
        (evidence.secondhand, _SECONDHAND_WEIGHT),
    ):
        if flags is not None:
            scores += weight * flags
    return scores


def _doubted(evidence: Evidence) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the turns whose ``c`` is less than 1, and it."""
    doubt = np.zeros(len(evidence.lexical), np.float32)
    if evidence.asks is not None:
        asking = np.flatnonzero(evidence.asks & (evidence.matched > 0))
        doubt[asking] = np.clip(2.5 - evidence.distinct[asking] / evidence.matched[asking], 0, 1)
    if evidence.denies is not None:
        doubt[evidence.denies] = 1
    places = np.flatnonzero(doubt)
    return places, 1 - _MOST_DOUBT * doubt[places]


def _credited(values: Floats, places: npt.NDArray[np.intp], credit: Floats) -> Floats:
    """Return values, those at some places multiplied."""
    if not len(places):
        return values
    values = values.copy()
    values[places] *= credit
    return values


def _first(scores: Floats, limit: int, margin: float) -> Flags:
    """Return which turns are among the first ``limit``, or less than ``margin`` behind them."""
    if len(scores) <= limit:
        return np.ones(len(scores), np.bool_)
    cut = float(np.partition(scores, len(scores) - limit)[len(scores) - limit])
    return scores >= np.float32(math.nextafter(cut - margin, -math.inf))


def _recent(scores: Floats, at: npt.NDArray[np.int64]) -> Floats:
    """Return ``RECENT``."""
    near = np.maximum(0, 1 - (scores.max() - scores) / np.float32(_NEAR_BEST))
    order = np.argsort(at, kind="stable")
    later = np.cumsum(near[order])
    # Turns of one moment share the rank of the last of them.
    last = np.searchsorted(at[order], at, side="right") - 1
    return near * (later[last] / later[-1]).astype(np.float32)
