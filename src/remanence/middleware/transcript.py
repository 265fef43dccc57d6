"""What was really said in a reply, put together from the agent's events.

The record lives in the agent's state as plain JSON values, so that a reply that waits for somebody
outside can be resumed in another process, from the restored state. It has three parts: the reply
under way, turn by turn; exchanges that are complete but not kept by a backend yet; and the ids of
messages in the context that were kept without an answer of the agent's after them, so that they are
not heard again by its next reply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from agentscope.event import (
    DataBlockDeltaEvent,
    DataBlockStartEvent,
    ReplyEndEvent,
    TextBlockDeltaEvent,
    TextBlockEndEvent,
    TextBlockStartEvent,
    ToolCallDeltaEvent,
    ToolCallStartEvent,
    ToolResultDataDeltaEvent,
    ToolResultEndEvent,
    ToolResultStartEvent,
    ToolResultTextDeltaEvent,
)
from agentscope.message import Msg
from agentscope.state import AgentState

from remanence.backends.exchange import Exchange, exchange_to_json
from remanence.clock import Clock
from remanence.middleware.context import (
    heard_after,
    heard_since_own,
    last_said,
    structured_output,
)
from remanence.middleware.spoken import messages_of, reference, spoken_text
from remanence.middleware.storable import storable_session
from remanence.middleware.turns import (
    Turn,
    add_to_call,
    add_to_result,
    heard_turn,
    messages_of_turns,
    said_turn,
    tool_turn,
)

__all__ = ["Transcript", "session_of"]

_VERSION = 1
_PARTS = {"reply", "unkept", "told"}
_OPENING = (TextBlockStartEvent, DataBlockStartEvent, ToolCallStartEvent, ReplyEndEvent)
"""Where something begins, or all ends: what was heard until then comes before it."""
_STRUCTURED = "structured output"
"""The block that holds the data of a structured reply."""


class Transcript:
    """The record of one agent's replies, as far as it is still needed, and of one reply in it.

    That is the one that begins with :meth:`begin`, or else the one that waits in the state. It can
    be recorded to its end even if another begins before that, as one does when a reader leaves and
    the generator that he read is closed in its own time.

    Args:
        state: The agent's state, which holds the record.
        key: The record's name there.
        agent_name: Who says what the events tell.
        clock: When it is said.
        hidden: Tells by its name whether a tool's calls are no part of the conversation.
    """

    def __init__(
        self,
        state: AgentState,
        key: str,
        agent_name: str,
        *,
        clock: Clock,
        hidden: Callable[[str], bool],
    ) -> None:
        """Go on with the reply that waits in the state, if one does."""
        self.state = state
        self.key = key
        self._agent_name = agent_name
        self._clock = clock
        self._hidden = hidden
        self._reply: dict[str, Any] | None = self._record()["reply"]

    def _record(self) -> dict[str, Any]:
        """Return the record, an empty one if there is none (or none that is known here)."""
        found = self.state.middle_context.get(self.key)
        if isinstance(found, dict):
            record = cast("dict[str, Any]", found)
            if record.get("version") == _VERSION and record.keys() >= _PARTS:
                return record
        return {"version": _VERSION, "reply": None, "unkept": [], "told": []}

    def _put(self, record: dict[str, Any]) -> None:
        """Write the record back; an empty one leaves the state as if it had never been."""
        if record["reply"] is None and not record["unkept"] and not record["told"]:
            self.state.middle_context.pop(self.key, None)
        else:
            self.state.middle_context[self.key] = record

    @property
    def question(self) -> str:
        """What the memory was asked for the reply under way; empty if there is none."""
        return "" if self._reply is None else self._reply["question"]

    def begin(self, reply_id: str, inputs: object, question: str) -> None:
        """Start the record of a new reply with what the agent has heard since its last one.

        That is what it observed meanwhile, and what this reply was given, less what is kept
        already. A reply before it that never ended is closed as far as it came.

        Args:
            reply_id: The new reply's id.
            inputs: What it was given.
            question: What the memory is asked for it.
        """
        record = self._record()
        if record["reply"] is not None:
            _close_part(record, record["reply"], self._agent_name)
        told = {*record["told"]}
        given = messages_of(inputs)
        known = told.union(message.id for message in given)
        observed = [message for message in self._observed() if message.id not in known]
        record["reply"] = self._reply = {
            "id": reply_id,
            "session": storable_session(self.state.session_id),
            "question": question,
            "turns": self._heard([*observed, *(each for each in given if each.id not in told)]),
            "heard_to": last_said(self.state.context),
            "parts": 0,
            "said": 0,
        }
        self._put(record)

    def asked(self, inputs: object) -> Sequence[Msg]:
        """Return what a new reply is to answer.

        That is what it is given; or, where it is given nothing, what the agent has observed since
        its last one.
        """
        return messages_of(inputs) or self._observed()

    def _observed(self) -> list[Msg]:
        return heard_since_own(self.state.context, self._agent_name)

    def _heard(self, messages: Sequence[Msg]) -> list[Turn]:
        now = self._clock.now()
        return [heard_turn(message, spoken_text(message), now) for message in messages]

    def _hear(self, reply: dict[str, Any]) -> None:
        """Take down what the agent was let observe while it replies; no event tells."""
        if self._record()["reply"] is not reply:  # a reply that began since then hears it
            return
        fresh = heard_after(self.state.context, reply["heard_to"], self._agent_name)
        if fresh:
            reply["heard_to"] = fresh[-1].id
            reply["turns"] += self._heard(fresh)

    def note(self, event: object) -> None:
        """Take down an event of the reply; those that say nothing change nothing."""
        if self._reply is None:
            return
        if isinstance(event, _OPENING):
            self._hear(self._reply)
        turns: list[Turn] = self._reply["turns"]
        match event:
            case TextBlockDeltaEvent():
                self._said(turns, event.block_id)["texts"].append(event.delta)
            case TextBlockEndEvent():
                # Newer frameworks say what of a spoken text was heard.
                text = getattr(event, "text", None)
                said = _find(turns, "block", event.block_id)
                if said is not None:
                    said["texts"] = ["".join(said["texts"]) if text is None else text]
            case DataBlockStartEvent():
                said = self._said(turns, event.block_id)
                said["name"] = getattr(event, "name", None)
                said["texts"] = [reference(event.media_type, name=said["name"])]
            case DataBlockDeltaEvent(url=str()):
                said = self._said(turns, event.block_id)
                said["texts"] = [reference(event.media_type, name=said.get("name"), url=event.url)]
            case ReplyEndEvent():
                self._note_structured_output(turns)
            case _:
                self._note_tool_event(turns, event)

    def _note_tool_event(self, turns: list[Turn], event: object) -> None:
        match event:
            case ToolCallStartEvent() | ToolResultStartEvent():
                known = _find(turns, "call", event.tool_call_id) is not None
                if not known and not self._hidden(event.tool_call_name):
                    name = event.tool_call_name
                    turns.append(tool_turn(event.tool_call_id, name, self._clock.now()))
            case ToolCallDeltaEvent():
                add_to_call(_find(turns, "call", event.tool_call_id), event.delta)
            case ToolResultTextDeltaEvent():
                add_to_result(_find(turns, "call", event.tool_call_id), event.delta)
            case ToolResultDataDeltaEvent():
                told = reference(event.media_type, url=event.url)
                add_to_result(_find(turns, "call", event.tool_call_id), told)
            case ToolResultEndEvent():
                call = _find(turns, "call", event.tool_call_id)
                if call is not None:
                    call["state"] = str(event.state)
            case _:
                pass

    def _said(self, turns: list[Turn], block_id: str) -> Turn:
        found = _find(turns, "block", block_id)
        if found is None:
            found = said_turn(block_id, self._clock.now())
            turns.append(found)
        return found

    def _note_structured_output(self, turns: list[Turn]) -> None:
        output = structured_output(self.state)
        if output is not None:
            said = self._said(turns, _STRUCTURED)
            said["texts"] = [json.dumps(output, ensure_ascii=False)]

    def close_part(self) -> bool:
        """Make what was said so far an exchange that is to be kept; the reply may go on.

        Returns:
            Whether anything was said since the part before.
        """
        if self._reply is None:
            return False
        record = self._record()
        said = _close_part(record, self._reply, self._agent_name)
        self._put(record)
        return said

    def end(self) -> bool:
        """End the reply: what was said since its last part becomes an exchange.

        Returns:
            Whether there was anything.
        """
        reply, self._reply = self._reply, None
        if reply is None:
            return False
        record = self._record()
        said = _close_part(record, reply, self._agent_name)
        if record["reply"] is reply:
            record["reply"] = None
        heard = {message.id for message in self._observed()}
        record["told"] = [name for name in record["told"] if name in heard]
        self._put(record)
        return said

    @property
    def unkept(self) -> list[object]:
        """The exchanges that no backend has kept yet, oldest first, as JSON values."""
        return [*self._record()["unkept"]]

    def kept(self, exchange: object) -> None:
        """Forget an exchange that a backend has kept, given as in ``unkept``."""
        record = self._record()
        record["unkept"] = [each for each in record["unkept"] if each is not exchange]
        self._put(record)


def session_of(unkept: object) -> str | None:
    """Return the session in which an exchange was said, given as in :attr:`Transcript.unkept`."""
    data = cast("dict[str, Any]", unkept) if isinstance(unkept, dict) else {}
    return data.get("session_id")


def _close_part(record: dict[str, Any], reply: dict[str, Any], agent_name: str) -> bool:
    """Move what a reply said to what is to be kept; return whether there was anything."""
    messages, reply["said"] = messages_of_turns(
        reply["turns"], reply_id=reply["id"], agent_name=agent_name, first=reply["said"]
    )
    record["told"] += [turn["id"] for turn in reply["turns"] if turn["type"] == "heard"]
    reply["turns"] = []
    if messages:
        exchange = Exchange(reply["id"], tuple(messages), reply["parts"])
        record["unkept"].append({**exchange_to_json(exchange), "session_id": reply["session"]})
        reply["parts"] += 1
    return bool(messages)


def _find(turns: Sequence[Turn], kind: str, name: str) -> Turn | None:
    return next((turn for turn in reversed(turns) if turn.get(kind) == name), None)
