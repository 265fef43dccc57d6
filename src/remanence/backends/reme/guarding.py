"""What ReMe's agent may touch: notes, and for an exchange only those of its conversation and day.

Its tools are given what a model makes up. One that overwrites a note of another conversation, or
writes into another day or session, would lose memories, or put them where nobody looks for them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from remanence.backends.reme.catalog import FOLDERS

__all__ = ["GUARD", "Writing", "current_writing", "register"]

GUARD = "remanence_guard_step"
"""What the step is called that comes before each tool of ReMe's agent."""

_DIGITS = 6


@dataclasses.dataclass(slots=True)
class Writing:
    """What may be written for an exchange, and what was.

    Attributes:
        session: What ReMe knows its conversation by.
        day: Its day, as the folder is called.
        paths: The notes that were written, or are about to be.
    """

    session: str
    day: str
    paths: set[str] = dataclasses.field(default_factory=set[str])


current_writing: ContextVar[Writing | None] = ContextVar("remanence_reme_writing", default=None)
"""For which exchange this code runs, if for one."""


def register(app: Any) -> None:
    """Let an application know the step, before it is started."""
    base: Any = importlib.import_module("reme.steps.base_step").BaseStep

    class Guard(base):
        """Refuses a tool's arguments, or sets them right."""

        async def execute(self) -> None:
            """Look at the arguments.

            Raises:
                ValueError: They are refused; the agent is told why.
            """
            tool: str = self.kwargs["tool"]
            if tool == "daily_write":
                _set_right(self.context, self.workspace_path)
            else:
                _check(self.context, self.workspace_path, writes=tool not in _READING)

    app.context.registry.add(GUARD, Guard, owner="remanence")


_READING = ("read", "frontmatter_read")


def _set_right(context: Any, workspace: Path) -> None:
    """Let a new note be one of the conversation, under a name that is free."""
    writing = current_writing.get()
    if writing is None:
        raise ValueError("a day's note is written for a conversation only")
    context["session_id"], context["date"] = writing.session, writing.day
    name = str(context.get("name") or "").strip()
    free, number = name, 1
    while (workspace / "daily" / writing.day / f"{free}.md").exists():
        digest = hashlib.sha256(f"{writing.session} {number}".encode()).hexdigest()[:_DIGITS]
        free, number = f"{name}-{digest}", number + 1
    context["name"] = free
    writing.paths.add(f"daily/{writing.day}/{free}.md")


def _check(context: Any, workspace: Path, *, writes: bool) -> None:
    """Refuse what is no note of the workspace.

    Raises:
        ValueError: It is none.
    """
    root = workspace.resolve()
    path = (root / str(context.get("path") or "")).resolve()
    if not any(path.is_relative_to(root / name) for name in FOLDERS):
        raise ValueError(f"only notes in {' and '.join(FOLDERS)} can be read and written")
    writing = current_writing.get()
    if writes and writing is not None:
        writing.paths.add(path.relative_to(root).as_posix())
