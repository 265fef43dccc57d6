"""The README's Python runs as it stands there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from remanence import Memory, Scope
from remanence.testing.models import ScriptedChatModel

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


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


def test_every_block_is_run() -> None:
    assert len(BLOCKS) == 3
