"""Writes the page of facts: what is known by kind, and what was superseded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO, get_args

from remanence.archive.markdown.told import origin
from remanence.archive.markdown.words import day, inline
from remanence.store.archive import ArchivedFact
from remanence.types import FactKind, Role

__all__ = ["FactPages"]

_KINDS: tuple[str, ...] = get_args(FactKind)
_TRUSTED: tuple[Role | None, ...] = (None, *get_args(Role))
"""The most trusted first; what the program itself stored is nobody's words."""
_TITLES = {
    "profile": "Profile",
    "preference": "Preferences",
    "event": "Events",
    "plan": "Plans",
    "relationship": "Relationships",
    "instruction": "Instructions",
    "procedure": "Procedures",
}
_OTHERS, _SUPERSEDED = "Other", "Superseded"
_MOST_LINKS = 5
"""So many of the messages that a fact rests on are linked to."""


class FactPages:
    """Facts, each written to the section that it belongs to, and put together in the end.

    Args:
        folder: Where sections are written meanwhile.
        places: Where the messages are that facts rest on.

    Attributes:
        current: How many are known now.
        superseded: How many are not any more.
    """

    def __init__(self, folder: Path, places: Mapping[str, tuple[str, str]]) -> None:
        """Nothing is written yet."""
        self.current = 0
        self.superseded = 0
        self._folder = folder
        self._places = places
        self._sections: dict[str, TextIO] = {}

    def add(self, fact: ArchivedFact) -> None:
        """Write a fact to its section."""
        if fact.superseded_at is None:
            self.current += 1
            section = _OTHERS if fact.kind is None else _TITLES[fact.kind]
        else:
            self.superseded += 1
            section = _SUPERSEDED
        file = self._sections.get(section)
        if file is None:
            file = self._sections[section] = _created(self._part(section))
        told = [*_times(fact), *self._sources(fact)]
        file.write(f'- <a id="{fact.id}"></a>{inline(fact.text)}  \n  *{"; ".join(told)}*\n')

    def _part(self, section: str) -> Path:
        return self._folder / f".{section}.part"

    def _sources(self, fact: ArchivedFact) -> list[str]:
        known = [
            self._places[each.episode] for each in fact.sources if each.episode in self._places
        ]
        ids = [each.episode for each in fact.sources if each.episode in self._places]
        if not known:
            return []
        links = [
            f"[{when}]({page}#{id_})"
            for (page, when), id_ in zip(known[:_MOST_LINKS], ids, strict=False)
        ]
        more = len(known) - len(links)
        return [f"from {', '.join(links)}{f' and {more:,} more' if more else ''}"]

    def close(self) -> None:
        """Close the sections."""
        for file in self._sections.values():
            file.close()

    def put_together(self, page: Path, user: str) -> None:
        """Make a page of the closed sections, what is known first.

        Args:
            page: Where to.
            user: Whose facts they are, as that can stand in Markdown.
        """
        with _created(page) as whole:
            whole.write(f"# What is known of {user}\n")
            if not self._sections:
                whole.write("\nNothing yet.\n")
            for section in (*(_TITLES[kind] for kind in _KINDS), _OTHERS, _SUPERSEDED):
                if section in self._sections:
                    whole.write(f"\n## {section}\n\n")
                    part = self._part(section)
                    with part.open(encoding="utf-8", newline="") as file:
                        shutil.copyfileobj(file, whole)
                    part.unlink()


def _created(file: Path) -> TextIO:
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


def _times(fact: ArchivedFact) -> list[str]:
    """Return since when it is so and until when, and whose words it is."""
    told = [f"noted {day(fact.at)}"]
    if fact.valid_from is not None:
        told.append(f"since {day(fact.valid_from)}")
    if fact.valid_until is not None:
        told.append(f"until {day(fact.valid_until)}")
    if fact.superseded_at is not None:
        how = "never was so" if fact.ending == "corrected" else "is over"
        told.append(f"known since {day(fact.superseded_at)} that it {how}")
        if fact.superseded_by is not None:
            told.append(f"[what took its place](#{fact.superseded_by})")
    stated_by = _stated_by(fact)
    if stated_by is not None:
        told.append(f"told by the {stated_by}")
    source = origin(fact)
    if source is not None:
        told.append(f"from {source}")
    return told


def _stated_by(fact: ArchivedFact) -> str | None:
    """Return whose words a fact is: the most trusted of those that it rests on."""
    told = [source.stated_by for source in fact.sources] or [fact.stated_by]
    return min(told, key=_TRUSTED.index)
