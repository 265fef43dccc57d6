import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]
Write = Callable[..., Path]
Listed = Callable[..., list[dict[str, Any]]]

GOOD: dict[str, Any] = {"role": "user", "content": "I planted a quince.", "user_id": "alice"}


def test_every_field_arrives(remanence: Run, write_lines: Write, listed: Listed) -> None:
    record = {
        "role": "assistant",
        "content": "Noted\u2028verbatim. ",
        "name": "Robin",
        "at": "2026-03-01T09:30:00+05:30",
        "id": "m-1",
        "metadata": {"mood": ["calm", 3]},
        "user_id": "alice",
        "agent_id": "robin",
        "session_id": "s1",
    }
    remanence("import", write_lines(json.dumps(record, ensure_ascii=False)))
    (stored,) = listed("alice")
    expected = {**record, "message_id": record["id"]}
    del expected["id"]
    assert expected.items() <= stored.items()


def test_options_fill_in_what_a_record_lacks_and_never_override(
    remanence: Run, write_lines: Write, listed: Listed
) -> None:
    own = {"user_id": "bob", "agent_id": "robin", "session_id": "s1"}
    file = write_lines(
        {"role": "user", "content": "Nothing said.", "session_id": None},
        {"role": "user", "content": "All said.", **own},
    )
    remanence("import", file, "--user", "alice", "--agent", "wren", "--session", "s2")
    scope = ("user_id", "agent_id", "session_id")
    (filled,), (kept,) = listed("alice"), listed("bob")
    assert [filled[name] for name in scope] == ["alice", "wren", "s2"]
    assert [kept[name] for name in scope] == list(own.values())


def test_a_second_import_changes_nothing(
    remanence: Run, write_lines: Write, listed: Listed
) -> None:
    file = write_lines(GOOD, GOOD, {**GOOD, "session_id": "s"}, {**GOOD, "id": "own"})
    result = remanence("import", file)
    assert "4 messages (2 sessions, 1 user): 4 new, 0 already there" in result.stdout
    assert result.stderr == ""
    before = listed("alice")
    assert "0 new, 4 already there" in remanence("import", file).stdout
    assert listed("alice") == before
    assert [item["message_id"].partition(":")[0] for item in before] == [
        *("import", "import", "own", "import"),
    ]


def test_a_grown_and_mended_file_adds_only_what_is_new(
    remanence: Run, write_lines: Write, listed: Listed
) -> None:
    later = {**GOOD, "content": "It flowered."}
    remanence("import", write_lines(GOOD, '{"role"', later), "--skip-malformed")
    mended = {**GOOD, "content": "The mended line."}
    result = remanence("import", write_lines(GOOD, mended, later, {**GOOD, "role": "assistant"}))
    assert "2 new, 2 already there" in result.stdout
    assert len(listed("alice")) == 4


def test_the_same_id_twice_in_a_file_is_one_message(
    remanence: Run, write_lines: Write, listed: Listed
) -> None:
    file = write_lines({**GOOD, "id": "m"}, {**GOOD, "id": "m"})
    assert "1 new, 1 already there" in remanence("import", file).stdout
    assert len(listed("alice")) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"role": "user", "content"', "record: is not JSON"),
        ("[1]", "record: is not a JSON object"),
        ("9" * 5000, "record: can't be read"),
        ("[" * 100_000, "record: can't be read"),
        ({**GOOD, "speaker": "Al"}, "speaker: is no field of a message"),
        ({**GOOD, "colour": None}, "colour: is no field of a message"),
        ({"content": "x", "user_id": "a"}, "role: is missing"),
        ({"role": "user", "content": None, "user_id": "a"}, "content: is missing"),
        ({"role": "user", "content": "x"}, "user_id: is missing"),
        ({**GOOD, "role": "narrator"}, "role: is 'narrator'"),
        ({**GOOD, "role": ["user"]}, "role: is ['user']"),
        ({**GOOD, "content": " \n"}, "content: is empty"),
        ({**GOOD, "content": 7}, "content: is int, not a string"),
        ({**GOOD, "content": "a\0b"}, "content: contains a NUL character"),
        ({**GOOD, "content": "a\ud800b"}, "content: contains a lone surrogate"),
        ({**GOOD, "at": "2026-03-01T09:30:00"}, "without an offset from UTC"),
        ({**GOOD, "at": "2026-03-01"}, "without an offset from UTC"),
        ({**GOOD, "at": "yesterday"}, "at: is 'yesterday', no date and time"),
        ({**GOOD, "at": 1772357400}, "at: is 1772357400, not a string"),
        ({**GOOD, "name": " Al"}, "name: has white space at its ends"),
        ({**GOOD, "id": 3}, "id: is int, not a string"),
        ({**GOOD, "user_id": "*"}, "user_id: is the wildcard"),
        ({**GOOD, "session_id": ""}, "session_id: is empty"),
        ({**GOOD, "metadata": []}, "metadata: is list, not a mapping"),
        (json.dumps({**GOOD, "metadata": {"x": float("nan")}}), "metadata: can't be written"),
        ({**GOOD, "id": "first", "content": "Other."}, "id: 'first' is taken by another message"),
    ],
)
def test_one_malformed_record_leaves_the_database_untouched(
    remanence: Run,
    write_lines: Write,
    database: Path,
    listed: Listed,
    line: dict[str, Any] | str,
    reason: str,
) -> None:
    file = write_lines({**GOOD, "id": "first"}, "", line, {**GOOD, "content": "Last."})
    result = remanence("import", file, code=1)
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"error: {file}:3: ")
    assert reason in result.stderr
    assert not database.exists()

    result = remanence("import", file, "--skip-malformed")
    assert f"skipped {file}:3: " in result.stderr
    assert reason in result.stderr
    assert "Skipped 1 malformed record." in result.stderr
    assert "2 new" in result.stdout
    assert [item["content"] for item in listed("alice")] == [GOOD["content"], "Last."]


def test_an_id_that_the_database_has_with_another_content_stops_the_whole_import(
    remanence: Run, write_lines: Write, listed: Listed
) -> None:
    remanence("import", write_lines({**GOOD, "id": "m"}))
    file = write_lines({**GOOD, "content": "New."}, {**GOOD, "id": "m", "content": "Changed."})
    result = remanence("import", file, code=1)
    assert result.stderr.startswith("error: id: message 'm' is already stored")
    assert [item["content"] for item in listed("alice")] == [GOOD["content"]]


def test_nothing_good_in_it(remanence: Run, write_lines: Write, database: Path) -> None:
    file = write_lines("{", "[]")
    result = remanence("import", file, "--skip-malformed", code=1)
    assert "Skipped 2 malformed records." in result.stderr
    assert "there is no message to import in it" in result.stderr
    assert not database.exists()


def test_a_dry_run_reads_and_checks_only(
    remanence: Run, write_lines: Write, database: Path
) -> None:
    result = remanence("import", write_lines(GOOD), "--dry-run")
    assert result.stdout == "Would import 1 message (1 session, 1 user). Nothing was written.\n"
    result = remanence("import", write_lines(GOOD, "{"), "--dry-run", code=1)
    assert "chat.jsonl:2: " in result.stderr
    assert not database.exists()
