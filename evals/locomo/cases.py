"""LoCoMo's conversations, questions and observations as cases."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.locomo.questions import CATEGORIES, read_questions
from evals.locomo.reader import read_conversations
from evals.retrieval.cases import Case, Question, Session, Statement, Turn
from remanence import Conversation

__all__ = ["HELD_OUT", "MAIN_GROUPS", "TUNED", "locomo_case", "locomo_cases"]

TUNED = "conversations 0-4"
HELD_OUT = "conversations 5-9"
MAIN_GROUPS = ("overall", TUNED, HELD_OUT)
_TUNED_ON = range(5)
"""The conversations that weights were searched for on; the others were looked at beside them."""

_TURN_ID = re.compile(r"D(\d+):(\d+)")
_OBSERVATION = re.compile(r"session_(\d+)_observation")
_LATER = dt.timedelta(minutes=1)


def locomo_cases(samples: Sequence[Mapping[str, Any]]) -> list[Case]:
    """Return a case a conversation.

    A question's now is a minute after the last turn. Questions that name no turn that exists are
    left out.

    Args:
        samples: The file's list.
    """
    return [locomo_case(sample, place) for place, sample in enumerate(samples)]


def locomo_case(sample: Mapping[str, Any], place: int) -> Case:
    """Return one sample's case.

    Args:
        sample: One element of the file's list.
        place: Its place there, from 0, which tells the half it belongs to.
    """
    told = read_conversations(sample)
    sessions = tuple(_session(conversation) for conversation in told)
    turns = {turn.id: turn for session in sessions for turn in session.turns}
    now = max(turn.at for turn in turns.values()) + _LATER
    half = TUNED if place in _TUNED_ON else HELD_OUT
    questions = tuple(
        Question(asked.text, asked.evidence, now, _groups(asked.category, half))
        for asked in read_questions(sample, turns)
        if asked.evidence
    )
    name = str(sample["sample_id"])
    return Case(name, sessions, tuple(_statements(sample, turns)), questions)


def _session(conversation: Conversation) -> Session:
    turns: list[Turn] = []
    for message in conversation.messages:
        assert message.id is not None
        assert message.at is not None
        turns.append(Turn(message.id, message.role, message.name, message.content, message.at))
    return Session(str(conversation.scope.session_id), tuple(turns))


def _groups(category: int, half: str) -> tuple[str, ...]:
    name = f"{category} {CATEGORIES[category]}"
    return ("overall", half, name, f"{half}, {name}")


def _statements(sample: Mapping[str, Any], turns: Mapping[str, Turn]) -> Iterator[Statement]:
    """Yield the observations, by session and speaker; those that name no turn are left out."""
    told: Mapping[str, Mapping[str, list[tuple[str, str | list[str]]]]] = sample["observation"]
    for key, by_speaker in told.items():
        match = _OBSERVATION.fullmatch(key)
        if match is None:
            continue
        first = turns.get(f"D{match[1]}:1")
        for text, named in (each for observed in by_speaker.values() for each in observed):
            ids = [f"D{int(one)}:{int(two)}" for one, two in _TURN_ID.findall(str(named))]
            sources = tuple(dict.fromkeys(each for each in ids if each in turns))
            if sources:
                at = turns[sources[0]].at if first is None else first.at
                yield Statement(text, at, sources)
