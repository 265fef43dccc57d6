import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.errors import BackendAnswerError
from remanence.llm import Question
from remanence.llm.words import in_words, object_in

FACTS = {"facts": [{"statement": 'a } " ``` { b', "turn": 1}, {"statement": "", "turn": 2}]}
TOLD = json.dumps(FACTS)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")) | st.sampled_from(["{}", '{"a": 1}', "</think>", '"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_objects = st.dictionaries(st.text(), _json, max_size=4)


@pytest.mark.parametrize(
    "text",
    [
        TOLD,
        f"\n{TOLD}\n",
        json.dumps(FACTS, indent=2),
        f"Here it is: {TOLD} Is there more?",
        f"```json\n{TOLD}\n```",
        f"```\n{TOLD}\n```\nand `code {{x}}` besides",
        f"In the form {{facts: [...]}} or [{{...}}], as asked: {TOLD}",
        f'As a list [{{"facts": []}}] it would be worse than {TOLD}',
        f'<think>Maybe {{"facts": []}}?</think>\n{TOLD}',
        f'Maybe {{"facts": []}}?\n</think>\n\n{TOLD}',
        f'{TOLD}\n{{"facts": []}}',
    ],
    ids=lambda text: text[:24],
)
def test_the_first_object_is_found(text: str) -> None:
    assert object_in(text) == FACTS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I can't help with that.",
        "[]",
        "null",
        f"[{TOLD}]",
        f"```json\n[{TOLD}, {TOLD}]\n```",
        '{"facts": [{"statement": "a"}, {"statement": ',
        '{"facts": [{"statement": "a"} {"statement": "b"}]}',
        '{"facts": Infinity}',
        "{'facts': []}",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a": "} {}',
    ],
    ids=lambda text: text[:24],
)
def test_there_is_no_object(text: str) -> None:
    with pytest.raises(BackendAnswerError, match=r"^the chat model's answer "):
        object_in(text)


def test_line_breaks_may_be_as_they_are() -> None:
    assert object_in('{"a": "one\n\ttwo"}') == {"a": "one\n\ttwo"}


@given(_objects, st.booleans(), st.sampled_from(["", "Here:\n```json\n", "So {it} is [1]: "]))
def test_any_object_is_found(data: dict[str, Any], ascii_only: bool, before: str) -> None:
    told = json.dumps(data, ensure_ascii=ascii_only)
    assert object_in(f"{before}{told}\n```\n") == data


@given(_objects, st.booleans(), st.data())
def test_what_breaks_off_is_no_object(data: dict[str, Any], ascii_only: bool, at: Any) -> None:
    told = json.dumps(data, ensure_ascii=ascii_only)
    part = told[: at.draw(st.integers(0, len(told) - 1))]
    with pytest.raises(BackendAnswerError):
        object_in(part)


def test_a_question_in_words_has_all_there_is_to_know() -> None:
    schema = {"type": "object", "properties": {"事实": {"type": "array"}}}
    said = in_words(Question("Read.", "Alice moved.", schema, "facts"))
    assert said.startswith("Alice moved.\n")
    assert said.endswith(json.dumps(schema, ensure_ascii=False))
    assert "(facts)" in said
