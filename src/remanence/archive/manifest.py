"""The first thing that is read of an archive: what it is, whose, and what its members hold."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from remanence.archive.shapes import Count, Time, what_is_wrong
from remanence.errors import ArchiveError, InputError
from remanence.validation import check_identifier

__all__ = [
    "EPISODES",
    "FACTS",
    "FORMAT",
    "MANIFEST",
    "MEMBERS",
    "SESSIONS",
    "VERSION",
    "Manifest",
    "Member",
    "read_manifest",
    "written_manifest",
]

FORMAT = "remanence-archive"
VERSION = 1
"""Raise it with every change that an older reader would misunderstand."""

MANIFEST = "manifest.json"
SESSIONS, EPISODES, FACTS = "sessions.jsonl", "episodes.jsonl", "facts.jsonl"
MEMBERS = (SESSIONS, EPISODES, FACTS)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Member(_Shape):
    """What a member holds.

    Attributes:
        lines: How many lines.
        bytes: Its size, unpacked.
        sha256: The digest of its bytes, in hexadecimal.
    """

    lines: Count
    bytes: Count
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _all_members(files: dict[str, Member]) -> dict[str, Member]:
    if sorted(files) != sorted(MEMBERS):
        raise PydanticCustomError("files", "does not name just the members there are")
    return files


class Manifest(_Shape):
    """What an archive is.

    Attributes:
        format: Always the same.
        version: Of the format.
        schema_version: Of the store that it comes from.
        package: The version of Remanence that wrote it.
        user_id: Whose memory it holds.
        created_at: When that was as it is in here.
        files: What the other members hold, by name.
    """

    format: Literal["remanence-archive"]
    version: Annotated[int, Field(ge=1, le=VERSION)]
    schema_version: Count
    package: str
    user_id: str
    created_at: Time
    files: Annotated[dict[str, Member], AfterValidator(_all_members)]


def written_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as it is written."""
    fields = manifest.model_dump(mode="json")
    return (json.dumps(fields, ensure_ascii=False, indent=2) + "\n").encode()


def read_manifest(data: bytes, where: str) -> Manifest:
    """Return the manifest that was written.

    Args:
        data: Its bytes.
        where: The file that it is in, for errors.

    Raises:
        ArchiveError: It is none, is of a newer version, or something in it is not acceptable.
    """
    place = f"{where}:{MANIFEST}"
    try:
        fields: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{place} is not JSON; export again") from error
    if not _is_object(fields) or fields.get("format") != FORMAT:
        raise ArchiveError(
            f"{where} is no archive of Remanence; name a file that 'remanence export' wrote"
        )
    version = fields.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ArchiveError(
            f"{where} is an archive of version {version}, and this Remanence knows up to {VERSION};"
            " upgrade the package: pip install --upgrade remanence"
        )
    try:
        manifest = Manifest.model_validate(fields)
        check_identifier("user_id", manifest.user_id)
    except ValidationError as error:
        field, problem = what_is_wrong(error)
        raise ArchiveError(f"{place}: {field}: {problem}; export again") from None
    except InputError as error:
        raise ArchiveError(f"{place}: {error.field}: {error.problem}; export again") from error
    return manifest


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
