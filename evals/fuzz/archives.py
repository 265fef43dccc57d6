"""Archives that nobody wrote: they are read, and taken in if nothing is wrong with them.

What may come of it is an error that Remanence raises on purpose, and nothing stored; or all of it
stored, and the same archive when it is exported again.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.fuzz.choices import Choices
from evals.fuzz.packing import manifest_of, packed
from remanence import ConflictError, Episode, Fact, Memory, RemanenceError, Scope

__all__ = ["Archives"]

Record = dict[str, Any]

_NOON = "2026-03-01T12:00:00.000001+02:00"
_MOST_USERS = 300
"""After so many a new file is begun, so that none becomes large."""


def _id(number: int) -> str:
    return f"01a229ab-204f-704e-ad57-{number:012x}"


def _known() -> list[object]:
    """Return values that are worth a try anywhere."""
    return [
        *(_id(number) for number in range(1, 6)),
        *("monday", "user", "tool", "system", "done", "waiting", "ended", "corrected", "plan"),
        *(_NOON, "0001-01-03T00:00:00+00:00", "9999-12-29T00:00:00-23:59", "2026-03-01"),
        *(0, 1, 2, 3, 4, 5, 2**31, 2**40, 2**40 + 1, 2**63, 0.5, 1e300, True, False, None, ""),
        *("*", "\x00", "\ud800", "a\u2028b", "x" * 257, [], {}, {"a": [1, 2.5, None]}),
        [{"episode": _id(1), "stated_by": "user", "drawn": True}],
        [{"episode": _id(4), "stated_by": None, "drawn": False}],
    ]


def _base() -> dict[str, list[Record]]:
    where = {"agent_id": None, "session_id": "monday"}
    common: Record = {"at": _NOON, "recorded_at": _NOON, "metadata": {}, "imported": False}
    said = {"role": "user", "name": "Nora", "content": "a", "extraction": "done"}
    known = {
        "text": "b",
        "kind": "plan",
        "attribute": "a: b",
        "stated_by": None,
        "confidence": 0.5,
        **dict.fromkeys(("valid_from", "valid_until", "stated_until")),
        **dict.fromkeys(("superseded_at", "superseded_by", "ending")),
    }
    end = {"superseded_at": _NOON, "superseded_by": _id(3), "ending": "ended"}
    source = {"episode": _id(1), "stated_by": "user", "drawn": True}
    return {
        "sessions": [{**where, "next_position": 9}, {**where, "agent_id": "b", "next_position": 9}],
        "episodes": [
            {"number": n, "id": _id(n), **where, "position": n, **common, **said, "message_id": m}
            for n, m in ((1, "m1"), (4, None), (5, "m5"))
        ],
        "facts": [
            {"number": 2, "id": _id(2), **where, **common, **known, **end, "sources": [source]},
            {"number": 3, "id": _id(3), **where, **common, **known, "sources": []},
        ],
    }


def _lines(records: Sequence[Record]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _members(records: Mapping[str, Sequence[Record]]) -> Mapping[str, bytes]:
    return {name: _lines(each) for name, each in records.items()}


def _packed(members: Mapping[str, bytes], manifest: bytes | None = None) -> bytes:
    return packed(members["sessions"], members["episodes"], members["facts"], manifest=manifest)


class Archives:
    """Reads archives and takes them in, in a file of its own."""

    name = "archive"
    modules = ("remanence.archive", "remanence.store.relational.archive", "zipfile")

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory(prefix="remanence-fuzz-")
        self._file = Path(self._folder.name) / "fuzzed.zip"
        self._memory: Memory | None = None
        self._users = 0

    def seeds(self) -> list[bytes]:
        """Return what to begin with: each way of making an archive, without a fault."""
        base = _members(_base())
        whole = _packed(base)
        lines = b"\n\n".join(data.rstrip(b"\n") for data in base.values())
        return [bytes([0]) + whole, bytes([1]) + lines, bytes([2]), bytes([3]), bytes([4])]

    def close(self) -> None:
        """Remove the files."""
        if self._memory is not None:
            self._runner.run(self._memory.aclose())
        self._runner.close()
        self._folder.cleanup()

    def __call__(self, data: bytes) -> None:
        """Try one archive."""
        choices = Choices(data)
        way = choices.number(4)
        if way == 0:
            archive = choices.rest()
        elif way == 1:
            members = [*choices.rest().split(b"\n\n"), b"", b"", b""][:3]
            archive = packed(*(member + b"\n" if member else b"" for member in members))
        elif way == 2:
            archive = _packed(*_with_a_manifest(choices))
        else:
            archive = _packed(_members(_changed(choices)))
        self._file.write_bytes(archive)
        self._runner.run(self._try(after_another=way == 4))

    async def _try(self, *, after_another: bool) -> None:
        memory = await self._current()
        self._users += 1
        user = f"user {self._users}"
        if after_another:
            original = self._file.with_name("original.zip")
            original.write_bytes(_packed(_members(_base())))
            await memory.import_archive(original, user_id=user)
        before = await _all_of(memory, user)
        try:
            imported = await memory.import_archive(self._file, user_id=user)
        except RemanenceError as error:
            assert await _all_of(memory, user) == before
            # With what is there already an archive may conflict; what is wrong in itself, its
            # reader has to tell.
            if isinstance(error, ConflictError) and not after_another:
                raise AssertionError(str(error)) from error
            return
        after = await _all_of(memory, user)
        assert len(after) == len(before) + imported.episodes + imported.facts
        again = await memory.import_archive(self._file, user_id=user)
        assert (again.episodes, again.facts, again.facts_completed) == (0, 0, 0)
        assert await _all_of(memory, user) == after
        await self._travel(memory, user, after)

    async def _travel(self, memory: Memory, user: str, there: list[Episode | Fact]) -> None:
        """Take what was taken in somewhere else, where it has to be the same."""
        archive = self._file.with_name("again.zip")
        await memory.export(archive, user_id=user, overwrite=True)
        await memory.import_archive(archive, user_id=f"{user}, again")
        texts = [_told(item) for item in await _all_of(memory, f"{user}, again")]
        assert texts == [_told(item) for item in there]

    async def _current(self) -> Memory:
        if self._memory is None or self._users % _MOST_USERS == 0:
            if self._memory is not None:
                await self._memory.aclose()
            path = self._file.with_name("memory.db")
            for file in self._file.parent.glob("memory.db*"):
                file.unlink()
            self._memory = await Memory.open(path)
        return self._memory


def _with_a_manifest(choices: Choices) -> tuple[Mapping[str, bytes], bytes]:
    """Return members with a manifest in which something is changed, or that is anything."""
    members = _members(_base())
    manifest: Any = manifest_of(**members)
    place = manifest if choices.number(1) else manifest["files"]["facts.jsonl"]
    for _ in range(choices.number(2)):
        place[choices.one_of([*place, choices.text()])] = choices.value(_known())
    written = json.dumps(manifest).encode()
    if choices.number(7) == 1:
        written = choices.rest()
    return members, written


def _changed(choices: Choices) -> Mapping[str, list[Record]]:
    """Return members with records in which something is changed, missing, or there twice."""
    members = _base()
    for _ in range(choices.number(6)):
        records = members[choices.one_of(list(members))]
        record = choices.one_of(records) if records else {}
        match choices.number(5):
            case 0:
                records.append(dict(record))
            case 1 if records:
                records.remove(record)
            case 2 if record:
                del record[choices.one_of(list(record))]
            case _:
                record[choices.one_of([*record, "more"])] = choices.value(_known())
    return members


async def _all_of(memory: Memory, user: str) -> list[Episode | Fact]:
    return list((await memory.list(scope=Scope(user), limit=10_000)).items)


def _told(item: Episode | Fact) -> tuple[object, ...]:
    if isinstance(item, Episode):
        return item.id, item.content, item.at, item.position, item.message_id, item.metadata
    ended = item.superseded_by, item.ending, item.valid_until
    return item.id, item.text, item.at, item.sources, item.stated_by, *ended
