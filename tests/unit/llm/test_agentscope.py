"""AgentScope's own client, asking a local server, streaming and not."""

import asyncio
import copy
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("agentscope")

import openai
from agentscope.credential import OpenAICredential
from agentscope.message import Msg
from agentscope.model import OpenAIChatModel, StructuredResponse
from pydantic import SecretStr

from remanence.errors import BackendError, BackendUnavailableError
from remanence.llm import AgentScopeChatModel, Question, Usage
from remanence.testing.models import ScriptedChatModel, structured
from tests.mem0.serving import Answer
from tests.unit.llm.service import Said, Service, calling, failing, saying

pytestmark = pytest.mark.agentscope

KEY = "sk-not-to-be-told"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {"$ref": "#/$defs/Fact"},
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
    "$defs": {
        "Fact": {
            "type": "object",
            "properties": {"statement": {"type": "string"}, "turn": {"type": "integer"}},
            "required": ["statement", "turn"],
        }
    },
}
QUESTION = Question("Read.", "[1] Alice: I moved to Lisbon.", SCHEMA, "facts")
FACTS = {"facts": [{"statement": "Alice lives in Lisbon \u2013 榛子 {", "turn": 1}]}
TOLD = json.dumps(FACTS)
STUMBLES = {"BackendAnswerError", "BackendError"}
LOST = Answer(0, None, lost=True)
NO_TOOLS = failing(400, "m does not support tools")

Client = Callable[..., OpenAIChatModel]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.stop()


@pytest.fixture(params=[True, False], ids=["stream", "whole"])
async def client(service: Service, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Makes AgentScope's own client of the service, which gives up at once."""
    http = openai.DefaultAsyncHttpxClient(timeout=20)

    def make() -> OpenAIChatModel:
        return OpenAIChatModel(
            OpenAICredential(api_key=SecretStr(KEY), base_url=service.url),
            "gpt-4o-mini",
            stream=request.param,
            max_retries=0,
            client_kwargs={"max_retries": 0, "http_client": http},
        )

    yield make
    await http.aclose()


async def test_a_model_is_made_to_call_a_tool(service: Service, client: Client) -> None:
    service.answers = [calling(TOLD)]
    schema = copy.deepcopy(SCHEMA)
    answer = await AgentScopeChatModel(client()).ask(QUESTION)
    assert answer.data == FACTS
    assert answer.usage == Usage(input_tokens=11, output_tokens=3, calls=1)
    (asked,) = service.asked
    (tool,) = asked["tools"]
    assert asked["tool_choice"]["function"]["name"] == tool["function"]["name"]
    assert list(tool["function"]["parameters"]["properties"]) == ["facts"]
    system, user = asked["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "Read." in str(system["content"])
    assert QUESTION.text in str(user["content"])
    assert schema == SCHEMA


@pytest.mark.parametrize(
    "data",
    [
        {"facts": [{"statement": "a", "turn": "1"}]},
        {"facts": [{"statement": "a", "turn": 1, "more": None}], "more": 1},
        {"facts": "none"},
        {"fact": []},
        {},
    ],
    ids=str,
)
async def test_what_is_not_as_the_schema_says_is_returned_as_it_is(
    service: Service, client: Client, data: dict[str, Any]
) -> None:
    service.answers = [calling(json.dumps(data))]
    answer = await AgentScopeChatModel(client()).ask(QUESTION)
    assert answer.data == data
    assert answer.usage.calls == 1


async def test_an_answer_in_text_is_an_answer(service: Service, client: Client) -> None:
    model = AgentScopeChatModel(client())
    service.answers = [saying(f"Here it is:\n```json\n{TOLD}\n```\nAnything else?"), calling(TOLD)]
    for _ in range(2):
        answer = await model.ask(QUESTION)
        assert (answer.data, answer.usage.calls) == (FACTS, 1)
    assert service.tools == [True, True]


async def test_a_model_that_calls_no_tools_is_asked_in_words(
    service: Service, client: Client
) -> None:
    model = AgentScopeChatModel(client())
    service.answers = [saying("Alice moved."), saying(TOLD), saying(TOLD)]
    first = await model.ask(QUESTION)
    assert first.data == FACTS
    assert first.usage == Usage(input_tokens=22, output_tokens=6, calls=2)
    second = await model.ask(QUESTION)
    assert (second.data, second.usage.calls) == (FACTS, 1)
    assert service.tools == [True, False, False]
    for body in service.asked[1:]:
        said = str(body["messages"][-1]["content"])
        assert QUESTION.text in said
        assert '"statement"' in said.replace("\\", "")


async def test_what_serves_no_tools_is_asked_in_words(service: Service, client: Client) -> None:
    model = AgentScopeChatModel(client())
    service.answers = [*[NO_TOOLS] * _ways(), saying(TOLD), saying(TOLD)]
    assert (await model.ask(QUESTION)).data == FACTS
    assert (await model.ask(QUESTION)).data == FACTS
    assert service.tools[-3:] == [True, False, False]


async def test_words_are_given_up_when_they_lead_nowhere(service: Service, client: Client) -> None:
    model = AgentScopeChatModel(client())
    service.answers = [saying("Well."), saying(TOLD), saying("I can't help."), calling(TOLD)]
    await model.ask(QUESTION)
    with pytest.raises(BackendError) as failed:
        await model.ask(QUESTION)
    assert type(failed.value).__name__ == "BackendAnswerError"
    assert (await model.ask(QUESTION)).data == FACTS
    assert service.tools == [True, False, False, True]


async def test_a_model_that_never_answers_in_json_is_asked_for_a_tool_again(
    service: Service, client: Client
) -> None:
    model = AgentScopeChatModel(client())
    service.otherwise = saying("I can't help with that.")
    for _ in range(2):
        with pytest.raises(BackendError) as failed:
            await model.ask(QUESTION)
        assert type(failed.value).__name__ == "BackendAnswerError"
    assert service.tools == [True, False, True, False]


@pytest.mark.parametrize(
    "arguments",
    [TOLD[:40], TOLD[:-1], "", "[]", "null", '"facts"', '{"facts": NaN}', "[" * 100_000],
    ids=lambda text: text[:20],
)
async def test_broken_arguments_are_never_taken_for_an_answer(
    service: Service, client: Client, arguments: str
) -> None:
    model = AgentScopeChatModel(client())
    service.answers = [calling(arguments), saying(TOLD[:40])]
    with pytest.raises(BackendError) as failed:
        await model.ask(QUESTION)
    assert type(failed.value).__name__ == "BackendAnswerError"
    assert "Lisbon" not in str(failed.value)
    service.answers = [calling(arguments), saying(TOLD), calling(TOLD)]
    assert (await model.ask(QUESTION)).data == FACTS
    assert (await model.ask(QUESTION)).data == FACTS
    assert service.tools == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("answer", "error", "seconds"),
    [
        (failing(429, "slow down", retry_after="7"), "Unavailable", 7),
        (failing(401, "who are you?"), "Unavailable", None),
        (failing(500, "oh"), "Unavailable", None),
        (LOST, "Unavailable", None),
        (saying(TOLD, cut=True), "Unavailable", None),
        (calling(TOLD, cut=True), "Unavailable", None),
        (failing(400, "the text is too long"), "Refused", None),
        (failing(404, "no such model"), "", None),
    ],
    ids=["429", "401", "500", "lost", "cut text", "cut call", "400", "404"],
)
async def test_what_a_server_says_is_understood(
    service: Service, client: Client, answer: Said | Answer, error: str, seconds: float | None
) -> None:
    model = AgentScopeChatModel(client())
    service.otherwise = answer
    with pytest.raises(BackendError) as failed:
        await model.ask(QUESTION)
    assert type(failed.value).__name__ == f"Backend{error}Error"
    assert str(failed.value).startswith("the chat model: ")
    assert getattr(failed.value, "retry_after", None) == seconds
    assert KEY not in str(failed.value)
    assert failed.value.__cause__ is not None
    assert all(service.tools)
    service.otherwise = calling(TOLD)
    assert (await model.ask(QUESTION)).data == FACTS


@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        (Answer(200, None, raw="{{{"), {"BackendAnswerError"}),
        (Answer(200, {"error": "all wrong"}), {"BackendAnswerError"}),
        (Answer(200, {"choices": []}), {"BackendAnswerError"}),
        # A client that does not stream takes these for answers, and stumbles.
        (Answer(200, None, raw="<html>Hi</html>", kind="text/html"), STUMBLES),
        (Answer(200, None, raw="data: {{{\n\n", kind="text/event-stream"), STUMBLES),
        (Answer(200, None, raw="", kind="text/event-stream"), STUMBLES),
    ],
    ids=["no JSON", "other JSON", "no choices", "a page", "no events", "nothing"],
)
async def test_what_is_no_answer_of_a_chat_model_is_an_error(
    service: Service, client: Client, answer: Answer, errors: set[str]
) -> None:
    model = AgentScopeChatModel(client())
    service.otherwise = answer
    with pytest.raises(BackendError) as failed:
        await model.ask(QUESTION)
    assert type(failed.value).__name__ in errors
    service.otherwise = calling(TOLD)
    assert (await model.ask(QUESTION)).data == FACTS


async def test_half_a_character_does_not_keep_a_question_from_being_asked(
    service: Service, client: Client
) -> None:
    odd = Question("Read \ud83e.", "Alice \ud83e moved.", SCHEMA, "facts")
    service.answers = [calling(TOLD), saying("Well."), saying(TOLD)]
    model = AgentScopeChatModel(client())
    assert (await model.ask(odd)).data == FACTS
    assert (await model.ask(odd)).data == FACTS
    for body in service.asked:
        assert "Alice ? moved." in str(body["messages"][-1]["content"])


async def test_a_call_is_tried_as_often_as_the_model_says(service: Service, client: Client) -> None:
    asked = client()
    asked.max_retries = 2
    asked.retry_delay = 0
    service.otherwise = failing(429, "slow down")
    with pytest.raises(BackendUnavailableError):
        await AgentScopeChatModel(asked).ask(QUESTION)
    assert len(service.asked) == 3


async def test_a_server_that_is_not_there_is_unavailable(service: Service, client: Client) -> None:
    service.server.stop()
    with pytest.raises(BackendUnavailableError):
        await AgentScopeChatModel(client()).ask(QUESTION)


@pytest.mark.parametrize("said", [[], [saying("Well.")]], ids=["called", "in words"])
async def test_whoever_is_cancelled_is_cancelled(
    service: Service, client: Client, said: list[Said]
) -> None:
    service.answers = [*said]
    asking = asyncio.ensure_future(AgentScopeChatModel(client()).ask(QUESTION))
    for _ in range(len(said) + 1):
        await asyncio.to_thread(service.arrived.acquire, timeout=20)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await AgentScopeChatModel(client()).ask(QUESTION)


async def test_a_call_that_ends_early_by_itself_has_failed() -> None:
    def interrupted(_: list[Msg]) -> BaseException:
        return asyncio.CancelledError()

    model = AgentScopeChatModel(ScriptedChatModel(interrupted))
    if _ways() == 1:  # AgentScope lets it through, as it came
        with pytest.raises(asyncio.CancelledError):
            await model.ask(QUESTION)
    else:
        with pytest.raises(BackendError):
            await model.ask(QUESTION)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("choices"), "the chat model: KeyError: 'choices'"),
        (IndexError("list index out of range"), "the chat model: IndexError: list index out of"),
        (ValueError("nonsense"), "the chat model: ValueError: nonsense"),
        (ValueError("nonsense was sent"), "the chat model: nonsense was sent"),
        (KeyError(), "the chat model: KeyError"),
    ],
    ids=repr,
)
async def test_an_error_whose_text_says_nothing_is_told_by_name(
    error: Exception, told: str
) -> None:
    with pytest.raises(BackendError) as failed:
        await AgentScopeChatModel(ScriptedChatModel([error])).ask(QUESTION)
    assert str(failed.value).startswith(told)
    assert str(failed.value).count(type(error).__name__) == (0 if "was sent" in told else 1)


async def test_a_model_may_have_a_way_of_its_own() -> None:
    class Native(ScriptedChatModel):
        async def generate_structured_output(self, *_: Any, **__: Any) -> StructuredResponse:
            return StructuredResponse(content=FACTS)

    model = Native()
    assert (await AgentScopeChatModel(model).ask(QUESTION)).data == FACTS
    assert model.calls == []


async def test_a_model_that_asks_again_whatever_happens_is_asked_once() -> None:
    class Stubborn(ScriptedChatModel):
        async def generate_structured_output(self, *args: Any, **more: Any) -> StructuredResponse:
            for _ in range(3):
                try:
                    return await super().generate_structured_output(*args, **more)  # pyright: ignore[reportUnknownMemberType] - takes a dict of anything
                except Exception:  # noqa: S112 - as stubborn as can be
                    continue
            raise RuntimeError("three times is enough")

    model = Stubborn(lambda _: structured(FACTS))
    assert (await AgentScopeChatModel(model).ask(QUESTION)).data == FACTS
    assert len(model.calls) == 1


async def test_a_schema_is_the_askers_own() -> None:
    class Spoiling(ScriptedChatModel):
        async def _call_api(
            self, model_name: str, messages: Any, tools: Any = None, *args: Any, **more: Any
        ) -> Any:
            tools[0]["function"]["parameters"]["properties"].clear()
            return await super()._call_api(model_name, messages, tools, *args, **more)

    schema = copy.deepcopy(SCHEMA)
    question = Question("Read.", "Alice moved.", schema, "facts")
    await AgentScopeChatModel(Spoiling([structured(FACTS)])).ask(question)
    assert schema == SCHEMA


async def test_a_model_is_left_as_it_is() -> None:
    model = ScriptedChatModel([structured(FACTS), "Hello!"], stream=True)
    before = dict(vars(model))
    answer = await AgentScopeChatModel(model).ask(QUESTION)
    assert (answer.data, answer.usage) == (FACTS, Usage(calls=1))
    assert dict(vars(model)) == before
    assert len(model.calls) == 1


async def test_identity_is_of_the_model(client: Client) -> None:
    assert AgentScopeChatModel(client()).identity == "agentscope:OpenAIChatModel:gpt-4o-mini"
    assert AgentScopeChatModel(ScriptedChatModel()).identity == (
        "agentscope:ScriptedChatModel:scripted"
    )


_LOOPS = """
import asyncio, sys, threading
from agentscope.credential import OpenAICredential
from agentscope.model import OpenAIChatModel
from remanence.llm import AgentScopeChatModel, Question

credential = OpenAICredential(api_key="key", base_url=sys.argv[1])
model = AgentScopeChatModel(
    OpenAIChatModel(credential, "m", stream=sys.argv[2] == "stream", retry_delay=0)
)

async def ask():
    question = Question("Read.", "Alice moved.", {"type": "object"}, "facts")
    for answer in await asyncio.gather(model.ask(question), model.ask(question)):
        assert answer.data == {"facts": []}

def many():
    for _ in range(3):
        asyncio.run(ask())

threads = [threading.Thread(target=many) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(30)
many()
print("served")
"""


# In a process of its own: the client leaves sockets of event loops that are gone to the collector.
@pytest.mark.parametrize("how", ["stream", "whole"])
def test_a_real_client_serves_several_event_loops(
    service: Service, run_python: Callable[..., subprocess.CompletedProcess[str]], how: str
) -> None:
    service.otherwise = calling('{"facts": []}')
    done = run_python("-c", _LOOPS, service.url, how)
    assert done.stdout == "served\n", done.stderr
    assert "AssertionError" not in done.stderr
    assert "Exception in thread" not in done.stderr


def _ways() -> int:
    """In how many ways AgentScope asks for structured output before it gives up."""
    from agentscope.model import ChatModelBase

    return 3 if hasattr(ChatModelBase, "_get_disable_thinking_kwargs") else 1
