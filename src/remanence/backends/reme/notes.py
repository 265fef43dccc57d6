"""Notes: the Markdown files of a ReMe workspace, as they are read and written.

A note has YAML between two lines of ``---``, and below what it says. ReMe's own notes tell there
their ``name``, a ``description`` and the conversation that they come from. Ours have one entry
more, ``remanence``, which tells exactly what was said by whom and when::

    ---
    description: 'Alice: My sister Nora lives in Ghent.'
    name: 093000-alice-3f2a9c1b77d0
    remanence: {"at": "2026-03-01T09:30:00+00:00", "key": "reply-1", "kind": "message", …}
    session_id: monday
    ---

    My sister Nora lives in Ghent.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Literal, cast

import yaml

from remanence.errors import InputError
from remanence.types import Role
from remanence.validation import check_at

__all__ = ["ENTRY", "Note", "Origin", "harmless", "read_note", "written_note"]

ENTRY = "remanence"
"""What the entry is called that tells where a note comes from."""

_FENCE = "---"
_LONGEST_DESCRIPTION = 120

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Kind = Literal["message", "statement", "extracted"]


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Where a note comes from, if it was us who wrote it, or had ReMe write it.

    Attributes:
        kind: ``message`` is what somebody said, word for word; ``statement`` stands by itself;
            ``extracted`` is what ReMe's agent wrote about exchanges.
        keys: The idempotency keys of the deliveries that it comes from.
        agent_id: The agent that they belong to, if any.
        session_id: The session, if any.
        at: When it was said; ``None`` for what ReMe wrote.
        role: Whose words it is; for messages alone.
        name: The speaker's name, if there is one.
        message_id: The message's id.
        text: The text, where the note's body does not hold it exactly; else ``None``.
    """

    kind: Kind
    keys: tuple[str, ...] = ()
    agent_id: str | None = None
    session_id: str | None = None
    at: dt.datetime | None = None
    role: Role | None = None
    name: str | None = None
    message_id: str | None = None
    text: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read.

    Attributes:
        fields: What is written at its top, without our entry; empty if that is no YAML.
        body: What it says, without blank lines around it.
        origin: What our entry tells, or ``None``.
    """

    fields: Mapping[str, Any]
    body: str
    origin: Origin | None

    @property
    def text(self) -> str:
        """What it says, exactly as it was said where that is known."""
        if self.origin is not None and self.origin.text is not None:
            return self.origin.text
        return self.body


def read_note(text: str) -> Note:
    """Return what a file says; anything is a note, one without a top included."""
    top, body = _split(text)
    fields = _fields(top)
    origin = _origin(fields.pop(ENTRY, None))
    return Note(fields, _without_blank_lines(body), origin)


def written_note(
    name: str, text: str, origin: Origin | None, fields: Mapping[str, Any], *, about: str = ""
) -> str:
    """Return a note as it is written to a file.

    Args:
        name: Its name, which is the file's without its ending.
        text: What it says.
        origin: Where it comes from.
        fields: What else stands at its top.
        about: What its description begins with, as who says it.
    """
    top: dict[str, Any] = {**fields, "name": name}
    top.setdefault("description", _shortened(f"{about}{text}"))
    exact = _without_blank_lines(text) == text and not _is_changed_by_files(text)
    if origin is not None:
        entry = dataclasses.replace(origin, text=None if exact else text)
        top[ENTRY] = json.dumps(_entry(entry), ensure_ascii=True)
    # The entry is JSON in a string: whoever rewrites the top, as ReMe does, leaves it as it is.
    lines: str = yaml.safe_dump(top, allow_unicode=True, width=1_000_000)  # pyright: ignore[reportUnknownMemberType] - typed in part
    return f"{_FENCE}\n{lines}{_FENCE}\n\n{_for_files(text)}\n"


def _split(text: str) -> tuple[str, str]:
    """Return what stands at the top of a note, and what is below."""
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].strip() != _FENCE:
        return "", text
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == _FENCE:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    return "", text


def _fields(top: str) -> dict[str, Any]:
    if not top.strip():
        return {}
    try:
        told: object = yaml.load(top, Loader=_Loader)  # noqa: S506 - it is a safe one
    except (yaml.YAMLError, ValueError, RecursionError):  # a date that is none is a ValueError
        return {}
    if not isinstance(told, dict):
        return {}
    return {str(name): value for name, value in cast("dict[Any, Any]", told).items()}


def _origin(entry: object) -> Origin | None:
    """Return what our entry tells; ``None`` if somebody broke it."""
    if not isinstance(entry, str):
        return None
    try:
        told: dict[str, Any] = json.loads(entry)
        kind = told["kind"]
        if kind not in ("message", "statement", "extracted"):
            return None
        at = told.get("at")
        return Origin(
            kind=kind,
            keys=tuple(str(key) for key in told.get("keys", ())),
            agent_id=_text_or_none(told, "agent_id"),
            session_id=_text_or_none(told, "session_id"),
            at=None if at is None else check_at("at", dt.datetime.fromisoformat(at)),
            role=cast("Role | None", _text_or_none(told, "role")),
            name=_text_or_none(told, "name"),
            message_id=_text_or_none(told, "message_id"),
            text=_text_or_none(told, "text"),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, InputError):
        return None


def _text_or_none(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) else None


def _entry(origin: Origin) -> dict[str, Any]:
    fields = dataclasses.asdict(origin)
    if origin.at is not None:
        fields["at"] = origin.at.isoformat()
    return {name: value for name, value in sorted(fields.items()) if value not in (None, ())}


def harmless(text: str) -> str:
    """Return a text in which nothing is taken for a remark of HTML, as ReMe's pages have them.

    What stands between two of them it writes anew, and what comes after the second it keeps for
    ever.
    """
    return text.replace("<!--", "<! --").replace("-->", "-- >")


def _shortened(text: str) -> str:
    words = harmless(" ".join(text.split()))
    if len(words) <= _LONGEST_DESCRIPTION:
        return words
    return words[: _LONGEST_DESCRIPTION - 1].rstrip() + "…"


def _without_blank_lines(text: str) -> str:
    lines = text.split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return "\n".join(lines)


def _is_changed_by_files(text: str) -> bool:
    """Return whether a text is another one after it was written to a file and read again."""
    return _for_files(text) != text or text != text.rstrip()


def _for_files(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
