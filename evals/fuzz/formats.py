"""Files of other programs that nobody wrote: they are read, and stored if nothing is wrong.

What may come of it is an error that Remanence raises on purpose, or messages that can be stored.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from evals.fuzz.choices import Choices
from remanence import Memory, RemanenceError
from remanence.cli.formats import Defaults, Format, read
from remanence.cli.gathering import gather

__all__ = ["Formats"]

_MOST_FILES = 300
_FORMATS = (Format.AUTO, Format.JSONL, Format.LOCOMO)


def _known() -> list[object]:
    """Return values that are worth a try anywhere."""
    return [
        *("user", "assistant", "monday", "D1:1", "2026-03-01T09:30:00+00:00", "2026-03-01", "*"),
        *("1:56 pm on 8 May, 2023", "", "x" * 257, "\x00", "\ud800", "a\u2028b", None, True, 0, 1),
        *(2**63, 0.5, 1e300, [], {}, ["http://x.example/a.jpg"], ["a", "b"], {"a": [1, None]}),
    ]


def _message() -> dict[str, Any]:
    return {
        "role": "user",
        "content": "a",
        "name": "Nora",
        "at": "2026-03-01T09:30:00+00:00",
        "id": "m1",
        "metadata": {"a": 1},
        "user_id": "alice",
        "agent_id": "b",
        "session_id": "monday",
    }


def _sample() -> dict[str, Any]:
    turn = {"speaker": "Nora", "dia_id": "D1:1", "text": "a", "blip_caption": "b", "img_url": ["c"]}
    return {
        "sample_id": "alice",
        "conversation": {
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [turn, {**turn, "dia_id": "D1:2"}],
            "session_2": [],
        },
    }


class Formats:
    """Reads files of messages, and stores what they hold in a file of its own."""

    name = "formats"
    modules = ("remanence.cli.formats", "remanence.cli.gathering", "remanence.validation")

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory(prefix="remanence-fuzz-")
        self._file = Path(self._folder.name) / "fuzzed"
        self._memory: Memory | None = None
        self._files = 0

    def seeds(self) -> list[bytes]:
        """Return what to begin with: each format and way of making it, without a fault."""
        line, samples = json.dumps(_message()), json.dumps([_sample()])
        plain = [
            bytes([0, 0, format_]) + text.encode() for format_, text in ((1, line), (2, samples))
        ]
        return [*plain, bytes([0, 1, 1]), bytes([0, 2, 2]), bytes([1, 1, 0]), bytes([1, 2, 0])]

    def close(self) -> None:
        """Remove the files."""
        if self._memory is not None:
            self._runner.run(self._memory.aclose())
        self._runner.close()
        self._folder.cleanup()

    def __call__(self, data: bytes) -> None:
        """Try one file."""
        choices = Choices(data)
        skip = bool(choices.number(1))
        way = choices.number(2)
        format_ = choices.one_of(_FORMATS)
        if way == 0:
            content = choices.rest()
        elif way == 1:
            content = _written(
                [_changed(choices, _message()) for _ in range(1 + choices.number(3))]
            )
        else:
            samples = [_changed_sample(choices) for _ in range(1 + choices.number(1))]
            content = json.dumps(samples).encode("utf-8", "surrogatepass")
        self._file.write_bytes(content)
        defaults = Defaults("alice" if choices.number(1) else None)
        self._try(format_, defaults, skip)

    def _try(self, format_: Format, defaults: Defaults, skip: bool) -> None:
        try:
            reading = read(self._file, format_, defaults)
            gathered = gather(reading.entries, skip_malformed=skip)
        except RemanenceError:
            return
        self._files += 1
        stored = self._runner.run(self._store(gathered.conversations))
        assert stored == gathered.messages

    async def _store(self, conversations: Any) -> int:
        if self._memory is not None and self._files % _MOST_FILES == 0:
            await self._memory.aclose()
            self._memory = None
        if self._memory is None:
            for file in self._file.parent.glob("memory.db*"):
                file.unlink()
            self._memory = await Memory.open(self._file.with_name("memory.db"))
        users = {conversation.scope.user_id for conversation in conversations}
        try:
            return sum(map(len, await self._memory.observe_all(conversations)))
        finally:
            for user in users:
                await self._memory.forget_user(user)


def _changed(choices: Choices, record: dict[str, Any]) -> dict[str, Any]:
    for _ in range(choices.number(3)):
        name = choices.one_of([*record, "more"])
        record[name] = choices.value(_known())
        if choices.number(3) == 1:
            del record[name]
    return record


def _changed_sample(choices: Choices) -> Any:
    sample = _sample()
    conversation = sample["conversation"]
    places = [sample, conversation, *conversation["session_1"]]
    for place in places:
        if choices.number(1):
            _changed(choices, place)
    return sample


def _written(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)
