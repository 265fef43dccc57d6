import logging
from collections.abc import Iterator

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the SDK comes with AgentScope")

from opentelemetry.trace import StatusCode

from remanence import Memory, Message, Scope
from remanence.telemetry import Faults, count, span
from tests.recording import Recording, recording

ALICE = Scope("alice", session_id="monday")
SECRET = "Nora lives in Ghent"
_log = logging.getLogger("tests.telemetry")


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording() as recorded:
        yield recorded


class _Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_span_has_its_name_and_attributes(recorded: Recording) -> None:
    with span("recall", limit=5, backend="engine") as current:
        current.set_attribute("remanence.hits", 2)
    (ended,) = recorded.spans()
    assert ended.name == "remanence.recall"
    assert dict(ended.attributes or {}) == {
        "remanence.limit": 5,
        "remanence.backend": "engine",
        "remanence.hits": 2,
    }
    assert ended.status.status_code is StatusCode.UNSET


def test_spans_are_nested(recorded: Recording) -> None:
    with span("outer"), span("inner"):
        pass
    inner, outer = recorded.spans()
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_a_failure_marks_its_span_without_its_text(
    recorded: Recording, kind: type[BaseException]
) -> None:
    with pytest.raises(kind), span("retain"):
        raise kind(SECRET)
    (ended,) = recorded.spans()
    assert ended.status.status_code is StatusCode.ERROR
    assert ended.status.description == kind.__name__
    assert ended.events == ()
    assert SECRET not in ended.to_json()


def test_a_counter_adds_up(recorded: Recording) -> None:
    count("apples", 2)
    count("apples")
    count("apples", 4, colour="red")
    assert recorded.counted("remanence.apples") == 3
    assert recorded.counted("remanence.apples", colour="red") == 4


def test_a_fault_is_logged_once_a_minute_for_each_kind(caplog: pytest.LogCaptureFixture) -> None:
    clock = _Clock()
    faults = Faults(_log, monotonic=clock)
    for _ in range(3):
        faults.record("recall", OSError("no route"))
    faults.record("retain", "the queue is full")
    clock.seconds += 59.9
    faults.record("recall", OSError("still no route"))
    assert caplog.messages == [
        "memory fault (recall): no route",
        "memory fault (retain): the queue is full",
    ]
    clock.seconds += 0.1
    faults.record("recall", OSError())
    faults.record("recall", OSError("no route"))
    assert caplog.messages[2:] == [
        "memory fault (recall): OSError (and 3 times more since the last warning)"
    ]
    clock.seconds += 60
    faults.record("retain", "the queue is full")
    faults.record("recall", "no route")
    assert caplog.messages[3:] == [
        "memory fault (retain): the queue is full",
        "memory fault (recall): no route (and 1 times more since the last warning)",
    ]
    assert faults.counts == {"recall": 7, "retain": 2}


def test_faults_of_another_kind_of_thing_are_counted_apart(recorded: Recording) -> None:
    one, other = Faults(_log), Faults(_log)
    one.record("recall", "no route")
    other.record("recall", "no route")
    other.record("deliver", "no route")
    assert (one.counts, other.counts) == ({"recall": 1}, {"recall": 1, "deliver": 1})
    assert recorded.counted("remanence.faults", kind="recall") == 2
    assert recorded.counted("remanence.faults", kind="deliver") == 1


def test_faults_are_recorded_with_others_under_other_names(
    recorded: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    faults = Faults(_log)
    renamed = faults.under({"deliver": "extract"})
    renamed.record("deliver", "no route")
    renamed.record("outbox", "it is locked")
    faults.record("deliver", "no route")
    assert renamed.counts is faults.counts
    assert faults.counts == {"extract": 1, "outbox": 1, "deliver": 1}
    assert repr(faults) == repr(renamed) == "Faults({'extract': 1, 'outbox': 1, 'deliver': 1})"
    assert caplog.messages[0] == "memory fault (extract): no route"
    assert recorded.counted("remanence.faults", kind="extract") == 1


def test_a_fault_is_told_by_its_span_without_its_text(recorded: Recording) -> None:
    faults = Faults(_log)
    with span("reply"):
        faults.record("recall", OSError(SECRET))
        faults.record("recall", SECRET)
    (ended,) = recorded.spans()
    assert [(event.name, dict(event.attributes or {})) for event in ended.events] == [
        ("remanence.fault", {"remanence.kind": "recall", "remanence.error": "OSError"}),
        ("remanence.fault", {"remanence.kind": "recall", "remanence.error": ""}),
    ]
    assert ended.status.status_code is StatusCode.UNSET
    assert SECRET not in ended.to_json()


async def test_the_engine_tells_what_it_does(recorded: Recording, memory: Memory) -> None:
    told = [Message("user", SECRET), Message("assistant", "I see.")]
    first, _ = await memory.observe(told, scope=ALICE)
    await memory.remember(f"{SECRET}.", scope=ALICE)
    hits = await memory.recall("Ghent", scope=ALICE, limit=7)
    assert hits
    assert await memory.recall("zeppelin", scope=ALICE) == []
    await memory.forget([first.id], scope=ALICE)
    await memory.forget_user("alice")
    assert await memory.observe([], scope=ALICE) == []
    assert [ended.name for ended in recorded.spans()] == [
        "remanence.observe",
        "remanence.remember",
        "remanence.recall",
        "remanence.recall",
        "remanence.forget",
        "remanence.forget",
    ]
    searches = recorded.spans("remanence.recall")
    assert [dict(each.attributes or {}) for each in searches] == [
        {"remanence.limit": 7, "remanence.hits": len(hits)},
        {"remanence.limit": 10, "remanence.hits": 0},
    ]
    amounts = {name: recorded.counted(f"remanence.{name}") for name in _COUNTERS}
    assert amounts == {"observed": 2, "recalled": len(hits), "forgotten": 3}
    assert not any(SECRET in ended.to_json() for ended in recorded.spans())


_COUNTERS = ("observed", "recalled", "forgotten")


async def test_what_the_engine_can_not_do_is_not_counted(
    recorded: Recording, memory: Memory
) -> None:
    await memory.observe(Message("user", SECRET, id="m1"), scope=ALICE)
    with pytest.raises(Exception, match="m1"):
        await memory.observe(Message("user", "Another text", id="m1"), scope=ALICE)
    _, refused = recorded.spans("remanence.observe")
    assert (refused.status.status_code, refused.status.description) == (
        StatusCode.ERROR,
        "ConflictError",
    )
    assert recorded.counted("remanence.observed") == 1
