"""A workspace of ReMe that is open: its application, and the notes in it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from remanence.backends.reme.catalog import Catalog, Entry
from remanence.backends.reme.files import overwrite, write_whole
from remanence.backends.reme.guarding import Writing, current_writing
from remanence.backends.reme.index import Index
from remanence.backends.reme.models import (
    Call,
    current_call,
    note_problem,
    relayed_chat_model,
    relayed_embedding_model,
)
from remanence.backends.reme.naming import USERS
from remanence.backends.reme.notes import Note, Origin, read_note, written_note
from remanence.backends.reme.pages import make_plain, page_of
from remanence.backends.reme.release import application
from remanence.backends.reme.searching import Found, fused, saturated
from remanence.backends.reme.settings import AGENTS, Background, settings_of
from remanence.backends.reme.writing import Extraction, NewNote
from remanence.errors import BackendError

__all__ = ["Workspace"]

_MORE = 4
"""How many times more is asked for, where too much of what was found is left out."""

_PAGE_SECONDS = 5.0
"""How often a day's page is written anew at most: it takes reading all notes of the day."""


class Workspace:
    """One workspace, with an application of ReMe for it. All calls come from one event loop.

    Args:
        folder: The workspace; it is made if it is missing.
        zone: The time zone of its days.
        embedder: What its vectors are made by, in words; ``None`` if it is searched by words alone.
        background: What ReMe does by itself.
    """

    def __init__(
        self, folder: Path, *, zone: ZoneInfo, embedder: str | None, background: Background
    ) -> None:
        """Start nothing yet."""
        self.folder = folder
        self.catalog = Catalog(folder, zone)
        self._zone = zone
        self._embedder = embedder
        self._background = background
        self._app: Any = None
        self._index: Index  # once it is started
        self._indexing = asyncio.Lock()
        self._conversations: weakref.WeakValueDictionary[str, asyncio.Lock] = (
            weakref.WeakValueDictionary()
        )
        self._pages: dict[str, float] = {}
        self._stale: set[str] = set()
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._renewing: set[asyncio.Task[None]] = set()

    async def start(self, call: Call) -> None:
        """Start the application, and index what it does not know yet.

        Raises:
            Exception: Whatever ReMe raises.
        """
        async with self._indexing:
            if self._app is not None:
                return
            try:
                app = await self._started(call)
            except Exception as error:  # whatever ReMe makes of files that it can't read
                note_problem(f"ReMe's index can't be read, and is made anew ({error})")
                await asyncio.to_thread(self._drop_saved, (*_INDEX, "file_catalog"))
                app = await self._started(call)
            self._app, self._index = app, Index(app, self.folder)
            written = (await asyncio.to_thread(self.catalog.look)).written
            await self._index.catch_up(self.catalog, written)

    async def _started(self, call: Call) -> Any:
        """Return an application that is started."""
        app = application(
            settings_of(
                self.folder,
                timezone=self._zone.key,
                embeds=self._embedder is not None,
                extracts=True,
                background=self._background,
            )
        )
        await asyncio.to_thread(self.remove_transcripts)
        models = app.context.components
        # Its own would be made of keys in the environment, which nobody gave for this.
        chat = call.chat_model
        models["as_llm"]["default"].model = _NONE if chat is None else relayed_chat_model(chat)
        if self._embedder is not None and call.embedding_model is not None:
            relayed = relayed_embedding_model(call.embedding_model)
            models["as_embedding"]["default"].model = relayed
            await asyncio.to_thread(self._drop_vectors_of_others, self._embedder)
        asking = current_call.set(call.lasting())  # for what runs in the background
        try:
            await app.start()
        finally:
            current_call.reset(asking)
        return app

    async def close(self) -> None:
        """Save what ReMe keeps of its own, and end the application; closing twice does nothing."""
        async with self._indexing:
            app = self._app
            if app is None:
                return
            while self._later:
                self._later.popitem()[1].cancel()
            there = self.folder.is_dir()
            try:
                # Another process may have erased it: it is not to be saved again.
                await self._index.drop((await asyncio.to_thread(self.catalog.look)).gone)
                for day in sorted(self._stale) if there else ():
                    await self.renew_page(day)
            finally:
                self._app = None
                await app.close()
                if not there:  # it was moved, and ReMe has saved its index where it was
                    await asyncio.to_thread(self._leave_nothing)

    async def refresh(self, *, thorough: bool = True) -> None:
        """Index the notes that were written, changed or removed since the last time.

        One that ReMe can't make sense of is not found, until it is changed; that is told as the
        call's ``index_error``.

        Args:
            thorough: Whether all files are looked at even if that was just done; see
                :meth:`Catalog.glance`.

        Raises:
            OSError: The folder can't be read.
        """
        look = self.catalog.look if thorough else self.catalog.glance
        async with self._indexing:
            await self._index.apply(await asyncio.to_thread(look))

    async def search(self, query: str, limit: int, wanted: Callable[[Entry], bool]) -> list[Found]:
        """Return what is found in the notes that are wanted, best first.

        Args:
            query: What is looked for.
            limit: How many to return at most.
            wanted: Says which notes count.
        """
        most = limit
        while True:
            by_words: list[Any] = await self._index.by_words(query, most)
            by_meaning: list[Any] = []
            if self._embedder is not None:
                by_meaning = await self._index.by_meaning(query, most)
            by_both = self._embedder is not None
            ranked = fused(by_words, by_meaning) if by_both else saturated(by_words)
            found = self._wanted(ranked, wanted)
            if len(found) >= limit or max(len(by_words), len(by_meaning)) < most:
                return found[:limit]
            most *= _MORE

    def _wanted(self, ranked: Sequence[Found], wanted: Callable[[Entry], bool]) -> list[Found]:
        """Return what counts, and of a note that is one memory only its best part."""
        found: dict[str, Found] = {}
        for each in ranked:
            entry = self.catalog.get(each.path)
            if entry is not None and wanted(entry):
                is_one = entry.origin is not None and entry.origin.kind != "extracted"
                found.setdefault(each.path if is_one else each.place, each)
        return list(found.values())

    async def write(self, notes: Sequence[NewNote]) -> None:
        """Write notes durably, and index them.

        Raises:
            OSError: One can't be written.
            BackendError: ReMe could not index them.
        """
        for note in notes:
            await asyncio.to_thread(write_whole, self.folder / note.path, note.text)
        await self.refresh()
        missing = await self._index.missing(note.path for note in notes)
        if missing:
            raise BackendError(f"ReMe could not index {', '.join(sorted(missing))}")
        for day in {Path(note.path).parent.name for note in notes}:
            await self.renew_page(day, often=False)

    @contextlib.asynccontextmanager
    async def quiet(self) -> AsyncGenerator[None]:
        """Wait until nothing is extracted from any conversation that somebody has begun with."""
        async with contextlib.AsyncExitStack() as stack:
            for lock in list(self._conversations.values()):
                await stack.enter_async_context(lock)
            yield

    def conversation(self, session: str) -> asyncio.Lock:
        """Return what keeps a conversation from being extracted from twice at the same time.

        Args:
            session: What ReMe knows it by.
        """
        return self._conversations.setdefault(session, asyncio.Lock())

    async def extract(self, call: Call, given: Extraction) -> None:
        """Let ReMe's agent note what is worth it of an exchange.

        Args:
            call: Whose model it asks.
            given: What it is given.

        Raises:
            BackendError: The model failed, or ReMe did.
        """
        component = self._app.context.components["as_llm"]["default"]
        if component.model is _NONE and call.chat_model is not None:
            component.model = relayed_chat_model(call.chat_model)
        writing = Writing(given.session, given.day)
        now = current_writing.set(writing)
        try:
            answer = await self._app.run_job(
                "auto_memory",
                messages=list(given.messages),
                session_id=given.session,
                date=given.day,
            )
        finally:
            current_writing.reset(now)
            await asyncio.to_thread(self.remove_transcripts)
        if call.chat_error is not None:
            raise call.chat_error
        if not answer.success:
            raise BackendError(f"ReMe: {answer.answer}")
        if path := answer.metadata.get("path"):
            writing.paths.add(str(path))
        for each in sorted(writing.paths):
            if (self.folder / each).is_file():
                await asyncio.to_thread(self._mark, each, given.origin)
        await asyncio.to_thread(make_plain, page_of(self.folder, given.day))
        await self.refresh()

    async def forget_paths(self, paths: Sequence[str]) -> None:
        """Save what ReMe knows, with nothing in it of notes that are gone.

        Args:
            paths: The notes.
        """
        async with self._indexing:
            await self._index.save_without(paths)

    def _begin_to_renew(self, day: str) -> None:
        del self._later[day]
        if self._app is not None and day in self._stale:
            task = asyncio.get_running_loop().create_task(self._renew_later(day))
            self._renewing.add(task)
            task.add_done_callback(self._renewing.discard)

    async def _renew_later(self, day: str) -> None:
        async with self._indexing:
            if self._app is not None:
                await self.renew_page(day)

    def knows(self, path: str) -> bool:
        """Return whether ReMe's index has a part of a note."""
        return self._index.knows(path)

    def places(self, path: str) -> list[str]:
        """Return the parts of a note that ReMe's index has, as it writes them."""
        return self._index.places(path)

    def _leave_nothing(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        users = self.folder.parent
        if users.name == USERS:
            with contextlib.suppress(OSError):  # there is something in them
                users.rmdir()
                users.parent.rmdir()

    def _drop_vectors_of_others(self, embedder: str) -> None:
        """Let all notes be embedded anew if another model made their vectors.

        ReMe itself tells vectors apart by their size alone.
        """
        marker = self.folder / _MARKER
        try:
            known = marker.read_text("utf-8")
        except FileNotFoundError:
            known = ""
        if known != embedder:
            self._drop_saved(_INDEX)
            write_whole(marker, embedder)

    def _drop_saved(self, names: Sequence[str]) -> None:
        """Remove what ReMe saved: it is made anew of the notes."""
        saved = self.folder / "metadata"
        if not saved.is_dir():
            saved.unlink(missing_ok=True)
        for name in names:
            shutil.rmtree(self.folder / "metadata" / name, ignore_errors=True)

    def _mark(self, path: str, origin: Origin) -> None:
        """Write into a note which exchanges it tells of, and make it durable."""
        note = read_note((self.folder / path).read_text("utf-8"))
        known = note.origin.keys if note.origin is not None else ()
        keys = tuple(dict.fromkeys((*known, *origin.keys)))
        marked = dataclasses.replace(origin, keys=keys)
        write_whole(self.folder / path, _rewritten(path, note, marked))

    def remove_transcripts(self) -> int:
        """Overwrite and remove what ReMe's agent leaves of what it was told; return how much."""
        return sum(overwrite(path) for path in (self.folder / AGENTS).rglob("*.jsonl"))

    async def renew_page(self, day: str, *, often: bool = True) -> None:
        """Let ReMe list the notes of a day on its page.

        A page that somebody broke stays as it is; that is told as the call's ``index_error``.

        Args:
            day: The day, as its folder is called.
            often: Whether it is done even if it just was; else it is done later.
        """
        now = time.monotonic()
        if not often and now - self._pages.get(day, -_PAGE_SECONDS) < _PAGE_SECONDS:
            self._stale.add(day)
            if day not in self._later:
                later = asyncio.get_running_loop().call_later
                self._later[day] = later(_PAGE_SECONDS, self._begin_to_renew, day)
            return
        self._pages[day] = now
        self._stale.discard(day)
        answer = await self._app.run_job("daily_reindex", date=day)
        if answer.success:
            await asyncio.to_thread(make_plain, page_of(self.folder, day))
        else:
            note_problem(f"ReMe could not list the notes of {day}: {answer.answer}")


_MARKER = "metadata/embedder.txt"
"""Tells what made the vectors that ReMe keeps."""

_INDEX = ("embedding_store", "file_graph", "file_store", "keyword_index")
"""The folders of it, among what ReMe keeps of its own."""

_NONE = object()
"""Stands where a chat model would, until there is one."""


def _rewritten(path: str, note: Note, origin: Origin) -> str:
    return written_note(
        str(note.fields.get("name") or Path(path).stem), note.body, origin, note.fields
    )
