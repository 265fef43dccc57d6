"""ReMe, imported so that it says nothing, and only in releases that work as it is used here."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import re
import threading
from typing import Any

from remanence.backends.reme.guarding import register
from remanence.config import reme_defaults
from remanence.errors import MissingExtraError

__all__ = ["application", "import_reme"]

_FIRST, _TOO_NEW = (0, 4, 1, 8), (0, 4, 3)
"""As the extra has it."""

_NEEDED = (
    "auto_memory_step",
    "daily_list_step",
    "daily_reindex_step",
    "daily_write_step",
    "edit_step",
    "frontmatter_update_step",
    "move_step",
    "read_step",
    "update_index_step",
    "write_step",
)
"""The steps that are asked for here."""

_importing = threading.Lock()


def import_reme() -> None:
    """Import ReMe, whose log stays silent unless something is wrong.

    Raises:
        MissingExtraError: ReMe or AgentScope is not installed, or not in a release that works.
    """
    try:
        version = importlib.metadata.version("reme-ai")
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtraError("reme", "ReMe as a memory service") from error
    if not _FIRST <= _numbers(version) < _TOO_NEW:
        raise _unfit(f"reme-ai {version} is installed, and 0.4.1.8 up to 0.4.2 are what works")
    with _importing, reme_defaults():
        try:
            module: Any = importlib.import_module("reme")
            enumeration: Any = importlib.import_module("reme.enumeration")
            registry: Any = importlib.import_module("reme.components").R
        except ImportError as error:
            raise _unfit(f"reme-ai {version} can't be imported here: {error}") from error
        _quieten(module)
        kind = enumeration.ComponentEnum.STEP
        missing = [name for name in _NEEDED if registry.get(kind, name) is None]
    if missing:
        raise _unfit(f"reme-ai {version} lacks {', '.join(missing)}")


def application(settings: dict[str, Any]) -> Any:
    """Return an application of ReMe, made but not started.

    Args:
        settings: Its configuration.

    Raises:
        Exception: Whatever ReMe raises at what it can't make sense of.
    """
    module: Any = importlib.import_module("reme")
    with _importing, reme_defaults():
        made = module.Application(**settings)
        _quieten(module)
    register(made)
    return made


def _unfit(problem: str) -> MissingExtraError:
    return MissingExtraError("reme", f"ReMe as a memory service ({problem})")


def _quieten(module: Any) -> None:
    """Let ReMe's warnings go where a library's go, and nothing else anywhere.

    It sets up its log for the whole process when it is imported, and with each application: every
    line to standard output, what is searched for included.
    """
    log = module.utils.get_logger(log_to_console=False, log_to_file=False)
    if isinstance(log, logging.Logger):
        log.handlers.clear()
        log.filters[:] = [_in_a_line]
        log.setLevel(logging.WARNING)
        log.propagate = True


def _in_a_line(record: logging.LogRecord) -> bool:
    """Let a record say what went wrong, without where ReMe was at that moment."""
    record.msg = record.getMessage().split("\n", 1)[0]
    record.args, record.exc_info, record.exc_text = (), None, None
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:4])
