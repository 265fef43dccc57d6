"""No byte of what is remembered is in any file."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from remanence import Memory, Message, Scope
from remanence.testing.embedder import ScriptedEmbedder

WORDS = ("zyxqvord", "hazelwick", "qolmarine", "毕业典礼")
NAMES = ("user-plumfield", "agent-orrery", "session-whitsun", "message-lantern", "Speaker-Tamsin")
ALICE = Scope("user-plumfield", agent_id="agent-orrery", session_id="session-whitsun")


def _in_files(folder: Path, wanted: list[bytes]) -> set[bytes]:
    contents = [file.read_bytes() for file in folder.iterdir()]
    return {each for each in wanted if any(each in content for content in contents)}


def _said() -> list[Message]:
    said = [
        Message(
            "user",
            f"I put the {word} on the shelf, number {number}.",
            id=f"message-lantern-{number}",
            name="Speaker-Tamsin",
            metadata={"colour": "metadata-vermilion"},
        )
        for number, word in enumerate(WORDS * 20)
    ]
    return [*said, Message("user", "A long story about a glasswing. " * 1_000)]


async def _wanted(memory: Memory, embedder: ScriptedEmbedder) -> list[bytes]:
    """Return bytes that an unencrypted file has, one for each kind of what is kept."""
    episodes = await memory.observe(_said(), scope=ALICE)
    fact = await memory.remember("The tollgate is shut.", scope=ALICE, sources=[episodes[0].id])
    assert await memory.settle(20)
    texts = [*WORDS, *NAMES, "metadata-vermilion", "glasswing", "tollgate"]
    ids = [UUID(item.id).bytes for item in (*episodes[:3], fact)]
    (made,) = await embedder.embed_documents([episodes[1].content])
    vector = np.asarray(made).astype(np.float16).astype(np.float32)  # as it is kept
    schema = b"CREATE TABLE"
    return [*(text.encode() for text in texts), *ids, vector.tobytes(), schema]


@pytest.mark.parametrize("form", ["none", "bytes", "passphrase"])
async def test_what_is_kept_is_in_no_file(tmp_path: Path, key: bytes, form: str) -> None:
    """Without a key the same search finds everything, so that it is known to find it."""
    given = {"none": None, "bytes": key, "passphrase": "seven ducks in a tollhouse"}[form]
    folder = tmp_path / "files"
    folder.mkdir()
    embedder = ScriptedEmbedder()
    async with Memory.open(folder / "memory.db", key=given, embedder=embedder) as memory:
        wanted = await _wanted(memory, embedder)
        log = folder / "memory.db-wal"
        assert log.stat().st_size > 0
        hits = await memory.recall("Where is the hazelwick?", scope=ALICE)
        assert "hazelwick" in hits[0].text
        during = _in_files(folder, wanted)
        await memory.forget([hits[0].id], scope=ALICE)  # writes the whole file anew
        forgotten = _in_files(folder, wanted)
    after = _in_files(folder, wanted)
    if given is None:
        assert during == set(wanted)
        assert len(after) > len(WORDS)
    else:
        assert during | forgotten | after == set()


async def test_the_same_text_is_not_recognised(tmp_path: Path, key: bytes) -> None:
    """Two pages of the same content, and the same page written twice, have nothing in common."""
    said = [Message("user", "z" * 20_000, id=str(number)) for number in range(2)]
    async with Memory.open(tmp_path / "memory.db", key=key) as memory:
        await memory.observe(said, scope=ALICE)
    content = (tmp_path / "memory.db").read_bytes()
    blocks = [content[place : place + 16] for place in range(0, len(content), 16)]
    assert len(blocks) == len(set(blocks))
