"""What the engine does as a backend beyond the contract."""

import dataclasses
import datetime as dt

import pytest

from remanence import Filter, InputError, Memory, MemoryClosedError, Message, Scope
from remanence.backends import EngineBackend, Erases, Exchange, RecallRequest
from remanence.recall.quotations import Around
from remanence.types import Episode

ALICE = Scope("alice", session_id="monday")


@pytest.fixture
def backend(memory: Memory) -> EngineBackend:
    return EngineBackend(memory)


async def _said(memory: Memory) -> list[tuple[str, str | None]]:
    page = await memory.list(scope=ALICE)
    return [(item.content, item.message_id) for item in page.items if isinstance(item, Episode)]


async def test_messages_are_kept_by_their_ids_in_order(
    memory: Memory, backend: EngineBackend
) -> None:
    messages = (
        Message("user", "Where is Vega?", "Alice", id="m1"),
        Message("tool", "search()\nin Lyra", "search", id="r1", metadata={"tool": "search"}),
        Message("assistant", "In Lyra.", "Robin", id="r1#1"),
    )
    assert await backend.retain(Exchange("r1", messages), scope=ALICE, wait=0) is True
    page = await memory.list(scope=ALICE)
    episodes = [item for item in page.items if isinstance(item, Episode)]
    assert [each.position for each in episodes] == [0, 1, 2]
    for each, message in zip(episodes, messages, strict=True):
        assert (each.role, each.content, each.name) == (
            message.role,
            message.content,
            message.name,
        )
        assert (each.message_id, each.metadata) == (message.id, message.metadata)


async def test_another_form_of_a_message_is_kept_as_a_part_of_it(
    memory: Memory, backend: EngineBackend
) -> None:
    first = Message("assistant", "A falcon.", id="m1")
    other = Message("assistant", "[Robin] A falcon.", id="m1")
    after = Message("user", "A falcon?", id="m2")
    await backend.retain(Exchange("r1", (first,)), scope=ALICE, wait=0)
    for _ in range(2):
        assert await backend.retain(Exchange("r2", (other, after)), scope=ALICE, wait=0)
    (_, said), (text, other_id), last = await _said(memory)
    assert (said, text, last) == ("m1", other.content, ("A falcon?", "m2"))
    assert str(other_id).startswith("m1#")
    asked = RecallRequest("falcon", Filter("alice"), 9, ALICE, visible=frozenset(["m1"]))
    assert [hit.text for hit in await backend.recall(asked)] == ["A falcon?"]


async def test_the_longest_ids_have_other_forms_as_well(
    memory: Memory, backend: EngineBackend
) -> None:
    one, two = "m" * 255 + "1", "m" * 255 + "2"
    forms = [Message("user", text, id=each) for each in (one, two) for text in ("a", "b", "c")]
    for _ in range(2):
        for form in forms:
            await backend.retain(Exchange("r", (form,)), scope=ALICE, wait=0)
    kept = await _said(memory)
    assert [text for text, _ in kept] == ["a", "b", "c", "a", "b", "c"]
    assert len({message_id for _, message_id in kept}) == 6


async def test_it_tells_what_was_said_around_an_episode(
    memory: Memory, backend: EngineBackend
) -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    messages = [
        Message("user", text, "Alice", id=text, at=noon + dt.timedelta(minutes=minute))
        for minute, text in enumerate("abcdefghi")
    ]
    await memory.observe(messages, scope=ALICE)
    await memory.remember("falcon", scope=ALICE)
    request = RecallRequest("e", Filter("alice"), 9, ALICE)
    found = await backend.recall(request) + await memory.recall("falcon", scope=ALICE, limit=1)

    def told(around: Around) -> tuple[str, str, int]:
        before, after = (
            "".join(turn.text for turn in each) for each in (around.before, around.after)
        )
        return before, after, around.position

    hits = [hit for hit in found if hit.text in ("e", "falcon")]
    assert [hit.origin for hit in hits] == ["episode", "fact"]
    (around,) = (await backend.context(hits, request)).values()
    assert told(around) == ("bcd", "fgh", 4)
    turn = around.before[-1]
    assert (turn.role, turn.speaker, turn.at, turn.scope) == (
        "user",
        "Alice",
        messages[3].at,
        ALICE,
    )
    seen = dataclasses.replace(request, visible=frozenset("df"))
    assert [told(each) for each in (await backend.context(hits, seen)).values()] == [
        ("bc", "gh", 4)
    ]
    since = dataclasses.replace(request, where=Filter("alice", since=messages[3].at))
    assert [told(each) for each in (await backend.context(hits, since)).values()] == [
        ("d", "fgh", 4)
    ]
    assert await backend.context(hits[1:], request) == {}


async def test_statements_are_kept_as_the_agents_own(
    memory: Memory, backend: EngineBackend
) -> None:
    assert await backend.remember(["Vega is a star.", "Lyra is a harp."], scope=ALICE, wait=0)
    page = await memory.facts(scope=ALICE)
    assert [(fact.text, fact.stated_by, fact.scope) for fact in page.items] == [
        ("Vega is a star.", "assistant", ALICE),
        ("Lyra is a harp.", "assistant", ALICE),
    ]


async def test_a_correction_stays_where_the_fact_was(
    memory: Memory, backend: EngineBackend
) -> None:
    fact = await memory.remember("Vega is a planet.", scope=ALICE)
    await backend.correct(fact.id, "Vega is a star.", where=Filter("alice"))
    old, new = await memory.history(fact.id, scope=ALICE)
    assert (old.superseded_by, old.ending) == (new.id, "corrected")
    assert (new.text, new.scope, new.stated_by) == ("Vega is a star.", ALICE, "assistant")


async def test_what_is_no_fact_that_may_be_seen_is_not_corrected(
    memory: Memory, backend: EngineBackend
) -> None:
    fact = await memory.remember("Vega is a planet.", scope=ALICE)
    (episode,) = await memory.observe([Message("user", "Vega?")], scope=ALICE)
    for id_, where in (
        (fact.id, Filter("bob")),
        (fact.id, Filter("alice", "another agent")),
        (episode.id, Filter("alice")),
        ("nonsense", Filter("alice")),
    ):
        with pytest.raises(InputError, match=r"^memory_id: "):
            await backend.correct(id_, "Vega is a star.", where=where)
    with pytest.raises(InputError):
        await backend.correct(fact.id, " ", where=Filter("alice"))
    assert len(await memory.history(fact.id, scope=ALICE)) == 1


async def test_what_may_be_seen_is_forgotten_by_id(memory: Memory, backend: EngineBackend) -> None:
    (episode,) = await memory.observe([Message("user", "Vega?")], scope=ALICE)
    fact = await memory.remember("Vega is named.", scope=ALICE, sources=[episode.id])
    ids = [episode.id, "nonsense"]
    assert (await backend.forget(ids, scope=Filter("bob"))).ids == ()
    receipt = await backend.forget(ids, scope=Filter("alice"), asked_by="Alice")
    assert set(receipt.ids) == {episode.id, fact.id}
    assert (await memory.list(scope=ALICE)).items == ()
    assert [entry.asked_by for entry in await memory.audit(user_id="alice")] == ["Alice"]


async def test_a_user_is_forgotten(memory: Memory, backend: EngineBackend) -> None:
    await memory.observe([Message("user", "Vega?")], scope=ALICE)
    assert isinstance(backend, Erases)
    receipt = await backend.forget_user("alice", asked_by="Alice")
    assert (receipt.episodes, receipt.asked_by, receipt.complete) == (1, "Alice", True)
    assert (await memory.list(scope=ALICE)).items == ()


async def test_a_profile_is_of_what_may_be_seen(memory: Memory, backend: EngineBackend) -> None:
    await memory.remember("Vega is a star.", scope=ALICE)
    told = await backend.profile(Filter("alice"), token_budget=20, count_tokens=len)
    assert told == "- Vega is a star."
    assert await backend.profile(Filter("bob"), token_budget=20, count_tokens=len) == ""
    assert await backend.profile(Filter("alice"), token_budget=5, count_tokens=len) == ""


async def test_its_memory_has_to_be_open(memory: Memory, backend: EngineBackend) -> None:
    await memory.aclose()
    with pytest.raises(MemoryClosedError):
        EngineBackend(memory)
    exchange = Exchange("r1", (Message("user", "Hello", id="m1"),))
    for scope in (ALICE, dataclasses.replace(ALICE, session_id="tuesday")):
        with pytest.raises(MemoryClosedError):
            await backend.retain(exchange, scope=scope, wait=0)
