"""Erasing from mem0's open source client: its vector stores, its history, and their files.

mem0's own way to delete would not do: it writes what it deletes into the history, keeps the last
messages, and leaves what was deleted in freed space of its files. So its parts are asked here, each
for what it keeps.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from remanence.backends.mem0.answers import KEY
from remanence.backends.mem0.doomed import Doomed
from remanence.backends.mem0.history import History
from remanence.backends.mem0.memories import Row, VectorStore
from remanence.backends.mem0.remains import look_through, write_anew
from remanence.backends.pieces import Samples
from remanence.backends.service import Erased
from remanence.types import Check

__all__ = ["erase_from"]

_LINKED = "linked_memory_ids"
_SAMPLED = 50
_NO_FILE = "no file of mem0's holds a piece of it"

_SERVER = (
    "what the vector store itself keeps of what was deleted: its segments until they are "
    "merged, its write-ahead log, its snapshots, replicas and backups"
)
_DRAWN = (
    "memories that mem0 drew with what is erased as their context may tell some of it, and the "
    "names of persons and things that others share stay: forget the user to be sure"
)
_UNTOLD = "memories that don't tell their session, as those of earlier versions: {} of them"
_ORPHANS = "memories that mem0 itself deleted: its history tells of {}, and not whose they were"


@dataclasses.dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a client that keep something."""

    memories: VectorStore
    entities: VectorStore
    history: History

    @property
    def files(self) -> list[Path]:
        paths = (self.memories.path, self.entities.path, self.history.path)
        return list(dict.fromkeys(path for path in paths if path is not None))


def erase_from(memory: Any, doomed: Doomed) -> Erased:
    """Erase, when nothing is being added; blocks, as files may be written anew.

    Memories go last, so that whoever does this again, after a crash, still finds which they are.

    Args:
        memory: The ``AsyncMemory``.
        doomed: What is to be erased.

    Raises:
        BackendError: The client was closed, or has too much in it.
        Exception: What its parts raise.
    """
    parts = _Parts(
        VectorStore(memory.vector_store), VectorStore(memory.entity_store), History(memory)
    )
    seen = parts.memories.rows(doomed.filters)
    rows = [row for row in seen if doomed.has(row.id, row.payload, row.payload.get("created_at"))]
    ids = [row.id for row in rows]
    messages = doomed.filters if rows or doomed.ids is None else None
    samples = _samples(parts, rows, messages)

    told, said = parts.history.erase(ids, messages)
    entities = _erase_entities(parts, doomed, seen, rows)
    parts.memories.delete(ids)
    checks = _wiped(parts)
    rewritten = _write_anew(parts)

    return Erased(
        ids=tuple(ids),
        keys=frozenset(row.payload[KEY] for row in rows if isinstance(row.payload.get(KEY), str)),
        places={"memories": len(ids), "history": told, "messages": said, "entities": entities},
        checks=(*_checks(parts, doomed, ids, messages, samples), *checks),
        out_of_reach=tuple(_out_of_reach(parts, doomed, seen)),
        bytes_rewritten=rewritten,
    )


def _wiped(parts: _Parts) -> list[Check]:
    """Overwrite what this process has in memory, where the store is in this process."""
    local = [store for store in (parts.memories, parts.entities) if store.is_local]
    if not local:
        return []
    wiped = [store.wipe() for store in local]
    told = "its arrays were overwritten"
    if not all(wiped):
        told = "this version of Qdrant keeps it otherwise; restart the process"
    return [Check("Qdrant has no copy of it in memory", all(wiped), told)]


def _samples(parts: _Parts, rows: Sequence[Row], messages: Mapping[str, str] | None) -> Samples:
    """Return pieces of what is to be erased, if it is in files."""
    if not parts.files:
        return Samples(())
    ids = [row.id for row in rows]
    texts = [str(row.payload.get("data") or "") for row in rows]
    return Samples(
        [*texts, *parts.history.texts(ids[:_SAMPLED], messages)],
        parts.memories.stored(ids[:_SAMPLED]),
    )


def _erase_entities(parts: _Parts, doomed: Doomed, seen: Sequence[Row], rows: Sequence[Row]) -> int:
    """Remove the names of persons and things that no other memory tells; return how many."""
    entities = parts.entities.rows(doomed.filters)
    if doomed.whole:
        parts.entities.delete([entity.id for entity in entities])
        return len(entities)
    gone = {row.id for row in rows}
    kept = {row.id: _plain(row.payload.get("data")) for row in seen if row.id not in gone}
    removed = 0
    for entity in entities:
        linked = _linked(entity)
        left = [id_ for id_ in linked if id_ not in gone]
        if len(left) == len(linked):
            continue
        name = _plain(entity.payload.get("data"))
        if any(name in kept.get(id_, "") for id_ in left):
            parts.entities.relabel(entity.id, {**entity.payload, _LINKED: left})
        else:
            parts.entities.delete([entity.id])
            removed += 1
    return removed


def _write_anew(parts: _Parts) -> int:
    """Write the files anew, so that freed space holds nothing; return their size."""
    size = 0
    for path in parts.files:
        # mem0 waits for its history, and would only log it if that took too long.
        ours = path == parts.history.path
        with parts.history.held() if ours else contextlib.nullcontext():
            size += write_anew(path)
    return size


def _checks(
    parts: _Parts,
    doomed: Doomed,
    ids: Collection[str],
    messages: Mapping[str, str] | None,
    samples: Samples,
) -> Iterator[Check]:
    seen = parts.memories.rows(doomed.filters)
    left = [row for row in seen if doomed.has(row.id, row.payload, row.payload.get("created_at"))]
    yield Check("mem0 lists nothing of it", not left, f"it lists {len(left)} memories")
    rows = parts.history.rows_of(ids, messages)
    yield Check(
        "mem0's history and messages have no row of it", rows == 0, f"{rows} rows are there"
    )
    entities = parts.entities.rows(doomed.filters)
    gone = frozenset(ids)
    linked = len(entities) if doomed.whole else sum(bool(gone & {*_linked(e)}) for e in entities)
    yield Check("mem0's entities don't refer to it", linked == 0, f"{linked} of them do")
    if samples.pieces and parts.files:
        yield _searched(parts, samples)


def _searched(parts: _Parts, samples: Samples) -> Check:
    """Look through the files for pieces of what was erased."""
    found = 0
    told = f"{len(samples.pieces)} pieces of it were looked for in {len(parts.files)} files"
    try:
        for path in parts.files:
            found += len(look_through(path, samples))
    except (sqlite3.Error, OSError) as error:
        return Check(_NO_FILE, passed=False, told=f"a file could not be looked through: {error}")
    return Check(_NO_FILE, found == 0, f"{told}, and {found} found" if found else told)


def _out_of_reach(parts: _Parts, doomed: Doomed, seen: Sequence[Row]) -> Iterator[str]:
    if not parts.memories.is_local:
        yield _SERVER
    if not doomed.whole:
        yield _DRAWN
    untold = sum(doomed.hides(row.payload) for row in seen)
    if untold:
        yield _UNTOLD.format(untold)
    orphans = parts.history.orphans()
    if orphans:
        yield _ORPHANS.format(orphans)


def _linked(entity: Row) -> list[str]:
    linked = entity.payload.get(_LINKED)
    return [str(id_) for id_ in cast("list[object]", linked)] if isinstance(linked, list) else []


def _plain(text: object) -> str:
    """Return a text as mem0 compares names."""
    return " ".join(str(text or "").lower().split())
