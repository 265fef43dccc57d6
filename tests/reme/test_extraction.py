"""What ReMe's agent notes of an exchange, with a chat model that is scripted."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest

pytest.importorskip("reme")

from remanence.backends.reme.notes import read_note
from remanence.backends.service import Delivery
from remanence.testing.models import Answer, ScriptedChatModel
from tests.middleware.agents import agent_of, hints, says, script
from tests.reme.noting import NOTED, Noting
from tests.reme.parts import (
    ALICE,
    ASKED,
    QUICK,
    backend_of,
    exchange,
    found,
    middleware_of,
    recalled,
    told,
)
from tests.reme.workspaces import notes_of

pytestmark = pytest.mark.agentscope

SAID = "My sister Nora lives in Ghent and keeps bees."
LATER = "She moved to Bruges last week."

ASK = """
import asyncio, pathlib, sys
from tests.reme.noting import Noting
from tests.reme.parts import middleware_of, recalled
async def main():
    async with middleware_of(pathlib.Path(sys.argv[1]), chat_model=Noting().model()) as middleware:
        print(await recalled(middleware))
asyncio.run(main())
"""


async def test_what_reme_notes_is_recalled_by_a_new_agent_in_another_process(
    tmp_path: Path, run_python: Callable[..., CompletedProcess[str]]
) -> None:
    noting = Noting()
    async with middleware_of(tmp_path, chat_model=noting.model()) as middleware:
        await told(middleware, SAID)
    assert len(noting.prompts) == 1
    assert SAID in noting.prompts[0]

    ended = await asyncio.to_thread(run_python, "-c", ASK, tmp_path)
    assert "the sister of Alice, lives in Ghent" in ended.stdout, ended.stderr
    assert SAID not in ended.stdout


async def test_a_session_has_one_note_that_tells_what_it_comes_from(tmp_path: Path) -> None:
    noting = Noting()
    backend = backend_of(tmp_path, chat_model=noting.model())
    assert await backend.retain(exchange(SAID, "one"), scope=ALICE, wait=10)
    assert await backend.retain(exchange(LATER, "two"), scope=ALICE, wait=10)

    (file,) = notes_of(tmp_path / "users" / "alice")
    note = read_note(file.path.read_text("utf-8"))
    assert note.body == NOTED.replace("Ghent", "Bruges")
    assert note.fields["name"] == "nora"
    assert note.fields["session_id"] == "clerk.s-monday"
    assert note.origin is not None
    assert note.origin.kind == "extracted"
    assert len(note.origin.keys) == 2
    assert (note.origin.agent_id, note.origin.session_id) == ("clerk", "monday")
    assert SAID in noting.prompts[0]
    assert LATER in noting.prompts[1]
    assert SAID not in noting.prompts[1]
    assert await found(backend) == [note.body]
    assert backend.faults.counts == {}
    await backend.aclose()


async def test_nothing_is_left_of_what_the_agent_was_told(tmp_path: Path) -> None:
    answers = [Noting(), RuntimeError("away"), Noting()]
    backend = backend_of(tmp_path, chat_model=_turns(answers))
    for reply in ("one", "two", "three"):
        await backend.retain(exchange(SAID, reply), scope=ALICE, wait=10)
    assert await backend.settle(10)
    agents = tmp_path / "users" / "alice" / "metadata" / "agents"
    assert agents.is_dir()
    assert list(agents.rglob("*.jsonl")) == []
    await backend.aclose()


async def test_what_was_noted_before_a_crash_is_not_given_to_the_agent_again(
    tmp_path: Path,
) -> None:
    noting = Noting()
    backend = backend_of(tmp_path, chat_model=noting.model())
    assert await backend.retain(exchange(SAID), scope=ALICE, wait=10)
    service = backend._service  # pyright: ignore[reportPrivateUsage] - as a queue asks it again
    (file,) = notes_of(tmp_path / "users" / "alice")
    (key,) = _keys(file.path)

    assert await service.has(key, scope=ALICE)
    assert not await service.has("another", scope=ALICE)
    assert not await service.has(key, scope=dataclasses.replace(ALICE, session_id="tuesday"))
    await service.deliver(Delivery(key, ALICE, exchange(SAID)))
    assert len(noting.prompts) == 1
    assert _keys(file.path) == (key,)
    await backend.aclose()


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("the model is broken"),
        ConnectionError("no route to the model"),
        TimeoutError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_a_model_fails_at_waits_and_arrives_later(
    tmp_path: Path, failure: Exception
) -> None:
    backend = backend_of(tmp_path, chat_model=_turns([failure, failure, Noting()]))
    await backend.retain(exchange(SAID), scope=ALICE, wait=0)
    assert await backend.settle(20)
    assert await found(backend) == [NOTED]
    assert backend.faults.counts["deliver"] == 2
    await backend.aclose()


async def test_a_model_that_asks_to_wait_is_left_alone_and_nothing_is_parked(
    tmp_path: Path,
) -> None:
    class RateLimitError(Exception):
        status_code = 429

    limited = RateLimitError("slow down")
    settings = dataclasses.replace(QUICK, attempts=2)
    answers = [limited, limited, limited, limited, Noting()]
    backend = backend_of(tmp_path, chat_model=_turns(answers), settings=settings)
    await backend.retain(exchange(SAID), scope=ALICE, wait=0)
    assert await backend.settle(20)
    assert await found(backend) == [NOTED]
    assert backend.faults.counts["park"] == 0
    await backend.aclose()


async def test_a_model_that_hangs_is_given_up(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def hang(_: object) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return ""

    noting = Noting()
    settings = dataclasses.replace(QUICK, deliver_seconds=0.5)
    backend = backend_of(tmp_path, chat_model=_turns([hang, noting]), settings=settings)
    await backend.retain(exchange(SAID), scope=ALICE, wait=0)
    async with asyncio.timeout(20):
        await left.wait()
        assert await backend.settle(20)
    assert await found(backend) == [NOTED]
    await backend.aclose()


async def test_what_is_not_worth_it_is_taken_as_kept(tmp_path: Path) -> None:
    backend = backend_of(tmp_path, chat_model=ScriptedChatModel(["Skipped: small talk."]))
    assert await backend.retain(exchange("Hello there!"), scope=ALICE, wait=10)
    assert notes_of(tmp_path / "users" / "alice") == []
    assert await found(backend, "Hello") == []
    assert backend.faults.counts == {}
    await backend.aclose()


async def test_the_model_is_asked_on_the_event_loop_of_the_agent(tmp_path: Path) -> None:
    here = asyncio.get_running_loop()
    loops: list[asyncio.AbstractEventLoop] = []

    def look(_: str) -> None:
        loops.append(asyncio.get_running_loop())

    async with middleware_of(tmp_path, chat_model=Noting(before=look).model()) as middleware:
        await told(middleware, SAID)
    assert loops == [here]


async def test_statements_are_notes_as_they_are_and_ask_no_model(tmp_path: Path) -> None:
    noting = Noting()
    backend = backend_of(tmp_path, chat_model=noting.model())
    assert await backend.remember(["Nora keeps bees."], scope=ALICE, wait=10)
    assert await found(backend) == ["Nora keeps bees."]
    assert noting.prompts == []
    await backend.aclose()


async def test_a_note_of_what_is_still_in_the_context_is_not_recalled(tmp_path: Path) -> None:
    async with middleware_of(tmp_path, chat_model=Noting().model()) as middleware:
        model = script("I see.", "In Ghent.")
        agent = await agent_of(model, middleware)
        await agent.reply(says(SAID))
        await agent.reply(says(ASKED))
        assert hints(model.calls[1]) == []
        assert "lives in Bruges" in await recalled(middleware)


def _turns(answers: Sequence[Noting | Exception | Callable[..., object]]) -> ScriptedChatModel:
    """Return a model each of whose turns, but for the last, is one attempt at an exchange."""
    left = [*answers]

    def answer(messages: list[object]) -> Answer:
        current = left[0]
        if isinstance(current, Exception):
            return left.pop(0)  # pyright: ignore[reportReturnType] - it is one
        if not isinstance(current, Noting):
            left.pop(0)
            return current(messages)  # pyright: ignore[reportReturnType] - may be awaited
        told = current(messages)  # pyright: ignore[reportArgumentType] - they are messages
        if told == "It is noted." and len(left) > 1:
            left.pop(0)
        return told

    return ScriptedChatModel(answer)  # pyright: ignore[reportArgumentType] - as above


def _keys(path: Path) -> tuple[str, ...]:
    origin = read_note(path.read_text("utf-8")).origin
    assert origin is not None
    return origin.keys
