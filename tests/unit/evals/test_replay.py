"""A stand-in for a chat model that tells the statements of a data set."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from evals.extraction.asked import overlap
from evals.extraction.pipeline import measure_pipeline
from evals.extraction.replay import Replay
from evals.retrieval.cases import Case, Question, Session, Statement, Turn
from evals.retrieval.engines import make_engine
from evals.retrieval.engines.ours import conversations
from remanence import Fact, Memory, Scope

AT = dt.datetime(2024, 5, 1, 9, tzinfo=dt.UTC)
LATER = AT + dt.timedelta(days=9)


def _session(id_: str, day: int, *texts: str) -> Session:
    at = AT + dt.timedelta(days=day)
    return Session(
        id_,
        tuple(
            Turn(f"{id_}:{place}", "user", "Ann", text, at + dt.timedelta(minutes=place))
            for place, text in enumerate(texts)
        ),
    )


CASE = Case(
    "ann",
    (
        _session("one", 0, "My dachshund is called Rex.", "Thanks!", "I paddle my canoe."),
        _session("two", 1, "Thanks!", "Rex is fine.", "I am in the choir."),
    ),
    (
        Statement("Ann keeps a sausage dog.", AT, ("one:0",)),
        Statement("Ann is fond of water sports.", AT, ("one:2", "one:0")),
        Statement("Ann keeps a sausage dog!", AT, ("two:1",)),
        Statement("Ann is very fond of water sports.", AT, ("two:0",)),
        Statement("Ann sings.", AT, ("two:2",)),
    ),
    (Question("Who is fond of water sports?", ("one:2",), LATER, ("overall",)),),
)


async def _drawn(path: Path, case: Case) -> tuple[dict[str, list[str]], Replay]:
    """Return the facts that are drawn of a case, with the turns they rest on."""
    reader = Replay()
    reader.learn(case)
    async with Memory.open(path, chat_model=reader) as memory:
        turns: dict[str, str] = {}
        for said in conversations(case):  # one after another: which one is read first matters
            (stored,) = await memory.observe_all([said])
            turns |= {episode.id: str(episode.message_id) for episode in stored}
            assert await memory.settle()
        page = await memory.list(scope=Scope(case.name), origin="fact")
    facts = [item for item in page.items if isinstance(item, Fact)]
    return {fact.text: [turns[id_] for id_ in fact.sources] for fact in facts}, reader


async def test_statements_become_facts_with_the_turns_they_rest_on(database: Path) -> None:
    facts, reader = await _drawn(database, CASE)
    assert sorted(facts.items()) == [
        ("Ann is fond of water sports.", ["one:0", "one:2", "two:0"]),
        ("Ann keeps a sausage dog.", ["one:0", "two:1"]),
        ("Ann sings.", ["two:2"]),
    ]
    assert len(reader.told) == 5
    assert reader.confirmed == 1
    assert not reader.cut


async def test_turns_that_are_not_shown_are_left_out(database: Path) -> None:
    across = Statement("Ann has hobbies.", AT, ("one:2", "two:2"))
    facts, reader = await _drawn(database, dataclasses.replace(CASE, statements=(across,)))
    assert facts == {"Ann has hobbies.": ["two:2"]}
    assert reader.cut == reader.told == {0}


async def test_what_became_of_statements_is_counted(tmp_path: Path) -> None:
    measured = await measure_pipeline(tmp_path, [CASE], None)
    assert (measured.sessions, measured.told) == (2, 5)
    assert (measured.added, measured.same, measured.confirmed) == (3, 1, 1)
    assert measured.left_out == measured.superseded == 0
    assert measured.calls == 3
    assert measured.seconds > measured.model_seconds > 0


async def test_drawn_facts_lead_to_their_turns(tmp_path: Path) -> None:
    engine = make_engine("lexical+drawn", tmp_path, None)
    await engine.ingest([CASE])
    assert (await engine.find(CASE, CASE.questions[0], 3))[0] in {"one:0", "one:2", "two:0"}
    await engine.aclose()


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("Ann sings.", "ann SINGS", 1.0), ("a b c d", "a b", 0.5), ("a", "b", 0.0), ("", "", 0.0)],
)
def test_words_of_the_longer_text_are_counted(one: str, other: str, share: float) -> None:
    assert overlap(one, other) == overlap(other, one) == share
