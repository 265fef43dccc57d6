"""The README's Python runs as it stands there."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentscope.message import Msg

from remanence import Memory, Message, Scope
from remanence.backends import Exchange, QueuedBackend
from remanence.errors import BackendUnavailableError
from remanence.llm import Question
from remanence.store.sqlite import SQLiteStore
from remanence.testing.models import ScriptedChatModel, structured
from tests.mem0.serving import Answer, Request, Server

README = Path(__file__).parents[2] / "README.md"


def blocks_of(file: Path) -> list[str]:
    """Return the Python of a file."""
    return re.findall(r"^```python\n(.*?)^```", file.read_text("utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS = blocks_of(README)


def _run(block: str, **names: object) -> None:
    exec(compile(block, README.name, "exec"), {"__name__": "__main__", **names})  # noqa: S102 - our own text


@pytest.mark.agentscope
def test_quick_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = ScriptedChatModel(["I will remember that.", "In Ghent."])

    _run(BLOCKS[0], my_chat_model=model)
    _run(BLOCKS[0], my_chat_model=model)

    async def recalled() -> list[str]:
        async with Memory.open("alice.db") as memory:
            return [hit.text for hit in await memory.recall("Nora", scope=Scope("alice"))]

    assert any("Nora" in text for text in asyncio.run(recalled()))
    assert "Nora" in str(model.calls[1])  # the second run's model was told by the first


def test_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _run(BLOCKS[1])


@pytest.mark.agentscope
def test_outbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _run(BLOCKS[2], my_chat_model=ScriptedChatModel(["I will remember that."]))
    shown = capsys.readouterr().out
    assert "My sister Nora lives in Ghent." in shown
    assert "I will remember that." in shown


def test_a_service_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs as far as it can without the server that it talks to."""
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[3], README.name, "exec"), names)  # noqa: S102 - our own text
    monkeypatch.chdir(tmp_path)

    async def is_away() -> list[str]:
        async with QueuedBackend.open(names["Notes"](), "outbox.db") as backend:
            said = Exchange("reply", (Message("user", "Hello.", id="1"),))
            assert not await backend.retain(said, scope=Scope("alice"), wait=5)
            return list(backend.faults.counts)

    assert asyncio.run(is_away()) == ["deliver"]
    assert asyncio.run(_attempts(tmp_path / "outbox.db")) == [("pending", 0)]


async def _attempts(file: Path) -> list[tuple[str, int]]:
    store = SQLiteStore(file)
    await store.open()
    jobs = await store.jobs.jobs()
    await store.aclose()
    return [(job.state, job.attempts) for job in jobs]


MODELS = """
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import is_extraction, verbatim_facts
from remanence.testing.models import ScriptedChatModel

my_embedding_model = ScriptedEmbeddingModel(256)
my_chat_model = ScriptedChatModel(
    lambda messages: verbatim_facts(messages) if is_extraction(messages) else
    str([str(block.hint) for message in messages for block in message.get_content_blocks("hint")])
)
"""


@pytest.mark.agentscope
@pytest.mark.parametrize("file", [README, README.with_name("README_zh.md")])
def test_mem0(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (block,) = [block for block in blocks_of(file) if "Mem0Middleware" in block]

    first = run_python("-c", MODELS + block)
    second = run_python("-c", MODELS + block)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "Nora" not in first.stdout
    assert "Nora" in second.stdout


@pytest.mark.agentscope
@pytest.mark.parametrize("file", [README, README.with_name("README_zh.md")])
def test_reme(
    file: Path,
    tmp_path: Path,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    (block,) = [block for block in blocks_of(file) if "ReMeMiddleware" in block]
    there = f"import os; os.chdir({str(tmp_path)!r})\n"

    first = run_python("-c", there + MODELS + block)
    second = run_python("-c", there + MODELS + block)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "Nora" not in first.stdout
    assert "Nora" in second.stdout
    assert list((tmp_path / "notes" / "users" / "alice" / "daily").glob("*/*.md"))


FOUND = {
    "facts": [
        {
            "statement": "Maria lives in Lisbon.",
            "kind": "profile",
            "sources": ["e1"],
            "valid_from": "2026-05",
        }
    ]
}


@pytest.mark.agentscope
def test_facts_of_an_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def answer(messages: list[Msg]) -> Any:
        asked = "".join(message.get_text_content() or "" for message in messages)
        return structured(FOUND) if '"id": "e1"' in asked else "Noted."

    _run(BLOCKS[6], my_chat_model=ScriptedChatModel(answer))
    shown = capsys.readouterr().out
    assert "profile 2026-05-01" in shown
    assert "Maria lives in Lisbon." in shown


def test_the_two_times_of_a_fact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _run(BLOCKS[7])
    assert capsys.readouterr().out.splitlines() == [
        "2022 Maria lives in Berlin.",
        "2025 Maria lives in Lisbon.",
        "Maria lives in Berlin. ended 2024-05-01 00:00:00+00:00",
        "Maria lives in Lisbon. None None",
    ]


def test_a_chat_model_of_ones_own(tmp_path: Path) -> None:
    """It is asked as it stands there, but for the server that it talks to."""
    told = {
        "message": {"role": "assistant", "content": json.dumps(FOUND)},
        "prompt_eval_count": 7,
        "eval_count": 3,
    }

    def answer(request: Request) -> Answer:
        assert request.path == "/api/chat"
        assert request.body["format"]["type"] == "object"
        return Answer(200, told)

    names: dict[str, Any] = {}
    server = Server(answer)
    server.start()
    block = BLOCKS[8].replace("http://localhost:11434", server.url)
    exec(compile(block, README.name, "exec"), names)  # noqa: S102 - our own text

    async def drawn() -> list[str]:
        async with Memory.open(tmp_path / "maria.db", chat_model=names["Local"]()) as memory:
            await memory.observe([Message("user", "I moved to Lisbon.")], scope=Scope("maria"))
            assert await memory.settle(20), memory.faults
            found = await memory.facts(scope=Scope("maria"))
            stats = await memory.stats()
            assert (stats.model_calls, stats.input_tokens, stats.output_tokens) == (1, 7, 3)
            return [fact.text for fact in found.items]

    assert asyncio.run(drawn()) == ["Maria lives in Lisbon."]
    server.stop()
    with pytest.raises(BackendUnavailableError):
        asyncio.run(names["Local"]().ask(Question("", "", {}, "facts")))


def test_forgetting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _run(BLOCKS[9])
    listed, places, *checks = capsys.readouterr().out.splitlines()
    assert listed == "['My old job in Kiel was dull.']"
    assert places == "{'episodes': 1, 'index entries': 1} True"
    assert [line.split()[0] for line in checks[:4]] == ["True"] * 4
    assert [line.split()[:2] for line in checks[4:]] == [
        ["forget", "Erika"],
        ["export", "Erika"],
        ["forget", "Erika"],
    ]
    assert (tmp_path / "erika.zip").exists()


def test_every_block_is_run() -> None:
    assert len(BLOCKS) == 10
