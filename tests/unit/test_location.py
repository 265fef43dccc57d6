"""What names a store, what only nearly does, and that no password is ever shown."""

import pytest

from remanence import InputError, Memory
from remanence.location import is_server, path_of, shown


@pytest.mark.parametrize(
    "location",
    [
        "postgresql:memory",
        "postgres:/u:hunter2@h/d",
        "postgresql/u:hunter2@h/d",
        "host=127.0.0.1 password=hunter2",
        "dbname=memory",
        "user = alice host = h",
    ],
)
def test_what_is_nearly_a_servers_address_is_no_file(location: str) -> None:
    with pytest.raises(InputError, match="looks like a server's address") as caught:
        Memory.open(location)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("location", ["postgres.db", "./host=1.db", "my postgres:notes.db"])
def test_files_may_have_such_names(location: str) -> None:
    assert str(path_of(location)) == location.removeprefix("./")
    assert not is_server(location)


@pytest.mark.parametrize(
    "password", ["hun@ter2", "hun/ter2", "a@b@c", "hun/t@er2"], ids=["at", "slash", "ats", "both"]
)
def test_a_password_that_is_not_escaped_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(InputError, match=r"not escaped; .*%40") as caught:
        Memory.open(f"postgresql://alice:{password}@127.0.0.1/memory")
    assert not any(part in str(caught.value) for part in ("hun", "ter2", "a@b"))


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        ("postgresql://alice:secret@h/d", "postgresql://alice@h/d"),
        ("postgresql://alice:se@cret@h/d", "postgresql://alice@h/d"),
        ("postgresql://h/d?password=secret&sslmode=require", "postgresql://h/d?sslmode=require"),
        ("sqlite:///alice.db", "sqlite:///alice.db"),
    ],
)
def test_what_is_shown(location: str, seen: str) -> None:
    assert shown(location) == seen
