"""Writes the pages of an export to Markdown: what they are handed, piece by piece."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from remanence.archive.markdown.facts import FactPages
from remanence.archive.markdown.quoting import quote
from remanence.archive.markdown.told import SessionKey, origin, titles
from remanence.archive.markdown.words import day, file_name, inline, moment
from remanence.store.archive import ArchivedEpisode, Contents

__all__ = ["FACTS", "MARK", "README", "SESSIONS", "Written", "write_pages"]

MARK = "<!-- remanence: a memory in Markdown, version 1 -->"
"""The first line of an export, by which it is known as one."""
README = "README.md"
FACTS = "facts.md"
SESSIONS = "sessions"


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """How much was written.

    Attributes:
        sessions: How many sessions.
        episodes: How many messages.
        facts: How many facts.
        files: How many files.
        file_bytes: Their size.
    """

    sessions: int
    episodes: int
    facts: int
    files: int
    file_bytes: int


@dataclasses.dataclass(slots=True)
class _Session:
    name: str
    agent_id: str | None
    session_id: str | None
    first: dt.datetime
    last: dt.datetime
    title: str | None = None
    messages: int = 0
    day: str = ""

    @property
    def page(self) -> str:
        """Where it is, from the folder's README."""
        return f"{SESSIONS}/{self.name}.md"

    @property
    def called(self) -> str:
        """What it is called: its title, else its name."""
        called = self.title or self.session_id
        return "Unnamed session" if called is None else inline(called)

    @property
    def beside(self) -> str:
        """What is told beside that: its name, if it is called otherwise, and its agent."""
        told: list[str] = []
        if self.title is not None and self.session_id is not None:
            told.append(f"session {inline(self.session_id)}")
        if self.agent_id is not None:
            told.append(f"agent {inline(self.agent_id)}")
        return f" ({', '.join(told)})" if told else ""


def write_pages(
    folder: Path,
    contents: Contents,
    *,
    user_id: str,
    created_at: dt.datetime,
    before_each: Callable[[], None],
) -> Written:
    """Write all that a store keeps of a user, for a person to read.

    Args:
        folder: Where to; empty.
        contents: What to write.
        user_id: Whose it is.
        created_at: When that is.
        before_each: Called before each message and fact; what it raises ends the writing.
    """
    wanted = {source.episode for fact in contents.facts() for source in fact.sources}
    (folder / SESSIONS).mkdir(mode=0o700)
    with contextlib.closing(
        _SessionPages(folder, wanted, titles(_each(contents, before_each)))
    ) as sessions:
        for episode in _each(contents, before_each):
            sessions.add(episode)
    with contextlib.closing(FactPages(folder, sessions.places)) as facts:
        for fact in contents.facts():
            before_each()
            facts.add(fact)
    facts.put_together(folder / FACTS, inline(user_id))
    with create(folder / README) as file:
        _write_readme(file, user_id, created_at, sessions, facts)
    files = [file for file in folder.rglob("*") if file.is_file()]
    return Written(
        sessions=len(sessions.all),
        episodes=sum(session.messages for session in sessions.all),
        facts=facts.current + facts.superseded,
        files=len(files),
        file_bytes=sum(file.stat().st_size for file in files),
    )


def _each(contents: Contents, before_each: Callable[[], None]) -> Iterator[ArchivedEpisode]:
    for episode in contents.episodes():
        before_each()
        yield episode


def create(file: Path) -> TextIO:
    """Return a file of its owner's that is written at its end, and made if need be."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "a", encoding="utf-8", newline="")


class _SessionPages:
    """The pages of sessions, of which one is open at a time.

    Attributes:
        places: Where messages are that were asked for: the page, and a short name for links.
    """

    def __init__(self, folder: Path, wanted: set[str], titles_: dict[SessionKey, str]) -> None:
        self.places: dict[str, tuple[str, str]] = {}
        self._folder = folder
        self._wanted = wanted
        self._titles = titles_
        self._sessions: dict[SessionKey, _Session] = {}
        self._names: set[str] = set()
        self._open: tuple[_Session, TextIO] | None = None

    @property
    def all(self) -> list[_Session]:
        """The sessions, by when they began."""
        return sorted(self._sessions.values(), key=lambda session: (session.first, session.name))

    def add(self, episode: ArchivedEpisode) -> None:
        session, file = self._page_of(episode)
        if session.day != day(episode.at):
            session.day = day(episode.at)
            file.write(f"\n## {session.day}\n")
        session.messages += 1
        session.first = min(session.first, episode.at)
        session.last = max(session.last, episode.at)
        if episode.id in self._wanted:
            file.write(f'\n<a id="{episode.id}"></a>\n')
            self.places[episode.id] = session.page, day(episode.at)
        file.write(f"\n### {_heading(episode)}\n\n{quote(episode.content)}")

    def _page_of(self, episode: ArchivedEpisode) -> tuple[_Session, TextIO]:
        key = (episode.agent_id, episode.session_id)
        session = self._sessions.get(key)
        if session is not None and self._open is not None and self._open[0] is session:
            return self._open
        self.close()
        is_new = session is None
        if session is None:
            title = self._titles.get(key)
            name = self._name(file_name(episode.at, *key, title))
            session = self._sessions[key] = _Session(name, *key, episode.at, episode.at, title)
        file = create(self._folder / session.page)
        self._open = session, file
        if is_new:
            file.write(f"# {session.called}{session.beside}\n")
        return self._open

    def _name(self, name: str) -> str:
        """Return a name that no other session has."""
        number, told = 1, name
        while told in self._names:
            number += 1
            told = f"{name}-{number}"
        self._names.add(told)
        return told

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _heading(episode: ArchivedEpisode) -> str:
    role = "tool result" if episode.role == "tool" else episode.role
    told = role if episode.name is None else f"{inline(episode.name)} ({role})"
    source = origin(episode)
    came = "" if source is None else f", from {source}"
    return f"{episode.at.timetz().isoformat(timespec='seconds')} {told}{came}"


def _write_readme(
    file: TextIO, user_id: str, at: dt.datetime, sessions: _SessionPages, facts: FactPages
) -> None:
    told = sessions.all
    messages = sum(session.messages for session in told)
    file.write(
        f"{MARK}\n\n# What is remembered of {inline(user_id)}\n\n"
        f"As of {moment(at)}. Only its owner can read this folder, and it is not encrypted.\n\n"
        f"- [What is known]({FACTS}): {facts.current:,}, and {facts.superseded:,} superseded\n"
        f"- What was said: {_counted(messages, 'message')} in {_counted(len(told), 'session')}\n"
    )
    if told:
        file.write("\n| Session | Messages | From | To |\n| --- | ---: | --- | --- |\n")
    file.writelines(
        f"| [{session.called}]({session.page}){session.beside} | {session.messages:,} "
        f"| {moment(session.first)} | {moment(session.last)} |\n"
        for session in told
    )
