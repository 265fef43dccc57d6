"""What is forgotten is no longer in the store's files."""

from __future__ import annotations

from pathlib import Path

from remanence import Memory, Message, Scope

SCOPE = Scope("alice", session_id="monday")
WORDS = [f"zyx{number:03}qv" for number in range(200)]


def _readable(database: Path) -> set[str]:
    files = [file.read_bytes() for file in database.parent.glob(f"{database.name}*")]
    return {word for word in WORDS if any(word.encode() in content for content in files)}


async def test_no_word_of_a_forgotten_user_is_left(database: Path) -> None:
    async with Memory.open(database) as memory:
        for word in WORDS:
            await memory.observe(Message("user", f"I put the {word} on the shelf."), scope=SCOPE)
        assert _readable(database) == set(WORDS)

        receipt = await memory.forget_user("alice")

        assert receipt.episodes == len(WORDS)
        assert receipt.complete
        assert _readable(database) == set()


async def test_a_forgotten_message_leaves_rows_and_log(database: Path) -> None:
    async with Memory.open(database) as memory:
        told = [Message("user", f"I put the {word} on the shelf.") for word in WORDS[:3]]
        episodes = await memory.observe(told, scope=SCOPE)

        await memory.forget([episodes[1].id], scope=SCOPE)

        assert _readable(database) == {WORDS[0], WORDS[2]}
