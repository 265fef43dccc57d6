import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]
Listed = Callable[..., list[dict[str, Any]]]

SAMPLES: list[dict[str, Any]] = [
    {
        "sample_id": "garden",
        "qa": [{"question": "What did Ines plant?", "evidence": ["D1:1"]}],
        "conversation": {
            "speaker_a": "Ines",
            "speaker_b": "Paul",
            "session_10_date_time": "12:05 am on 1 March, 2024",
            "session_10": [{"speaker": "Paul", "dia_id": "D10:1", "text": "Happy spring!"}],
            "session_2_date_time": "1:56 pm on 8 May, 2023",
            "session_2": [
                {"speaker": "Ines", "dia_id": "D2:1", "text": "I planted a quince."},
                {
                    "speaker": "Paul",
                    "dia_id": "D2:2",
                    "text": "Look at mine.",
                    "img_url": ["https://example.org/quince.jpg"],
                    "blip_caption": "a photo of a yellow fruit",
                    "query": "quince",
                },
                {
                    "speaker": "Ines",
                    "dia_id": "D2:3",
                    "text": "",
                    "img_url": ["https://example.org/1.jpg", "https://example.org/2.jpg"],
                    "blip_caption": "two trees",
                },
            ],
            "session_11_date_time": "1:00 pm on 2 March, 2024",
        },
    },
    {
        "sample_id": "boat",
        "conversation": {
            "session_2_date_time": "9:00 am on 1 June, 2023",
            "session_2": [{"speaker": "Kim", "dia_id": "D2:1", "text": "The boat leaks."}],
        },
    },
]


@pytest.fixture
def samples() -> list[dict[str, Any]]:
    return copy.deepcopy(SAMPLES)


@pytest.fixture
def write_samples(tmp_path: Path) -> Callable[[object], Path]:
    def write(document: object) -> Path:
        path = tmp_path / "samples.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


Write = Callable[[object], Path]


def test_turns_become_messages(
    remanence: Run, write_samples: Write, listed: Listed, samples: list[dict[str, Any]]
) -> None:
    file = write_samples(samples)
    result = remanence("import", file, "--agent", "robin")
    assert "Imported 5 messages (3 sessions, 2 users): 5 new" in result.stdout
    planted, mine, trees, spring = listed("garden")
    assert (
        planted.items()
        >= {
            "session_id": "session_2",
            "agent_id": "robin",
            "role": "user",
            "name": "Ines",
            "content": "I planted a quince.",
            "at": "2023-05-08T13:56:00+00:00",
            "message_id": "D2:1",
            "metadata": {"dia_id": "D2:1", "sample_id": "garden"},
        }.items()
    )
    assert mine["content"] == "Look at mine. [shares a photo of a yellow fruit]"
    assert mine["at"] == "2023-05-08T13:57:00+00:00"
    assert mine["metadata"] == {
        "dia_id": "D2:2",
        "sample_id": "garden",
        "image_url": "https://example.org/quince.jpg",
        "caption": "a photo of a yellow fruit",
    }
    assert trees["content"] == "[shares two trees]"
    assert len(trees["metadata"]["image_url"]) == 2
    # Sessions come in the order of their numbers, not of the file.
    assert (spring["session_id"], spring["at"]) == ("session_10", "2024-03-01T00:05:00+00:00")
    assert "0 new, 5 already there" in remanence("import", file, "--agent", "robin").stdout


def test_several_samples_for_one_user_keep_their_sessions_apart(
    remanence: Run, write_samples: Write, listed: Listed, samples: list[dict[str, Any]]
) -> None:
    remanence("import", write_samples(samples), "--user", "alice")
    assert {item["session_id"] for item in listed("alice")} == {
        "garden/session_2",
        "garden/session_10",
        "boat/session_2",
    }


def test_one_sample_for_a_user_keeps_its_session_names(
    remanence: Run, write_samples: Write, listed: Listed, samples: list[dict[str, Any]]
) -> None:
    remanence("import", write_samples(samples[1:]), "--user", "alice")
    assert [item["session_id"] for item in listed("alice")] == ["session_2"]


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(turn: dict[str, Any]) -> None:
        del turn[name]

    return change


def _with(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda turn: turn.update(fields)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without("text"), "text: is missing"),
        (_without("speaker"), "speaker: is missing"),
        (_without("dia_id"), "dia_id: is missing"),
        (_with(text=" "), "text: is empty"),
        (_with(text=["x"]), "text: is list, not a string"),
        (_with(dia_id=7), "dia_id: is int, not a string"),
        (_with(speaker=""), "speaker: is empty"),
        (_with(blip_caption=7), "blip_caption: is int"),
        (_with(dia_id="D2:2"), "id: 'D2:2' is taken by another message, at [0].conversation"),
    ],
)
def test_a_malformed_turn_is_named_by_its_path(
    remanence: Run,
    write_samples: Write,
    database: Path,
    samples: list[dict[str, Any]],
    change: Callable[[dict[str, Any]], None],
    reason: str,
) -> None:
    turn = {"speaker": "Ines", "dia_id": "D2:4", "text": "Goodbye."}
    change(turn)
    samples[0]["conversation"]["session_2"].append(turn)
    file = write_samples(samples)
    result = remanence("import", file, code=1)
    assert result.stderr.startswith("error: [0].conversation.session_2[3]: ")
    assert reason in result.stderr
    assert not database.exists()
    result = remanence("import", file, "--skip-malformed")
    assert "skipped [0].conversation.session_2[3]: " in result.stderr
    assert "5 new" in result.stdout


@pytest.mark.parametrize(
    ("sample", "where", "reason"),
    [
        (7, "[0]: ", "sample: is not a JSON object"),
        ({"conversation": {}}, "[0]: ", "sample_id: is missing"),
        ({"sample_id": "x"}, "[0]: ", "conversation: is missing"),
        (
            {"sample_id": "x", "conversation": {"session_1": "hello"}},
            "[0].conversation.session_1: ",
            "session_1: is not a list",
        ),
        (
            {"sample_id": "x", "conversation": {"session_1": []}},
            "[0].conversation.session_1: ",
            "session_1_date_time: is missing",
        ),
        (
            {
                "sample_id": "x",
                "conversation": {"session_1": [], "session_1_date_time": "8 May 2023"},
            },
            "[0].conversation.session_1: ",
            "session_1_date_time: is '8 May 2023'",
        ),
        (
            {
                "sample_id": "x",
                "conversation": {
                    "session_1": ["hello"],
                    "session_1_date_time": "1:56 pm on 8 May, 2023",
                },
            },
            "[0].conversation.session_1[0]: ",
            "turn: is not a JSON object",
        ),
    ],
)
def test_a_malformed_sample_or_session(
    remanence: Run,
    write_samples: Write,
    samples: list[dict[str, Any]],
    sample: object,
    where: str,
    reason: str,
) -> None:
    file = write_samples([sample, *samples])
    result = remanence("import", file, code=1)
    assert result.stderr.startswith(f"error: {where}{reason}")
    result = remanence("import", file, "--skip-malformed")
    assert "Skipped 1 malformed record." in result.stderr
    assert "5 new" in result.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[\n{"sample_id": \n', "samples.json:3: JSON: Expecting value"),
        ("{}", "samples.json: document: is not a list of samples"),
        ("[" * 100_000, "samples.json: JSON: can't be read"),
        ("[]", "there is no message to import in it"),
    ],
)
def test_a_document_of_another_shape(
    remanence: Run, tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "samples.json"
    file.write_text(text, encoding="utf-8")
    result = remanence("import", file, "--format", "locomo", code=1)
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_session_name_does_not_go_with_locomo(
    remanence: Run, write_samples: Write, samples: list[dict[str, Any]]
) -> None:
    result = remanence("import", write_samples(samples), "--session", "s", code=1)
    assert "error: --session: does not go with LoCoMo" in result.stderr
