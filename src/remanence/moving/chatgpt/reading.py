"""Reads an export: each conversation becomes a session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from remanence.errors import InputError
from remanence.moving.arrivals import Arrivals, Gathering, Place
from remanence.moving.chatgpt.branch import Said, branch, is_object, said, time_of
from remanence.moving.chatgpt.files import conversations, parts
from remanence.validation import check_identifier

__all__ = ["read_chatgpt"]

_SOURCE = "chatgpt"
_STEPS = 1_000
"""Progress within a file is told in so many steps."""


def read_chatgpt(
    path: Path,
    *,
    user_id: str | None,
    agent_id: str | None = None,
    now: dt.datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Arrivals:
    """Read what was said in the conversations of a data export of ChatGPT.

    Of a conversation that was taken up anew from one of its messages, the branch that was shown
    last is read. Instructions, tools, what is hidden and how a model came to its answer are passed
    over.

    Args:
        path: ``conversations.json``, or the folder or zip file that it comes in, also where it is
            split into several files.
        user_id: Whose it becomes.
        agent_id: The agent that it was said to, if agents keep apart.
        now: When it is read.
        progress: Told how much was read, and of how much.

    Raises:
        InputError: Nobody said whose it becomes, or the path holds no such export.
        RecordError: A file is no JSON, or no list; the error names it.
    """
    if user_id is None:
        raise InputError("--user", "is missing", "an export does not tell whose it is: name them")
    check_identifier("--user", user_id)
    if agent_id is not None:
        check_identifier("--agent", agent_id)
    gathering = Gathering(_SOURCE, now)
    found = parts(path)
    for number, part in enumerate(found):
        for index, (conversation, at, length) in enumerate(conversations(part)):
            _take(conversation, f"{part.name}[{index}]", user_id, agent_id, gathering)
            if progress is not None:
                progress(number * _STEPS + at * _STEPS // length, len(found) * _STEPS)
    if progress is not None:
        progress(len(found) * _STEPS, len(found) * _STEPS)
    return gathering.arrivals()


def _take(
    conversation: object, where: str, user_id: str, agent_id: str | None, gathering: Gathering
) -> None:
    if not is_object(conversation) or not is_object(conversation.get("mapping")):
        gathering.skip(where, "is no conversation: it has no mapping")
        return
    session_id = conversation.get("conversation_id") or conversation.get("id")
    if not isinstance(session_id, str):
        gathering.skip(where, "conversation_id: is missing")
        return
    if conversation.get("is_do_not_remember") is True:
        gathering.skip(where, "is marked there as one that is not to be remembered")
        return
    path, trouble = branch(conversation)
    if trouble is not None:
        gathering.skip(where, trouble)
    spoken: list[tuple[str, Said]] = []
    for node in path:
        told = said(conversation["mapping"][node])
        if isinstance(told, str):
            gathering.skip(f"{where}.mapping.{node}", told)
        elif told is not None:
            spoken.append((node, told))
    times = _times([told for _, told in spoken], conversation)
    if times is None:
        why = "create_time: is missing, in its messages as well"
        gathering.skip(where, why, amount=len(spoken))
        return
    place = Place(user_id, agent_id, session_id)
    known = _metadata(conversation, session_id)
    ids: set[str] = set()
    for (node, told), at in zip(spoken, times, strict=True):
        message_id = told.id if told.id is not None and told.id not in ids else node
        ids.add(message_id)
        gathering.message(
            place,
            f"{session_id}\x00{message_id}",
            where=f"{where}.mapping.{node}",
            role=told.role,
            content=told.content,
            at=at,
            message_id=message_id,
            metadata={**known, **told.metadata},
        )


def _times(
    messages: Sequence[Said], conversation: Mapping[str, Any]
) -> Sequence[dt.datetime] | None:
    """Return when messages were said, never earlier than what was said before them.

    What tells no time was said when the message before it was, else with the first that tells one,
    else when the conversation began.
    """
    told = (message.at for message in messages if message.at is not None)
    began = next(told, None)
    for name in ("create_time", "update_time"):
        began = began or time_of(conversation.get(name))
    if began is None:
        return None if messages else ()
    times: list[dt.datetime] = []
    for message in messages:
        began = max(began, message.at or began)
        times.append(began)
    return times


def _metadata(conversation: Mapping[str, Any], session_id: str) -> dict[str, Any]:
    source = {"source": {"from": _SOURCE, "conversation": session_id}}
    title = conversation.get("title")
    return {"title": title, **source} if isinstance(title, str) and title else source
