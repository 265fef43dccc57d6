"""Reads LoCoMo, the data set of very long conversations, as its authors publish it.

A list of samples; each has a ``sample_id`` and a ``conversation`` with lists ``session_1``,
``session_2``, … of turns, and the time at which each began, such as "1:56 pm on 8 May, 2023", in
``session_1_date_time``. Its questions and annotations are passed over.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from remanence.cli.formats.record import Defaults, Reading, Record
from remanence.errors import InputError, RecordError
from remanence.types import Message, Scope

__all__ = ["read_locomo"]

_SESSION = re.compile(r"session_(\d{1,9})")
_BETWEEN_TURNS = dt.timedelta(minutes=1)
_NAMED_THERE = {
    "content": "text",
    "id": "dia_id",
    "name": "speaker",
    "user_id": "sample_id",
    "session_id": "sample_id",
}
"""What our fields are called in the file."""


def read_locomo(text: str, file: str, defaults: Defaults) -> Reading:
    """Read the turns of every sample.

    The user is ``defaults.user_id``, or the sample. Where several samples go to one user, their
    sessions are named ``<sample_id>/session_<number>``.

    Args:
        text: The file's text.
        file: Its name, for errors.
        defaults: User and agent to write to; the file names its sessions itself.

    Raises:
        RecordError: The text is not JSON, or no list.
        InputError: A session is given.
    """
    if defaults.session_id is not None:
        raise InputError("--session", "does not go with LoCoMo", "its sessions have names; omit it")
    try:
        samples: object = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{file}:{error.lineno}"
        raise RecordError(where, "JSON", error.msg, "give a whole JSON document") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(file, "JSON", f"can't be read ({error})", "check the file") from error
    if not _is_list(samples):
        raise RecordError(file, "document", "is not a list of samples", "put them in a list")
    return Reading(_count(samples), _records(samples, defaults))


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _sessions(conversation: Mapping[str, Any]) -> list[str]:
    """Return the names of the sessions in the order of their numbers."""
    found = [match for match in map(_SESSION.fullmatch, conversation) if match]
    return [match[0] for match in sorted(found, key=lambda match: int(match[1]))]


def _count(samples: list[Any]) -> int:
    conversations = [
        sample["conversation"]
        for sample in samples
        if _is_object(sample) and _is_object(sample.get("conversation"))
    ]
    return sum(
        len(conversation[name])
        for conversation in conversations
        for name in _sessions(conversation)
        if _is_list(conversation[name])
    )


def _records(samples: list[Any], defaults: Defaults) -> Iterator[Record | RecordError]:
    shared = defaults.user_id is not None and len(samples) > 1
    for index, sample in enumerate(samples):
        where = f"[{index}]"
        try:
            sample_id, conversation = _sample(sample, where)
        except RecordError as error:
            yield error
            continue
        prefix = f"{sample_id}/" if shared else ""
        for name in _sessions(conversation):
            place = f"{where}.conversation.{name}"
            try:
                turns, began = _session(conversation, name, place)
            except RecordError as error:
                yield error
                continue
            for position, turn in enumerate(turns):
                yield _record(
                    turn,
                    f"{place}[{position}]",
                    sample_id=sample_id,
                    scope=(defaults.user_id or sample_id, defaults.agent_id, f"{prefix}{name}"),
                    at=began + position * _BETWEEN_TURNS,
                )


def _sample(sample: object, where: str) -> tuple[str, dict[str, Any]]:
    if not _is_object(sample):
        raise RecordError(where, "sample", "is not a JSON object", "give sample_id, conversation")
    sample_id = sample.get("sample_id")
    if not isinstance(sample_id, str) or not sample_id:
        raise RecordError(where, "sample_id", "is missing", "name the sample with a string")
    conversation = sample.get("conversation")
    if not _is_object(conversation):
        raise RecordError(where, "conversation", "is missing", "give an object with sessions")
    return sample_id, conversation


def _session(
    conversation: Mapping[str, Any], name: str, where: str
) -> tuple[list[Any], dt.datetime]:
    turns = conversation[name]
    if not _is_list(turns):
        raise RecordError(where, name, "is not a list", "give its turns in a list")
    began = conversation.get(f"{name}_date_time")
    try:
        time = dt.datetime.strptime(str(began), "%I:%M %p on %d %B, %Y").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise RecordError(
            where,
            f"{name}_date_time",
            "is missing" if began is None else f"is {began!r}",
            "write it as '1:56 pm on 8 May, 2023'",
        ) from error
    return turns, time


def _record(
    turn: object,
    where: str,
    *,
    sample_id: str,
    scope: tuple[str, str | None, str],
    at: dt.datetime,
) -> Record | RecordError:
    if not _is_object(turn):
        return RecordError(where, "turn", "is not a JSON object", "give dia_id, speaker and text")
    try:
        caption = _optional_text(turn, "blip_caption")
        message = Message(
            role="user",
            content=_content(turn, caption),
            name=_required_text(turn, "speaker"),
            at=at,
            id=_required_text(turn, "dia_id"),
            metadata=_metadata(turn, caption, sample_id),
        )
        return Record(where, Scope(*scope), message)
    except InputError as error:
        field = _NAMED_THERE.get(error.field, error.field)
        return RecordError(where, field, error.problem, error.fix)


def _required_text(turn: Mapping[str, Any], name: str) -> str:
    text = _optional_text(turn, name)
    if text is None:
        raise InputError(name, "is missing", "every turn needs dia_id, speaker and text")
    return text


def _optional_text(turn: Mapping[str, Any], name: str) -> str | None:
    text = turn.get(name)
    if text is not None and not isinstance(text, str):
        raise InputError(name, f"is {type(text).__name__}, not a string", "give a string")
    return text


def _content(turn: Mapping[str, Any], caption: str | None) -> str:
    text = _required_text(turn, "text")
    if not caption:
        return text
    # A turn may consist of its picture alone.
    return f"{text} [shares {caption}]" if text.strip() else f"[shares {caption}]"


def _metadata(turn: Mapping[str, Any], caption: str | None, sample_id: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"dia_id": turn["dia_id"], "sample_id": sample_id}
    match turn.get("img_url"):
        case None | []:
            pass
        case str() as url:
            metadata["image_url"] = url
        case [str() as url]:
            metadata["image_url"] = url
        case several:
            metadata["image_url"] = several
    if caption:
        metadata["caption"] = caption
    return metadata
