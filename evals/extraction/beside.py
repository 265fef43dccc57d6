"""What a turn of an agent takes while earlier turns are read for facts, in the same process.

``python -m evals.extraction.beside`` measures it in a process of its own, started by
``evals.extraction``.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from agentscope.agent import Agent
from agentscope.message import Msg, TextBlock
from agentscope.tool import Toolkit

from evals.extraction.asked import is_reading, records
from evals.minilm import minilm
from evals.perf.corpus import Corpus
from evals.perf.measures import Stopwatch, percentile
from evals.processes import write_result
from remanence import Memory, Scope
from remanence.embed.protocol import Embedder
from remanence.llm.protocol import Question
from remanence.middleware import MemoryMiddleware
from remanence.testing.chat import ScriptedModel
from remanence.testing.models import ScriptedChatModel

__all__ = ["LATENCY", "Beside", "measure_beside"]

LATENCY = 0.05
"""Seconds that the model which reads takes for each answer."""
_ASKER = "alice"
_KEPT_TURNS = 10
"""After so many turns the context is emptied, as compression does."""
_WARM = 20
_LONG = 3_600.0
_PAUSE = 1.0
"""So soon what was said earlier is read: nobody waits for it."""
_ANSWER = "That was in spring, if I remember rightly, and everybody came along. " * 3


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """How long turns took, in milliseconds, without and while earlier turns were read.

    Attributes:
        embeds: Whether there was an embedder.
        whose: Whether the turns that were read are the asker's or another user's.
        thinking: How many milliseconds the agent's own model takes for an answer.
        earlier: How many turns were read.
        stored: How many others the asker has.
        facts: How many facts came of it.
        turns: How many turns were measured with nothing else going on.
        turns_beside: How many while turns were read.
        alone: The median of the former.
        alone_p95: The 95th percentile of these.
        beside: The median of the latter.
        beside_p95: The 95th percentile of these.
        seconds: How long it took until the last of them was read.
    """

    embeds: bool
    whose: str
    thinking: float
    earlier: int
    stored: int
    facts: int
    turns: int
    turns_beside: int
    alone: float
    alone_p95: float
    beside: float
    beside_p95: float
    seconds: float


class _Reader:
    """Answers as a model that tells a fact a turn, and takes everything for new.

    Attributes:
        read: How many turns it has been shown as new.
    """

    def __init__(self) -> None:
        self.read = 0
        self.model = ScriptedModel(self._answer)

    async def _answer(self, question: Question) -> Mapping[str, Any]:
        await asyncio.sleep(LATENCY)
        self.model.questions.clear()
        if not is_reading(question):
            return {"verdicts": [{"draft": id_, "action": "add"} for id_ in records(question, "d")]}
        new = records(question, "e")
        self.read += len(new)
        return {"facts": [_fact(id_, shown["text"]) for id_, shown in new.items()]}


def _fact(id_: str, text: str) -> Mapping[str, Any]:
    said = " ".join(text.split()[:14])
    return {"statement": said, "kind": "event", "sources": [id_], "confidence": 0.9}


async def measure_beside(
    folder: Path,
    *,
    whose: str,
    embedder: Embedder | None,
    thinking: float = 0.0,
    earlier: int = 1_000,
    stored: int = 10_000,
    turns: int = 300,
    repeats: int = 3,
) -> Beside:
    """Let an agent with a memory reply, first alone, then while earlier turns are read.

    Both are done several times, in turn, each time with earlier turns that are new.

    Args:
        folder: An empty folder for the files.
        whose: ``same`` for earlier turns of the user that the agent talks with, ``another``.
        embedder: What gives texts their vectors, if anything.
        thinking: How many seconds the agent's own model takes for an answer.
        earlier: How many turns are read each time.
        stored: How many turns the user has that are not.
        turns: How many turns are measured each time with nothing else going on.
        repeats: How often.
    """
    corpus = Corpus(_ASKER, stored)
    questions = itertools.cycle(corpus.questions(turns))
    path = folder / "memory.db"
    async with Memory.open(path, embedder=embedder) as memory:
        for batch in corpus.batches():
            await memory.observe_all(batch)
        assert await memory.settle(_LONG)
    alone: list[float] = []
    beside: list[float] = []
    seconds = 0.0
    reader = _Reader()
    opened = Memory.open(path, embedder=embedder, chat_model=reader.model, extract_after=_PAUSE)
    async with opened as memory:
        talk = _talk(memory, questions, await _agent(memory, thinking))
        for _ in range(_WARM):
            await anext(talk)
        for repeat in range(repeats):
            alone += [await anext(talk) for _ in range(turns)]
            assert await memory.settle(_LONG)
            user = _ASKER if whose == "same" else f"bob{repeat}"
            await _observe(memory, Corpus(user, earlier, seed=50 + repeat), f"earlier-{repeat}")
            reader.read = 0
            with Stopwatch() as watch:
                while not reader.read:
                    await anext(talk)
                while reader.read < earlier:
                    beside.append(await anext(talk))
            seconds += watch.wall
            assert await memory.settle(_LONG)
        await talk.aclose()
        facts = (await memory.stats()).facts
    return Beside(
        embeds=embedder is not None,
        whose=whose,
        thinking=1_000 * thinking,
        earlier=earlier,
        stored=stored,
        facts=facts // repeats,
        turns=len(alone),
        turns_beside=len(beside),
        alone=median(alone),
        alone_p95=percentile(alone, 95),
        beside=median(beside),
        beside_p95=percentile(beside, 95),
        seconds=seconds / repeats,
    )


async def _observe(memory: Memory, corpus: Corpus, prefix: str) -> None:
    """Store turns, in sessions that nobody has yet."""
    for batch in corpus.batches():
        renamed = [
            dataclasses.replace(
                each,
                scope=Scope(each.scope.user_id, session_id=f"{prefix}-{each.scope.session_id}"),
            )
            for each in batch
        ]
        await memory.observe_all(renamed)
    # What reading costs is wanted, not what vectors of the earlier turns do.
    while (await memory.stats()).unembedded:  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(0.1)


async def _talk(memory: Memory, questions: Iterator[str], agent: Agent):  # noqa: ANN202
    """Yield how many milliseconds each turn took."""
    for number in itertools.count():
        message = Msg(name="Alice", role="user", content=[TextBlock(text=next(questions))])
        with Stopwatch() as watch:
            await agent.reply(message)
        if number % _KEPT_TURNS == 0:
            agent.state.context = []
        yield 1_000 * watch.wall


async def _agent(memory: Memory, thinking: float) -> Agent:
    middleware = MemoryMiddleware(memory, user_id=_ASKER)
    return Agent(
        name="Robin",
        system_prompt="You are Robin.",
        model=ScriptedChatModel(lambda _: _ANSWER, delay=thinking),
        toolkit=Toolkit(tools=await middleware.list_tools()),
        middlewares=[middleware],
    )


def main() -> None:
    """Measure once, and write what came of it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m evals.extraction.beside")
    parser.add_argument("--whose", choices=("same", "another"), required=True)
    parser.add_argument("--embedder", action="store_true")
    parser.add_argument("--thinking", type=float, default=0.0)
    parser.add_argument("--earlier", type=int, default=1_000)
    parser.add_argument("--stored", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(
            measure_beside(
                Path(folder),
                whose=arguments.whose,
                embedder=minilm() if arguments.embedder else None,
                thinking=arguments.thinking,
                earlier=arguments.earlier,
                stored=arguments.stored,
                turns=arguments.turns,
                repeats=arguments.repeats,
            )
        )
    write_result(arguments.out, measured)


if __name__ == "__main__":
    main()
