"""What freed space of the file still holds is overwritten, so that what is gone is gone.

The write-ahead log is emptied first; then, while nobody can write, the file holds the one version
of each page that there is, and space that no row takes is overwritten with zeros where it lies.
SQLite never reads there, so readers go on, and a crash in the middle leaves nothing that could be
wrong. A commit at the end makes every connection, in every process, read its pages anew: none
writes back what it had read before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable

import apsw

from remanence.store.erasing import Scrub
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.pages import Layout, remains_of_free_page, remains_of_page

__all__ = ["look_through", "overwrite_free_space"]

_ATTEMPTS = 20
_HEADER = 100
_READ_AT_ONCE = 1024
"""Pages."""
_MOST_PAGES = 1 << 24
"""With more, an overflow page could be taken for another one."""

Remains = list[tuple[int, int]]
"""Where in the file there is something, and how many bytes."""


def overwrite_free_space(database: Database, patience: float) -> Scrub:
    """Overwrite what freed space holds, and empty the log.

    Args:
        database: The connection that writes, outside of a transaction.
        patience: Seconds to wait for readers who need the log.
    """
    for _ in range(_ATTEMPTS):
        if not database.truncate_log(patience):
            return Scrub(
                clean=False,
                log_empty=False,
                told="somebody reads, and needs the write-ahead log; it is tried again while this "
                "is open, and whenever the file is opened",
            )
        scrubbed = _rebuilt(database) if _is_rebuilt(database) else _overwritten(database)
        if scrubbed is not None:
            database.truncate_log()  # all that came into it meanwhile is newer than what is gone
            return scrubbed
    return Scrub(
        clean=False,
        log_empty=False,
        told="others write without a pause; it is tried again while this is open, and whenever "
        "the file is opened",
    )


def _is_rebuilt(database: Database) -> bool:
    """Tell whether the file can't be overwritten in place: its pages can't be read there."""
    return database.encrypted or database.pages >= _MOST_PAGES


def _rebuilt(database: Database) -> Scrub:
    """Write the file anew, without what is free."""
    size = database.page_size
    before = database.pages
    database.rebuild()
    with database.transaction():
        database.run("erasures_scrubbed", {})
    return Scrub(
        clean=True,
        log_empty=True,
        told=f"the file was written anew: {before:,} pages before, {database.pages:,} after",
        bytes_read=before * size,
        bytes_rewritten=database.pages * size,
    )


def _overwritten(database: Database) -> Scrub | None:
    """Overwrite remains in place; ``None`` if somebody has written since the log was emptied."""
    with database.transaction():
        if database.log_bytes():
            return None
        with _opened(database) as file:
            read, remains = look_through(file)
            for offset, length in remains:
                # The buffer type among apsw's parameters has no name before Python 3.12.
                file.xWrite(bytes(length), offset)  # pyright: ignore[reportUnknownMemberType]
            if remains:
                file.xSync(apsw.SQLITE_SYNC_FULL)
            clean = not any(any(file.xRead(length, offset)) for offset, length in remains)
        database.forget_pages()
        database.run("erasures_scrubbed", {})
        database.run("next_epoch", {})  # so that there is something to commit
    rewritten = sum(length for _, length in remains)
    return Scrub(
        clean=clean,
        log_empty=True,
        told=f"{rewritten:,} bytes were overwritten in {len(remains):,} places",
        bytes_read=read,
        bytes_rewritten=rewritten,
    )


@contextlib.contextmanager
def _opened(database: Database) -> Generator[apsw.VFSFile]:
    """Open the file beside SQLite, through what SQLite itself opens files with.

    Only so are its locks kept: a file that a process closes by itself loses all locks that the
    process has on it.
    """
    flags = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE
    file = apsw.VFSFile("", str(database.path.resolve()), [flags, 0])  # a link is not opened
    try:
        yield file
    finally:
        file.xClose()


def look_through(file: apsw.VFSFile) -> tuple[int, Remains]:
    """Return how many bytes were looked through, and where there is something that shouldn't be."""
    layout = Layout(file.xRead(_HEADER, 0))
    size, usable = layout.page_size, layout.usable
    free = _free_pages(file, layout)
    pages = file.xFileSize() // size
    remains: Remains = []
    for first in range(1, pages + 1, _READ_AT_ONCE):
        amount = min(_READ_AT_ONCE, pages + 1 - first)
        data = file.xRead(amount * size, (first - 1) * size)
        for number in range(max(first, 2), first + amount):  # the first page has the schema alone
            if number == layout.lock_page:
                continue
            page = data[(number - first) * size : (number - first + 1) * size]
            spans = (
                remains_of_free_page(page, usable, free[number])
                if number in free
                else remains_of_page(page, usable)
            )
            _note(remains, (number - 1) * size, spans)
    return pages * size, remains


def _note(remains: Remains, offset: int, spans: Iterable[tuple[int, int]]) -> None:
    remains.extend((offset + begin, end - begin) for begin, end in spans)


def _free_pages(file: apsw.VFSFile, layout: Layout) -> dict[int, int | None]:
    """Return the numbers of all free pages, with how many others each lists, if it lists any."""
    free: dict[int, int | None] = {}
    trunk = layout.first_trunk
    while trunk and trunk not in free:
        page = file.xRead(layout.page_size, (trunk - 1) * layout.page_size)
        following = int.from_bytes(page[:4], "big")
        listed = int.from_bytes(page[4:8], "big")
        free[trunk] = listed
        for place in range(8, 8 + 4 * listed, 4):
            free[int.from_bytes(page[place : place + 4], "big")] = None
        trunk = following
    return free
