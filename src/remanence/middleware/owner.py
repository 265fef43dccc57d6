"""Whose memory an agent's is: one user's, or what a function says of each agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentscope.state import AgentState

from remanence.errors import InputError
from remanence.middleware.storable import storable_session
from remanence.telemetry import Faults
from remanence.types import Scope

if TYPE_CHECKING:
    from agentscope.agent import Agent

__all__ = ["Owner"]


class Owner:
    """Tells the scope of an agent.

    Args:
        user_id: The user; or a function that is given an agent and returns its user.
        agent_id: The agent's name in the memory, or ``None``.
        check: Checks an id, given the name of its field; for what the backend can't keep apart.
        key: What the agent's state keeps the user under, where a function tells it.
        faults: Where it is counted that a function can't tell.

    Raises:
        InputError: An id can't be one.
    """

    def __init__(
        self,
        user_id: str | Callable[[Agent], str],
        agent_id: str | None,
        *,
        check: Callable[[str, object], str],
        key: str,
        faults: Faults,
    ) -> None:
        """Check the ids; nobody is asked yet."""
        self._user_id = user_id if callable(user_id) else check("user_id", user_id)
        self.agent_id = None if agent_id is None else check("agent_id", agent_id)
        self._check = check
        self._key = f"{key}/user"
        self._faults = faults

    def identify(self, agent: Agent) -> Scope | None:
        """Return the scope of an agent; ``None`` if the function can't tell its user.

        What a function tells is put where the tools find it, into the agent's state.
        """
        if callable(self._user_id):
            context = agent.state.middle_context
            context.pop(self._key, None)
            try:
                context[self._key] = self._check("user_id", self._user_id(agent))
            except Exception as error:  # whatever fails, the reply goes on
                self._faults.record("identify", error)
                return None
        return self.scope_of(agent.state)

    def scope_of(self, state: AgentState | None) -> Scope:
        """Return the scope of the agent with this state, as it was last identified.

        Raises:
            InputError: It was not, and a function has to tell its user.
        """
        user_id: str | None
        if callable(self._user_id):
            user_id = None if state is None else state.middle_context.get(self._key)
        else:
            user_id = self._user_id
        if user_id is None:
            raise InputError(
                "user_id",
                "is a function that has not told whose agent this is",
                "let it return a user id for every agent, and call tools through their agent",
            )
        session_id = None if state is None else storable_session(state.session_id)
        return Scope(user_id, self.agent_id, session_id)
