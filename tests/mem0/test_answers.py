from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from remanence import Filter
from remanence.backends.mem0.answers import KEY, is_pending, memories_of, recollection_of
from remanence.errors import BackendAnswerError

pytestmark = pytest.mark.agentscope

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
QUEUED = {"message": "queued", "status": "PENDING", "event_id": "e1"}


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ({"results": [{"memory": "a"}, {"text": "b"}, "c"]}, ["a", "b", "c"]),
        ([{"memory": "a"}, "b"], ["a", "b"]),
        ({"results": []}, []),
        ([], []),
        ([{"memory": ""}, {"memory": None}, {"id": 7}, " "], []),
        (QUEUED, []),
        ({"results": [QUEUED, {"memory": "a"}]}, ["a"]),
        ({"results": [{"memory": "a", "status": "PENDING"}], "relations": []}, ["a"]),
    ],
    ids=str,
)
def test_all_shapes_are_read(answer: object, texts: list[str]) -> None:
    assert [memory.text for memory in memories_of(answer)] == texts


@pytest.mark.parametrize(
    "answer", [None, "text", 5, {"detail": "x"}, {"results": None}, {"results": "a"}, [5]], ids=str
)
def test_an_unknown_shape_is_an_error_that_quotes_nothing(answer: object) -> None:
    with pytest.raises(BackendAnswerError) as caught:
        memories_of(answer)
    assert "text" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "pending"),
    [
        (QUEUED, True),
        ({"status": "RUNNING"}, True),
        ({"event_id": "e1"}, True),
        ({"results": [QUEUED]}, True),
        ([QUEUED], True),
        ({"results": []}, False),
        ({"results": [{"memory": "a", "event": "ADD"}]}, False),
        ({"status": "SUCCEEDED", "results": []}, False),
        (None, False),
        ("PENDING", False),
    ],
    ids=str,
)
def test_a_pending_answer_is_recognised(answer: object, pending: bool) -> None:
    assert is_pending(answer) is pending


def recollected(**fields: Any) -> Any:
    (memory,) = memories_of([{"memory": "a", **fields}])
    return recollection_of(memory, Filter("alice", "clerk"), NOW)


def test_a_recollection_has_what_mem0_tells() -> None:
    hit = recollected(
        id="m1",
        score=0.5,
        created_at="2026-01-02T03:04:05-08:00",
        agent_id="cook",
        metadata={KEY: "reply", "x": 1},
    )
    assert (hit.origin, hit.id, hit.score, hit.role) == ("fact", "m1", 0.5, None)
    assert hit.at == dt.datetime.fromisoformat("2026-01-02T03:04:05-08:00")
    assert (hit.scope.user_id, hit.scope.agent_id) == ("alice", "cook")
    assert hit.metadata["x"] == 1


def test_what_mem0_does_not_tell_is_made_up_harmlessly() -> None:
    hit = recollected()
    assert (hit.at, hit.score, hit.scope.agent_id) == (NOW, 0.0, "clerk")
    assert hit.id
    assert recollected(score=float("nan"), created_at="yesterday").at == NOW
    assert recollected(score=7).score == 1.0
    assert recollected(score=True, agent_id="*").scope.agent_id == "clerk"
    assert recollected(created_at="2026-01-02T03:04:05").at.tzinfo is dt.UTC
