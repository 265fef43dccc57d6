"""A local server that speaks as OpenAI's chat models do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from tests.mem0.serving import Answer, Request, Server

__all__ = ["USAGE", "Service", "calling", "failing", "saying"]

USAGE = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}

Said = Callable[[bool], Answer]
"""An answer, to be sent in pieces or not."""


def saying(text: str, *, cut: bool = False) -> Said:
    """What is answered in text, for each way of sending it; ``cut`` breaks off in the middle."""
    return lambda stream: _message({"content": text}, _pieces(text, "content"), stream, cut)


def calling(arguments: str, *, name: str = "generate_structured_output", cut: bool = False) -> Said:
    """A call of a tool, for each way of sending it."""

    def answer(stream: bool) -> Answer:
        call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
        first = {"index": 0, **call, "function": {"name": name, "arguments": ""}}
        pieces = [
            {"tool_calls": [first]},
            *(
                {"tool_calls": [{"index": 0, "function": piece}]}
                for piece in _pieces(arguments, "arguments")
            ),
        ]
        return _message({"content": None, "tool_calls": [call]}, pieces, stream, cut)

    return answer


def failing(status: int, message: str, *, retry_after: str | None = None) -> Said:
    """An error, told in JSON."""
    return lambda _: Answer(status, {"error": {"message": message}}, retry_after)


def _pieces(text: str, key: str) -> list[dict[str, Any]]:
    return [{key: text[place : place + 7]} for place in range(0, len(text), 7)]


def _message(
    whole: dict[str, Any], pieces: list[dict[str, Any]], stream: bool, cut: bool
) -> Answer:
    about = {"id": "a1", "created": 1, "model": "m"}
    if not stream:
        choice = {"index": 0, "message": {"role": "assistant", **whole}, "finish_reason": "stop"}
        about |= {"object": "chat.completion", "usage": USAGE, "choices": [choice]}
        return Answer(200, None, raw=json.dumps(about), cut=cut)
    about |= {"object": "chat.completion.chunk"}
    events: list[dict[str, Any]] = [
        {**about, "choices": [{"index": 0, "delta": delta}]}
        for delta in [{"role": "assistant"}, *pieces]
    ]
    events.append({**about, "choices": [], "usage": USAGE})
    lines = [*(json.dumps(event) for event in events), "[DONE]"]
    raw = "".join(f"data: {line}\n\n" for line in lines)
    return Answer(200, None, raw=raw, kind="text/event-stream", cut=cut)


class Service:
    """An OpenAI-compatible server.

    Attributes:
        asked: The bodies of all requests.
        answers: What is answered, one a request.
        otherwise: What is answered when there is no more of that; ``None`` waits for its end.
        arrived: Released for each request.
        url: Where it is.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: list[Said | Answer] = []
        self.otherwise: Said | Answer | None = None
        self.arrived = threading.Semaphore(0)
        self.server = Server(self._respond)
        self.server.start()
        self.url = f"{self.server.url}/v1"

    @property
    def tools(self) -> list[bool]:
        """Whether a tool was offered, for each request."""
        return ["tools" in body for body in self.asked]

    def _respond(self, request: Request) -> Answer:
        assert request.path == "/v1/chat/completions"
        self.asked.append(request.body)
        self.arrived.release()
        answer = self.answers.pop(0) if self.answers else self.otherwise
        if answer is None:
            self.server.leaving.wait()
            return Answer(0, None, lost=True)
        return answer if isinstance(answer, Answer) else answer(request.body["stream"])
