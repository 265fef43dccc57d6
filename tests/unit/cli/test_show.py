import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from remanence import Memory, Scope

Run = Callable[..., Result]
Listed = Callable[..., list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("alice")


def test_a_user_or_a_session_in_order(remanence: Run, listed: Listed) -> None:
    texts = [item["content"] for item in listed("alice")]
    assert texts == [
        "My sister Nora lives in Ghent.",
        "She keeps two beehives.",
        "Ghent is a lovely town.",
        "Nora moved to Bruges.",
    ]
    assert [item["content"] for item in listed("alice", "--session", "summer")] == texts[3:]
    result = remanence("show", "--user", "alice", "--session", "summer")
    (item,) = listed("alice", "--session", "summer")
    assert result.stdout.splitlines() == [
        f"2026-07-10 20:00  summer  Alice (imported)  {item['id']}",
        "    Nora moved to Bruges.",
    ]


def test_a_limit_that_leaves_something_out_says_so(remanence: Run, listed: Listed) -> None:
    result = remanence("show", "--user", "alice", "--limit", "3")
    assert len(result.stdout.splitlines()) == 6
    assert result.stderr == "There is more than these 3: raise --limit.\n"
    assert remanence("show", "--user", "alice", "--limit", "4").stderr == ""
    assert len(listed("alice", "--limit", "100000")) == 4


def test_one_item_has_all_its_fields(remanence: Run, listed: Listed) -> None:
    listing = listed("alice")
    item = listing[2]
    result = remanence("show", item["id"], "--user", "alice")
    for line in (
        "origin       episode",
        f"id           {item['id']}",
        "user_id      alice",
        "agent_id     -",
        "session_id   spring",
        "position     2",
        "role         assistant",
        "name         -",
        "at           2026-03-01T09:32:00+00:00",
        f"recorded_at  {item['recorded_at']}",
        f"message_id   {item['message_id']}",
        "metadata     {}",
        "Ghent is a lovely town.",
    ):
        assert line in result.stdout.splitlines()
    result = remanence("show", item["id"], "--user", "alice", "--json")
    assert json.loads(result.stdout) == item


def test_an_item_of_another_user_or_none(remanence: Run, listed: Listed) -> None:
    (item,) = listed("bob")
    for name in (item["id"], "nonsense"):
        result = remanence("show", name, "--user", "alice", code=1)
        assert f"user 'alice' has no item '{name}'" in result.stderr
    assert remanence("show", "--user", "nobody").stderr == "Nothing found.\n"


def test_wrong_usage(remanence: Run) -> None:
    remanence("show", "some-id", "--user", "alice", "--session", "spring", code=2)
    remanence("show", "--user", "alice", "--origin", "dream", code=2)
    remanence("show", "--user", "alice", "--limit", "0", code=2)
    remanence("show", code=2)


@pytest.fixture
async def stated(database: Path) -> str:
    async with Memory.open(database) as memory:
        fact = await memory.remember("Nora is allergic to hazelnuts.", scope=Scope("alice"))
    return fact.id


def test_facts(remanence: Run, listed: Listed, stated: str) -> None:
    assert [item["id"] for item in listed("alice", "--origin", "fact")] == [stated]
    assert len(listed("alice", "--origin", "episode")) == 4
    result = remanence("show", stated, "--user", "alice")
    assert "origin         fact" in result.stdout
    assert result.stdout.endswith("\nNora is allergic to hazelnuts.\n")
    assert "(unnamed session)  (fact)" in remanence("show", "--user", "alice").stdout
    assert "(fact)" in remanence("recall", "hazelnuts", "--user", "alice").stdout
