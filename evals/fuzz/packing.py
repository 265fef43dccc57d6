"""Archives made by hand, with or without faults."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from remanence.archive.manifest import EPISODES, FACTS, FORMAT, MANIFEST, SESSIONS, VERSION

__all__ = ["manifest_of", "packed", "zipped"]


def manifest_of(sessions: bytes, episodes: bytes, facts: bytes) -> dict[str, Any]:
    """Return the manifest that tells the truth about these members."""
    members = {SESSIONS: sessions, EPISODES: episodes, FACTS: facts}
    return {
        "format": FORMAT,
        "version": VERSION,
        "schema_version": 5,
        "package": "0.0.0",
        "user_id": "alice",
        "created_at": "2026-03-01T12:00:00+00:00",
        "files": {
            name: {
                "lines": data.count(b"\n"),
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
            for name, data in members.items()
        },
    }


def packed(
    sessions: bytes,
    episodes: bytes,
    facts: bytes,
    *,
    manifest: Mapping[str, Any] | bytes | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return an archive with these members.

    Args:
        sessions: One member.
        episodes: Another.
        facts: The third.
        manifest: What to say of them; ``None`` for the truth.
        compression: How they are packed.
    """
    told = manifest_of(sessions, episodes, facts) if manifest is None else manifest
    written = told if isinstance(told, bytes) else json.dumps(told).encode()
    members = {SESSIONS: sessions, EPISODES: episodes, FACTS: facts, MANIFEST: written}
    return zipped(members.items(), compression)


def zipped(members: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with these members, each a name and its bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()
