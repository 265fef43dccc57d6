"""What is said of keys where no encrypted file can be opened."""

from pathlib import Path

import pytest

from remanence import InputError, Memory, NotADatabaseError
from remanence.errors import CannotEncryptError
from remanence.store.sqlite.cipher import can_encrypt
from remanence.store.sqlite.inspection import inspect
from remanence.store.sqlite.rekey import rekey


@pytest.mark.parametrize(
    "key", [b"", b"short", bytes(33), "", " \n", "\ud800secret", 5, ["secret"]]
)
def test_what_can_be_no_key(database: Path, key: object) -> None:
    with pytest.raises(InputError, match="passphrase") as refused:
        Memory.open(database, key=key)  # pyright: ignore[reportArgumentType] - on purpose
    assert refused.value.field == "key"
    assert "secret" not in str(refused.value)
    assert "short" not in str(refused.value)


@pytest.mark.skipif(can_encrypt(), reason="the installed build of SQLite can encrypt")
async def test_a_build_that_can_not_encrypt(database: Path) -> None:
    for key in (bytes(32), "a passphrase"):
        with pytest.raises(CannotEncryptError, match="pip install apsw-sqlite3mc"):
            async with Memory.open(database, key=key):
                pass
    with pytest.raises(CannotEncryptError, match="pip uninstall -y apsw"):
        rekey(database, key=None, new_key=bytes(32))
    assert list(database.parent.iterdir()) == []


def test_no_key_for_what_looks_encrypted(database: Path) -> None:
    database.write_bytes(bytes(range(256)) * 32)
    with pytest.raises(NotADatabaseError, match=r"or encrypted.*open it with its key"):
        inspect(database)
