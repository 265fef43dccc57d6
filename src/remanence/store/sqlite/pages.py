"""What a page of an SQLite file may still hold of what is gone.

SQLite overwrites what it deletes with zeros (``secure_delete``), but where it moves rows from one
page to another, as it does when a page is full, it leaves copies behind, in space that no row
takes. The layout is that of https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["Layout", "remains_of_free_page", "remains_of_page"]

_LEAVES = frozenset({0x0A, 0x0D})
_BRANCHES = frozenset({0x02, 0x05})
_LEAF_HEADER = 8
_BRANCH_HEADER = 12
_LEAST_FREE_BLOCK = 4
_LOCK_BYTE = 0x40000000

Span = tuple[int, int]
"""Where bytes begin and end within a page."""


class Layout:
    """How a file is divided into pages, as its first 100 bytes tell.

    Attributes:
        page_size: The bytes of a page.
        usable: Those of them that SQLite uses; what encrypts a file may need the rest.
        first_trunk: The number of the first page that lists free ones; 0 if there is none.
        lock_page: The number of the page that is never used.
    """

    def __init__(self, header: bytes) -> None:
        """Read the header."""
        size = int.from_bytes(header[16:18], "big")
        self.page_size = 0x10000 if size == 1 else size
        self.usable = self.page_size - header[20]
        self.first_trunk = int.from_bytes(header[32:36], "big")
        self.lock_page = _LOCK_BYTE // self.page_size + 1


def remains_of_page(page: bytes, usable: int) -> Iterator[Span]:
    """Yield where a page in use holds something that is in no row; nothing for a page of overflow.

    Overflow pages are recognised by their first byte, which tells the kind of any other page, and
    is 0 in them as long as the file has fewer than 2 ** 24 pages. What follows the last byte of a
    long row there is zero from the beginning, as SQLite never writes to it.
    """
    kind = page[0]
    if kind in _LEAVES:
        header = _LEAF_HEADER
    elif kind in _BRANCHES:
        header = _BRANCH_HEADER
    else:
        return
    free, cells, content = struct.unpack_from(">HHH", page, 1)
    begin, end = header + 2 * cells, content or 0x10000
    if begin < end <= usable and _holds(page, begin, end):
        yield begin, end
    while free >= end and free + _LEAST_FREE_BLOCK <= usable:
        following, size = struct.unpack_from(">HH", page, free)
        begin, stop = free + _LEAST_FREE_BLOCK, free + size
        if begin < stop <= usable and _holds(page, begin, stop):
            yield begin, stop
        if following <= free:  # blocks are in ascending order
            break
        free = following


def remains_of_free_page(page: bytes, usable: int, listed: int | None) -> Iterator[Span]:
    """Yield where a page that is free holds something.

    Args:
        page: Its bytes.
        usable: How many of them SQLite uses.
        listed: How many free pages it lists, if it does list some; what it lists is no remains.
    """
    begin = 0 if listed is None else 8 + 4 * listed
    if begin < usable and _holds(page, begin, usable):
        yield begin, usable


def _holds(page: bytes, begin: int, end: int) -> bool:
    return page[begin:end] != bytes(end - begin)
