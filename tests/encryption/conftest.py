import secrets

import pytest

from remanence.store.sqlite.cipher import can_encrypt


@pytest.fixture(autouse=True)
def _build() -> None:  # pyright: ignore[reportUnusedFunction] - pytest uses it
    if not can_encrypt():
        pytest.skip("the installed build of SQLite can't encrypt; make test brings one that can")


@pytest.fixture
def key() -> bytes:
    return secrets.token_bytes(32)
