import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]
Listed = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def told(remanence: Run, write_lines: Callable[..., Path]) -> None:
    """Stores something old and something new of two users, and only something new of a third."""
    now = dt.datetime.now(dt.UTC)
    for user, ages in (("alice", (400, 3)), ("bob", (400, 3)), ("carol", (3,))):
        said = [
            {
                "role": "user",
                "content": f"It was {age} days ago.",
                "at": (now - dt.timedelta(days=age)).isoformat(),
            }
            for age in ages
        ]
        remanence("import", write_lines(*said), "--user", user)


@pytest.mark.usefixtures("told")
def test_what_is_too_old_goes_of_everybody(remanence: Run, listed: Listed) -> None:
    result = remanence("expire", "--older-than", "1y")
    assert result.stdout.splitlines() == [
        "alice  1 episode, 0 facts",
        "bob  1 episode, 0 facts",
    ]
    for user in ("alice", "bob", "carol"):
        assert [item["content"] for item in listed(user)] == ["It was 3 days ago."]
    again = remanence("expire", "--older-than", "1y")
    assert (again.stdout, again.stderr) == ("", "")  # cron mails what is printed


@pytest.mark.usefixtures("told")
def test_of_one_user_as_json(remanence: Run, listed: Listed) -> None:
    result = remanence(
        "expire", "--older-than", "48h", "--user", "bob", "--json", "--by", "nightly"
    )
    (receipt,) = map(json.loads, result.stdout.splitlines())
    assert (receipt["user_id"], receipt["episodes"], receipt["complete"]) == ("bob", 2, True)
    assert receipt["asked_by"] == "nightly"
    assert all(check["passed"] for check in receipt["checks"])
    assert listed("bob") == []
    assert len(listed("alice")) == 2


@pytest.mark.parametrize("age", ["", "old", "90", "-3d", "1.5d", "d", "0d", "99999y"])
def test_an_age_has_to_be_one(remanence: Run, age: str) -> None:
    assert "no age" in remanence("expire", "--older-than", age, code=2).output
