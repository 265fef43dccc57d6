"""Tables of what drawn facts are worth, of what drawing them takes, and of who waits for that."""

from __future__ import annotations

from collections.abc import Sequence

from evals.extraction.beside import LATENCY, Beside
from evals.extraction.pipeline import Pipeline
from evals.extraction.replay import RULE
from evals.locomo.cases import HELD_OUT, TUNED
from evals.perf.targets import judged
from evals.retrieval.engines.choosing import ENGINES
from evals.retrieval.scores import Score

__all__ = [
    "BECAME_COLUMNS",
    "BESIDE_COLUMNS",
    "BESIDE_NOTE",
    "FOUND_COLUMNS",
    "NOTES",
    "TOOK_COLUMNS",
    "became_rows",
    "beside_rows",
    "found_rows",
    "took_rows",
]

_DEPTHS = (10, 50)
_MOST_RATIO = 1.2
FOUND_COLUMNS = tuple(
    f"{half.removeprefix('conversations ')}: R@{depth}"
    for half in (TUNED, HELD_OUT)
    for depth in _DEPTHS
)
BECAME_COLUMNS = (
    "told",
    "some turn not shown",
    "added",
    "merged: same words",
    "merged: confirmed",
    "superseded",
    "left out",
    "asked in doubt",
)
TOOK_COLUMNS = (
    "sessions",
    "calls",
    "tokens in, about",
    "tokens out, about",
    "s",
    "s per 1,000 facts",
    "without the stand-in's answers",
    "CPU s per 1,000 facts",
)
BESIDE_COLUMNS = (
    "the agent's model takes ms",
    "facts drawn",
    "alone: turns",
    "p50 ms",
    "p95",
    "beside: turns",
    "p50 ms",
    "p95",
    "p50 beside / alone",
)
NOTES = (
    "Drawn facts: a stand-in for a chat model is asked what the engine asks, with its prompts and "
    "schemas, session by session. It finds out which turns it is shown, and answers with the data "
    "set's observations that rest on them, as events, with a confidence of 0.9 and no dates. Its "
    "answers are checked, compared with what is known, and committed as any model's are.",
    RULE,
    'With facts: the same observations, stored with "remember" and the turns they rest on, as of '
    "the beginning of their session. Drawn ones are as of the turn, are recorded session by "
    "session, and those that confirm another one are sources of that. A fact that is found stands "
    "for the turns it rests on.",
    "Seconds: from the first session to the last commit (and vector), everything having been "
    "stored before. The stand-in answers in no time to speak of, on the same thread. The tokens "
    "are estimated from the texts.",
)
BESIDE_NOTE = (
    "An agent replies again and again, with no pause, its answers scripted: first alone, then "
    "while {earlier:,} earlier turns are read in the same process, by a model that takes "
    f"{1_000 * LATENCY:.0f} ms for an answer and tells a fact a turn. The user has {{stored:,}} "
    "other turns. An agent's own model that takes its time leaves the reading more room, and has "
    "itself more of a share in what a turn takes."
)


def found_rows(scores: Sequence[Score]) -> list[list[str]]:
    """Return what engines found in each half, an engine each; percent."""
    by_place = {(score.engine, score.group): score for score in scores}
    return [
        [
            ENGINES[engine].label,
            *(
                f"{100 * by_place[engine, half].recall[depth]:.1f}"
                if (engine, half) in by_place
                else ""
                for half in (TUNED, HELD_OUT)
                for depth in _DEPTHS
            ),
        ]
        for engine in dict.fromkeys(score.engine for score in scores)
    ]


def became_rows(measured: Sequence[Pipeline]) -> list[list[str]]:
    """Return what became of the statements that were told."""
    return [
        [
            _label(each.embeds),
            *(
                f"{amount:,}"
                for amount in (
                    each.told,
                    each.cut,
                    each.added,
                    each.same,
                    each.confirmed,
                    each.superseded,
                    each.left_out,
                    each.doubts,
                )
            ),
        ]
        for each in measured
    ]


def took_rows(measured: Sequence[Pipeline]) -> list[list[str]]:
    """Return what drawing facts took."""
    return [
        [
            _label(each.embeds),
            f"{each.sessions:,}",
            f"{each.calls:,}",
            f"{each.input_tokens:,}",
            f"{each.output_tokens:,}",
            f"{each.seconds:.1f}",
            f"{_per_thousand(each.seconds, each):.2f}",
            f"{_per_thousand(each.seconds - each.model_seconds, each):.2f}",
            f"{_per_thousand(each.processor_seconds, each):.2f}",
        ]
        for each in measured
    ]


def _per_thousand(seconds: float, measured: Pipeline) -> float:
    return 1_000 * seconds / max(1, measured.told)


def beside_rows(measured: Sequence[Beside]) -> list[list[str]]:
    """Return how long turns took, alone and beside a reading."""
    return [
        [
            f"{_label(each.embeds)}, turns of {_WHOSE[each.whose]}",
            f"{each.thinking:.0f}",
            f"{each.facts:,}",
            f"{each.turns:,}",
            f"{each.alone:.1f}",
            f"{each.alone_p95:.1f}",
            f"{each.turns_beside:,}",
            f"{each.beside:.1f}",
            f"{each.beside_p95:.1f}",
            judged(each.beside / each.alone, _MOST_RATIO, ".2f"),
        ]
        for each in measured
    ]


_WHOSE = {"same": "the same user", "another": "another user"}


def _label(embeds: bool) -> str:
    return "with the embedder" if embeds else "words alone"
