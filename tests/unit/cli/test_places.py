import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from remanence.cli.database import Place
from remanence.errors import InputError
from remanence.location import shown


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("postgresql://ada@host/db", "postgresql://ada@host/db"),
        ("postgresql://ada:secret@host:5/db?a=b", "postgresql://ada@host:5/db?a=b"),
        ("postgresql://ada:se@cret@host/db", "postgresql://ada@host/db"),
        ("postgresql://host/db?a=b&password=secret", "postgresql://host/db?a=b"),
        ("postgresql:///db?sslpassword=secret&a=b", "postgresql:///db?a=b"),
        ("memory.db", "memory.db"),
    ],
)
def test_a_place_is_shown_without_its_password(location: str, told: str) -> None:
    assert shown(location) == str(Place.of(location)) == told
    assert "secret" not in repr(Place.of(location))


def test_a_server_is_no_file() -> None:
    place = Place.of("postgresql://ada:secret@host/db")
    assert place.is_server
    with pytest.raises(InputError, match="names a server: postgresql://ada@host/db"):
        place.file("why")
    assert Place.of("sqlite:///memory.db").file("why") == Path("memory.db")


@pytest.mark.parametrize("command", ["stats", "doctor", "migrate", "outbox status"])
def test_a_missing_extra_is_named(
    command: str, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    arguments = [*command.split(), "--db", "postgresql://ada@host/db"]
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        f"from remanence.cli.app import app; app({arguments})"
    )
    done = run_python("-c", program)
    assert done.returncode == 1
    assert 'pip install "remanence[postgres]"' in done.stderr
