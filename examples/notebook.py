"""Memory without an agent: store what was said, and find it again."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from remanence import Memory, Message, Scope


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Memory.open(Path(folder) / "alice.db") as memory:
            spring = Scope("alice", session_id="2026-03-01")
            await memory.observe(
                [
                    Message(
                        "user", "Where should I take my sister Nora for her birthday?", "Alice"
                    ),
                    Message("assistant", "Does she like the sea?", "Robin"),
                    Message("user", "Very much, and it's on the 12th of May.", "Alice"),
                ],
                scope=spring,
            )
            await memory.remember("Nora is allergic to hazelnuts.", scope=Scope("alice"))

            for hit in await memory.recall("When is Nora's birthday?", scope=Scope("alice")):
                print(f"{hit.at:%Y-%m-%d}  {hit.speaker or 'noted'}: {hit.text}")

            this_year = datetime(2026, 1, 1, tzinfo=UTC)
            hits = await memory.recall("hazelnuts", scope=Scope("alice"), since=this_year, limit=1)
            receipt = await memory.forget([hit.id for hit in hits], scope=Scope("alice"))
            print(f"forgot {receipt.facts} fact")


asyncio.run(main())
