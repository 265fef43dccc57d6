"""Searching by meaning as well, with an embedding model that is scripted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("reme")

from remanence.testing.embedding import ScriptedEmbeddingModel
from tests.middleware.agents import until
from tests.reme.parts import ALICE, backend_of, exchange, found, hits
from tests.reme.workspaces import content_of

pytestmark = pytest.mark.agentscope

SAME = {"canine": "dog", "puppy": "dog", "automobile": "car"}
SIZE = 2_048
"""In fewer dimensions, words that have nothing in common are near by accident."""


class Synonyms(ScriptedEmbeddingModel):
    """Takes some words for the same.

    Attributes:
        broken: What it fails with, if with anything.
    """

    def __init__(self, name: str = "scripted", same: dict[str, str] | None = None) -> None:
        super().__init__(SIZE)
        self.model = name
        self.broken: Exception | None = None
        self._same = SAME if same is None else same

    async def _call_api(self, inputs: list[str], **options: Any) -> Any:
        if self.broken is not None:
            self.calls.append(list(inputs))
            raise self.broken
        response = await super()._call_api(inputs, **options)
        response.embeddings = [self._vector(self._meant(text)) for text in inputs]
        return response

    def _meant(self, text: str) -> str:
        words = text.casefold().replace(".", "").split()
        return " ".join(self._same.get(word, word) for word in words)

    def asked_for(self, text: str) -> int:
        """Return in how many calls a text was in one of those that were embedded."""
        return sum(any(text in each for each in call) for call in self.calls)


def _vectors(folder: Path) -> list[bool]:
    """Return of each part that ReMe saved whether it has a vector."""
    (path,) = (folder / "users" / "alice" / "metadata" / "file_store").rglob("*.jsonl.zst")
    lines = content_of(path).decode().splitlines()
    return [bool(json.loads(line).get("_embedding_f16_b64")) for line in lines]


async def test_what_has_no_word_in_common_is_found_by_its_meaning(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, embedding_model=Synonyms())
    assert await backend.retain(exchange("My puppy sleeps.", "one"), scope=ALICE, wait=10)
    assert await backend.retain(exchange("My automobile rusts.", "two"), scope=ALICE, wait=10)
    told = await hits(backend, "canine", limit=1)
    assert [hit.text for hit in told] == ["My puppy sleeps."]
    assert 0 < told[0].score <= 1
    assert await found(backend, "zeppelin") == []
    await backend.aclose()

    words = backend_of(tmp_path / "words")
    assert await words.retain(exchange("My puppy sleeps."), scope=ALICE, wait=10)
    assert await found(words, "canine") == []
    await words.aclose()


@pytest.mark.parametrize(
    "failure",
    [RuntimeError("broken"), ConnectionError("no route"), ValueError("what is this?")],
    ids=lambda failure: type(failure).__name__,
)
async def test_without_an_embedding_model_words_are_searched_and_vectors_made_later(
    tmp_path: Path, failure: Exception, quickly: None
) -> None:
    model = Synonyms()
    model.broken = failure
    backend = backend_of(tmp_path, embedding_model=model)
    assert await backend.retain(exchange("My puppy sleeps."), scope=ALICE, wait=20)
    assert await found(backend, "puppy") == ["My puppy sleeps."]
    assert await found(backend, "canine") == []
    assert backend.faults.counts["embedding"] >= 2
    assert backend.faults.counts["deliver"] == 0

    model.broken = None

    async def has_vectors() -> bool:
        return await found(backend, "canine") == ["My puppy sleeps."]

    await until(has_vectors)
    await backend.aclose()
    assert _vectors(tmp_path) == [True]


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait who waits between attempts."""
    import asyncio

    real: Callable[..., Any] = asyncio.sleep

    async def sleep(seconds: float, result: Any = None) -> Any:
        return await real(min(seconds, 0.05), result)

    monkeypatch.setattr(asyncio, "sleep", sleep)


async def test_vectors_outlive_the_process_and_are_not_asked_for_again(tmp_path: Path) -> None:
    first = Synonyms()
    backend = backend_of(tmp_path, embedding_model=first)
    assert await backend.retain(exchange("My puppy sleeps."), scope=ALICE, wait=10)
    await backend.aclose()
    assert first.asked_for("puppy") == 1

    second = Synonyms()
    again = backend_of(tmp_path, embedding_model=second)
    assert await found(again, "canine") == ["My puppy sleeps."]
    assert second.asked_for("puppy") == 0
    await again.aclose()


async def test_another_model_of_the_same_size_embeds_everything_anew(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, embedding_model=Synonyms())
    for number, text in enumerate(("My puppy sleeps.", "My automobile rusts.")):
        assert await backend.retain(exchange(text, str(number)), scope=ALICE, wait=10)
    await backend.aclose()

    other = Synonyms("another", {"canine": "rusts"})
    again = backend_of(tmp_path, embedding_model=other)
    assert await found(again, "canine", limit=1) == ["My automobile rusts."]
    assert other.asked_for("puppy") == other.asked_for("automobile") == 1
    await again.aclose()
    assert _vectors(tmp_path) == [True, True]


async def test_what_was_kept_without_a_model_gets_its_vectors_from_one_that_comes_back(
    tmp_path: Path,
) -> None:
    for text, model in (
        ("My automobile rusts.", Synonyms()),
        ("My puppy sleeps.", None),
    ):
        backend = backend_of(tmp_path, embedding_model=model)
        assert await backend.retain(exchange(text, text), scope=ALICE, wait=10)
        await backend.aclose()

    again = backend_of(tmp_path, embedding_model=Synonyms())

    async def is_found() -> bool:
        return await found(again, "canine", limit=1) == ["My puppy sleeps."]

    await until(is_found)
    await again.aclose()
    assert _vectors(tmp_path) == [True, True]


async def test_vectors_of_another_size_than_was_told_are_no_vectors(tmp_path: Path) -> None:
    model = ScriptedEmbeddingModel(64, script=lambda texts: [[0.5] * 100 for _ in texts])
    backend = backend_of(tmp_path, embedding_model=model)
    assert await backend.retain(exchange(), scope=ALICE, wait=10)
    assert await found(backend) == ["I keep bees in Ghent."]
    assert backend.faults.counts["embedding"] >= 2
    await backend.aclose()
