"""Made-up users who have all said as much: the same in every process, whoever asks."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from evals.perf.corpus import Corpus
from remanence import Conversation, Message, Scope

__all__ = ["Crowd"]

_POOL = 10_007
"""How many different turns there are: a prime, so that users begin at different ones."""

_STRIDE = 7_919
_SESSION_TURNS = 20
_WORD = re.compile(r"\w{5,}")
_START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


class Crowd:
    """Users by number, from 0, and what each of them has said.

    Args:
        episodes: How many turns each user has, in sessions of 20.
    """

    def __init__(self, episodes: int) -> None:
        """Make up the turns."""
        self._episodes = episodes
        self._pool = [
            message.content
            for batch in Corpus("anyone", _POOL, 11).batches()
            for conversation in batch
            for message in conversation.messages
        ]

    @staticmethod
    def name(user: int) -> str:
        """Return a user's name."""
        return f"user-{user:08}"

    def scope(self, user: int) -> Scope:
        """Return the session that a user was in last."""
        return Scope(self.name(user), session_id=f"session-{self._sessions - 1}")

    def turn(self, user: int, place: int) -> str:
        """Return what is said at a place of a user's conversations."""
        return self._pool[(user * _STRIDE + place) % _POOL]

    def conversations(self, user: int) -> Iterator[Conversation]:
        """Yield all sessions of a user."""
        for session in range(self._sessions):
            places = range(
                session * _SESSION_TURNS, min((session + 1) * _SESSION_TURNS, self._episodes)
            )
            yield Conversation(
                Scope(self.name(user), session_id=f"session-{session}"),
                tuple(self._message(user, place) for place in places),
            )

    def question(self, user: int, draw: random.Random) -> str:
        """Return a question that some words of two neighbouring turns of a user are in."""
        while True:
            place = draw.randrange(max(1, self._episodes - 1))
            words = _WORD.findall(f"{self.turn(user, place)} {self.turn(user, place + 1)}")
            if len(words) >= 2:
                some = draw.sample(words, min(6, len(words)))
                return f"What did you tell me about {' '.join(some)}?"

    @property
    def _sessions(self) -> int:
        return -(-self._episodes // _SESSION_TURNS)

    def _message(self, user: int, place: int) -> Message:
        return Message(
            "assistant" if place % 2 else "user",
            self.turn(user, place),
            at=_START + timedelta(hours=place // _SESSION_TURNS, minutes=place % _SESSION_TURNS),
            id=f"said-{place}",
        )
