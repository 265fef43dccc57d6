from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("mem0")

import httpx
from mem0 import exceptions

from remanence.backends.mem0.faults import translated
from remanence.errors import (
    BackendAnswerError,
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
    DimensionError,
    RemanenceError,
    StoreBusyError,
)

pytestmark = pytest.mark.agentscope


def of_mem0(name: str, code: str = "X", **info: Any) -> Exception:
    return getattr(exceptions, name)(message="told", error_code=code, debug_info=info)


def http(status: int, **headers: str) -> Exception:
    request = httpx.Request("POST", "http://example.com")
    response = httpx.Response(status, request=request, headers=headers)
    return httpx.HTTPStatusError("told", request=request, response=response)


def caused(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (of_mem0("NetworkError"), BackendUnavailableError),
        (of_mem0("RateLimitError", "HTTP_429"), BackendUnavailableError),
        (of_mem0("AuthenticationError", "HTTP_401"), BackendUnavailableError),
        (of_mem0("AuthenticationError", "HTTP_403"), BackendUnavailableError),
        (of_mem0("MemoryError", "HTTP_500"), BackendUnavailableError),
        (of_mem0("ValidationError", "HTTP_400"), BackendRefusedError),
        (of_mem0("ValidationError", "HTTP_422"), BackendRefusedError),
        (of_mem0("ValidationError"), BackendRefusedError),
        (of_mem0("MemoryQuotaExceededError", "HTTP_413"), BackendRefusedError),
        (of_mem0("MemoryNotFoundError", "HTTP_404"), BackendError),
        (of_mem0("VectorStoreError"), BackendError),
        (of_mem0("LLMError"), BackendError),
        (caused(of_mem0("LLMError"), httpx.ConnectError("no")), BackendUnavailableError),
        (caused(of_mem0("LLMError"), StoreBusyError("no")), StoreBusyError),
        (http(503), BackendUnavailableError),
        (http(429), BackendUnavailableError),
        (http(401), BackendUnavailableError),
        (http(400), BackendRefusedError),
        (http(413), BackendRefusedError),
        (http(404), BackendError),
        (httpx.ReadTimeout("slow"), BackendUnavailableError),
        (ConnectionRefusedError(), BackendUnavailableError),
        (TimeoutError(), BackendUnavailableError),
        (json.JSONDecodeError("no", "<html>", 0), BackendAnswerError),
        (ValueError("Invalid user_id: cannot contain whitespace."), BackendRefusedError),
        (ValueError("Invalid threshold: 2."), BackendRefusedError),
        (ValueError("something else"), BackendError),
        (ValueError("shapes (1,64) and (128,) not aligned"), DimensionError),
        (ValueError("Vector dimension error: expected dim: 64, got 128"), DimensionError),
        (KeyError("x"), BackendError),
        (RuntimeError(), BackendError),
    ],
    ids=repr,
)
def test_errors_are_ours(error: Exception, kind: type[RemanenceError]) -> None:
    assert type(translated(error)) is kind


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (of_mem0("RateLimitError", "HTTP_429", retry_after=7), 7.0),
        (http(429, **{"Retry-After": "3"}), 3.0),
        (http(429, **{"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
        (http(503), None),
        (of_mem0("NetworkError"), None),
    ],
    ids=repr,
)
def test_it_is_told_for_how_long_to_wait(error: Exception, seconds: float | None) -> None:
    ours = translated(error)
    assert isinstance(ours, BackendUnavailableError)
    assert ours.retry_after == seconds
