"""Whatever a model answers: no episode is lost, and no job, and what can be read is."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from remanence import Memory, Message, Scope
from remanence.cli.app import app
from remanence.errors import (
    BackendAnswerError,
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
)
from remanence.llm.protocol import Completion, Question
from remanence.store.sqlite import SQLiteStore
from tests.facts.stories import Story, fact, story, verdict

TEA = "Maria likes tea."
SCOPE = Scope("maria", "clerk", "monday")


async def say(told: Story, *texts: str) -> None:
    """Say something that waits to be read."""
    messages = [Message("user", text, at=told.clock.time) for text in texts]
    await told.memory.observe(messages, scope=SCOPE)


async def patiently(told: Story, rounds: int = 8) -> bool:
    """Let hours go by, until all was read or is given up on."""
    for _ in range(rounds):
        told.clock.time += dt.timedelta(hours=1)
        if await told.memory.settle(0.5):
            return True
    return False


async def jobs(path: Path) -> list[tuple[str, str, str | None]]:
    """Return kind, state and error of the jobs that are left."""
    store = SQLiteStore(path / "memory.db")
    await store.open()
    try:
        found = await store.jobs.jobs(destination="extract")
        return [(job.kind, job.state, job.error_kind) for job in found if job.state != "done"]
    finally:
        await store.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        {"facts": [{"statement": "", "kind": "profile", "sources": ["e1"]}]},
        {"facts": [fact(TEA, sources=["e9"])]},
        {"facts": [fact(TEA, valid_from="last spring")]},
        {"facts": [fact(TEA, kind="rumour")]},
        {"facts": "none"},
        {"something": "else"},
        ["no object"],
        "no JSON",
        None,
        BackendAnswerError("it is no JSON object"),
        BackendError("it failed"),
        BackendRefusedError("it will not"),
        RuntimeError("a bug"),
    ],
    ids=str,
)
async def test_an_answer_of_no_use_is_asked_for_again(tmp_path: Path, answer: Any) -> None:
    async with story(tmp_path) as told:
        bad = answer if isinstance(answer, Exception) else _always(answer)
        told.reader.found += [bad, bad, {"facts": [fact(TEA)]}]
        await say(told, "I like tea.")
        assert await patiently(told)
        assert await told.facts() == [TEA]
        assert len(told.reader.questions) == 3
        assert told.memory.faults.counts == {"extract": 2}
        assert await jobs(tmp_path) == []


async def test_the_model_is_told_what_was_wrong(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        told.reader.found += [{"facts": [fact(TEA, kind="rumour")]}, {"facts": [fact(TEA)]}]
        await say(told, "I like tea.")
        assert await patiently(told)
        first, second = told.reader.questions
        assert "could not be used" not in first.text
        assert "could not be used" in second.text
        assert "kind" in second.text.rpartition("could not be used")[2]


async def test_a_model_that_is_away_counts_against_nothing(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        told.reader.found += [BackendUnavailableError("away", retry_after=0.0)] * 3
        told.reader.found.append({"facts": [fact(TEA)]})
        await say(told, "I like tea.")
        async with asyncio.timeout(60):
            while not await told.memory.settle(1):
                told.clock.time += dt.timedelta(hours=1)
        assert await told.facts() == [TEA]
        assert told.memory.faults.counts.keys() == {"extract"}


async def test_who_is_outrun_again_and_again_comes_back_and_has_not_failed(tmp_path: Path) -> None:
    """As when other processes learn of the same user all the while."""
    async with story(tmp_path) as told:
        await told.memory.remember("Maria likes green tea.", scope=SCOPE)
        left = 20

        async def learn() -> None:
            nonlocal left
            if left:
                left -= 1
                await told.memory.remember(f"Somebody else learned of {left}.", scope=SCOPE)

        told.reader.when_in_doubt = learn
        told.reader.decided += [[verdict("add")]] * 40
        told.reader.found += [{"facts": [fact(TEA)]}] * 40
        await say(told, "I like tea.")
        assert await patiently(told, 30)
        assert left == 0
        assert TEA in await told.facts()
        assert told.memory.faults.counts == {}
        assert await jobs(tmp_path) == []


async def test_a_model_that_answers_nothing_of_use_parks_the_job(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        told.reader.found += [_always({"facts": "none"})] * 50
        await say(told, "I like tea.", "And I like coffee.")
        assert not await patiently(told)
        assert told.memory.faults.counts == {"extract": 5, "extract parked": 1}
        stats = await told.memory.stats()
        assert (stats.episodes, stats.facts, stats.unextracted) == (2, 0, 2)
        assert await jobs(tmp_path) == [("extract", "parked", "BackendAnswerError")]
        told.reader.found.clear()
    database = str(tmp_path / "memory.db")
    listed = await asyncio.to_thread(CliRunner().invoke, app, ["outbox", "list", "--db", database])
    assert "parked" in listed.output
    assert "BackendAnswerError" in listed.output
    assert "tea" not in listed.output
    retry = ["outbox", "retry", "--all-parked", "--db", database]
    retried = await asyncio.to_thread(CliRunner().invoke, app, retry)
    assert retried.exit_code == 0, retried.output
    async with story(tmp_path) as told:
        told.reader.found.append({"facts": [fact(TEA)]})
        assert await told.memory.settle(20)
        assert await told.facts() == [TEA]
        assert (await told.memory.stats()).unextracted == 0


async def test_what_was_given_up_on_is_cleared_once_it_was_read(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        told.reader.found += [BackendError("it failed")] * 6
        await say(told, "I like tea.")
        assert not await patiently(told)
        assert await jobs(tmp_path) == [("extract", "parked", "BackendError")]
        told.reader.found += [{"facts": [fact(TEA)]}]
        await say(told, "And the sea.")
        assert await told.memory.settle(20)
        assert await jobs(tmp_path) == []


async def test_what_was_given_up_on_is_read_again_when_asked(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        told.reader.found += [BackendError("it failed")] * 6
        await say(told, "I like tea.")
        assert not await patiently(told)
        assert await jobs(tmp_path) == [("extract", "parked", "BackendError")]
        told.reader.found += [{"facts": [fact(TEA)]}]
        assert await told.memory.extract(scope=Scope("maria")) == 1
        assert await told.memory.settle(20)
        assert await told.facts() == [TEA]
        assert await jobs(tmp_path) == []


class _Plain:
    """Can be called, and is no function, so that nobody can tell what it returns."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __call__(self, question: Question) -> Any:
        return self.answer


class _NoModel:
    """Passes for a chat model until it is asked."""

    identity = "none"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def ask(self, question: Question) -> Any:
        return self.answer


class _PlainModel(_NoModel):
    def __init__(self, answer: Any) -> None:
        super().__init__(answer)
        self.ask = _Plain(answer)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (_NoModel({"facts": []}), "chat_model: ask returned dict; return a Completion"),
        (_NoModel(None), "chat_model: ask returned NoneType; return a Completion"),
        (
            _NoModel(Completion({"facts": []}, cast("Any", None))),
            "chat_model: a Completion's usage",
        ),
        (_PlainModel({"facts": []}), "chat_model: ask returned dict without being awaited"),
    ],
)
async def test_what_is_no_chat_model_is_told(tmp_path: Path, model: Any, said: str) -> None:
    async with Memory.open(tmp_path / "memory.db", chat_model=model) as memory:
        await memory.observe(Message("user", "I like tea."), scope=SCOPE)
        async with asyncio.timeout(20):
            while not memory.faults.counts:
                assert not await memory.settle(0.2)
    store = SQLiteStore(tmp_path / "memory.db")
    await store.open()
    (job,) = await store.jobs.jobs(destination="extract")
    await store.aclose()
    assert job.error_kind == "BackendAnswerError"
    assert (job.error or "").startswith(said)


async def test_a_message_that_no_model_takes_holds_up_nothing(tmp_path: Path) -> None:
    async with story(tmp_path) as told:

        async def squeamish(question: Question) -> Any:
            if "poison" in question.text.partition("New:")[2]:
                raise BackendRefusedError("the content was filtered")
            return {"facts": [fact(TEA)] if "I like tea" in question.text else []}

        told.reader.found += [squeamish] * 100
        await say(told, "Hello.", "The poison.", "I like tea.", "Bye.")
        assert not await patiently(told, 20)
        assert await told.facts() == [TEA]
        assert (await told.memory.stats()).unextracted == 1
        assert told.memory.faults.counts["extract parked"] == 1
        assert await jobs(tmp_path) == [("extract again", "parked", "BackendError")]
        await say(told, "I like tea very much.")
        assert not await patiently(told, 3)
        assert (await told.memory.stats()).unextracted == 1


async def test_less_is_read_at_once_after_failures(tmp_path: Path) -> None:
    async with story(tmp_path) as told:

        async def overwhelmed(question: Question) -> Any:
            new = question.text.partition("New:")[2]
            if new.count('"id": "e') > 4:
                raise BackendRefusedError("the context is too long")
            return {"facts": []}

        told.reader.found += [overwhelmed] * 100
        await say(told, *(f"Message {number}." for number in range(20)))
        assert await patiently(told)
        assert (await told.memory.stats()).unextracted == 0


async def test_a_slow_model_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with story(tmp_path, extract_after=0.0) as told:
        asked, let_go = asyncio.Event(), asyncio.Event()

        async def slow(question: Question) -> Any:
            asked.set()
            await let_go.wait()
            return {"facts": [fact(TEA)]}

        told.reader.found.append(slow)
        await say(told, "I like tea.")
        await asked.wait()
        await say(told, "And the sea.")
        found = await told.memory.recall("What does Maria like?", scope=told.where)
        assert found
        assert not await told.memory.settle(0.05)
        told.reader.found.append({"facts": []})
        let_go.set()
        assert await told.memory.settle(20)
        assert await told.facts() == [TEA]


async def test_closing_while_a_model_reads_loses_nothing(tmp_path: Path) -> None:
    async with story(tmp_path, extract_after=0.0) as told:
        asked = asyncio.Event()

        async def hanging(question: Question) -> Any:
            asked.set()
            await asyncio.Event().wait()

        told.reader.found.append(hanging)
        await say(told, "I like tea.")
        await asked.wait()
    async with story(tmp_path) as told:
        told.reader.found.append({"facts": [fact(TEA)]})
        assert await told.memory.settle(20)
        assert await told.facts() == [TEA]


async def test_a_session_is_read_when_it_pauses(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        for number in range(3):
            await say(told, f"Message {number}.")
            told.clock.time += dt.timedelta(seconds=20)
        assert told.reader.questions == []
        store = SQLiteStore(tmp_path / "memory.db")
        await store.open()
        (job,) = await store.jobs.jobs(destination="extract")
        await store.aclose()
        assert job.due_at - job.created_at == dt.timedelta(seconds=40 + 30)
        assert await told.memory.settle(20)
        (question,) = told.reader.questions
        assert question.text.count('"id": "e') == 3


async def test_what_was_said_before_is_context_and_is_read_once(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        await told.says("2026-03-01", "Do you like tea?", role="assistant")
        await told.says("2026-03-02", "Yes, very much.", fact(TEA, sources=["e1", "c1"]))
        (known,) = await told.told()
        assert (known.stated_by, len(known.sources)) == ("assistant", 2)
        _, second = told.reader.questions
        assert "Do you like tea?" in second.text.partition("New:")[0]


async def test_what_was_stored_without_a_model_is_read_when_asked(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "memory.db") as memory:
        await memory.observe(Message("user", "I like tea."), scope=SCOPE)
        assert not memory.extracts
        with pytest.raises(ValueError, match="chat_model"):
            await memory.extract(scope=Scope("maria"))
    async with story(tmp_path) as told:
        assert await told.memory.settle(5)
        assert told.reader.questions == []
        told.reader.found.append({"facts": [fact(TEA)]})
        assert await told.memory.extract(scope=Scope("maria")) == 1
        assert await told.memory.settle(20)
        assert await told.facts() == [TEA]
        assert await told.memory.extract(scope=Scope("maria")) == 0


async def test_what_is_forgotten_while_it_is_read_leaves_nothing(tmp_path: Path) -> None:
    async with story(tmp_path, extract_after=0.0) as told:
        asked, let_go = asyncio.Event(), asyncio.Event()

        async def slow(question: Question) -> Any:
            asked.set()
            await let_go.wait()
            return {"facts": [fact(TEA)]}

        told.reader.found.append(slow)
        await say(told, "I like tea.")
        await asked.wait()
        await told.memory.forget_user("maria")
        let_go.set()
        assert await told.memory.settle(20)
        assert await told.facts() == []
        assert (await told.memory.stats()).users == 0


async def test_what_models_cost_is_counted(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        told.reader.found += [BackendError("it failed"), {"facts": [fact(TEA)]}]
        await say(told, "I like tea.")
        assert await patiently(told)
    async with Memory.open(tmp_path / "memory.db") as memory:
        stats = await memory.stats()
        assert (stats.model_calls, stats.input_tokens, stats.output_tokens) == (2, 100, 10)


def _always(answer: Any) -> Callable[[Question], Any]:
    async def answering(question: Question) -> Any:
        return answer

    return answering
