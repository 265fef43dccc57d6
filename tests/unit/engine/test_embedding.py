"""An embedder makes a memory understand what its words alone don't tell."""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import apsw
import numpy as np
import pytest

from remanence import InputError, Memory, Message, Scope
from remanence.errors import BackendRefusedError, BackendUnavailableError, DimensionError
from remanence.store.sqlite import SQLiteStore
from remanence.testing.embedder import ScriptedEmbedder

ALICE = Scope("alice", session_id="monday")
SYNONYMS = {"dog": "hound", "puppy": "hound", "physician": "doctor"}


def synonymous(identity: str = "one", *, dimensions: int = 64) -> ScriptedEmbedder:
    return ScriptedEmbedder(identity, synonyms=SYNONYMS, dimensions=dimensions)


async def tell(memory: Memory, *texts: str, user: str = "alice") -> None:
    scope = Scope(user, session_id="monday")
    await memory.observe([Message("user", text) for text in texts], scope=scope)


async def told(memory: Memory, question: str, user: str = "alice") -> list[str]:
    return [hit.text for hit in await memory.recall(question, scope=Scope(user))]


FILLER = [f"The {word} stood in the yard." for word in ("table", "ladder", "bucket", "tractor")]


async def test_what_means_the_same_is_found_in_other_words(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db", embedder=synonymous()) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        assert await memory.settle()
        assert (await told(memory, "puppy"))[0] == "Our hound sleeps all day."
    async with Memory.open(tmp_path / "m.db") as memory:
        assert await told(memory, "puppy") == []


async def test_words_are_searched_until_vectors_are_there(tmp_path: Path) -> None:
    going = asyncio.Event()
    embedder = synonymous()
    embed = embedder.embed_documents

    async def when_let(texts: Sequence[str]) -> object:
        if len(texts) > 1 or texts[0] in FILLER:
            await going.wait()
        return await embed(texts)

    embedder.embed_documents = when_let  # pyright: ignore[reportAttributeAccessIssue] - on purpose
    async with Memory.open(tmp_path / "m.db", embedder=embedder) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        assert (await told(memory, "hound"))[0] == "Our hound sleeps all day."
        assert not await memory.settle(0.05)
        assert (await memory.stats()).unembedded == len(FILLER) + 1
        going.set()
        assert await memory.settle()
        stats = await memory.stats()
        assert (stats.embedded, stats.unembedded) == (len(FILLER) + 1, 0)
        assert (await told(memory, "puppy"))[0] == "Our hound sleeps all day."


async def test_vectors_outlive_the_process(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db", embedder=synonymous()) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        await memory.settle()
    again = synonymous()
    async with Memory.open(tmp_path / "m.db", embedder=again) as memory:
        assert await memory.settle()
        assert (await told(memory, "puppy"))[0] == "Our hound sleeps all day."
        assert again.calls == [["puppy"]]


async def test_what_was_stored_without_an_embedder_is_embedded_later(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db") as memory:
        for user in ("alice", "bob"):
            await tell(memory, *FILLER, "Our hound sleeps all day.", user=user)
    async with Memory.open(tmp_path / "m.db", embedder=synonymous()) as memory:
        assert await memory.settle()
        for user in ("alice", "bob"):
            assert (await told(memory, "puppy", user))[0] == "Our hound sleeps all day."


async def test_what_was_left_undone_is_done_at_the_next_opening(tmp_path: Path) -> None:
    away = ScriptedEmbedder("one", script=lambda _: BackendUnavailableError("away"))
    async with Memory.open(tmp_path / "m.db", embedder=away) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        assert not await memory.settle(0.1)
        assert memory.faults.counts["deliver"] >= 1
    async with Memory.open(tmp_path / "m.db", embedder=synonymous()) as memory:
        assert await memory.settle()
        assert (await told(memory, "puppy"))[0] == "Our hound sleeps all day."


async def test_another_embedder_embeds_everything_anew(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db", embedder=synonymous("one")) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        await memory.settle()
    other = synonymous("two", dimensions=32)
    async with Memory.open(tmp_path / "m.db", embedder=other) as memory:
        assert await memory.settle()
        assert sorted(text for call in other.calls for text in call) == sorted(
            [*FILLER, "Our hound sleeps all day."]
        )
        assert (await told(memory, "puppy"))[0] == "Our hound sleeps all day."
        assert (await memory.stats()).embedded == len(FILLER) + 1


async def test_two_embedders_at_once_are_told_apart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = synonymous("one"), synonymous("two", dimensions=32)
    async with Memory.open(tmp_path / "m.db", embedder=first) as early:
        await tell(early, *FILLER, "Our hound sleeps all day.")
        assert await early.settle()
        assert (await told(early, "puppy"))[0] == "Our hound sleeps all day."
        async with Memory.open(tmp_path / "m.db", embedder=second) as late:
            assert await late.settle()
            assert (await told(late, "puppy"))[0] == "Our hound sleeps all day."
            with caplog.at_level(logging.WARNING):
                await tell(early, "The physician came by.")
                assert await late.settle()
                assert not await early.settle(0.3)
                assert early.faults.counts["embed"] >= 1
            assert (await told(late, "doctor"))[0] == "The physician came by."
            assert (await told(early, "physician"))[0] == "The physician came by."
    assert "another embedder" in caplog.text


async def test_what_others_store_without_an_embedder_is_embedded_too(tmp_path: Path) -> None:
    async with (
        Memory.open(tmp_path / "m.db", embedder=synonymous()) as memory,
        Memory.open(tmp_path / "m.db") as plain,
    ):
        await tell(plain, *FILLER, "Our hound sleeps all day.")
        await told(memory, "puppy")
        embedded = 0
        async with asyncio.timeout(10):
            while embedded <= len(FILLER):
                embedded = (await memory.stats()).embedded
        assert (await told(memory, "puppy"))[0] == "Our hound sleeps all day."
        await tell(plain, "The physician came by.")
        assert await memory.settle()
        assert (await told(memory, "doctor"))[0] == "The physician came by."


async def test_a_question_is_asked_without_its_vector_if_need_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failing = ScriptedEmbedder(
        script=lambda texts: OSError("gone") if texts[0] == "hound" else None
    )
    async with Memory.open(tmp_path / "m.db", embedder=failing) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        await memory.settle()
        with caplog.at_level(logging.WARNING):
            assert (await told(memory, "hound"))[0] == "Our hound sleeps all day."
    assert memory.faults.counts["embed"] == 1
    assert "gone" in caplog.text


async def test_a_question_does_not_wait_for_ever(tmp_path: Path) -> None:
    embedder = synonymous()
    embedder.embed_query = lambda _: asyncio.Event().wait()  # pyright: ignore[reportAttributeAccessIssue] - on purpose
    async with Memory.open(tmp_path / "m.db", embedder=embedder, query_seconds=0.05) as memory:
        await tell(memory, "Our hound sleeps all day.")
        assert (await told(memory, "hound"))[0] == "Our hound sleeps all day."
    assert memory.faults.counts["embed"] == 1


@pytest.mark.parametrize("batch", [1, 2, 100])
async def test_a_text_that_can_not_be_embedded_keeps_none_from_it(
    tmp_path: Path, batch: int
) -> None:
    poison = ScriptedEmbedder(
        synonyms=SYNONYMS,
        batch=batch,
        script=lambda texts: BackendRefusedError("too long") if "poison" in texts else None,
    )
    async with Memory.open(tmp_path / "m.db", embedder=poison) as memory:
        await tell(memory, *FILLER[:2], "poison", *FILLER[2:], "Our hound sleeps all day.")
        assert await memory.settle()
        assert (await memory.stats()).embedded == len(FILLER) + 1
        assert memory.faults.counts["embed"] == 1
        assert (await told(memory, "puppy"))[0] == "Our hound sleeps all day."
        assert (await told(memory, "poison"))[0] == "poison"


async def test_a_failure_that_says_nothing_of_a_text_is_not_blamed_on_it(tmp_path: Path) -> None:
    failures = [RuntimeError("x"), RuntimeError("x")]
    passing = ScriptedEmbedder(script=lambda _: failures.pop() if failures else None)
    async with Memory.open(tmp_path / "m.db", embedder=passing) as memory:
        await tell(memory, "Our hound sleeps all day.")
        assert await memory.settle()
        assert (await memory.stats()).embedded == 1


async def test_an_embedder_that_refuses_everything_blames_no_text(tmp_path: Path) -> None:
    wrong = ScriptedEmbedder("one", script=lambda _: BackendRefusedError("no such model"))
    async with Memory.open(tmp_path / "m.db", embedder=wrong) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        assert not await memory.settle()
    async with Memory.open(tmp_path / "m.db", embedder=synonymous("one")) as memory:
        assert await memory.settle()
        assert (await memory.stats()).embedded == len(FILLER) + 1


async def test_a_search_goes_on_while_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    async with (
        Memory.open(path, embedder=synonymous(), busy_timeout=0.2) as memory,
        Memory.open(path) as plain,
    ):
        await memory.settle()
        await tell(plain, "Our hound sleeps all day.")
        other = apsw.Connection(str(path))
        other.set_busy_timeout(5_000)
        other.execute("BEGIN IMMEDIATE")  # pyright: ignore[reportUnknownMemberType] - as in the store
        try:
            async with asyncio.timeout(0.15):
                assert (await told(memory, "hound"))[0] == "Our hound sleeps all day."
        finally:
            other.execute("ROLLBACK")  # pyright: ignore[reportUnknownMemberType] - as in the store
            other.close()
        assert await memory.settle()


async def test_settling_works_in_another_event_loop_than_opening(tmp_path: Path) -> None:
    def run() -> bool:
        async def open_and_leave() -> Memory:
            return await Memory.open(tmp_path / "m.db", embedder=synonymous())

        memory = asyncio.run(open_and_leave())

        async def go_on() -> bool:
            await tell(memory, "Our hound sleeps all day.")
            settled = await memory.settle(20)
            await memory.aclose()
            return settled

        return asyncio.run(go_on())

    began = time.monotonic()
    assert await asyncio.to_thread(run)
    assert time.monotonic() - began < 10


async def test_a_text_that_fails_again_and_again_by_itself_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remanence.embedding._BLAMED_AFTER", 2)
    odd = ScriptedEmbedder(script=lambda texts: ValueError("x") if "odd" in texts else None)
    async with Memory.open(tmp_path / "m.db", embedder=odd) as memory:
        await tell(memory, *FILLER[:2], "odd", *FILLER[2:])
        assert await memory.settle()
        assert (await memory.stats()).embedded == len(FILLER)


async def test_what_was_given_up_on_is_forgotten_once_it_is_done(tmp_path: Path) -> None:
    wrong = ScriptedEmbedder("one", script=lambda _: DimensionError("of another size"))
    async with Memory.open(tmp_path / "m.db", embedder=wrong) as memory:
        await tell(memory, "Our hound sleeps all day.")
        assert not await memory.settle()
    store = SQLiteStore(tmp_path / "m.db")
    await store.open()
    assert {job.state for job in await store.jobs.jobs()} == {"parked"}
    async with Memory.open(tmp_path / "m.db", embedder=synonymous("one")) as memory:
        assert await memory.settle()
        assert (await memory.stats()).embedded == 1
    assert [job for job in await store.jobs.jobs() if job.state == "parked"] == []
    await store.aclose()


async def test_an_embedder_that_fails_at_everything_is_tried_again(tmp_path: Path) -> None:
    broken = True

    def script(_: Sequence[str]) -> Exception | None:
        return ValueError("no key") if broken else None

    embedder = ScriptedEmbedder(synonyms=SYNONYMS, script=script)
    async with Memory.open(tmp_path / "m.db", embedder=embedder) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        assert not await memory.settle(0.1)
        broken = False
        assert await memory.settle()
        assert (await memory.stats()).embedded == len(FILLER) + 1


@pytest.mark.parametrize(
    "given", [np.zeros((1, 3), np.float32), np.full((1, 64), np.nan, np.float32)]
)
async def test_vectors_that_are_none_are_not_kept(tmp_path: Path, given: object) -> None:
    async def wrong(_: Sequence[str]) -> object:
        return given

    embedder = synonymous()
    embedder.embed_documents = wrong  # pyright: ignore[reportAttributeAccessIssue] - on purpose
    async with Memory.open(tmp_path / "m.db", embedder=embedder) as memory:
        await tell(memory, "Our hound sleeps all day.")
        assert not await memory.settle(0.1)
        assert (await memory.stats()).embedded == 0
        assert memory.faults.counts["deliver"] >= 1


async def test_forgetting_takes_the_vectors_along(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db", embedder=synonymous()) as memory:
        await tell(memory, *FILLER, "Our hound sleeps all day.")
        await memory.settle()
        (hit, *_) = await memory.recall("puppy", scope=ALICE)
        await memory.forget([hit.id], scope=ALICE)
        assert "Our hound sleeps all day." not in await told(memory, "puppy")
        await tell(memory, "The puppy is back.")
        await memory.settle()
        assert (await told(memory, "hound"))[0] == "The puppy is back."
        await memory.forget_user("alice")
        assert await told(memory, "hound") == []
        assert (await memory.stats()).embedded == 0


async def test_facts_have_vectors_too(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db", embedder=synonymous()) as memory:
        await tell(memory, *FILLER)
        await memory.remember("Alice owns a hound.", scope=ALICE)
        await memory.settle()
        assert (await told(memory, "puppy"))[0] == "Alice owns a hound."


async def test_settling_without_an_embedder_is_no_wait(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db") as memory:
        await tell(memory, "hello")
        assert await memory.settle(0)
        stats = await memory.stats()
        assert (stats.embedded, stats.unembedded) == (0, 0)
        with pytest.raises(InputError, match="seconds"):
            await memory.settle(-1)


async def test_what_is_no_embedder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="embedder"):
        Memory.open(tmp_path / "m.db", embedder=object())  # pyright: ignore[reportArgumentType] - on purpose


@pytest.mark.parametrize(
    ("field", "value"),
    [("identity", ""), ("identity", 3), ("dimensions", 0), ("dimensions", "3"), ("batch", 0)],
)
async def test_what_an_embedder_says_of_itself_is_checked(
    tmp_path: Path, field: str, value: object
) -> None:
    embedder = synonymous()
    setattr(embedder, field, value)
    with pytest.raises(InputError, match=f"embedder.{field}"):
        await Memory.open(tmp_path / "m.db", embedder=embedder)


async def test_an_unusable_embedder_is_told_when_opening(tmp_path: Path) -> None:
    embedder = synonymous()

    async def unusable() -> None:
        raise BackendUnavailableError("the model is not there")

    embedder.prepare = unusable
    with pytest.raises(BackendUnavailableError, match="not there"):
        await Memory.open(tmp_path / "m.db", embedder=embedder)


async def test_a_fact_leads_to_its_sources(tmp_path: Path) -> None:
    async with Memory.open(tmp_path / "m.db") as memory:
        await tell(memory, *FILLER)
        (one, two) = await memory.observe(
            [Message("user", "We fly on the third."), Message("assistant", "Noted.")], scope=ALICE
        )
        fact = await memory.remember(
            "Alice travels to Lisbon.", scope=ALICE, sources=[two.id, one.id]
        )
        assert fact.sources == (one.id, two.id)
        hits = await memory.recall("Who travels to Lisbon?", scope=ALICE)
        assert {one.id, two.id, fact.id} <= {hit.id for hit in hits}
        assert [hit.sources for hit in hits if hit.id == fact.id] == [(one.id, two.id)]
        with pytest.raises(InputError, match="sources"):
            await memory.remember("Alice is well.", scope=ALICE, sources=["nobody"])
        await memory.forget([one.id, two.id], scope=ALICE)
        assert await memory.get(fact.id, scope=ALICE) is None
