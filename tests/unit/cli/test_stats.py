import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("alice")


def test_of_everyone_and_of_one_user(remanence: Run, database: Path) -> None:
    fields = dict(line.split(maxsplit=1) for line in remanence("stats").stdout.splitlines())
    assert fields["database"] == str(database)
    assert (fields["users"], fields["sessions"], fields["episodes"]) == ("2", "3", "5")
    found = json.loads(remanence("stats", "--user", "alice", "--json").stdout)
    assert found["store_bytes"] > 0
    del found["store_bytes"]
    ours = dict.fromkeys(("unextracted", "model_calls", "input_tokens", "output_tokens"), 0)
    everyone = json.loads(remanence("stats", "--json").stdout)
    assert everyone.items() >= {"episodes": 5, **ours}.items()
    assert found == {
        "database": str(database),
        "users": 1,
        "sessions": 2,
        "episodes": 4,
        "facts": 0,
        "first_at": "2026-03-01T09:30:00+00:00",
        "last_at": "2026-07-10T18:00:00+00:00",
    }


def test_of_nobody(remanence: Run) -> None:
    output = remanence("stats", "--user", "nobody").stdout
    assert "users     0" in output
    assert "earliest  -" in output


def test_of_each_user(remanence: Run) -> None:
    lines = remanence("stats", "--by", "user").stdout.splitlines()
    assert [line.split()[-1] for line in lines] == ["user", "alice", "bob"]
    assert lines[0].split()[-3:-1] == ["last", "stored"]
    listed = remanence("stats", "--by", "user", "--sort", "bytes", "--limit", "1", "--json")
    (alice,) = map(json.loads, listed.stdout.splitlines())
    assert (alice["user_id"], alice["sessions"], alice["episodes"]) == ("alice", 2, 4)
    assert alice["text_bytes"] > 80
    assert alice["last_recorded_at"] > "2026-07-10T20"  # now, and not when it was said
    assert "raise --limit" in listed.stderr
    assert "Ghent" not in listed.output
    remanence("stats", "--by", "user", "--user", "alice", code=2)
