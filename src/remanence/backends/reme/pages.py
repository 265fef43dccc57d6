"""The pages of days, on which ReMe lists the notes of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from remanence.backends.reme.catalog import is_page
from remanence.backends.reme.files import rewrite
from remanence.backends.reme.notes import ENTRY, harmless

__all__ = ["make_plain", "page_of", "strike_gone"]

_LISTED = re.compile(r"- \[\[(daily/.+?\.md)\]\]")
"""How a line of a day's page begins that tells of a note."""

_ENTRY = re.compile(rf" {ENTRY}: \{{.*\}}")
"""How ReMe lists our entry of a note."""


def page_of(folder: Path, day: str) -> Path:
    """Return the page of a day, whether it is there or not."""
    return folder / "daily" / f"{day}.md"


def make_plain(page: Path) -> None:
    """Leave out of a page what ReMe lists of notes that is not for people, or would break it."""
    if not page.is_file() or page.is_symlink():
        return
    text = page.read_text("utf-8", errors="replace")
    plain = "\n".join(
        harmless(_ENTRY.sub("", line)) if _LISTED.match(line) else line for line in text.split("\n")
    )
    if plain != text:
        rewrite(page, plain)


def strike_gone(folder: Path) -> dict[str, int]:
    """Strike what is gone from the pages of all days: erasing may have been cut off before that.

    Returns:
        The days whose pages told of it, and how much was overwritten of each.
    """
    struck: dict[str, int] = {}
    for page in _pages(folder):
        lines = page.read_text("utf-8", errors="replace").split("\n")
        kept = [line for line in lines if not _is_of_what_is_gone(folder, line)]
        if len(kept) < len(lines):
            struck[page.stem] = rewrite(page, "\n".join(kept))
    return struck


def _is_of_what_is_gone(folder: Path, line: str) -> bool:
    found = _LISTED.match(line)
    return found is not None and not (folder / found[1]).exists()


def _pages(folder: Path) -> Iterator[Path]:
    for page in (folder / "daily").glob("*.md"):
        if is_page(f"daily/{page.name}") and page.is_file() and not page.is_symlink():
            yield page
