"""What the chat model answers mem0, in a reply's whole way into the store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mem0")

from agentscope.message import Msg, TextBlock, ThinkingBlock
from agentscope.model import ChatResponse

from remanence.backends.mem0.extraction import facts_of
from remanence.errors import BackendAnswerError
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import facts_answer
from remanence.testing.models import ScriptedChatModel
from tests.mem0.parts import ALICE, backend_of, exchange, found

pytestmark = pytest.mark.agentscope

GOOD = facts_answer("Alice keeps bees in Ghent")
FACT = "Alice keeps bees in Ghent"


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"<think>Is {{this}} JSON?</think>\n{GOOD}",
        f"Here you are:\n{GOOD}\nAnything else?",
        json.dumps({"memory": [{"text": FACT}, {"text": " "}]}),
    ],
    ids=["plain", "fenced", "think", "words around", "a blank fact"],
)
async def test_facts_are_kept(tmp_path: Path, answer: str) -> None:
    backend = backend_of(tmp_path, [answer])
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert await found(backend) == [FACT]
    assert backend.faults.counts == {}
    await backend.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        "this is not { json",
        "",
        json.dumps({"memory": None}),
        json.dumps({"facts": ["x"]}),
        json.dumps([{"text": "a"}]),
        json.dumps({"memory": ["just a string"]}),
        json.dumps({"memory": [{"text": 5}]}),
        RuntimeError("model down"),
        ConnectionError("no route to the model"),
        TimeoutError(),
    ],
    ids=str,
)
async def test_a_failure_is_counted_and_tried_again(tmp_path: Path, answer: Any) -> None:
    backend = backend_of(tmp_path, [answer, answer, GOOD])
    await backend.retain(exchange(), scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert await found(backend) == [FACT]
    assert backend.faults.counts["deliver"] == 2
    await backend.aclose()


async def test_a_failure_leaves_nothing_half_done(tmp_path: Path) -> None:
    model = ScriptedChatModel(["nonsense", GOOD])
    backend = backend_of(tmp_path, chat_model=model)
    await backend.retain(exchange(), scope=ALICE, wait=0)
    assert await backend.settle(10)
    first, second = (str(call[-1].get_text_content()) for call in model.calls)
    assert first == second  # the exchange is not in the history that mem0 shows the second time
    await backend.aclose()


class _Beginning(ScriptedChatModel):
    """Answers first as it was told."""

    def __init__(self, *blocks: Any) -> None:
        super().__init__(stream=False)
        self._first = ChatResponse(content=list(blocks), is_last=True)

    async def _call_api(self, *arguments: Any, **options: Any) -> ChatResponse:  # pyright: ignore[reportIncompatibleMethodOverride] - for any arguments
        first, self._first = self._first, ChatResponse(content=[TextBlock(text=GOOD)], is_last=True)
        return first


async def test_an_interrupted_answer_is_a_failure(tmp_path: Path) -> None:
    # AgentScope makes an empty answer of it, or lets it through, according to its version.
    backend = backend_of(tmp_path, [asyncio.CancelledError(), GOOD])
    await backend.retain(exchange(), scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert await found(backend) == [FACT]
    assert backend.faults.counts["deliver"] == 1
    await backend.aclose()


async def test_what_a_model_thinks_never_reaches_mem0(tmp_path: Path) -> None:
    thought = ThinkingBlock(thinking='{"memory": [{"text": "a secret thought"}]}')
    backend = backend_of(tmp_path, chat_model=_Beginning(thought, TextBlock(text=GOOD)))
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert await found(backend, "a secret thought bees") == [FACT]
    await backend.aclose()
    assert b"secret thought" not in everything_in(tmp_path)
    assert FACT.encode() in everything_in(tmp_path)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_slow_model_is_waited_for_and_never_for_ever(tmp_path: Path) -> None:
    async def slowly(messages: list[Msg]) -> str:
        await asyncio.sleep(0.3)
        return GOOD

    slow = backend_of(tmp_path / "slow", slowly)
    assert not await slow.retain(exchange(), scope=ALICE, wait=0.05)
    assert await slow.settle(10)
    assert await found(slow) == [FACT]
    await slow.aclose()


async def test_nothing_to_remember_of_an_exchange_is_no_failure(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, [facts_answer()])
    assert await backend.retain(exchange("Hello."), scope=ALICE, wait=10)
    assert await found(backend, "Hello.") == []
    assert backend.faults.counts == {}
    await backend.aclose()


async def test_facts_that_can_not_be_embedded_are_tried_again(tmp_path: Path) -> None:
    failing = [None, ConnectionError("no embeddings now")]
    embedding = ScriptedEmbeddingModel(512, script=failing)
    backend = backend_of(tmp_path, embedding_model=embedding)
    await backend.retain(exchange(), scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert await found(backend) == ["I keep bees in Ghent."]
    assert backend.faults.counts["deliver"] == 1
    await backend.aclose()


async def test_vectors_of_another_size_are_refused_with_both_numbers(tmp_path: Path) -> None:
    embedding = ScriptedEmbeddingModel(512, script=lambda texts: [[0.5] * 100 for _ in texts])
    backend = backend_of(tmp_path, embedding_model=embedding)
    assert not await backend.retain(exchange(), scope=ALICE, wait=10)
    assert backend.faults.counts["park"] == 1
    await backend.aclose()


async def test_many_facts_are_embedded_in_one_call(tmp_path: Path) -> None:
    embedding = ScriptedEmbeddingModel(512)
    facts = [f"Alice has bee number {number}" for number in range(20)]
    backend = backend_of(tmp_path, [facts_answer(*facts)], embedding_model=embedding)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert facts in embedding.calls
    assert len(embedding.calls) <= 3
    await backend.aclose()


def test_a_lone_surrogate_in_an_answer_is_replaced() -> None:
    (fact,) = facts_of('{"memory": [{"text": "a \\ud83d b"}]}')
    assert fact["text"] == "a \ufffd b"


def test_what_is_nested_too_deeply_is_unreadable() -> None:
    with pytest.raises(BackendAnswerError):
        facts_of('{"memory":' + "[" * 100_000)


async def test_statements_that_nothing_is_extracted_from_are_kept_as_they_are(
    tmp_path: Path,
) -> None:
    backend = backend_of(tmp_path, [facts_answer()])
    assert await backend.remember(["Nora keeps bees.", "In Ghent."], scope=ALICE, wait=10)
    assert await found(backend) == ["Nora keeps bees.\nIn Ghent."]
    await backend.aclose()


async def test_statements_that_are_known_are_not_kept_as_they_are(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, [GOOD, GOOD])
    assert await backend.remember(["Alice keeps bees."], scope=ALICE, wait=10)
    assert await backend.remember(["Alice has bees, in Ghent."], scope=ALICE, wait=10)
    assert await found(backend) == [FACT]
    await backend.aclose()


async def test_statements_that_could_not_be_extracted_from_are_not_kept_as_they_are(
    tmp_path: Path,
) -> None:
    backend = backend_of(tmp_path, ["nonsense", GOOD])
    await backend.remember(["Alice has bees, in Ghent."], scope=ALICE, wait=0)
    assert await backend.settle(10)
    assert await found(backend) == [FACT]
    await backend.aclose()
