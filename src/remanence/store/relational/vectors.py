"""What is done with vectors inside a transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from remanence.store.relational.database import Database
from remanence.store.vectors import EmbeddingProgress, Unembedded, VectorBlock, Vectors

__all__ = [
    "add",
    "behind",
    "choose",
    "count",
    "count_vectors",
    "drop_others",
    "drop_vectors",
    "erase_vectors",
    "has_others",
    "load",
    "progress_of",
    "unembedded",
]

_BLOCK = 512
"""How many vectors are packed into a row at most, unless more come at once."""

_NUMBER = np.dtype("<i8")


def choose(database: Database, identity: str, dimensions: int) -> int:
    """Choose an embedder; see :meth:`remanence.store.vectors.VectorStore.choose`."""
    database.across()
    place = {"identity": identity, "dimensions": dimensions}
    database.run("add_embedder", place)
    if database.one("embedder", {"identity": identity})[1] != dimensions:
        database.run("renew_embedder", place)
    database.run("choose_embedder", {"identity": identity})
    return database.one("embedder", {"identity": identity})[0]


def progress_of(database: Database, user_id: str, embedder: int) -> int:
    """Return the number up to which a user's items were embedded; 0 if none were."""
    row = database.row("progress", {"user_id": user_id, "embedder": embedder})
    return 0 if row is None else row[0]


def unembedded(database: Database, user_id: str, embedder: int, limit: int) -> Unembedded:
    """Return what comes next; see :meth:`remanence.store.vectors.VectorStore.unembedded`."""
    with database.snapshot():
        database.enter(user_id)
        outdated = database.row("is_chosen", {"embedder": embedder}) is None
        progress = progress_of(database, user_id, embedder)
        place = {"user_id": user_id, "progress": progress, "limit": 0 if outdated else limit}
        rows = database.rows("unembedded", place)
    numbers, texts = tuple(row[0] for row in rows), tuple(row[1] for row in rows)
    return Unembedded(outdated, progress, numbers, texts)


def add(
    database: Database,
    user_id: str,
    embedder: int,
    block: VectorBlock,
    since: int,
    progress: int,
) -> bool:
    """Store vectors; see :meth:`remanence.store.vectors.VectorStore.add`."""
    place = {"user_id": user_id, "embedder": embedder}
    database.hold(user_id)
    if (
        database.row("is_chosen", {"embedder": embedder}) is None
        or progress_of(database, user_id, embedder) != since
        or database.row("any_entry", {"user_id": user_id}) is None
    ):
        return False
    numbers = block.numbers.astype(_NUMBER)
    there = {**place, "numbers": json.dumps(numbers.tolist())}
    kept = np.isin(numbers, [row[0] for row in database.rows("present", there)])
    numbers, data = numbers[kept], block.data[kept]
    if len(numbers):
        _append(database, user_id, embedder, numbers, data)
    database.run("set_progress", {**place, "progress": progress, "added": len(numbers)})
    return True


def _append(
    database: Database,
    user_id: str,
    embedder: int,
    numbers: npt.NDArray[np.int64],
    data: npt.NDArray[np.float32],
) -> None:
    """Pack vectors behind the others, with those before them as long as these are as few.

    So the sizes of the rows fall geometrically, and a vector is written a few times at most.
    """
    place = {"user_id": user_id, "embedder": embedder}
    parts = [(numbers.tobytes(), data)]
    size = len(numbers)
    while (most := min(2 * size, _BLOCK - size)) > 0:
        last = database.row("last_block", {**place, "most_bytes": most * _NUMBER.itemsize})
        if last is None:
            break
        database.run("drop_block", {"user_id": user_id, "block": last[0]})
        count = len(last[1]) // _NUMBER.itemsize
        parts.insert(0, (last[1], database.unpacked(last[2], count)))
        size += count
    database.run(
        "add_block",
        {
            **place,
            "last_seq": int(numbers[-1]),
            "numbers": b"".join(part[0] for part in parts),
            "data": database.packed(np.concatenate([part[1] for part in parts])),
        },
    )


def load(database: Database, user_id: str, embedder: int, after: int, limit: int) -> Vectors:
    """Return vectors; see :meth:`remanence.store.vectors.VectorStore.load`."""
    place = {"user_id": user_id, "embedder": embedder}
    with database.snapshot():
        database.enter(user_id)
        progress = progress_of(database, user_id, embedder)
        rows = database.rows("blocks_after", {**place, "after": after, "limit": limit})
    complete = len(rows) < limit
    blocks: list[VectorBlock] = []
    for _, packed, data in rows:
        numbers = np.frombuffer(packed, _NUMBER)
        blocks.append(VectorBlock(numbers, database.unpacked(data, len(numbers))))
    return Vectors(progress if complete else rows[-1][0], tuple(blocks), complete)


def has_others(database: Database, user_id: str, embedder: int) -> bool:
    """Return whether a user has vectors that other embedders made."""
    place = {"user_id": user_id, "embedder": embedder}
    database.enter(user_id)
    return database.row("has_others", place) is not None


def drop_others(database: Database, user_id: str, embedder: int) -> None:
    """Remove others' vectors; see :meth:`remanence.store.vectors.VectorStore.drop_others`."""
    database.hold(user_id)
    for name in ("drop_other_blocks", "drop_other_progress"):
        database.run(name, {"user_id": user_id, "embedder": embedder})


def behind(database: Database, embedder: int, after: str, limit: int) -> list[str]:
    """Return users who are behind; see :meth:`remanence.store.vectors.VectorStore.behind`."""
    place = {"embedder": embedder, "after": after, "limit": limit}
    database.across()
    return [user_id for (user_id,) in database.rows("users_behind", place)]


def count(database: Database, embedder: int) -> EmbeddingProgress:
    """Count over all users; see :meth:`remanence.store.vectors.VectorStore.count`."""
    with database.snapshot():
        database.across()
        embedded = database.one("count_embedded", {"embedder": embedder})[0]
        waiting = database.one("count_unembedded", {"embedder": embedder})[0]
    return EmbeddingProgress(embedded, waiting)


def count_vectors(database: Database, user_id: str, of: Sequence[int] | None = None) -> int:
    """Return how many vectors a user has, of some items or of all, by whatever embedder."""
    rows = database.rows("blocks_of_user", {"user_id": user_id})
    packed = [np.frombuffer(row[2], _NUMBER) for row in rows]
    if of is None:
        return sum(map(len, packed))
    return sum(int(np.isin(numbers, np.array(of, np.int64)).sum()) for numbers in packed)


def erase_vectors(database: Database, user_id: str, doomed: Sequence[int]) -> int:
    """Take the vectors of some items out of the rows that hold them; return how many."""
    erased = 0
    gone = np.array(doomed, np.int64)
    for block, embedder, packed in database.rows("blocks_of_user", {"user_id": user_id}):
        numbers = np.frombuffer(packed, _NUMBER)
        kept = ~np.isin(numbers, gone)
        if kept.all():
            continue
        place = {"user_id": user_id, "block": block}
        if kept.any():
            data = database.unpacked(database.one("block_data", place)[0], len(numbers))
            left = database.packed(data[kept])
            rewritten = {"numbers": numbers[kept].tobytes(), "data": left}
            database.run("rewrite_block", {**place, **rewritten})
        else:
            database.run("drop_block", place)
        fewer = int((~kept).sum())
        place = {"user_id": user_id, "embedder": embedder}
        database.run("count_fewer", {**place, "gone": fewer})
        erased += fewer
    return erased


def drop_vectors(database: Database, user_id: str) -> None:
    """Remove all vectors of a user."""
    for name in ("drop_vectors", "drop_progress"):
        database.run(name, {"user_id": user_id})
