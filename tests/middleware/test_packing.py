"""What a note has room for: its budget, what comes along with a hit, and what is merged."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from agentscope.event import RequireUserConfirmEvent
from agentscope.message import TextBlock
from agentscope.tool import ToolBase, ToolChunk

from remanence import Filter, InputError, Message, Recollection, Scope
from remanence.backends import EngineBackend, RecallRequest
from remanence.errors import StoreError
from remanence.middleware import MemoryMiddleware, NoteTexts
from remanence.recall.quotations import Around
from remanence.recall.tokens import estimate_tokens
from tests.middleware.agents import (
    AskingTool,
    agent_of,
    answered,
    call_of,
    hints,
    says,
    script,
    stream_to,
)
from tests.middleware.places import ALICE, EnginePlace, OutboxPlace, Place

pytestmark = pytest.mark.agentscope

LEFT_OUT = re.compile(
    r"^More memories were found, but left out for want of room: (\d+)\.$", re.MULTILINE
)
TOWNS = ("Ghent", "Lisbon", "Porto", "Vienna", "Oslo", "Turin", "Basel", "Graz")


def _words(text: str) -> int:
    return len(text.split())


async def _note(middleware: MemoryMiddleware, question: str) -> str:
    """Return the note that a new agent gets for a question; empty if it gets none."""
    agent = await agent_of(script("I see."), middleware)
    await agent.reply(says(question))
    return "".join(hints(agent.state.context))


async def _answer(tool: ToolBase, **arguments: Any) -> str:
    chunk = await tool(**arguments)
    assert isinstance(chunk, ToolChunk)
    return "".join(block.text for block in chunk.content if isinstance(block, TextBlock))


def _lines(note: str) -> list[str]:
    return [line for line in note.split("\n") if line.startswith("- [")]


@pytest.mark.parametrize("budget", [110, 130, 180])
async def test_a_note_keeps_its_budget_and_tells_what_was_left_out(
    place: Place, budget: int
) -> None:
    seen = [
        f"Nora was in {town} and saw {7 * number} <b>bridges</b>."
        for number, town in enumerate(TOWNS)
    ]
    await place.tell(*seen)
    middleware = MemoryMiddleware(
        place.memory, user_id="alice", top_k=8, token_budget=budget, count_tokens=_words
    )

    note = await _note(middleware, "What bridges did Nora see?")

    assert _words(note) <= budget
    assert note.startswith(NoteTexts().header)
    assert note.endswith("\n</memories>")
    left_out = LEFT_OUT.search(note)
    assert len(_lines(note)) + (int(left_out[1]) if left_out else 0) == len(TOWNS)
    assert bool(left_out) == (budget < 180)


async def test_a_budget_without_room_for_any_memory_is_told(place: Place) -> None:
    await place.tell("Nora was in Ghent for a week and saw seven bridges.")
    texts = NoteTexts(header="# Memories", intro="They may be wrong.")
    middleware = MemoryMiddleware(
        place.memory, user_id="alice", texts=texts, token_budget=9, count_tokens=_words
    )
    assert await _note(middleware, "What bridges did Nora see?") == ""
    assert middleware.faults == {"budget": 1}


async def test_a_tool_keeps_the_same_budget(place: Place) -> None:
    await place.tell(*(f"Nora was in {town} for a week." for town in TOWNS))
    middleware = MemoryMiddleware(
        place.memory, user_id="alice", token_budget=80, count_tokens=_words
    )
    search, _ = await middleware.list_tools()

    answer = await _answer(search, keywords=["Nora", "Ghent"], limit=50)

    assert _words(answer) <= 80
    left_out = LEFT_OUT.search(answer)
    assert left_out is not None
    assert len(_lines(answer)) + int(left_out[1]) == len(TOWNS)


async def test_a_long_turn_is_cut_to_what_is_asked_about(place: Place) -> None:
    rain = "It rained all day long, and nobody went out. "
    await place.tell(rain * 200 + "Nora is allergic to hazelnuts. " + rain * 200)

    note = await _note(MemoryMiddleware(place.memory, user_id="alice"), "Is Nora allergic?")
    assert "… It rained" in note
    assert "Nora is allergic to hazelnuts." in note
    assert 1_500 < estimate_tokens(note) <= 2_000

    roomy = MemoryMiddleware(place.memory, user_id="alice", token_budget=20_000)
    assert (rain * 200).strip() in await _note(roomy, "Is Nora allergic?")


async def test_what_was_said_again_and_again_is_told_once(
    engine: EnginePlace, outbox: OutboxPlace
) -> None:
    for place in (engine, outbox):
        await place.tell("Nora lives in Ghent.", "Rain is wet.")
        await place.tell("nora lives in Ghent!", scope=Scope("alice", session_id="summer"))
        await place.tell("Nora lives in Ghent", scope=Scope("alice", session_id="autumn"))
        note = await _note(MemoryMiddleware(place.memory, user_id="alice"), "Is Nora in Ghent?")
        (line,) = [line for line in _lines(note) if "ives in Ghent" in line]
        assert line.endswith("] Alice (said 3 times): Nora lives in Ghent")


async def test_an_answer_comes_with_the_question_before_it(engine: EnginePlace) -> None:
    await engine.memory.observe(
        [
            Message("user", "What is your sister's name?", "Kim"),
            Message("tool", "timetable()\nGhent", "timetable"),
            Message("assistant", "Nora, as the mountain.", "Robin"),
            Message("user", "Thanks.", "Kim"),
        ],
        scope=ALICE,
    )
    middleware = MemoryMiddleware(engine.memory, user_id="alice", top_k=1)
    note = await _note(middleware, "Is there a mountain?")
    assert [line.partition("] ")[2] for line in _lines(note)] == [
        "Kim: What is your sister's name?",
        "Robin (assistant): Nora, as the mountain.",
    ]


async def test_a_question_comes_with_its_answer_to_a_tool_as_well(engine: EnginePlace) -> None:
    await engine.tell("Which mountain was that?", "Monte Rosa.", "Thanks.")
    search, _ = await MemoryMiddleware(engine.memory, user_id="alice").list_tools()
    lines = _lines(await _answer(search, keywords=["which mountain"], limit=1))
    assert [line.partition("Alice: ")[2] for line in lines] == [
        "Which mountain was that?",
        "Monte Rosa.",
    ]


async def test_what_is_in_the_context_does_not_come_along(engine: EnginePlace) -> None:
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    agent = await agent_of(script("Do you mean Monte Rosa?", "I see.", "It was."), middleware)
    await agent.reply(says("I was on the mountain with Nora."))
    await agent.reply(says("The highest."))
    # As after a compression: the question is out of sight, what was said next is not.
    agent.state.context = agent.state.context[2:]

    await agent.reply(says("Was it Monte Rosa?"))

    (note,) = hints(agent.state.context)
    assert "Do you mean Monte Rosa?" in note
    assert "The highest." not in note


async def test_what_others_may_not_see_does_not_come_along(engine: EnginePlace) -> None:
    said = [Message("user", "Which mountain?", "Kim"), Message("user", "Monte Rosa.", "Kim")]
    await engine.memory.observe(said[:1], scope=Scope("alice", "jay", "spring"))
    await engine.memory.observe(said[1:], scope=Scope("alice", "robin", "spring"))
    middleware = MemoryMiddleware(engine.memory, user_id="alice", agent_id="robin")
    note = await _note(middleware, "Was it Monte Rosa?")
    assert [line.partition("] ")[2] for line in _lines(note)] == ["Kim: Monte Rosa."]


async def test_what_was_forgotten_does_not_come_along(engine: EnginePlace) -> None:
    await engine.tell("Which mountain was it, by the way?", "Monte Rosa.")
    page = await engine.memory.list(scope=Filter("alice"))
    await engine.memory.forget([page.items[0].id], scope=Filter("alice"))
    note = await _note(MemoryMiddleware(engine.memory, user_id="alice"), "Was it Monte Rosa?")
    assert [line.partition("] ")[2] for line in _lines(note)] == ["Alice: Monte Rosa."]


async def test_a_renewed_note_has_what_belongs_to_it(engine: EnginePlace) -> None:
    await engine.tell("Where does my sister Nora live?", "In Ghent.")
    middleware = MemoryMiddleware(engine.memory, user_id="alice")
    model = script(call_of("order_tickets", "{}"), "Done.")
    agent = await agent_of(model, middleware, tools=[AskingTool()])
    asked = await stream_to(agent, says("A ticket to my sister Nora."), RequireUserConfirmEvent)
    await agent.reply(answered(asked))
    assert all("In Ghent." in str(hints(call)) for call in model.calls)


async def test_where_the_turns_around_can_not_be_read_what_was_found_is_told(
    engine: EnginePlace,
) -> None:
    class Broken(EngineBackend):
        async def context(
            self, found: Sequence[Recollection], request: RecallRequest
        ) -> Mapping[str, Around]:
            raise StoreError("the disk is gone")

    await engine.tell("Which mountain was it?", "Monte Rosa.")
    middleware = MemoryMiddleware(Broken(engine.memory), user_id="alice")
    assert "Monte Rosa." in await _note(middleware, "Was it Monte Rosa?")
    assert middleware.faults == {"recall": 1}


async def test_a_search_that_has_found_something_tells_it_though_time_runs_out(
    engine: EnginePlace,
) -> None:
    class Slow(EngineBackend):
        async def context(
            self, found: Sequence[Recollection], request: RecallRequest
        ) -> Mapping[str, Around]:
            await asyncio.Event().wait()
            return {}

    await engine.tell("Monte Rosa.")
    middleware = MemoryMiddleware(Slow(engine.memory), user_id="alice", search_timeout=0.5)
    assert "Monte Rosa." in await _note(middleware, "Was it Monte Rosa?")
    assert middleware.faults == {"recall": 1}


async def test_a_counter_that_fails_breaks_nothing(place: Place) -> None:
    def count(text: str) -> int:
        if "Nora" in text:
            raise ValueError("no such token")
        return len(text)

    await place.tell("My sister Nora lives in Ghent.")
    middleware = MemoryMiddleware(
        place.memory, user_id="alice", token_budget=9_000, count_tokens=count
    )
    assert "lives in Ghent" in await _note(middleware, "Where does my sister Nora live?")
    assert set(middleware.faults) == {"count"}


@pytest.mark.parametrize(
    ("field", "settings"),
    cast(
        "list[tuple[str, dict[str, Any]]]",
        [
            ("token_budget", {"token_budget": 0}),
            ("token_budget", {"token_budget": True}),
            ("token_budget", {"token_budget": 40}),
            ("token_budget", {"texts": NoteTexts(intro="word " * 3_000)}),
            ("count_tokens", {"count_tokens": 4}),
            ("count_tokens", {"count_tokens": str.split}),
        ],
    ),
)
async def test_settings_that_leave_no_room_are_refused(
    engine: EnginePlace, field: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=field):
        MemoryMiddleware(engine.memory, user_id="alice", **settings)


async def test_the_words_for_what_was_left_out_can_be_ones_own(engine: EnginePlace) -> None:
    await engine.tell(*(f"Nora was in {town} for a week." for town in TOWNS))
    middleware = MemoryMiddleware(
        engine.memory,
        user_id="alice",
        top_k=8,
        texts=NoteTexts("# Notebook", "Old quotations.", "(+{count})"),
        token_budget=40,
        count_tokens=_words,
    )
    header, intro, more, fence, *lines, end = (await _note(middleware, "Nora's week?")).split("\n")
    assert (header, intro, fence, end) == (
        "# Notebook",
        "Old quotations.",
        "<memories>",
        "</memories>",
    )
    assert more == f"(+{8 - len(lines)})"
