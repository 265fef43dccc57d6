"""Where settings come from: the only reader of the environment."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Generator
from pathlib import Path

import platformdirs

__all__ = [
    "DEFAULT_OPENAI_MODEL",
    "OpenAISettings",
    "default_database",
    "default_key_file",
    "default_mem0_folder",
    "default_reme_folder",
    "mem0_defaults",
    "mem0_telemetry",
    "openai_settings",
    "reme_defaults",
]

DEFAULT_OPENAI_MODEL = "gpt-4o-mini"
"""The model that is asked when the environment names none."""


@dataclasses.dataclass(frozen=True, slots=True)
class OpenAISettings:
    """How to reach an OpenAI-compatible model.

    Attributes:
        api_key: The key.
        base_url: Another server than OpenAI's, or ``None``.
        model: The model's name.
    """

    api_key: str
    base_url: str | None
    model: str


def default_database() -> str:
    """Return the location of the database that the command line uses when none is named.

    ``$REMANENCE_DB`` if it is set (a file name, ``sqlite:///`` and a file name, or a
    ``postgresql://`` URL), else ``memory.db`` in the user's data folder. The folder is not created
    here.
    """
    return os.environ.get("REMANENCE_DB") or str(_data_folder() / "memory.db")


def default_key_file() -> Path | None:
    """Return the file with the database's key that the command line uses when none is named.

    ``$REMANENCE_KEY_FILE``, or ``None`` if it is not set.
    """
    named = os.environ.get("REMANENCE_KEY_FILE")
    return Path(named) if named else None


def default_mem0_folder() -> Path:
    """Return where mem0 keeps its store, and what waits for it, when no folder is named.

    It is ``mem0`` in the user's data folder, and is not created here.
    """
    return _data_folder() / "mem0"


def default_reme_folder() -> Path:
    """Return where ReMe's workspaces are, and what waits for it, when no folder is named.

    It is ``reme`` in the user's data folder, and is not created here.
    """
    return _data_folder() / "reme"


def _data_folder() -> Path:
    return Path(platformdirs.user_data_dir("remanence", appauthor=False))


def mem0_telemetry() -> bool | None:
    """Return whether mem0 may tell its makers what it does, or ``None`` if nobody has said.

    ``$MEM0_TELEMETRY`` says so, by the words that mem0 takes for yes.
    """
    said = os.environ.get("MEM0_TELEMETRY")
    return None if said is None else said.lower() in ("true", "1", "yes")


@contextlib.contextmanager
def mem0_defaults(folder: Path) -> Generator[None]:
    """Give mem0, which reads the environment when it is imported, our defaults meanwhile.

    What is set stays as it is, and so does everything where telemetry was turned on.

    Args:
        folder: Where mem0 is to put what it would put into the user's home.
    """
    given: dict[str, str] = {}
    if not mem0_telemetry():
        given = {"MEM0_TELEMETRY": "False", "MEM0_DIR": str(folder)}
    ours = {name: value for name, value in given.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:  # they are for mem0, not for the programs that this one starts
            os.environ.pop(name, None)


@contextlib.contextmanager
def reme_defaults() -> Generator[None]:
    """Let ReMe, which sets up its log by the environment, use the standard library's meanwhile.

    Its other way is Loguru, whose settings it would replace in the whole process. Where
    ``$REME_DISABLE_LOGURU`` is set, it stays as it is.
    """
    name = "REME_DISABLE_LOGURU"
    ours = name not in os.environ
    if ours:
        os.environ[name] = "true"
    try:
        yield
    finally:
        if ours:
            os.environ.pop(name, None)


def openai_settings() -> OpenAISettings | None:
    """Return the OpenAI settings of the environment, or ``None`` without ``$OPENAI_API_KEY``.

    ``$OPENAI_BASE_URL`` and ``$OPENAI_MODEL`` are optional.
    """
    key = os.environ.get("OPENAI_API_KEY")
    if not key:
        return None
    return OpenAISettings(
        api_key=key,
        base_url=os.environ.get("OPENAI_BASE_URL") or None,
        model=os.environ.get("OPENAI_MODEL") or DEFAULT_OPENAI_MODEL,
    )
