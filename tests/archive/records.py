"""Lines of archives made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evals.fuzz.packing import packed
from remanence.archive.limits import LIMITS, Limits
from remanence.archive.reading import ArchiveReader
from remanence.store.archive import ArchivedItem, ArchivedSession

__all__ = ["Record", "episode", "fact", "id_of", "lines", "read", "session", "small"]

Record = dict[str, Any]
NOON = "2026-03-01T12:00:00.000001+02:00"


def id_of(number: int) -> str:
    return f"01a229ab-204f-704e-ad57-{number:012x}"


def session(**fields: Any) -> Record:
    return {"agent_id": None, "session_id": "monday", "next_position": 10, **fields}


def episode(number: int, **fields: Any) -> Record:
    return {
        "number": number,
        "id": id_of(number),
        "agent_id": None,
        "session_id": "monday",
        "position": number,
        "role": "user",
        "name": "Nora",
        "content": f"number {number}",
        "at": NOON,
        "recorded_at": NOON,
        "message_id": f"m{number}",
        "metadata": {"a": [1, 2.5, None]},
        "imported": False,
        "extraction": "done",
        **fields,
    }


def fact(number: int, *sources: int, by: int | None = None, **fields: Any) -> Record:
    return {
        "number": number,
        "id": id_of(number),
        "agent_id": None,
        "session_id": "monday",
        "text": f"number {number}",
        "at": NOON,
        "recorded_at": NOON,
        "metadata": {},
        "imported": True,
        "kind": "profile",
        "attribute": "nora: city",
        "stated_by": "user",
        "confidence": 0.5,
        "valid_from": NOON,
        "valid_until": None,
        "stated_until": None,
        "superseded_at": None if by is None else NOON,
        "superseded_by": None if by is None else id_of(by),
        "ending": None if by is None else "ended",
        "sources": [
            {"episode": id_of(source), "stated_by": "user", "drawn": True} for source in sources
        ],
        **fields,
    }


def lines(*records: Record | bytes) -> bytes:
    return b"".join(
        record if isinstance(record, bytes) else json.dumps(record).encode() + b"\n"
        for record in records
    )


def small(**changed: Any) -> bytes:
    """Return an archive with a bit of everything, or with other members in place of some."""
    members: dict[str, Any] = {
        "sessions": lines(session()),
        "episodes": lines(episode(1), episode(4, name=None, message_id=None)),
        "facts": lines(fact(2, 1, 4, by=3), fact(3, valid_until=NOON)),
    }
    return packed(**{**members, **changed})


def read(
    path: Path, data: bytes, limits: Limits = LIMITS
) -> tuple[list[ArchivedSession], list[ArchivedItem]]:
    """Write an archive into a file, and read all of it."""
    path.write_bytes(data)
    with ArchiveReader(path, limits=limits) as archive:
        return list(archive.sessions()), list(archive.items())
