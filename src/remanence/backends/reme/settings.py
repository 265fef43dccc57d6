"""How ReMe's application is configured here: nothing runs by itself unless it was asked for."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from remanence.backends.reme.guarding import GUARD

__all__ = ["AGENTS", "Background", "settings_of"]

AGENTS = "metadata/agents"
"""Where ReMe's agent leaves what it was told, in the workspace; it is removed after each
exchange, at the start, and when something is erased."""

_WATCHED = {"watch_dirs": ["daily_dir", "digest_dir"], "watch_suffixes": ["md"]}


@dataclasses.dataclass(frozen=True, slots=True)
class Background:
    """What ReMe does by itself, if it was asked to.

    Attributes:
        watch: Whether it watches the workspace's files all the time.
        dream: When its agent works through the notes of the last days, as cron has it; ``None`` for
            never.
    """

    watch: bool = False
    dream: str | None = None

    def __bool__(self) -> bool:
        """Return whether there is anything to do."""
        return self.watch or self.dream is not None


def settings_of(
    folder: Path, *, timezone: str, embeds: bool, extracts: bool, background: Background
) -> dict[str, Any]:
    """Return the configuration of a workspace's application.

    Args:
        folder: The workspace.
        timezone: The time zone of its days.
        embeds: Whether there is an embedding model.
        extracts: Whether there is a chat model.
        background: What it does by itself.
    """
    return {
        "workspace_dir": str(folder),
        "mem_session_dir": AGENTS,
        "timezone": timezone,
        "enable_logo": False,
        "log_to_console": False,
        "log_to_file": False,
        "service": {"backend": "http"},  # it has to name one, which is never started
        "components": _components(embeds=embeds, extracts=extracts),
        "jobs": {**_jobs(extracts=extracts), **_background_jobs(background)},
    }


def _components(*, embeds: bool, extracts: bool) -> dict[str, Any]:
    components: dict[str, Any] = {
        "tokenizer": {"default": {"backend": "regex"}},
        "file_graph": {"default": {"backend": "local"}},
        "file_catalog": {"dream": {"backend": "local"}},
        "file_chunker": {
            "markdown": {"backend": "markdown", "supported_extensions": ["md"], "embed_toc": True},
            "default": {"backend": "default", "supported_extensions": ["txt", "log"]},
        },
        "keyword_index": {"default": {"backend": "bm25", "tokenizer": "default"}},
        "file_store": {
            "default": {
                "backend": "local",
                "store_name": "local",
                "embedding_store": "default" if embeds else "",
                "keyword_index": "default",
                "file_graph": "default",
            }
        },
    }
    if embeds:
        # Its model is put in place before it starts. The vectors are kept with their texts, so that
        # a cache of them would only be one more place to erase from.
        components["as_embedding"] = {"default": {"backend": "openai"}}
        components["embedding_store"] = {
            "default": {"backend": "local", "as_embedding": "default", "enable_cache": False}
        }
    if extracts:
        components["as_llm"] = {"default": {"backend": "openai"}}
        components["agent_wrapper"] = {
            "default": {
                "backend": "agentscope",
                "as_llm": "default",
                "permission_mode": "bypass",  # of its tools, which are the jobs below
                "react_config": {"max_iters": 30},
            }
        }
    return components


def _jobs(*, extracts: bool) -> dict[str, Any]:
    jobs = {
        "index": _job("", "update_index_step"),
        "daily_reindex": _job("Rebuild a day's page.", "daily_reindex_step"),
    }
    if extracts:
        jobs |= {
            "auto_memory": _job("", "auto_memory_step"),
            "daily_list": _job("List the notes of a day.", "daily_list_step"),
            "move": _job("Rename a note.", "move_step"),
            **copy.deepcopy(_TOOLS),  # it is the caller's to change
        }
    return jobs


def _background_jobs(background: Background) -> dict[str, Any]:
    jobs: dict[str, Any] = {}
    if background.watch:
        changed = {"backend": "update_index_step", "persist": False}
        jobs["watch"] = {
            "backend": "background",
            **_WATCHED,
            "steps": [{"backend": "watch_changes_step", "dispatch_steps": [changed]}],
        }
    if background.dream is not None:
        jobs["dream"] = {
            "backend": "cron",
            "cron": background.dream,
            "steps": [
                {"backend": "dream_extract_step", "file_catalog": "dream", "scan_days": 2},
                {"backend": "dream_integrate_step"},
                {"backend": "dream_finish_step", "file_catalog": "dream"},
            ],
        }
        jobs["node_search"] = _job(
            "Find pages of the digest that are like something.",
            "node_search_step",
            query=("string", "what is looked for"),
        )
        jobs |= _tool("frontmatter_read", "Read the fields at the top of a note.", path=_PATH)
    return jobs


def _tool(tool: str, about: str, /, **parameters: tuple[str, str]) -> dict[str, Any]:
    """Return a job that ReMe's agent has as a tool, whose arguments are looked at first."""
    guard = {"backend": GUARD, "tool": tool}
    return {tool: _job(about, f"{tool}_step", before=(guard,), **parameters)}


def _job(
    about: str,
    step: str,
    /,
    *,
    before: Sequence[dict[str, Any]] = (),
    **parameters: tuple[str, str],
) -> dict[str, Any]:
    """Return a job of one step, all of whose parameters are required."""
    properties = {
        name: {"type": type_, "description": of} for name, (type_, of) in parameters.items()
    }
    return {
        "backend": "base",
        "description": about,
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": list(properties),
        },
        "steps": [*before, {"backend": step}],
    }


_PATH = ("string", "the note's path in the workspace")
_NAME = ("string", "the note's name")
_ABOUT = ("string", "what the note is about")
_BODY = ("string", "what the note says")

_TOOLS: dict[str, Any] = {
    **_tool(
        "daily_write",
        "Write a new note for a day.",
        name=("string", "the note's name, which its file is called by"),
        description=_ABOUT,
        session_id=("string", "the conversation that it comes from"),
        content=_BODY,
        date=("string", "the day, as YYYY-MM-DD"),
    ),
    **_tool("read", "Read a note.", path=_PATH),
    **_tool(
        "edit",
        "Replace a text in a note wherever it occurs.",
        path=_PATH,
        old=("string", "the text"),
        new=("string", "what stands there instead"),
    ),
    **_tool(
        "write",
        "Write a note, or write it anew.",
        path=_PATH,
        name=_NAME,
        description=_ABOUT,
        content=_BODY,
    ),
    **_tool(
        "frontmatter_update",
        "Set fields at the top of a note.",
        path=_PATH,
        metadata=("object", "the fields"),
    ),
}
"""What ReMe's agent writes notes with, by the names by which it asks for them."""
