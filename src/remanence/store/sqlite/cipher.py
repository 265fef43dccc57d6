"""How a file is encrypted: in the format of SQLCipher 4, which several programs can read.

Each page is encrypted with AES-256, under a nonce of its own, and carries a code (HMAC-SHA512) by
which a page is noticed that was changed; the write-ahead log holds such pages as well. A passphrase
becomes a key by PBKDF2 with the file's salt, its first 16 bytes. That takes a tenth of a second, so
it is done once for all connections of a store.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from remanence.errors import CannotEncryptError, InputError, StoreKeyError

__all__ = ["PLAIN", "SWAP", "Cipher", "Key", "can_encrypt", "check_build", "salt_of"]

Key = bytes | str
"""A key of 32 bytes, or a passphrase."""

SWAP = "pip uninstall -y apsw apsw-sqlite3mc && pip install apsw-sqlite3mc"
"""Puts the build of SQLite that can encrypt in the place of the one that can't."""

_KEY_BYTES = 32
_SALT_BYTES = 16
_ITERATIONS = 256_000  # SQLCipher 4's
PLAIN = b"SQLite format 3\x00"
"""What a file begins with that is not encrypted."""

_SCHEME = "sqlcipher"
_VERSION = 4


def can_encrypt() -> bool:
    """Return whether the installed build of SQLite can encrypt."""
    return hasattr(apsw, "mc_version")


def check_build(path: Path) -> None:
    """Refuse to open a file with a key where nothing can encrypt.

    Raises:
        CannotEncryptError: The installed build of SQLite can't encrypt.
    """
    if not can_encrypt():
        raise CannotEncryptError(
            f"{path} can't be opened with a key: the installed build of SQLite can't encrypt; "
            f"replace it: {SWAP}"
        )


def salt_of(connection: Any) -> bytes | None:
    """Return the salt that a connection's file begins with, or ``None`` if the file is empty.

    SQLite itself reads it: a process that closes a file loses its locks on it.
    """
    there, salt = connection.read("main", 0, 0, _SALT_BYTES)
    return salt if there else None


class Cipher:
    """A key, and what it does to a connection. It is never shown.

    Args:
        key: A passphrase, or 32 bytes.

    Raises:
        InputError: ``key`` is neither.
    """

    __slots__ = ("_derived", "_key")

    def __init__(self, key: Key) -> None:
        """Check the form of the key."""
        self._key = _checked(key)
        self._derived: dict[bytes, bytes] = {}

    def __repr__(self) -> str:
        return "Cipher()"

    def unlock(self, connection: Any, path: Path, salt: bytes | None) -> None:
        """Give the key to a connection that has not read anything.

        Args:
            connection: The connection.
            path: Its file, to be named in errors.
            salt: The file's salt; ``None`` if it is empty, and is to get one.

        Raises:
            CannotEncryptError: The installed build of SQLite did not take the key.
            StoreKeyError: The file is not encrypted, or with another key.
        """
        if salt == PLAIN:
            raise StoreKeyError(
                f"{path} is not encrypted, but a key was given; leave the key out, or encrypt the "
                "file: remanence rekey --new-key-file FILE"
            )
        salt = salt or secrets.token_bytes(_SALT_BYTES)
        connection.pragma("cipher", _SCHEME)
        connection.pragma("legacy", _VERSION)
        connection.execute(f'PRAGMA key = "{self._literal(salt)}"', can_cache=False).fetchall()
        taken = connection.pragma("cipher_salt")
        if taken is None:
            raise CannotEncryptError(
                f"{path} can't be opened with a key: the installed build of SQLite did not take "
                "it; upgrade it: pip install --upgrade apsw-sqlite3mc"
            )
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            opened = taken == salt.hex().upper()  # another one if somebody has begun the file since
        except apsw.NotADBError:
            opened = False
        if not opened:
            raise StoreKeyError(
                f"the key does not open {path}: it is another file's, or the file is damaged, or "
                "not encrypted by Remanence; give the key that the file was made with"
            )

    def location(self, path: Path) -> tuple[str, bytes]:
        """Return the name by which SQLite makes a new encrypted file, and what that begins with.

        The name holds the key.

        Args:
            path: The file.
        """
        salt = secrets.token_bytes(_SALT_BYTES)
        key = quote(self._literal(salt), safe="")
        return f"file:{quote(str(path))}?cipher={_SCHEME}&legacy={_VERSION}&key={key}", salt

    def _literal(self, salt: bytes) -> str:
        return f"x'{self._bytes(salt).hex()}{salt.hex()}'"

    def _bytes(self, salt: bytes) -> bytes:
        if isinstance(self._key, bytes):
            return self._key
        if salt not in self._derived:
            self._derived[salt] = hashlib.pbkdf2_hmac(
                "sha512", self._key.encode(), salt, _ITERATIONS, _KEY_BYTES
            )
        return self._derived[salt]


def _checked(key: object) -> Key:
    """Return a key of good form; what is wrong is told without showing it."""
    if isinstance(key, bytes):
        if len(key) != _KEY_BYTES:
            raise InputError(
                "key", f"has {len(key)} bytes", "give 32 random bytes, or a passphrase as a string"
            )
        return key
    if not isinstance(key, str):
        raise InputError(
            "key", f"is of type {type(key).__name__}", "give a passphrase, or 32 random bytes"
        )
    if not key.strip():
        raise InputError("key", "is empty", "give a passphrase, or 32 random bytes")
    try:
        key.encode()
    except UnicodeEncodeError:
        problem = "contains a lone surrogate, which is not a character"
    else:
        return key
    raise InputError("key", problem, "give a passphrase, or 32 random bytes")
