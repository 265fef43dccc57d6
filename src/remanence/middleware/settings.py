"""Checks of what a middleware is told to do; each failure names the argument and the fix."""

from __future__ import annotations

from typing import Literal, TypeVar, get_args

from remanence.backends.engine import EngineBackend
from remanence.backends.protocol import Backend
from remanence.engine import Memory
from remanence.errors import InputError
from remanence.middleware.note import NoteTexts

__all__ = ["Mode", "backend_of", "check_mode", "check_texts", "with_ability"]

Mode = Literal["static_control", "agent_control", "both"]
Ability = TypeVar("Ability")


def backend_of(memory: Memory | Backend) -> Backend:
    """Return what is given as a backend.

    Raises:
        InputError: It is neither a memory nor a backend.
        MemoryClosedError: It is a memory that is not open.
    """
    if isinstance(memory, Memory):
        return EngineBackend(memory)
    if not isinstance(memory, Backend):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InputError(
            "memory",
            f"is {type(memory).__name__}",
            "give an open Memory, as memory = await Memory.open('alice.db'), or a Backend",
        )
    return memory


def with_ability(backend: Backend, ability: type[Ability], setting: str) -> Ability:
    """Return a backend if it can do what a setting asks for.

    Args:
        backend: The backend.
        ability: The protocol of what it has to be able to do.
        setting: The name of the argument that asks for it.

    Raises:
        InputError: It can't.
    """
    if not isinstance(backend, ability):
        raise InputError(
            setting,
            f"asks for what a memory of the kind {backend.kind!r} can't do",
            f"give an open Memory, or leave out {setting}",
        )
    return backend


def check_mode(mode: Mode) -> Mode:
    """Return a mode if it is one.

    Raises:
        InputError: It is something else.
    """
    if mode not in get_args(Mode):
        raise InputError("mode", f"is {mode!r}", f"use one of {', '.join(get_args(Mode))}")
    return mode


def check_texts(texts: NoteTexts | None) -> NoteTexts:
    """Return the texts that are given, the usual ones if none are.

    Raises:
        InputError: They are something else.
    """
    if texts is not None and not isinstance(texts, NoteTexts):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InputError("texts", f"is {type(texts).__name__}", "give a NoteTexts")
    return texts or NoteTexts()
