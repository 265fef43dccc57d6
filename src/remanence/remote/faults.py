"""The errors of services that embed or answer, as ours.

Which service it is is not known here, so its errors are known by the HTTP status that they carry,
and by their names.
"""

from __future__ import annotations

import json
import re
from typing import Any

from remanence.errors import (
    BackendAnswerError,
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
    RemanenceError,
)

__all__ = ["translated"]

_AWAY = re.compile("Connect|Network|Timeout|RateLimit|Protocol|Transport|ReadError|WriteError")
"""In the name of a class of errors, that the service can't be reached."""

_STATUS_IN_TEXT = re.compile(r'"?status_?code"?[=:] *(\d{3})\b')
"""What the errors of DashScope and of Ollama say in words alone."""

_REFUSED = frozenset({400, 405, 409, 410, 411, 413, 414, 415, 422, 431})
"""What is not in here, nor below, may be otherwise another time: 404 is a model not yet loaded."""

_LET_NOBODY_IN = frozenset({401, 402, 403, 407, 408, 425, 429})


def translated(error: Exception, who: str) -> RemanenceError:
    """Return an error as one of ours, whose cause is to be the one that was given.

    One of ours comes back as it is.

    Args:
        error: What was raised.
        who: What failed, as the start of the message: "the embedding model".

    Returns:
        A :class:`~remanence.errors.BackendUnavailableError` when the service can't be reached, asks
        to be left alone or lets nobody in; a :class:`~remanence.errors.BackendRefusedError` when
        trying the same again is of no use; a :class:`~remanence.errors.BackendAnswerError` when
        what came was to be JSON and is none; and a :class:`~remanence.errors.BackendError` for
        everything else.
    """
    if isinstance(error, RemanenceError):
        return error
    text = f"{who}: {str(error) or type(error).__name__}"
    status = _status(error)
    if isinstance(error, json.JSONDecodeError):
        return BackendAnswerError(text)
    if status is None:
        away = isinstance(error, (ConnectionError, TimeoutError)) or any(
            _AWAY.search(kind.__name__) for kind in type(error).__mro__
        )
        return BackendUnavailableError(text) if away else BackendError(text)
    if status in _REFUSED:
        return BackendRefusedError(text)
    if status in _LET_NOBODY_IN or status >= 500:
        return BackendUnavailableError(text, retry_after=_retry_after(error))
    return BackendError(text)


def _status(error: Exception) -> int | None:
    """Return the HTTP status that an error stands for, or ``None`` if it tells none."""
    response = getattr(error, "response", None)
    for told in (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "code", None),  # Google's
    ):
        if isinstance(told, int) and 100 <= told < 600:
            return told
    said = _STATUS_IN_TEXT.search(str(error)) if isinstance(error, RuntimeError) else None
    return int(said[1]) if said else None


def _retry_after(error: Exception) -> float | None:
    """Return for how many seconds a service asked to be left alone, or ``None``."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        seconds = float(str(headers.get("retry-after")))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
