import asyncio
import threading
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from remanence.embed.queries import QueryVectors
from remanence.errors import BackendAnswerError, BackendUnavailableError, DimensionError
from remanence.testing.embedder import ScriptedEmbedder

Floats = npt.NDArray[np.float32]


class Waiting(ScriptedEmbedder):
    """Answers once it may.

    Attributes:
        may: Set when it may.
        asked: Given back for each question that is asked.
    """

    def __init__(
        self, script: Callable[[Sequence[str]], Exception | None] = lambda _: None
    ) -> None:
        super().__init__(dimensions=8, script=script)
        self.may = asyncio.Event()
        self.asked = asyncio.Semaphore(0)

    async def embed_query(self, text: str) -> Floats:
        self.asked.release()
        await self.may.wait()
        return await super().embed_query(text)


class Answering(ScriptedEmbedder):
    """Answers what it was given."""

    def __init__(self, answer: Floats) -> None:
        super().__init__(dimensions=2)
        self.answer = answer

    async def embed_query(self, text: str) -> Floats:
        del text
        return self.answer


async def test_a_question_is_asked_once() -> None:
    embedder = ScriptedEmbedder()
    queries = QueryVectors(embedder)
    first = await queries.vector("falcon")
    assert await queries.vector("falcon") is first
    assert np.array_equal(first, await ScriptedEmbedder().embed_query("falcon"))
    assert not np.array_equal(await queries.vector("Falcon!"), np.zeros(64))
    assert embedder.calls == [["falcon"], ["Falcon!"]]


async def test_the_least_recently_asked_leave_first() -> None:
    embedder = ScriptedEmbedder()
    queries = QueryVectors(embedder, most=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await queries.vector(text)
    assert embedder.calls == [["a"], ["b"], ["c"], ["b"]]
    queries.clear()
    await queries.vector("b")
    assert embedder.calls[-2:] == [["b"], ["b"]]


async def test_none_are_kept_if_none_are_to_be() -> None:
    embedder = ScriptedEmbedder()
    queries = QueryVectors(embedder, most=0)
    for _ in range(2):
        await queries.vector("a")
    assert embedder.calls == [["a"], ["a"]]


async def test_who_asks_the_same_waits_for_it() -> None:
    embedder = Waiting()
    queries = QueryVectors(embedder)
    asking = [asyncio.ensure_future(queries.vector("falcon")) for _ in range(3)]
    other = asyncio.ensure_future(queries.vector("otter"))
    await embedder.asked.acquire()
    await embedder.asked.acquire()
    embedder.may.set()
    one, *rest = await asyncio.gather(*asking)
    assert all(each is one for each in rest)
    await other
    assert sorted(embedder.calls) == [["falcon"], ["otter"]]


async def test_who_leaves_does_not_take_the_answer_along() -> None:
    embedder = Waiting()
    queries = QueryVectors(embedder)
    first, second, third = (asyncio.ensure_future(queries.vector("falcon")) for _ in range(3))
    await embedder.asked.acquire()
    second.cancel()
    first.cancel()
    await asyncio.wait([first, second])
    await embedder.asked.acquire()  # the one who is left asks anew
    embedder.may.set()
    assert (await third).shape == (8,)
    assert embedder.calls == [["falcon"]]


async def test_an_error_is_everybodys_and_is_not_kept() -> None:
    errors = [BackendUnavailableError("no route")]
    embedder = Waiting(script=lambda _: errors.pop() if errors else None)
    queries = QueryVectors(embedder)
    asking = [asyncio.ensure_future(queries.vector("falcon")) for _ in range(2)]
    await embedder.asked.acquire()
    embedder.may.set()
    for failed in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(failed, BackendUnavailableError)
    assert embedder.calls == [["falcon"]]
    assert (await queries.vector("falcon")).shape == (8,)


async def test_a_vector_is_at_length_one_and_nobody_can_change_it() -> None:
    vector = await QueryVectors(Answering(np.array([3, 4], np.float32))).vector("falcon")
    assert np.allclose(vector, [0.6, 0.8])
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (np.zeros(3, np.float32), DimensionError),
        (np.ones((1, 2), np.float32), DimensionError),
        (np.array([np.nan, 1], np.float32), BackendAnswerError),
        (np.zeros(2, np.float32), BackendAnswerError),
    ],
    ids=str,
)
async def test_what_is_no_vector_is_told(answer: Floats, error: type[Exception]) -> None:
    with pytest.raises(error):
        await QueryVectors(Answering(answer)).vector("falcon")


def test_event_loops_of_several_threads_share() -> None:
    calls: list[str] = []
    begun, together = threading.Event(), threading.Barrier(4)

    class Slow(ScriptedEmbedder):
        async def embed_query(self, text: str) -> Floats:
            calls.append(text)
            await asyncio.to_thread(begun.wait, 30)
            return await super().embed_query(text)

    queries = QueryVectors(Slow())
    found: list[Floats] = []

    async def ask() -> None:
        asking = asyncio.ensure_future(queries.vector("falcon"))
        await asyncio.sleep(0)  # it has asked, or waits for the one who has
        await asyncio.to_thread(together.wait, 30)
        begun.set()
        found.append(await asking)

    _in_threads(4, lambda: asyncio.run(ask()))
    assert calls == ["falcon"]
    assert len(found) == 4
    assert all(each is found[0] for each in found)


def _in_threads(amount: int, run: Callable[[], object]) -> None:
    threads = [threading.Thread(target=run) for _ in range(amount)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
