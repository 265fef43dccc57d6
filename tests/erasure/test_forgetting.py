"""What goes with what is forgotten, and what is told of it."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import apsw
import pytest

from remanence import Filter, InputError, Matches, Memory, Message, Scope, StoreFullError
from remanence.testing.embedder import ScriptedEmbedder
from tests.erasure.files import readable, word
from tests.facts.stories import fact, story, verdict

ALICE = Scope("alice", session_id="monday")
BOB = Scope("bob", session_id="monday")


async def test_a_receipt_tells_what_went_from_where(memory: Memory, database: Path) -> None:
    one, two = await memory.observe(
        [Message("user", f"The {word(1)} is blue."), Message("user", "Tea is ready.")],
        scope=ALICE,
    )
    drawn = await memory.remember(f"A {word(2)} is blue.", scope=ALICE, sources=[one.id])

    receipt = await memory.forget([one.id], scope=ALICE, asked_by="Nora")

    assert (receipt.user_id, receipt.asked_by) == ("alice", "Nora")
    assert set(receipt.ids) == {one.id, drawn.id}
    assert (receipt.episodes, receipt.facts) == (1, 1)
    assert receipt.places == {"episodes": 1, "facts": 1, "index entries": 2}
    assert receipt.complete
    assert [check.name for check in receipt.checks if check.passed] == [
        "no row refers to the ids",
        "freed space is overwritten",
        "the write-ahead log is empty",
        "no search index of this process holds them",
    ]
    assert any("backups" in place for place in receipt.out_of_reach)
    assert [item.id for item in (await memory.list(scope=ALICE)).items] == [two.id]
    assert readable(database, [word(1), word(2)]) == set()


async def test_vectors_and_questions_go_too(database: Path) -> None:
    async with Memory.open(database, embedder=ScriptedEmbedder()) as memory:
        told = [Message("user", f"The parcel {number} is here.") for number in range(4)]
        one, *_ = await memory.observe(told, scope=ALICE)
        await memory.observe(told, scope=BOB)
        assert await memory.settle()
        await memory.recall("Where is the parcel?", scope=ALICE)
        receipt = await memory.forget([one.id], scope=ALICE)
        assert (receipt.places["vectors"], receipt.places["questions"]) == (1, 1)
        receipt = await memory.forget_user("alice")
        assert receipt.places["vectors"] == 3
        assert (receipt.places["users"], receipt.places["sessions"]) == (1, 1)
        assert (await memory.stats()).embedded == 4
        assert len(await memory.recall("Where is the parcel?", scope=BOB)) == 4


async def test_nothing_found_is_told(memory: Memory) -> None:
    receipt = await memory.forget(["nonsense"], scope=ALICE)
    assert (receipt.ids, dict(receipt.places), receipt.complete) == ((), {}, True)
    receipt = await memory.forget_user("nobody")
    assert (receipt.ids, dict(receipt.places), receipt.complete) == ((), {}, True)


@pytest.mark.parametrize("asked_by", ["", " Nora", "*", 7])
async def test_who_asks_has_to_have_a_name(memory: Memory, asked_by: Any) -> None:
    (one,) = await memory.observe(Message("user", "hello"), scope=ALICE)
    with pytest.raises(InputError, match="asked_by"):
        await memory.forget([one.id], scope=ALICE, asked_by=asked_by)
    with pytest.raises(InputError, match="asked_by"):
        await memory.forget_user("alice", asked_by=asked_by)
    assert await memory.get(one.id, scope=ALICE) == one


async def test_a_fact_goes_with_what_it_was_drawn_from_and_the_rest_is_read_again(
    tmp_path: Path,
) -> None:
    """It may tell what only that message said; the model is shown the others once more."""
    async with story(tmp_path) as told:
        one = await told.says("2026-03-01", "I have a cat.", fact("Ann has a cat."))
        two = await told.says(
            "2026-03-02",
            "It is called Tom.",
            fact("Ann has a cat that is called Tom.", sources=["c1", "e1"]),
            decided=[verdict("supersede", "Ann has a cat.")],
        )
        assert await told.facts() == ["Ann has a cat that is called Tom."]
        told.reader.found.append({"facts": [fact("Something is called Tom.")]})

        receipt = await told.memory.forget([one.id], scope=told.where)
        assert await told.memory.settle(20)

        assert receipt.facts == 2
        assert await told.facts() == ["Something is called Tom."]
        (again,) = await told.told()
        assert again.sources == (two.id,)
        shown = told.reader.questions[-1].text
        assert "I have a cat" not in shown
        assert "It is called Tom." in shown


async def test_a_fact_stays_without_what_only_repeated_it(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        one = await told.says("2026-03-01", "I have a cat.", fact("Ann has a cat."))
        two = await told.says(
            "2026-03-02",
            "My cat is asleep.",
            fact("Ann owns a cat."),
            decided=[verdict("confirm", "Ann has a cat.")],
        )
        (known,) = await told.told()
        assert known.sources == (one.id, two.id)

        receipt = await told.memory.forget([two.id], scope=told.where)

        assert receipt.facts == 0
        (left,) = await told.told()
        assert (left.text, left.sources) == ("Ann has a cat.", (one.id,))


async def test_without_a_model_what_is_left_waits_to_be_read(tmp_path: Path) -> None:
    async with story(tmp_path) as told:
        one = await told.says("2026-03-01", "I have a cat.", fact("Ann has a cat."))
        await told.says(
            "2026-03-02",
            "It is called Tom.",
            fact("Ann's cat is Tom.", sources=["c1", "e1"]),
            decided=[verdict("add")],
        )
        database = Path(told.memory.location.removeprefix("sqlite:///"))
    async with Memory.open(database) as memory:
        await memory.forget([one.id], scope=Filter("maria"))
        assert (await memory.stats()).unextracted == 1
        assert (await memory.list(scope=Filter("maria"), origin="fact")).items == ()


async def test_another_handle_drops_it_before_its_next_search(
    memory: Memory, database: Path
) -> None:
    async with Memory.open(database) as other:
        (one,) = await memory.observe(Message("user", f"The {word(1)} is blue."), scope=ALICE)
        assert await other.recall(word(1), scope=ALICE)
        await memory.forget([one.id], scope=ALICE)
        assert await other.recall(word(1), scope=ALICE) == []


async def test_another_handle_forgets_what_was_asked(database: Path) -> None:
    async with (
        Memory.open(database, embedder=ScriptedEmbedder()) as memory,
        Memory.open(database, embedder=ScriptedEmbedder()) as other,
    ):
        one, _ = await memory.observe(
            [Message("user", "A cat."), Message("user", "A dog.")], scope=ALICE
        )
        assert await memory.settle()
        for question in ("Whose cat is it?", "Whose dog is it?"):
            await other.recall(question, scope=ALICE)
        await memory.forget([one.id], scope=ALICE)
        await other.recall("Whose dog is it?", scope=ALICE)
        receipt = await other.forget(["nonsense"], scope=ALICE)
        assert "questions" not in receipt.places


async def test_what_was_asked_for_is_carried_out_by_whoever_reads_next(
    memory: Memory, database: Path
) -> None:
    """As if the process that asked had ended right then."""
    (one,) = await memory.observe(Message("user", f"The {word(1)} is blue."), scope=ALICE)
    connection: Any = apsw.Connection(str(database))
    async with Memory.open(database) as other:
        assert await other.recall(word(1), scope=ALICE)
        for read in ("recall", "list", "get", "around", "facts", "history", "profile"):
            (one,) = await memory.observe(Message("user", f"The {word(1)} is blue."), scope=ALICE)
            connection.execute(
                "INSERT INTO erasures (user_id, upto, action, asked_at) "
                "VALUES ('alice', 99, 'forget', 0)"
            )
            reading: dict[str, Any] = {
                "recall": lambda: other.recall(word(1), scope=ALICE),
                "list": lambda: other.list(scope=ALICE),
                "get": lambda one=one: other.get(one.id, scope=ALICE),
                "around": lambda one=one: other.around([one.id], scope=ALICE),
                "facts": lambda: other.facts(scope=ALICE),
                "history": lambda one=one: other.history(one.id, scope=ALICE),
                "profile": lambda: other.profile(scope=ALICE),
            }
            await reading[read]()
            assert connection.execute("SELECT count(*) FROM episodes").fetchone() == (0,), read
    connection.close()


async def test_opening_carries_out_what_was_asked_for(database: Path) -> None:
    async with Memory.open(database) as memory:
        await memory.observe(Message("user", f"The {word(1)} is blue."), scope=ALICE)
        await memory.observe(Message("user", f"The {word(2)} is blue."), scope=BOB)
    connection: Any = apsw.Connection(str(database))
    connection.execute(
        "INSERT INTO erasures (user_id, upto, action, asked_by, asked_at) "
        "VALUES ('alice', 1, 'forget', 'Nora', 0)"
    )
    connection.close()
    async with Memory.open(database) as memory:
        assert (await memory.list(scope=ALICE)).items == ()
        assert readable(database, [word(1), word(2)]) == {word(2)}
        (entry,) = await memory.audit(user_id="alice")
        assert (entry.action, entry.asked_by) == ("forget", "Nora")


async def test_what_is_said_after_the_request_stays(memory: Memory, database: Path) -> None:
    await memory.observe(Message("user", "Forget me."), scope=ALICE)
    connection: Any = apsw.Connection(str(database))
    connection.execute(
        "INSERT INTO erasures (user_id, upto, action, asked_at) VALUES ('alice', 1, 'forget', 0)"
    )
    connection.close()
    (back,) = await memory.observe(Message("user", "I am back."), scope=ALICE)
    assert (await memory.list(scope=ALICE)).items == (back,)


async def test_it_goes_on_when_whoever_asked_does_not_wait(memory: Memory, database: Path) -> None:
    await memory.observe(Message("user", f"The {word(1)} is blue."), scope=ALICE)
    asking = asyncio.create_task(memory.forget_user("alice"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await memory.aclose()
    assert readable(database, [word(1)]) == set()


async def test_what_could_not_be_removed_is_tried_again(
    memory: Memory, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is written down by then."""
    await memory.observe(Message("user", f"The {word(1)} is blue."), scope=ALICE)
    erasures = memory._store.erasures  # pyright: ignore[reportPrivateUsage]
    remove = erasures.remove
    errors = [StoreFullError("the disk is full")]

    async def full_at_first(number: int, *, at: dt.datetime) -> Any:
        if errors:
            raise errors.pop()
        return await remove(number, at=at)

    monkeypatch.setattr(erasures, "remove", full_at_first)
    with pytest.raises(StoreFullError):
        await memory.forget_user("alice")
    assert memory.faults.counts["erasure"] == 1
    async with asyncio.timeout(20):
        while readable(database, [word(1)]):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)
    assert (await memory.list(scope=ALICE)).items == ()


async def test_many_may_ask_at_once(memory: Memory, database: Path) -> None:
    told = [Message("user", f"The {word(number)} is blue.") for number in range(30)]
    episodes = await memory.observe(told, scope=ALICE)
    receipts = await asyncio.gather(
        *(memory.forget([each.id], scope=ALICE) for each in episodes[:20])
    )
    assert all(receipt.complete for receipt in receipts)
    assert sum(receipt.episodes for receipt in receipts) == 20
    assert len((await memory.list(scope=ALICE)).items) == 10
    assert len(readable(database, map(word, range(30)))) == 10
    connection: Any = apsw.Connection(str(database))
    assert connection.execute("SELECT count(*) FROM erasures").fetchone() == (0,)
    connection.close()


async def test_a_reader_in_the_way_is_told_of_and_waited_for(
    memory: Memory, database: Path
) -> None:
    await memory.observe(Message("user", f"The {word(1)} is blue."), scope=ALICE)
    reader: Any = apsw.Connection(str(database))
    reader.execute("BEGIN; SELECT count(*) FROM episodes").fetchall()

    receipt = await memory.forget_user("alice")

    assert not receipt.complete
    assert [check.name for check in receipt.checks if not check.passed] == [
        "freed space is overwritten",
        "the write-ahead log is empty",
    ]
    assert memory.faults.counts["erasure"] == 1
    assert await memory.recall(word(1), scope=ALICE) == []
    reader.close()
    async with asyncio.timeout(20):
        while readable(database, [word(1)]):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)


async def test_matching_lists_first_and_erases_what_was_listed(memory: Memory) -> None:
    told = ["My old job was in Ghent.", "I like the job in Lisbon.", "The tea is ready."]
    old, new, tea = await memory.observe([Message("user", text) for text in told], scope=ALICE)

    found = await memory.forget_matching("old job", scope=ALICE, limit=2)
    assert isinstance(found, Matches)
    assert set(found.ids) == {old.id, new.id}
    (later,) = await memory.observe(Message("user", "The old job again."), scope=ALICE)
    receipt = await memory.forget_matching("old job", scope=ALICE, preview=False, listed=found)

    assert set(receipt.ids) == {old.id, new.id}
    assert [item.id for item in (await memory.list(scope=ALICE)).items] == [tea.id, later.id]


async def test_matching_may_erase_some_of_it(memory: Memory) -> None:
    one, two = await memory.observe(
        [Message("user", "A cat."), Message("user", "My cat.")], scope=ALICE
    )
    found = await memory.forget_matching("cat", scope=ALICE)
    assert len(found.items) == 2
    await memory.forget_matching("cat", scope=ALICE, preview=False, listed=[one.id])
    assert (await memory.list(scope=ALICE)).items == (two,)


async def test_matching_finds_what_was_superseded(memory: Memory) -> None:
    """What is no longer so is remembered all the same."""
    city = await memory.remember("Ann lives in Ghent.", scope=ALICE, attribute="ann: city")
    await memory.correct(city.id, "Ann lives in Porto.", scope=ALICE)
    assert city.id not in [hit.id for hit in await memory.recall("Ghent", scope=ALICE)]
    found = await memory.forget_matching("Ghent", scope=ALICE)
    assert found.ids[0] == city.id


async def test_matching_needs_what_was_listed_for_the_same(memory: Memory) -> None:
    (one,) = await memory.observe(Message("user", "A cat."), scope=ALICE)
    found = await memory.forget_matching("cat", scope=ALICE)
    asked: Any = memory.forget_matching
    with pytest.raises(InputError, match="listed"):
        await asked("cat", scope=ALICE, preview=False)
    with pytest.raises(InputError, match="listed"):
        await asked("cat", scope=ALICE, listed=found)
    with pytest.raises(InputError, match="listed"):
        await asked("dog", scope=ALICE, preview=False, listed=found)
    with pytest.raises(InputError, match="listed"):
        await asked("cat", scope=BOB, preview=False, listed=found)
    with pytest.raises(InputError, match="preview"):
        await asked("cat", scope=ALICE, preview="no", listed=found)
    assert (await memory.list(scope=ALICE)).items == (one,)
