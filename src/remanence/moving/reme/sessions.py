"""Where the sessions of a workspace belong, by the names that ReMe has for them."""

from __future__ import annotations

import re

from remanence.backends.reme.naming import session_name, unquoted
from remanence.backends.reme.notes import Origin
from remanence.errors import InputError
from remanence.moving.arrivals import Place
from remanence.moving.reme.places import Workspace
from remanence.types import Scope

__all__ = ["Sessions"]

_NAME = re.compile(r"(?:(?P<agent>[^.]+)\.)?(?:none|s-(?P<session>[^.]+))")


class Sessions:
    """The sessions of a workspace.

    Args:
        workspace: Where they are.
        agent_id: The agent, where nothing tells one.
    """

    def __init__(self, workspace: Workspace, agent_id: str | None) -> None:
        """None is known yet but by its name."""
        self._workspace = workspace
        self._agent_id = agent_id
        self._known: dict[str, Place] = {}

    def learn(self, origin: Origin | None) -> None:
        """Keep which session a name stands for, where a note of ours tells it."""
        if origin is None:
            return
        try:
            name = self.name_of(origin)
        except InputError:  # told when the note is taken
            return
        self._known[name] = self.of_origin(origin)

    def name_of(self, origin: Origin) -> str:
        """Return what ReMe calls the session of a note of ours.

        Raises:
            InputError: The note tells an agent or a session that there can't be.
        """
        return session_name(Scope(self._workspace.user_id, origin.agent_id, origin.session_id))

    def of_origin(self, origin: Origin) -> Place:
        """Return where a note of ours belongs."""
        agent_id = origin.agent_id or self._agent_id
        return Place(self._workspace.user_id, agent_id, origin.session_id)

    def named(self, name: str | None) -> Place:
        """Return where a session belongs; what belongs to none goes to the unnamed one."""
        user_id = self._workspace.user_id
        if name is None:
            return Place(user_id, self._agent_id)
        if name in self._known:
            return self._known[name]
        parts = _NAME.fullmatch(name) if self._workspace.is_ours else None
        if parts is None:
            return Place(user_id, self._agent_id, name)
        agent, session = (each and (unquoted(each) or each) for each in parts.group(1, 2))
        return Place(user_id, agent or self._agent_id, session)
