"""AgentScope's models as embedders: the scripted one, and its own client of a local server."""

import asyncio
import math
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("agentscope")

from agentscope.credential import OpenAICredential
from agentscope.embedding import OpenAIEmbeddingModel
from pydantic import SecretStr

from remanence.embed import AgentScopeEmbedder
from remanence.errors import (
    BackendAnswerError,
    BackendError,
    BackendRefusedError,
    BackendUnavailableError,
    DimensionError,
)
from remanence.testing.embedding import Embedded, ScriptedEmbeddingModel
from tests.mem0.serving import Answer, Request, Server

pytestmark = pytest.mark.agentscope

KEY = "sk-not-to-be-told"

Client = Callable[..., OpenAIEmbeddingModel]


def _vectors(data: list[dict[str, Any]]) -> Answer:
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer(200, {"object": "list", "data": data, "model": "m", "usage": usage})


class Service:
    """An OpenAI-compatible server.

    Attributes:
        inputs: The texts of each request.
        answers: What is answered next, in place of vectors.
        url: Where it is.
    """

    def __init__(self) -> None:
        self.inputs: list[list[str]] = []
        self.answers: list[Answer] = []
        self.server = Server(self._respond)
        self.server.start()
        self.url = f"{self.server.url}/v1"

    def _respond(self, request: Request) -> Answer:
        assert request.path == "/v1/embeddings"
        texts: list[str] = request.body["input"]
        self.inputs.append(texts)
        if self.answers:
            return self.answers.pop(0)
        size: int = request.body["dimensions"]
        rows = [[3.0] + [0.0] * (size - 2) + [float(len(text))] for text in texts]
        data = [
            {"object": "embedding", "index": place, "embedding": row}
            for place, row in enumerate(rows)
        ]
        return _vectors(data)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.stop()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    """Makes AgentScope's own client of the service, which gives up at once."""
    made: list[OpenAIEmbeddingModel] = []

    def make(dimensions: int = 8) -> OpenAIEmbeddingModel:
        credential = OpenAICredential(api_key=SecretStr(KEY), base_url=service.url)
        model = OpenAIEmbeddingModel(
            credential, "text-embedding-3-small", dimensions, max_retries=0
        )
        model.client.max_retries = 0
        made.append(model)
        return model

    yield make
    for model in made:
        await model.client.close()


def _expected(text: str, size: int = 8) -> list[float]:
    length = math.hypot(3, len(text))
    return [3 / length] + [0.0] * (size - 2) + [len(text) / length]


async def test_a_real_client_is_asked_batch_by_batch(service: Service, client: Client) -> None:
    model = client()
    model.batch_size = 3
    embedder = AgentScopeEmbedder(model)
    texts = ["f" * number for number in range(1, 9)]
    vectors = await embedder.embed_documents(texts)
    assert np.allclose(vectors, [_expected(text) for text in texts])
    assert service.inputs == [texts[:3], texts[3:6], texts[6:]]
    assert np.allclose(await embedder.embed_query("falcon"), _expected("falcon"))
    assert (embedder.dimensions, embedder.batch) == (8, 3)


_LOOPS = """
import asyncio, sys, threading
import numpy as np
from agentscope.credential import OpenAICredential
from agentscope.embedding import OpenAIEmbeddingModel
from remanence.embed import AgentScopeEmbedder

credential = OpenAICredential(api_key="key", base_url=sys.argv[1])
embedder = AgentScopeEmbedder(OpenAIEmbeddingModel(credential, "m", 8, retry_delay=0))

async def ask(number):
    vectors = await asyncio.gather(
        embedder.embed_query("f" * number), embedder.embed_documents(["f" * number])
    )
    assert np.array_equal(vectors[0], vectors[1][0])
    assert np.allclose(vectors[0][0] / vectors[0][-1], 3 / number)

def one_after_the_other():
    for number in range(1, 5):
        asyncio.run(ask(number))

def in_turns():
    loops = [asyncio.new_event_loop() for _ in range(2)]
    for loop in loops:
        threading.Thread(target=loop.run_forever, daemon=True).start()
    for number in range(1, 9):
        asyncio.run_coroutine_threadsafe(ask(number), loops[number % 2]).result(30)

def at_once():
    threads = [threading.Thread(target=one_after_the_other) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

globals()[sys.argv[2]]()
print("served")
"""


# In a process of its own: the client leaves sockets of event loops that are gone to the collector.
@pytest.mark.parametrize("how", ["one_after_the_other", "in_turns", "at_once"])
def test_a_real_client_serves_several_event_loops(
    service: Service, run_python: Callable[..., subprocess.CompletedProcess[str]], how: str
) -> None:
    done = run_python("-c", _LOOPS, service.url, how)
    assert done.stdout == "served\n", done.stderr
    assert "AssertionError" not in done.stderr
    assert "Exception in thread" not in done.stderr


@pytest.mark.parametrize(
    ("answer", "error", "seconds"),
    [
        (Answer(429, {"error": {"message": "slow down"}}, retry_after="7"), "Unavailable", 7),
        (Answer(401, {"error": {"message": "who are you?"}}), "Unavailable", None),
        (Answer(500, {"error": {"message": "oh"}}), "Unavailable", None),
        (Answer(0, None, lost=True), "Unavailable", None),
        (Answer(400, {"error": {"message": "too long"}}), "Refused", None),
        (Answer(404, {"error": {"message": "no such model"}}), "", None),
        (_vectors([]), "Answer", None),
    ],
)
async def test_what_a_server_says_is_understood(
    service: Service, client: Client, answer: Answer, error: str, seconds: float | None
) -> None:
    model = client()
    embedder = AgentScopeEmbedder(model)
    service.answers.append(answer)
    with pytest.raises(BackendError) as failed:
        await embedder.embed_documents(["falcon"])
    assert type(failed.value).__name__ == f"Backend{error}Error"
    assert str(failed.value).startswith("the embedding model")
    assert getattr(failed.value, "retry_after", None) == seconds
    assert KEY not in str(failed.value)
    assert np.allclose(await embedder.embed_query("falcon"), _expected("falcon"))


async def test_a_server_that_is_not_there_is_unavailable(service: Service, client: Client) -> None:
    service.server.stop()
    with pytest.raises(BackendUnavailableError):
        await AgentScopeEmbedder(client()).embed_query("falcon")


async def test_identity_is_of_what_vectors_depend_on(client: Client) -> None:
    class Parameters(ScriptedEmbeddingModel.Parameters):
        task: str = "search"

    other = client()
    other.parameters = Parameters()
    embedders = [
        AgentScopeEmbedder(client()),
        AgentScopeEmbedder(client(4)),
        AgentScopeEmbedder(other),
        AgentScopeEmbedder(ScriptedEmbeddingModel(8)),
        AgentScopeEmbedder(client(), query_prefix="p"),
        AgentScopeEmbedder(client(), document_prefix="p"),
    ]
    identities = [embedder.identity for embedder in embedders]
    assert identities[0] == "agentscope:OpenAIEmbeddingModel:text-embedding-3-small:8"
    assert len(set(identities)) == len(identities)
    assert KEY not in str(identities)
    assert AgentScopeEmbedder(client()).identity == identities[0]


async def test_prefixes_go_in_front() -> None:
    model = ScriptedEmbeddingModel(8)
    embedder = AgentScopeEmbedder(model, query_prefix="query: ", document_prefix="passage: ")
    await embedder.embed_documents(["falcon", "otter"])
    await embedder.embed_query("falcon?")
    assert model.calls == [["passage: falcon", "passage: otter"], ["query: falcon?"]]


async def test_a_text_that_no_model_would_take_is_cut() -> None:
    model = ScriptedEmbeddingModel(8)
    model.context_size = 10
    await AgentScopeEmbedder(model).embed_documents(["falcons eat pigeons"])
    assert model.calls == [["falcons ea"]]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ([[1.0, 0.0]], BackendAnswerError),
        ([[1.0, 0.0]] * 3, BackendAnswerError),
        ([[1.0, 0.0, 0.0]] * 2, DimensionError),
        ([[1.0, 0.0], [1.0]], BackendAnswerError),
        ([[1.0, 0.0], None], BackendAnswerError),
        ([[1.0, 0.0], [math.nan, 0.0]], BackendAnswerError),
        ([[1.0, 0.0], [math.inf, 0.0]], BackendAnswerError),
        ([[1.0, 0.0], [0.0, 0.0]], BackendAnswerError),
        ([1.0, 0.0], BackendAnswerError),
        (OSError("no route"), BackendError),
        (ConnectionResetError(), BackendUnavailableError),
        (TimeoutError(), BackendUnavailableError),
        (
            RuntimeError('API error: {"status_code": 429, "message": "slow"}'),
            BackendUnavailableError,
        ),
        (RuntimeError('API error: {"status_code": 400, "message": "bad"}'), BackendRefusedError),
        (BackendRefusedError("never"), BackendRefusedError),
    ],
    ids=str,
)
async def test_what_is_of_no_use_is_told(answer: Any, error: type[Exception]) -> None:
    planned: list[Embedded] = [answer]
    embedder = AgentScopeEmbedder(ScriptedEmbeddingModel(2, script=planned))
    with pytest.raises(BackendError) as failed:
        await embedder.embed_documents(["falcon", "otter"])
    assert type(failed.value) is error
    assert (await embedder.embed_documents(["falcon", "otter"])).shape == (2, 2)


async def test_whoever_is_cancelled_is_cancelled() -> None:
    embedder = AgentScopeEmbedder(ScriptedEmbeddingModel(2, delay=60))
    asking = asyncio.ensure_future(embedder.embed_query("falcon"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_connections_of_event_loops_that_are_gone_are_given_up() -> None:
    """Clients hide that in errors of their own, once for each connection that they had."""
    gone = [RuntimeError("Event loop is closed"), RuntimeError("bound to a different event loop")]
    wrapped: list[Embedded] = []
    for cause in gone:
        hidden = ValueError("Connection error.")
        hidden.__cause__ = cause
        wrapped += [cause, hidden]
    model = ScriptedEmbeddingModel(2, script=wrapped)
    assert (await AgentScopeEmbedder(model).embed_query("falcon")).shape == (2,)
    assert len(model.calls) == 5
