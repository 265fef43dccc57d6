"""What the metadata of messages and facts tell of where they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from remanence.store.archive import ArchivedEpisode, ArchivedItem

__all__ = ["SessionKey", "origin", "titles"]

SessionKey = tuple[str | None, str | None]
"""The agent and the name of a session."""

_SOURCES = {"chatgpt": "ChatGPT", "mem0": "mem0", "reme": "ReMe"}
_LONGEST = 100


def origin(item: ArchivedItem) -> str | None:
    """Return where something was imported from; ``None`` for what was not."""
    if not item.imported:
        return None
    source = _metadata(item).get("source")
    name: object = source.get("from") if isinstance(source, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return _SOURCES.get(name, "a file") if isinstance(name, str) else "a file"


def titles(episodes: Iterable[ArchivedEpisode]) -> dict[SessionKey, str]:
    """Return the titles of sessions, where all messages of one tell the same."""
    told: dict[SessionKey, str | None] = {}
    for episode in episodes:
        title = _title(episode)
        key = (episode.agent_id, episode.session_id)
        if told.setdefault(key, title) != title:
            told[key] = None
    return {key: title for key, title in told.items() if title is not None}


def _title(episode: ArchivedEpisode) -> str | None:
    if '"title"' not in episode.metadata:
        return None
    title = _metadata(episode).get("title")
    plain = " ".join(title.split()) if isinstance(title, str) else ""
    if len(plain) > _LONGEST:
        plain = f"{plain[: _LONGEST - 1].rstrip()}\u2026"
    return plain or None


def _metadata(item: ArchivedItem) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads(item.metadata)
    return metadata
