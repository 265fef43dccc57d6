"""ReMe's index of the notes of a workspace: what is in it, and what of it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from remanence.backends.reme.catalog import Catalog, Changes
from remanence.backends.reme.models import note_problem
from remanence.backends.reme.searching import place_of

__all__ = ["Index"]

_UNSAVED = 200
"""After how many changed notes it is saved; what is not in it is indexed at the start."""


class Index:
    """The index of an application that is started. Calls come one at a time, but for searches.

    Args:
        app: The application.
        folder: The workspace.
    """

    def __init__(self, app: Any, folder: Path) -> None:
        """Keep the application."""
        self._app = app
        self._folder = folder
        self._store = app.context.components["file_store"]["default"]
        self._words = app.context.components["keyword_index"]["default"]
        self._changed: dict[str, str] = {}
        self._unsaved = 0

    async def catch_up(self, catalog: Catalog, written: Sequence[str]) -> None:
        """Index what changed since it was saved.

        Args:
            catalog: The notes that there are.
            written: The paths of all of them.
        """
        known = {node.path: node.st_mtime for node in await self._store.get_nodes()}
        entries = map(catalog.get, written)
        changed = tuple(
            entry.path
            for entry in entries
            if entry is not None and known.get(entry.path) != entry.changed
        )
        await self.apply(Changes(changed, tuple(path for path in known if not catalog.get(path))))

    async def apply(self, changes: Changes) -> None:
        """Index what is new or other, and drop what is gone.

        A note that ReMe can't make sense of is left out until it is changed; the call tells of it.
        """
        if changes.unread:
            note_problem(f"notes can't be read: {', '.join(changes.unread)}")
        # What is cut off here is done the next time.
        self._changed |= dict.fromkeys(changes.written, "modified")
        self._changed |= dict.fromkeys(changes.gone, "deleted")
        if not self._changed:
            return
        told = [
            {"change": change, "path": str(self._folder / path)}
            for path, change in self._changed.items()
        ]
        answer = await self._app.run_job("index", changes=told, persist=False)
        self._unsaved += len(self._changed)
        self._changed.clear()
        if not answer.success:
            note_problem(_unindexed(answer.answer))
        if self._unsaved >= _UNSAVED:
            await self._save()

    async def drop(self, gone: Sequence[str]) -> None:
        """Drop notes that are gone, and whatever is left of them where it is not seen."""
        if gone:
            await self.apply(Changes((), tuple(gone)))
            await self._words.optimize_index()

    async def save_without(self, paths: Sequence[str]) -> None:
        """Save it with nothing in it of notes that were dropped.

        Args:
            paths: The notes.
        """
        await self._words.optimize_index()
        await self._save()
        dreamt = self._app.context.components["file_catalog"]["dream"]
        await dreamt.delete(list(paths))
        await dreamt.dump()

    async def missing(self, paths: Iterable[str]) -> set[str]:
        """Return which of these notes are not in it."""
        asked = set(paths)
        return asked.difference(node.path for node in await self._store.get_nodes(list(asked)))

    def knows(self, path: str) -> bool:
        """Return whether it has a part of a note."""
        return bool(self.places(path))

    def places(self, path: str) -> list[str]:
        """Return the parts of a note that it has, as ReMe writes them."""
        return [place_of(chunk) for chunk in self._store.file_chunks.values() if chunk.path == path]

    async def by_words(self, query: str, limit: int) -> list[Any]:
        """Return the parts that have words in common with a query, best first."""
        return await self._store.keyword_search(query, limit, {})

    async def by_meaning(self, query: str, limit: int) -> list[Any]:
        """Return the parts whose vectors are near a query's, best first."""
        return await self._store.vector_search(query, limit, {})

    async def _save(self) -> None:
        await self._store.dump()
        self._unsaved = 0


def _unindexed(results: object) -> str:
    """Return what could not be indexed, and why."""
    if not isinstance(results, list):
        return f"ReMe could not index the notes: {results}"
    failed = [
        f"{each['path']} ({each['error']})"
        for each in cast("list[dict[str, Any]]", results)
        if not each["success"]
    ]
    return f"ReMe could not index {', '.join(failed)}"
