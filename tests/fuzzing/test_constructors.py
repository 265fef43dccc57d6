"""Whatever is handed in where something is made: it is made, or refused by an error of ours."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from remanence import Memory, RemanenceError
from remanence.backends import EngineBackend, QueuedBackend
from remanence.backends.mem0 import Mem0Backend
from remanence.embed import LocalEmbedder
from remanence.middleware import Mem0Middleware, MemoryMiddleware, NoteTexts
from remanence.outbox.settings import OutboxSettings
from remanence.testing.service import ScriptedService
from tests.fuzzing.anything import ANYTHING, TEXTS, or_anything

pytestmark = pytest.mark.agentscope


def _whoever(agent: object) -> str:
    del agent
    return "alice"


_LIMITS = st.integers(-1, 20)
_SECONDS = st.floats(0, 5)
_MEANT: Mapping[str, st.SearchStrategy[Any]] = {
    "user_id": st.sampled_from(["alice", "bob"]) | st.just(_whoever),
    "agent_id": st.none() | TEXTS,
    "mode": st.sampled_from(["both", "static_control", "agent_control"]),
    "top_k": _LIMITS,
    "threshold": st.none() | st.floats(0, 1),
    "texts": st.builds(NoteTexts),
    "token_budget": st.integers(0, 3_000),
    "count_tokens": st.none() | st.just(len),
    "search_timeout": _SECONDS,
    "write_timeout": _SECONDS,
    "await_write": st.booleans(),
    "emit_hint_event": st.booleans(),
    "extract": st.booleans(),
    "profile": st.booleans(),
    "extra_tools": st.lists(st.sampled_from(["update_memory", "forget_memory"]), max_size=2),
    "tool_prefix": st.none() | st.sampled_from(["a_", "b", "1", ""]),
    "settings": st.none() | st.builds(OutboxSettings),
    "outbox": st.none() | st.builds(OutboxSettings),
}
_MADE = (MemoryMiddleware, Mem0Middleware, Mem0Backend, QueuedBackend.open, EngineBackend)
_OTHERS = (OutboxSettings, LocalEmbedder, NoteTexts)


@pytest.fixture(scope="module")
def given_once() -> Any:
    """What stands for parameters that can't be drawn: a memory's backend, a folder, a model."""
    from remanence.testing.embedding import ScriptedEmbeddingModel
    from remanence.testing.models import ScriptedChatModel

    class Backend(EngineBackend):
        """One whose memory nobody opened."""

        def __init__(self) -> None:
            pass

    with tempfile.TemporaryDirectory() as folder:
        yield {
            "backend": Backend(),
            "data_dir": folder,
            "path": str(Path(folder) / "queue.db"),
            "service": ScriptedService(),
            "memory": Memory.open(Path(folder) / "memory.db"),
            "chat_model": ScriptedChatModel(["yes"]),
            "embedding_model": ScriptedEmbeddingModel(16),
        }


def _arguments(
    make: Callable[..., Any], known: Mapping[str, Any]
) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, parameter in inspect.signature(make).parameters.items():
        into = required if parameter.default is inspect.Parameter.empty else optional
        if name in known:
            meant = st.just(known[name])
            into[name] = st.one_of(meant, meant, meant, meant, meant, ANYTHING)
        else:
            into[name] = or_anything(_MEANT.get(name, ANYTHING))
    return st.fixed_dictionaries(required, optional=optional)


@pytest.mark.parametrize("make", [*_MADE, *_OTHERS], ids=lambda make: make.__qualname__)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_it_is_made_or_refused(
    make: Callable[..., Any], given_once: Mapping[str, Any], data: st.DataObject
) -> None:
    arguments = data.draw(_arguments(make, given_once))
    try:
        make(**arguments)
    except RemanenceError as error:
        event("refused")
        assert str(error).strip()  # noqa: PT017 - it may be refused, or not
    except TypeError as error:  # as is documented of a client that has no coroutines
        assert str(error).startswith("client:")  # noqa: PT017
    else:
        event("made")
