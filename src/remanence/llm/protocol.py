"""What a chat model has to be able to do to read conversations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["ChatModel", "Completion", "Question", "Usage"]


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked.

    Attributes:
        system: What it is to do.
        text: What it is to do that with.
        schema: The JSON schema of the answer, an object.
        name: What the answer is called, in letters and underscores: ``"facts"`` or
            ``"verdicts"``.
    """

    system: str
    text: str
    schema: Mapping[str, Any]
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost.

    Attributes:
        input_tokens: How many tokens were given, as far as the service told.
        output_tokens: How many were answered.
        calls: How many calls that took.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered.

    Attributes:
        data: The answer, as JSON holds it. Nobody has checked it against the schema.
        usage: What it cost.
    """

    data: Any
    usage: Usage


class ChatModel(Protocol):
    """Answers questions in JSON.

    It is asked two kinds of question, which :attr:`Question.name` tells apart: for the ``"facts"``
    in new messages, and for ``"verdicts"`` on new facts that may say the same as known ones, or end
    them. Both are put in the language of the conversation, English or Chinese. An answer of no use
    is asked for again, and :attr:`Question.text` then says why.

    It is asked by several tasks at once, and by event loops of several threads, and waits without
    holding up any of them. A question is left as it is. Whoever is cancelled while asking is
    cancelled. :class:`remanence.testing.ChatModelConformance` checks all of this.

    Errors say whether trying again is of use, as those of an
    :class:`~remanence.embed.protocol.Embedder` do.
    """

    @property
    def identity(self) -> str:
        """What tells it apart, as ``agentscope:OpenAIChatModel:gpt-4o-mini``.

        At most 256 characters, without secrets, the same in every process.
        """
        ...

    async def ask(self, question: Question) -> Completion:
        """Return the answer, which is the caller's own.

        An object that is not as the schema says is returned as well, as it came: the caller knows
        what can be made of it.

        Raises:
            BackendUnavailableError: The model can't be reached, or lets nobody in.
            BackendRefusedError: It will never answer this.
            BackendAnswerError: What it answered is no JSON object.
            BackendError: It failed for another reason.
        """
        ...
