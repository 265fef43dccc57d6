"""What is known of the user, as a block of the system prompt."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator, Sequence

from agentscope.state import AgentState

from remanence.backends.protocol import TellsProfile
from remanence.errors import InputError
from remanence.extract.instructions import reads_like_instruction
from remanence.middleware.counting import MOST_TOKENS, TokenCounter
from remanence.middleware.escaping import escaped
from remanence.middleware.lines import INSTRUCTION_MARK
from remanence.middleware.note import NoteTexts
from remanence.telemetry import Faults, count
from remanence.types import Filter
from remanence.validation import check_count

__all__ = ["PROFILE_TOKENS", "Profile"]

PROFILE_TOKENS = 500
"""How many tokens a profile is at most, unless somebody says otherwise."""


class Profile:
    """Tells what is known of an agent's user.

    A framework asks for the system prompt several times in one reply. So what is told when a reply
    asks first is kept to its end, as a part of the agent's state.

    Args:
        backend: The memory.
        where_of: Tells what an agent may see, given its state.
        key: Under which name the state keeps it.
        texts: The words around it.
        tokens: How many tokens it is at most, with the words around.
        count_tokens: Counts them.
        seconds: How long it may take to be told; after that the reply goes on without.
        faults: Where failures are counted, as ``profile``.

    Raises:
        InputError: There is no room for anything but the words around.
    """

    def __init__(
        self,
        backend: TellsProfile,
        where_of: Callable[[AgentState], Filter],
        *,
        key: str,
        texts: NoteTexts,
        tokens: int,
        count_tokens: TokenCounter,
        seconds: float,
        faults: Faults,
    ) -> None:
        """Check the budget."""
        self._backend = backend
        self._where_of = where_of
        self._key = f"{key}/profile"
        self._texts = texts
        self._budget = check_count("profile_tokens", tokens, least=1, most=MOST_TOKENS)
        self._tokens = count_tokens
        self._seconds = seconds
        self._faults = faults
        self._frame = self._tokens(self._framed([]))
        if self._frame >= tokens:
            raise InputError(
                "profile_tokens",
                f"is {tokens}, and the words around the profile alone take {self._frame}",
                "give more, or shorter texts",
            )

    @contextlib.contextmanager
    def kept(self, state: AgentState, *, known: bool) -> Generator[None]:
        """Keep what is told while a reply goes on.

        Args:
            state: The state of the agent that replies.
            known: Whether it is known who the user is; else nothing is told.
        """
        entry: dict[str, str | None] = {"text": None if known else ""}
        state.middle_context[self._key] = entry
        try:
            yield
        finally:
            if state.middle_context.get(self._key) is entry:
                del state.middle_context[self._key]

    async def told(self, state: AgentState) -> str:
        """Return the block for the system prompt; empty if nothing is known, or can be told."""
        entry = state.middle_context.get(self._key)
        if entry is None:  # it is no reply that asks
            return await self._looked_up(state)
        if entry["text"] is None:
            entry["text"] = await self._looked_up(state)
        return entry["text"]

    async def _looked_up(self, state: AgentState) -> str:
        lines = _Lines()
        try:
            async with asyncio.timeout(self._seconds):
                told = await self._backend.profile(
                    self._where_of(state),
                    token_budget=self._budget - self._frame,
                    count_tokens=lambda text: self._tokens("\n".join(lines.of(text))),
                )
            return self._block(lines.of(told))
        except TimeoutError:
            count("timeouts", of="profile")
            self._faults.record("profile", f"it takes longer than {self._seconds:g} s")
        except Exception as error:  # whatever fails, the reply goes on
            self._faults.record("profile", error)
        return ""

    def _block(self, lines: list[str]) -> str:
        """Return lines with the words around them, as many as there is room for."""
        while lines:
            block = self._framed(lines)
            if self._tokens(block) <= self._budget:
                return block
            lines.pop()
        return ""

    def _framed(self, lines: Sequence[str]) -> str:
        told = "\n".join(lines)
        texts = self._texts
        return f"{texts.profile_header}\n{texts.profile_intro}\n<profile>\n{told}\n</profile>"


class _Lines:
    """Makes lines of what a memory tells, which it asks about again and again as it grows."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, told: str) -> list[str]:
        """Return each statement as a line that can't leave its place."""
        statements = (line.strip().removeprefix("- ").strip() for line in told.splitlines())
        return [self._line(statement) for statement in statements if statement]

    def _line(self, statement: str) -> str:
        if statement not in self._known:
            mark = f"{INSTRUCTION_MARK} " if reads_like_instruction(statement) else ""
            self._known[statement] = f"- {mark}{escaped(statement)}"
        return self._known[statement]
