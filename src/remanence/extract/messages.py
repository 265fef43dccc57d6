"""Messages as a model is shown them, under ids of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from remanence.extract.instructions import reads_like_instruction
from remanence.extract.lengths import shown
from remanence.types import Episode

__all__ = ["ShownMessage", "fitting", "shown_messages"]

_MESSAGE_TOKENS = 1_500
"""So much of a message is shown."""
_AROUND = 50
"""Tokens of what stands around its text: id, time, role and name."""


@dataclasses.dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message as a model is shown it.

    Attributes:
        id: ``e1`` for the first new one, ``c1`` for the first of the context.
        episode: All of it.
        text: What is shown of its text.
        marked: Whether that reads like an instruction.
    """

    id: str
    episode: Episode
    text: str
    marked: bool

    @property
    def is_new(self) -> bool:
        """Whether it is more than context."""
        return self.id.startswith("e")

    @property
    def is_cut(self) -> bool:
        """Whether the rest of its text is not shown."""
        return len(self.text) < len(self.episode.content)


def shown_messages(new: Sequence[Episode], before: Sequence[Episode]) -> dict[str, ShownMessage]:
    """Return messages by the ids under which they are shown, the context first."""
    messages: dict[str, ShownMessage] = {}
    for letter, episodes in (("c", before), ("e", new)):
        for number, episode in enumerate(episodes, 1):
            text, _ = shown(episode.content, _MESSAGE_TOKENS)
            marked = reads_like_instruction(text)
            messages[f"{letter}{number}"] = ShownMessage(f"{letter}{number}", episode, text, marked)
    return messages


def fitting(episodes: Sequence[Episode], *, tokens: int = 6_000) -> int:
    """Return how many of the first messages go into one question.

    Args:
        episodes: What is to be read, in its order.
        tokens: How many their shown texts may be together, as estimated.

    Returns:
        1 or more, so that reading goes on whatever the length; 0 if there are no messages.
    """
    spent = 0
    for count, episode in enumerate(episodes):
        spent += shown(episode.content, _MESSAGE_TOKENS)[1] + _AROUND
        if count and spent > tokens:
            return count
    return len(episodes)
