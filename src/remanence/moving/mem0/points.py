"""mem0's memories in a Qdrant folder, read from a copy, so that the folder stays as it is."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from remanence.errors import InputError, MissingExtraError
from remanence.moving.mem0.places import META

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

__all__ = ["Point", "copied", "points"]

_STORAGE = "storage.sqlite"
_MIGRATIONS = "mem0migrations"
_ENTITIES = "_entities"
_AT_ONCE = 1_000
_BUSY_SECONDS = 30.0
_WAL = 2
"""What a file's header has in two places if it is written by way of a write-ahead log."""
_LOG = "-wal"
_LOG_HEADER = 32
_TRIES, _BETWEEN_SECONDS = 50, 0.1


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A memory as Qdrant keeps it.

    Attributes:
        collection: What it is in.
        id: Its id.
        payload: What is stored with its vector.
    """

    collection: str
    id: str
    payload: Mapping[str, Any]


def points(store: Path, progress: Callable[[int, int], None] | None = None) -> Iterator[Point]:
    """Yield the memories of a Qdrant folder, collection by collection.

    mem0's own other collections are left out. What is read is a copy, as of the moment at which
    each collection was copied: who writes meanwhile is not held up.

    Args:
        store: The folder.
        progress: Called with how many were read, and how many there are.

    Raises:
        InputError: The folder can't be read.
        MissingExtraError: Qdrant's client is not installed.
    """
    collections = _collections(store)
    with tempfile.TemporaryDirectory(prefix="remanence-") as folder:
        _copy(store, collections, Path(folder))
        with _opened(Path(folder), store) as client:
            total = sum(client.count(name).count for name in collections)
            done = 0
            for name in collections:
                for point in _scrolled(client, name):
                    done += 1
                    yield point
                    if progress is not None:
                        progress(done, total)


def _collections(store: Path) -> Mapping[str, Any]:
    """Return what Qdrant says of the collections that hold memories."""
    try:
        meta: object = json.loads((store / META).read_text(encoding="utf-8"))
        told = cast("dict[str, Any]", cast("dict[str, Any]", meta)["collections"])
        return {
            name: of
            for name, of in told.items()
            if name != _MIGRATIONS and not _is_of_entities(name, told)
        }
    except OSError as error:
        raise _unreadable(store / META, error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "path", f"{store / META} is not what Qdrant writes", "name a folder that Qdrant made"
        ) from error


def _is_of_entities(name: str, among: Mapping[str, Any]) -> bool:
    return name.endswith(_ENTITIES) and name.removesuffix(_ENTITIES) in among


def _copy(store: Path, collections: Mapping[str, Any], folder: Path) -> None:
    meta = {"collections": dict(collections), "aliases": {}}
    (folder / META).write_text(json.dumps(meta), encoding="utf-8")
    for name in collections:
        target = folder / "collection" / name
        target.mkdir(parents=True)
        source = store / "collection" / name / _STORAGE
        if source.is_file():
            with contextlib.closing(sqlite3.connect(target / _STORAGE)) as copy:
                copied(source, copy)


def copied(source: Path, into: sqlite3.Connection) -> None:
    """Copy an SQLite file, as of one moment; nothing is written to it or beside it.

    Raises:
        InputError: It can't be read.
    """
    try:
        source = source.resolve()
        if not _has_log(source):
            _back_up(source, into, "ro")
            return
        # Whoever opens such a file puts two others beside it, even if it is only for reading.
        with tempfile.TemporaryDirectory(prefix="remanence-") as folder:
            aside = Path(folder) / "copy.db"
            _set_aside(source, aside)
            _back_up(aside, into, "rw")
    except (sqlite3.Error, OSError) as error:
        raise _unreadable(source, error) from error


def _has_log(source: Path) -> bool:
    with source.open("rb") as file:
        return _WAL in file.read(20)[18:]


def _back_up(source: Path, into: sqlite3.Connection, mode: str) -> None:
    uri = f"{source.as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as opened:
        opened.backup(into)


def _set_aside(source: Path, aside: Path) -> None:
    """Copy a file and its log, as of one moment: again, if the log began anew meanwhile.

    Raises:
        OSError: They can't be read, or there was no such moment.
    """
    log, log_aside = (each.with_name(f"{each.name}{_LOG}") for each in (source, aside))
    for _ in range(_TRIES):
        before = _beginning(source, log)
        # The file first: what comes into it meanwhile comes from the log, and so is in that too.
        shutil.copyfile(source, aside)
        log_aside.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(log, log_aside)
        if _beginning(source, log) == before:
            return
        time.sleep(_BETWEEN_SECONDS)
    raise OSError("it is written to all the time: stop what does that while it is read")


def _beginning(source: Path, log: Path) -> bytes | tuple[int, int, int]:
    """Return what is another each time a log begins anew; without one, when the file changes."""
    with contextlib.suppress(FileNotFoundError), log.open("rb") as file:
        if header := file.read(_LOG_HEADER):
            return header
    told = source.stat()
    return told.st_ino, told.st_size, told.st_mtime_ns


@contextlib.contextmanager
def _opened(folder: Path, store: Path) -> Generator[QdrantClient]:
    """Have Qdrant's own client open a copy: what is in it is pickled, and its to unpack."""
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise MissingExtraError("mem0", "reading mem0's memories") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is large for a folder
            client = QdrantClient(path=str(folder))
    except Exception as error:
        raise _unreadable(store, error) from error
    try:
        yield client
    finally:
        client.close()


def _scrolled(client: QdrantClient, collection: str) -> Iterator[Point]:
    offset: Any = None
    while True:
        found, offset = client.scroll(collection, limit=_AT_ONCE, offset=offset)
        for point in found:
            yield Point(collection, str(point.id), point.payload or {})
        if offset is None:
            return


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        "path",
        f"{path} can't be read ({error})",
        "see that it is whole and that you may read it; if mem0 was killed, have it open it once",
    )
