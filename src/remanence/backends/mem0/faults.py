"""The errors of mem0, of what it stands on, and of the models, as ours.

Many of the classes exist only in some versions, or belong to packages that may not be installed, so
they are known by their names.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from remanence.errors import (
    BackendAnswerError,
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
    DimensionError,
    RemanenceError,
)

__all__ = ["translated"]

_AWAY = frozenset(
    {
        "APIConnectionError",
        "APITimeoutError",
        "ConnectError",
        "ConnectTimeout",
        "ConnectionError",
        "NetworkError",
        "PoolTimeout",
        "RateLimitError",
        "ReadError",
        "ReadTimeout",
        "RemoteProtocolError",
        "ResponseHandlingException",
        "Timeout",
        "TimeoutException",
        "TransportError",
        "AuthenticationError",
        "PermissionDeniedError",
        "WriteError",
        "WriteTimeout",
    }
)
"""Classes of errors that say that a service can't be reached, or lets nobody in."""

_REFUSED = frozenset({"MemoryQuotaExceededError"})
_REFUSED_STATUS = frozenset({400, 405, 409, 410, 411, 413, 414, 415, 422, 431})
_AWAY_STATUS = frozenset({401, 402, 403, 407, 408, 425, 429})
_INPUT = ("Invalid user_id", "Invalid agent_id", "Invalid run_id", "Invalid query")
_INPUT_MORE = ("Invalid threshold", "Invalid top_k", "top_k must be", "Top-level entity parameters")
_SIZES = ("not aligned", "Vector dimension error", "expected dim")


def translated(error: Exception) -> RemanenceError | TimeoutError:
    """Return an error as one of ours, whose cause is to be the one that was given.

    An error that is ours already comes back as it is, or is the one that mem0 wrapped.
    """
    ours = next((each for each in _chain(error) if isinstance(each, RemanenceError)), None)
    if ours is not None:
        return ours
    text = f"mem0: {error}" if str(error) else f"mem0: {type(error).__name__}"
    if any(word in text for word in _SIZES):
        return DimensionError(f"{text}; vectors have another size than the store keeps")
    if _is_refused(error):
        return BackendRefusedError(text)
    if isinstance(error, json.JSONDecodeError):
        return BackendAnswerError(f"mem0 answered something that is not JSON ({error})")
    for each in _chain(error):
        if _is_away(each):
            return BackendUnavailableError(text, retry_after=_retry_after(each))
    return BackendError(text)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, the outermost first."""
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__
    return found


def _is_refused(error: Exception) -> bool:
    status = _status(error)
    if status is not None:
        return status in _REFUSED_STATUS
    names = _names(error)
    if names & _REFUSED or ("ValidationError" in names and _is_of(error, "mem0")):
        return True
    return isinstance(error, ValueError) and str(error).startswith(_INPUT + _INPUT_MORE)


def _is_away(error: BaseException) -> bool:
    status = _status(error)
    if status is not None:
        return status in _AWAY_STATUS or status >= 500
    if isinstance(error, (ConnectionError, TimeoutError, asyncio.TimeoutError)):
        return True
    return bool(_names(error) & _AWAY)


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that an error stands for, or ``None`` if it tells none."""
    response = getattr(error, "response", None)
    for told in (getattr(error, "status_code", None), getattr(response, "status_code", None)):
        if isinstance(told, int):
            return told
    code = str(getattr(error, "error_code", None) or "")
    number = code.removeprefix("HTTP_")
    return int(number) if code != number and number.isdecimal() else None


def _retry_after(error: BaseException) -> float | None:
    """Return for how many seconds a service asked to be left alone, or ``None``."""
    info: Any = getattr(error, "debug_info", None) or {}
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    told: object = info.get("retry_after", headers.get("retry-after"))
    try:
        seconds = float(str(told))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _names(error: BaseException) -> frozenset[str]:
    return frozenset(kind.__name__ for kind in type(error).__mro__)


def _is_of(error: BaseException, package: str) -> bool:
    return type(error).__module__.partition(".")[0] == package
