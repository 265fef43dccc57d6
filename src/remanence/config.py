"""Where settings come from: the only reader of the environment."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import platformdirs

from remanence.location import path_of

__all__ = ["OpenAISettings", "default_database", "openai_settings"]


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


def default_database() -> Path:
    """Return the database that the command line uses when none is named.

    ``$REMANENCE_DB`` if it is set (a file name, or ``sqlite:///`` and a file name), else
    ``memory.db`` in the user's data folder. The folder is not created here.

    Raises:
        InputError: ``$REMANENCE_DB`` names no store.
    """
    named = os.environ.get("REMANENCE_DB")
    if named:
        return path_of(named)
    return Path(platformdirs.user_data_dir("remanence", appauthor=False)) / "memory.db"


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
        model=os.environ.get("OPENAI_MODEL") or "gpt-4o-mini",
    )
