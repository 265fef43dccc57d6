"""One reply of an agent, from where it begins to where it ends or waits."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

from agentscope.event import HintBlockEvent, ReplyEndEvent, ReplyStartEvent

from remanence.middleware.access import Access
from remanence.middleware.context import awaits_outside
from remanence.middleware.keeping import Keeper
from remanence.middleware.placing import has_note, renew_note, replace_note
from remanence.middleware.question import question_of
from remanence.middleware.spoken import heard_text
from remanence.middleware.transcript import Transcript
from remanence.telemetry import Faults
from remanence.types import Scope

if TYPE_CHECKING:
    from agentscope.agent import Agent

__all__ = ["Following"]


class Following:
    """Recalls for a reply, takes it down, and has it kept.

    Args:
        agent: Who replies.
        scope: Where what is said belongs.
        transcript: Its record.
        key: Whose note in the context it is.
        access: Where to search.
        keeper: Who keeps.
        faults: Where it is counted, as ``record``, if what is said can't be taken down.
    """

    def __init__(
        self,
        agent: Agent,
        scope: Scope,
        transcript: Transcript,
        *,
        key: str,
        access: Access,
        keeper: Keeper,
        faults: Faults,
    ) -> None:
        """Nothing of the reply is known yet."""
        self._agent = agent
        self._scope = scope
        self._transcript = transcript
        self._key = key
        self._access = access
        self._keeper = keeper
        self._faults = faults
        self._accepted = False

    async def follow(self, item: object, inputs: object) -> HintBlockEvent | None:
        """Take down an event of the reply, before anybody hears of it.

        Where the reply begins, or goes on after it had waited, what is recalled for it is put into
        the context.

        Args:
            item: The event, or the reply itself.
            inputs: What the reply was given.

        Returns:
            What tells of the memory note of a reply that begins; ``None`` if there is none, or none
            begins.
        """
        if isinstance(item, ReplyStartEvent):
            self._accepted = True
            return await self._begin(item.reply_id, inputs)
        if not self._accepted:  # what the agent refuses changes nothing about a reply that waits
            self._accepted = True
            await self._renew_note()
        if self._noted(item):
            await self._keeper.keep(self._transcript, self._scope)
        return None

    async def end(self) -> None:
        """Have kept what is not kept yet, unless the reply waits for somebody outside."""
        if self._accepted and self._ended():
            await self._keeper.keep(self._transcript, self._scope)

    async def _begin(self, reply_id: str, inputs: object) -> HintBlockEvent | None:
        """Record that a reply begins, and put what is recalled for it into the context."""
        state = self._agent.state
        question = ""
        with self._recording():
            question = question_of(heard_text(self._transcript.asked(inputs)), state.context)
            self._transcript.begin(reply_id, inputs, question)
        hint = replace_note(state, self._key, await self._access.look_up(question, state))
        if hint is None:
            return None
        return HintBlockEvent(
            reply_id=reply_id, block_id=hint.id, source=hint.source, hint=hint.hint
        )

    async def _renew_note(self) -> None:
        """Recall anew for a reply that goes on: what was forgotten meanwhile leaves its context."""
        state = self._agent.state
        if has_note(state, self._key):
            told = await self._access.look_up(self._transcript.question, state)
            renew_note(state, self._key, told)

    def _noted(self, item: object) -> bool:
        """Take an event down; tell whether something is to be kept before anybody hears of it."""
        with self._recording():
            self._transcript.note(item)
            # Whoever hears of the end may stop reading, or leave.
            return isinstance(item, ReplyEndEvent) and self._transcript.close_part()
        return False

    def _ended(self) -> bool:
        """End the record unless the reply waits; tell whether something is left to be kept."""
        with self._recording():
            waits = awaits_outside(self._agent.state, self._agent.name)
            return not waits and self._transcript.end()
        return False

    @contextlib.contextmanager
    def _recording(self) -> Generator[None]:
        """Let nothing that goes wrong with the record reach the reply."""
        try:
            yield
        except Exception as error:  # whatever fails, the reply goes on
            self._faults.record("record", error)
