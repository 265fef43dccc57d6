"""What is erased at mem0's hosted Platform, as far as its interface lets one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from remanence import Filter, Scope
from remanence.backends.mem0 import Mem0Backend
from remanence.errors import BackendError, BackendUnavailableError
from tests.mem0.parts import ALICE, QUICK, exchange, found
from tests.mem0.platform import Platform

if TYPE_CHECKING:
    from mem0 import AsyncMemoryClient

pytestmark = pytest.mark.agentscope

BOB = Scope("bob", "clerk", "monday")
TUESDAY = Scope("alice", "clerk", "tuesday")


@pytest.fixture
async def backend(client: AsyncMemoryClient, tmp_path: Path) -> AsyncIterator[Mem0Backend]:
    backend = Mem0Backend(client=client, data_dir=tmp_path, settings=QUICK)
    yield backend
    await backend.aclose()


async def _tell(backend: Mem0Backend, *texts: str, scope: Scope = ALICE) -> None:
    for text in texts:
        assert await backend.retain(exchange(text, text), scope=scope, wait=10)


async def test_a_user_is_forgotten(backend: Mem0Backend, platform: Platform) -> None:
    texts = [f"bees number{number}" for number in range(120)]  # more than a page of them
    for number, text in enumerate(texts):
        memory = {"id": str(number), "memory": text, "user_id": "alice", "agent_id": "clerk"}
        platform.memories.append(memory)
    platform.entities.add(("user", "alice"))
    await _tell(backend, "Bob likes fog.", scope=BOB)

    receipt = await backend.forget_user("alice", asked_by="Alice")
    assert sorted(receipt.ids, key=int) == [str(number) for number in range(120)]
    assert receipt.places == {"memories": 120}
    assert receipt.complete
    assert "mem0 lists nothing of it" in [check.name for check in receipt.checks]
    assert sum("Platform" in told for told in receipt.out_of_reach) == 3
    assert platform.texts() == ["Bob likes fog."]
    assert ("user", "alice") not in platform.entities
    assert ("user", "bob") in platform.entities
    assert [request.query["user_id"] for request in platform.asked("delete_all")] == ["alice"]

    again = await backend.forget_user("alice")
    assert (again.ids, again.complete) == ((), True)


async def test_memories_are_forgotten_by_id_where_they_may_be_seen(
    backend: Mem0Backend, platform: Platform
) -> None:
    await _tell(backend, "I keep bees.", "Nora has an owl.")
    await _tell(backend, "Bob likes fog.", scope=BOB)
    one, _, bobs = (memory["id"] for memory in platform.memories)
    receipt = await backend.forget([one, bobs, "nonsense"], scope=Filter("alice"))
    assert receipt.ids == (one,)
    assert platform.texts() == ["Nora has an owl.", "Bob likes fog."]
    assert len(platform.asked("delete")) == 1
    assert platform.asked("delete_all") == []


async def test_a_session_is_forgotten(backend: Mem0Backend, platform: Platform) -> None:
    await _tell(backend, "I keep bees.")
    await _tell(backend, "Nora has an owl.", scope=TUESDAY)
    memory = {**platform.memories[0], "id": "old", "memory": "Tom is away."}
    platform.memories.append({**memory, "metadata": {"remanence_key": "old"}})
    receipt = await backend.forget(scope=TUESDAY)
    assert receipt.facts == 1
    assert platform.texts() == ["I keep bees.", "Tom is away."]
    assert any("don't tell their session" in told for told in receipt.out_of_reach)


async def test_a_platform_that_is_away_is_asked_again(
    backend: Mem0Backend, platform: Platform
) -> None:
    await _tell(backend, "I keep bees.")
    platform.refuse("delete_all", 503, 500)
    with pytest.raises(BackendUnavailableError):
        await backend.forget_user("alice")
    with pytest.raises(BackendError):
        await found(backend)
    assert platform.texts() == ["I keep bees."]
    assert await found(backend) == []
    assert platform.texts() == []


async def test_what_is_listed_still_is_told(
    backend: Mem0Backend, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remanence.backends.mem0.hosted._FIRST_LOOK_SECONDS", 0.001)
    await _tell(backend, "I keep bees.")
    platform.refuse("delete_all", 200)
    receipt = await backend.forget_user("alice")
    assert not receipt.complete
    (failed,) = [check for check in receipt.checks if not check.passed]
    assert (failed.name, failed.told) == ("mem0 lists nothing of it", "it lists 1 memories")
