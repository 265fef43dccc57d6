"""Event loops: whose a model is, which come and go, and what is left behind."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mem0")

from agentscope.message import Msg

from remanence.backends.mem0.calling import Call
from remanence.errors import BackendUnavailableError, MemoryClosedError
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import verbatim_facts
from remanence.testing.models import ScriptedChatModel
from tests.mem0.parts import ALICE, backend_of, exchange, found, ours

pytestmark = pytest.mark.agentscope


class Bound:
    """Connections that belong to the event loop in which they were made."""

    def __init__(self) -> None:
        self.pool: list[asyncio.AbstractEventLoop] = []

    def use(self) -> None:
        here = asyncio.get_running_loop()
        if self.pool and self.pool[0] is not here:
            gone = self.pool.pop(0)
            closed = "Event loop is closed"
            raise RuntimeError(closed if gone.is_closed() else "bound to a different event loop")
        if not self.pool:
            self.pool.append(here)


class BoundChatModel(ScriptedChatModel):
    def __init__(self) -> None:
        super().__init__(verbatim_facts)
        self.bound = Bound()

    async def _call_api(self, *arguments: Any, **options: Any) -> Any:
        self.bound.use()
        return await super()._call_api(*arguments, **options)


class BoundEmbeddingModel(ScriptedEmbeddingModel):
    def __init__(self) -> None:
        super().__init__(512)
        self.bound = Bound()

    async def _call_api(self, inputs: list[str], **options: Any) -> Any:
        self.bound.use()
        return await super()._call_api(inputs, **options)


def test_a_backend_serves_one_event_loop_after_the_other(tmp_path: Path) -> None:
    chat, embedding = BoundChatModel(), BoundEmbeddingModel()
    backend = backend_of(tmp_path, chat_model=chat, embedding_model=embedding)
    for number in range(3):
        text = f"bees number{number}"

        async def once(text: str = text) -> None:
            chat.bound.use()  # as the agent does, on the event loop of the reply
            assert await backend.retain(exchange(text, text), scope=ALICE, wait=10)
            assert text in await found(backend, text)

        if chat.bound.pool:
            chat.bound.pool.clear()
        asyncio.run(once())
    asyncio.run(backend.aclose())
    assert backend.faults.counts == {}


def test_a_model_that_was_used_elsewhere_is_asked_again(tmp_path: Path) -> None:
    chat, embedding = BoundChatModel(), BoundEmbeddingModel()
    gone = [asyncio.new_event_loop() for _ in range(3)]
    chat.bound.pool.extend(gone)
    embedding.bound.pool.extend(gone)
    for loop in gone:
        loop.close()

    async def main() -> None:
        backend = backend_of(tmp_path, chat_model=chat, embedding_model=embedding)
        assert await backend.retain(exchange(), scope=ALICE, wait=10)
        assert await found(backend) == ["I keep bees in Ghent."]
        assert backend.faults.counts == {}
        await backend.aclose()

    asyncio.run(main())


def test_models_are_asked_on_the_callers_event_loop(tmp_path: Path) -> None:
    seen: set[str] = set()

    def answer(messages: list[Msg]) -> str:
        seen.add(threading.current_thread().name)
        return verbatim_facts(messages)

    async def main() -> None:
        backend = backend_of(tmp_path, answer)
        assert await backend.retain(exchange(), scope=ALICE, wait=10)
        await backend.aclose()

    asyncio.run(main())
    assert seen == {threading.main_thread().name}


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = threading.enumerate()

    async def main() -> None:
        backend = backend_of(tmp_path)
        assert await backend.retain(exchange(), scope=ALICE, wait=10)
        assert await found(backend) == ["I keep bees in Ghent."]
        await backend.aclose()
        assert ours() == []
        await backend.aclose()
        with pytest.raises(MemoryClosedError):
            await found(backend)

    asyncio.run(main())
    assert threading.enumerate() == before


def test_nothing_is_left_behind_of_a_model_that_hangs(tmp_path: Path) -> None:
    async def hang(messages: list[Msg]) -> str:
        await asyncio.Event().wait()
        return ""

    async def main() -> None:
        backend = backend_of(tmp_path, hang)
        await backend.retain(exchange(), scope=ALICE, wait=0.2)
        await backend.aclose()
        assert ours() == []

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 10

    async def again() -> None:
        backend = backend_of(tmp_path)
        assert await backend.settle(10)
        assert await found(backend) == ["I keep bees in Ghent."]
        await backend.aclose()

    asyncio.run(again())


def test_an_event_loop_that_ends_frees_what_waits_for_it(tmp_path: Path) -> None:
    asked = threading.Event()

    async def hang(messages: list[Msg]) -> str:
        asked.set()
        await asyncio.Event().wait()
        return ""

    backend = backend_of(tmp_path, [hang, verbatim_facts])

    async def left() -> None:
        await backend.retain(exchange(), scope=ALICE, wait=0.01)
        assert await asyncio.to_thread(asked.wait, 30)

    asyncio.run(left())

    async def later() -> None:
        assert await found(backend) == []
        assert await backend.settle(10)
        assert await found(backend) == ["I keep bees in Ghent."]
        await backend.aclose()

    asyncio.run(later())
    assert ours() == []


async def test_a_call_that_was_given_up_asks_no_model() -> None:
    asked: list[int] = []

    async def model() -> int:
        asked.append(1)
        return 1

    call = Call()
    assert await asyncio.to_thread(call.ask, model) == 1
    call.give_up()
    with pytest.raises(BackendUnavailableError):
        await asyncio.to_thread(call.ask, model)
    assert asked == [1]


def test_an_event_loop_that_is_left_frees_the_thread_that_waits_for_it() -> None:
    caught: list[BaseException] = []
    loop = asyncio.new_event_loop()

    def wait(call: Call) -> None:
        try:
            call.ask(asyncio.Event().wait)
        except BaseException as error:
            caught.append(error)

    async def left() -> threading.Thread:
        thread = threading.Thread(target=wait, args=(Call(),))
        thread.start()
        await asyncio.sleep(0.05)
        return thread

    thread = loop.run_until_complete(left())  # nothing is cancelled, unlike by asyncio.run
    thread.join(2)
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert [type(error) for error in caught] == [BackendUnavailableError]


class HangingEmbeddingModel(ScriptedEmbeddingModel):
    """Tells when it is asked, and when it is asked no longer."""

    def __init__(self) -> None:
        super().__init__(512)
        self.asked = asyncio.Event()
        self.free = asyncio.Event()

    async def _call_api(self, inputs: list[str], **options: Any) -> Any:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.free.set()


async def test_a_search_that_is_cancelled_asks_its_model_no_longer(tmp_path: Path) -> None:
    model = HangingEmbeddingModel()
    backend = backend_of(tmp_path, embedding_model=model)
    searching = asyncio.create_task(found(backend))
    await model.asked.wait()
    searching.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await searching
        await model.free.wait()
    await backend.aclose()
    assert ours() == []


async def test_closing_ends_what_is_being_searched(tmp_path: Path) -> None:
    model = HangingEmbeddingModel()
    backend = backend_of(tmp_path, embedding_model=model)
    searching = asyncio.create_task(found(backend))
    await model.asked.wait()
    async with asyncio.timeout(5):
        await backend.aclose()
        with pytest.raises(BackendUnavailableError):
            await searching
    assert ours() == []
