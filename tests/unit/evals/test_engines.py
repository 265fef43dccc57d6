"""Engines over a small case: those that need nothing but what is installed everywhere."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from evals.madeup import MadeUpEmbedder
from evals.retrieval.cases import Case, Question, Session, Statement, Turn
from evals.retrieval.engines import ENGINES, make_engine
from evals.retrieval.engines.ours import expanded
from evals.retrieval.engines.plain import best, standardised
from evals.retrieval.row import Row, measure
from evals.retrieval.scores import cost, scores
from evals.vectors import CachedEmbedder
from remanence import Recollection, Scope

AT = dt.datetime(2024, 5, 1, 9, tzinfo=dt.UTC)
LATER = AT + dt.timedelta(days=9)


def _turn(id_: str, speaker: str, text: str) -> Turn:
    return Turn(id_, "user", speaker, text, AT)


CASE = Case(
    "two friends",
    (
        Session(
            "one",
            (
                _turn("1", "Ann", "My dachshund is called Rex."),
                _turn("2", "Bo", "Lovely weather today."),
                _turn("3", "Ann", "The museum opens at nine."),
            ),
        ),
        Session("two", (_turn("4", "Bo", "I paddle my canoe on Sundays."),)),
    ),
    (
        Statement("Ann keeps a sausage dog.", AT, ("1",)),
        Statement("Bo is fond of water sports.", AT, ("4",)),
    ),
    (
        Question("What is the dachshund called?", ("1",), LATER, ("overall", "dogs")),
        Question("Who paddles a canoe?", ("4",), LATER, ("overall",)),
        Question("Who is fond of water sports?", ("4",), LATER, ("overall",)),
    ),
)


def _embedder(tmp_path: Path, name: str) -> CachedEmbedder | None:
    if not ENGINES[name].embeds:
        return None
    return CachedEmbedder(tmp_path / "vectors.npz", lambda: MadeUpEmbedder(32))


async def _row(name: str, tmp_path: Path) -> Row:
    embedder = _embedder(tmp_path, name)
    if embedder is not None:
        await embedder.prepare()
    folder = tmp_path / "engine"
    folder.mkdir()
    return await measure(name, [CASE], folder, embedder)


@pytest.mark.parametrize("name", ["lexical", "embedder", "lexical+facts", "embedder+facts", "bm25"])
async def test_words_are_found(name: str, tmp_path: Path) -> None:
    (found,) = (await _row(name, tmp_path)).found
    assert [turns[0] for turns in found[:2]] == ["1", "4"]


async def test_statements_lead_to_the_turns_they_rest_on(tmp_path: Path) -> None:
    (found,) = (await _row("lexical+facts", tmp_path)).found
    assert found[2][0] == "4"


@pytest.mark.parametrize("name", ["cosine", "sum"])
async def test_vectors_rank_every_turn(name: str, tmp_path: Path) -> None:
    (found,) = (await _row(name, tmp_path)).found
    assert all(sorted(turns) == ["1", "2", "3", "4"] for turns in found)


async def test_the_nearest_vector_is_first(tmp_path: Path) -> None:
    embedder = _embedder(tmp_path, "cosine")
    assert embedder is not None
    await embedder.prepare()
    engine = make_engine("cosine", tmp_path, embedder)
    await engine.ingest([CASE])
    asked = Question("Bo: Lovely weather today.", ("2",), LATER, ())
    assert (await engine.find(CASE, asked, 1)) == ["2"]


async def test_a_question_without_a_word_that_was_said_finds_nothing_by_bm25(
    tmp_path: Path,
) -> None:
    engine = make_engine("bm25", tmp_path, None)
    await engine.ingest([CASE])
    for text in ("Zebra?", "What is it?"):
        assert await engine.find(CASE, Question(text, ("1",), LATER, ()), 10) == []


async def test_a_row_is_scored_by_group(tmp_path: Path) -> None:
    row = await _row("lexical", tmp_path)
    overall, dogs = scores(row, [CASE])
    assert (overall.group, overall.questions) == ("overall", 3)
    assert (dogs.group, dogs.questions, dogs.recall[5]) == ("dogs", 1, 1.0)
    took = cost(row)
    assert took.p95 >= took.p50 > 0
    assert took.live_p50 is None
    assert took.made == 0


def _hit(origin: str, id_: str, *sources: str) -> Recollection:
    return Recollection(
        "text",
        "fact" if origin == "fact" else "episode",
        id_,
        0.5,
        AT,
        Scope("someone"),
        sources=sources,
    )


def test_a_turn_counts_where_it_first_occurs() -> None:
    hits = [_hit("episode", "b"), _hit("fact", "f", "c", "b", "a"), _hit("episode", "a")]
    assert expanded(hits, {"a": "A", "b": "B", "c": "C"}) == ["B", "C", "A"]


def test_the_earlier_of_equals_is_better() -> None:
    assert best(np.array([0.0, 2.0, 0.0, 2.0]), 3) == [1, 3, 0]


def test_scores_are_standardised() -> None:
    np.testing.assert_allclose(standardised(np.array([1.0, 3.0])), [-1.0, 1.0])
    np.testing.assert_array_equal(standardised(np.array([2.0, 2.0])), [0.0, 0.0])
