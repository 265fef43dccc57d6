import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from remanence import Filter, InputError, Message, Scope
from remanence.backends import Delivery, Exchange, Lookup, RecallRequest
from remanence.errors import (
    BackendAnswerError,
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
)
from remanence.testing.service import Fault, ScriptedService

ALICE = Scope("alice", "clerk", "monday")
MONDAY = RecallRequest("falcon", Filter("alice"), limit=5, asking=ALICE)


def _delivery(key: str = "reply", scope: Scope = ALICE, text: str = "falcon") -> Delivery:
    messages = (
        Message("user", text, "Alice", id=f"{key}-0"),
        Message("system", "be kind", id=f"{key}-1"),
        Message("tool", "falcon found", "search", id=f"{key}-2"),
        Message("assistant", f"{text}?", "Robin", id=f"{key}-3"),
    )
    return Delivery(key, scope, Exchange(key, messages))


@pytest.fixture(params=["memory", "folder"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], ScriptedService]:
    folder = tmp_path / "kept" if request.param == "folder" else None
    return lambda: ScriptedService(folder)


async def test_it_keeps_what_user_and_assistant_said(
    connect: Callable[[], ScriptedService],
) -> None:
    service = connect()
    await service.deliver(_delivery())
    await service.deliver(Delivery("s", ALICE, statements=("Vega is a falcon.", "So is Deneb.")))
    assert service.kept(ALICE) == [
        ("user", "Alice", "falcon"),
        ("assistant", "Robin", "falcon?"),
    ]
    assert service.statements(ALICE) == ["Vega is a falcon.", "So is Deneb."]
    assert service.kept(Scope("bob")) == service.statements(Filter("bob")) == []
    assert isinstance(service, Lookup)


async def test_a_key_is_kept_once_in_a_scope(connect: Callable[[], ScriptedService]) -> None:
    service = connect()
    tuesday = dataclasses.replace(ALICE, session_id="tuesday")
    assert not await service.has("reply", scope=ALICE)
    for scope in (ALICE, ALICE, tuesday):
        await service.deliver(_delivery(scope=scope))
    assert await service.has("reply", scope=ALICE)
    assert not await service.has("reply", scope=Scope("alice", "clerk"))
    assert len(service.deliveries) == 3
    assert len(service.kept(Filter("alice"))) == 4
    assert len(service.kept(ALICE)) == 2


async def test_it_keeps_the_order_of_arrival(connect: Callable[[], ScriptedService]) -> None:
    service = connect()
    for number in range(20):
        await service.deliver(_delivery(f"reply-{number}", text=f"text {number}"))
    told = [text for role, _, text in service.kept(ALICE) if role == "user"]
    assert told == [f"text {number}" for number in range(20)]


async def test_what_it_forgets_can_be_delivered_again(
    connect: Callable[[], ScriptedService],
) -> None:
    service, bob = connect(), Scope("bob")
    for scope in (ALICE, Scope("alice"), bob):
        await service.deliver(_delivery(scope=scope))
    service.forget("alice")
    assert service.kept(Filter("alice")) == []
    assert not await service.has("reply", scope=ALICE)
    assert len(service.kept(bob)) == 2
    await service.deliver(_delivery())
    assert len(service.kept(Filter("alice"))) == 2


async def test_a_folder_is_shared_and_outlives_its_service(tmp_path: Path) -> None:
    one, two = ScriptedService(tmp_path), ScriptedService(tmp_path)
    await asyncio.gather(
        *((one, two)[n % 2].deliver(_delivery(f"reply-{n // 2}")) for n in range(40))
    )
    third = ScriptedService(tmp_path)
    assert len(third.kept(ALICE)) == 40
    assert third.kept(ALICE) == one.kept(ALICE)
    assert third.deliveries == []
    assert third.identity == one.identity != ScriptedService(tmp_path / "other").identity


@pytest.mark.parametrize(
    ("fault", "error", "arrives"),
    [
        ("down", BackendUnavailableError, False),
        ("failing", BackendError, False),
        ("garbage", BackendAnswerError, False),
        ("refused", BackendRefusedError, False),
        ("lost", BackendUnavailableError, True),
        (BackendUnavailableError("wait", retry_after=3), BackendUnavailableError, False),
        (asyncio.CancelledError(), asyncio.CancelledError, False),
    ],
)
async def test_faults(fault: Fault, error: type[BaseException], *, arrives: bool) -> None:
    service = ScriptedService(recall=[fault], deliver=[fault])
    with pytest.raises(error) as raised:
        await service.deliver(_delivery())
    assert type(raised.value) is error
    assert await service.has("reply", scope=ALICE) == bool(service.deliveries) == arrives
    with pytest.raises(error):
        await service.recall(MONDAY)
    await service.deliver(_delivery())
    assert await service.recall(MONDAY)
    assert len(service.requests) == 2


async def test_it_can_hang_and_be_slow() -> None:
    service = ScriptedService(recall="hanging", deliver=0.1)

    async def fast(call: Callable[[], Awaitable[object]]) -> bool:
        try:
            async with asyncio.timeout(0.02):
                await call()
        except TimeoutError:
            return False
        return True

    assert not await fast(lambda: service.deliver(_delivery()))
    assert not await fast(lambda: service.recall(MONDAY))
    assert service.deliveries == []
    await service.deliver(_delivery())
    assert len(service.deliveries) == 1
    service.script_recall(None)
    assert await fast(lambda: service.recall(MONDAY))


async def test_a_script_is_a_fault_a_list_or_a_function() -> None:
    service = ScriptedService(
        deliver="down", recall=lambda asked: "failing" if "falcon" in asked.query else None
    )
    for _ in range(2):
        with pytest.raises(BackendUnavailableError):
            await service.deliver(_delivery())
    with pytest.raises(BackendError):
        await service.recall(MONDAY)
    assert await service.recall(dataclasses.replace(MONDAY, query="owl")) == []
    service.script_deliver([None, "refused"])
    await service.deliver(_delivery())
    with pytest.raises(BackendRefusedError):
        await service.deliver(_delivery())
    await service.deliver(_delivery())
    with pytest.raises(InputError, match="broken"):
        service.script_deliver("broken")  # pyright: ignore[reportArgumentType] - callers may be untyped


async def test_a_threshold_is_the_part_of_the_words() -> None:
    service = ScriptedService()
    await service.deliver(_delivery(text="purple falcon eggs"))
    for query, threshold, found in (
        ("falcon", 1.0, 2),
        ("purple falcon nest", 0.6, 2),
        ("purple falcon nest", 0.7, 0),
        ("nest", 0.0, 0),
    ):
        hits = await service.recall(dataclasses.replace(MONDAY, query=query, threshold=threshold))
        assert len(hits) == found
