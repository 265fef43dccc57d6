from pathlib import Path

import pytest

from remanence import InputError
from remanence.cli.key import read_key

DIGITS = "0123456789abcdefABCDEF0123456789" * 2


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (DIGITS.encode(), bytes.fromhex(DIGITS)),
        (f"{DIGITS}\n".encode(), bytes.fromhex(DIGITS)),
        (f"{DIGITS}\r\n".encode(), bytes.fromhex(DIGITS)),
        (DIGITS[:40].encode(), DIGITS[:40]),
        (b"seven ducks\n", "seven ducks"),
        (b" seven ducks ", " seven ducks "),
        ("sieben Gänse\n".encode(), "sieben Gänse"),
    ],
)
def test_a_key_or_a_passphrase(tmp_path: Path, content: bytes, key: str | bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    assert read_key(file) == key


def test_a_key_that_others_may_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key"
    file.write_text(DIGITS)
    file.chmod(0o644)
    read_key(file)
    assert "chmod 600" in capsys.readouterr().err
    file.chmod(0o600)
    read_key(file)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("digits", [DIGITS[1:], DIGITS[:50], f"{DIGITS}ab"])
def test_a_key_of_another_length_is_no_passphrase(tmp_path: Path, digits: str) -> None:
    file = tmp_path / "key"
    file.write_text(digits)
    with pytest.raises(InputError, match=f"{len(digits)} hexadecimal digits"):
        read_key(file)


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n", b"\xff" * 32, b"x" * 5_000])
def test_a_file_without_a_key(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        read_key(file)


def test_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_key(tmp_path / "key")
    with pytest.raises(InputError, match="can't be read"):
        read_key(tmp_path)
