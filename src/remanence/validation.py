"""Checks of values that come from outside; each failure names the field and the fix."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from remanence.errors import InputError

__all__ = [
    "MAX_CONTENT_CHARS",
    "MAX_ID_CHARS",
    "MAX_METADATA_CHARS",
    "check_amount",
    "check_at",
    "check_content",
    "check_count",
    "check_flag",
    "check_fraction",
    "check_identifier",
    "check_ids",
    "check_metadata",
    "check_unspaced_identifier",
]

MAX_CONTENT_CHARS = 1_000_000
MAX_ID_CHARS = 256
MAX_METADATA_CHARS = 65_536
_MOST_NESTED = 100
"""JSON that is nested much deeper can be written here and not be read where the stack is fuller."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def _check_encodable(field: str, value: str) -> None:
    if "\x00" in value:
        raise InputError(field, "contains a NUL character", "remove it: no store can keep it")
    if _SURROGATE.search(value):
        raise InputError(
            field,
            "contains a lone surrogate, which is not a character",
            "decode the text with errors='replace' before storing it",
        )


def check_identifier(field: str, value: object) -> str:
    """Return ``value`` if it can name a user, agent, session, message or speaker.

    Args:
        field: The name to give in the error.
        value: A string of 1 to 256 characters, without control characters, without white space
            at its ends, and not the wildcard ``*``.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(value, str):
        raise InputError(field, f"is {type(value).__name__}, not a string", "give a string")
    if not value.strip():
        raise InputError(field, "is empty", "give a non-empty string")
    if value.strip() != value:
        raise InputError(field, "has white space at its ends", "strip it")
    if value == "*":
        raise InputError(field, "is the wildcard '*'", "name one; no value here matches several")
    if len(value) > MAX_ID_CHARS:
        raise InputError(
            field, f"has {len(value)} characters", f"give at most {MAX_ID_CHARS} of them"
        )
    _check_encodable(field, value)
    if _CONTROL.search(value):
        raise InputError(field, "contains a control character", "remove it")
    return value


def check_unspaced_identifier(field: str, value: object) -> str:
    """Return ``value`` if it is an identifier without white space in it.

    Raises:
        InputError: It is something else.
    """
    name = check_identifier(field, value)
    if any(character.isspace() for character in name):
        raise InputError(field, "has white space in it", "put something else in its place")
    return name


def check_content(field: str, value: object) -> str:
    """Return ``value`` if it is a text that can be stored verbatim.

    Raises:
        InputError: It is no string, blank, longer than 1,000,000 characters, or has a NUL
            character or a lone surrogate in it.
    """
    if not isinstance(value, str):
        raise InputError(field, f"is {type(value).__name__}, not a string", "give a string")
    if not value.strip():
        raise InputError(field, "is empty", "give a text that is not blank")
    if len(value) > MAX_CONTENT_CHARS:
        raise InputError(
            field,
            f"has {len(value)} characters, more than {MAX_CONTENT_CHARS}",
            "split it into several messages",
        )
    _check_encodable(field, value)
    return value


def check_at(field: str, value: object) -> dt.datetime:
    """Return ``value`` if it is a timezone-aware ``datetime``.

    Raises:
        InputError: It is something else, naive, or within a day of the calendar's ends (where
            it could not be converted to UTC).
    """
    if not isinstance(value, dt.datetime):
        raise InputError(field, f"is {type(value).__name__}, not a datetime", "give a datetime")
    if value.tzinfo is None or value.utcoffset() is None:
        raise InputError(
            field,
            "is a datetime without a time zone",
            "attach one, as in datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)",
        )
    wall = value.replace(tzinfo=None)
    if not dt.datetime(1, 1, 3) <= wall <= dt.datetime(9999, 12, 29):  # noqa: DTZ001 - bounds only
        raise InputError(field, "is at the end of the calendar", "give a date of years 1 to 9999")
    return value


def check_flag(field: str, value: object) -> bool:
    """Return ``value`` if it is ``True`` or ``False``.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(value, bool):
        raise InputError(field, f"is {value!r}", "give True or False")
    return value


def check_count(field: str, value: object, *, least: int, most: int) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``most``.

    Raises:
        InputError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(field, f"is {value!r}, not a whole number", "give an int")
    if not least <= value <= most:
        raise InputError(field, f"is {value}", f"give a number from {least} to {most}")
    return value


def check_amount(field: str, value: object) -> float:
    """Return ``value`` if it is a number that is not negative.

    Raises:
        InputError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(field, f"is {value!r}", "give a number, 0 or more")
    return value


def check_fraction(field: str, value: object) -> float:
    """Return ``value`` if it is a number from 0 to 1.

    Raises:
        InputError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(field, f"is {value!r}, not a number", "give a number from 0 to 1")
    if not 0 <= value <= 1:
        raise InputError(field, f"is {value}", "give a number from 0 to 1")
    return value


def check_ids(field: str, value: object) -> list[str]:
    """Return ``value`` as a list if it is a collection of strings.

    Raises:
        InputError: It is something else, a single string included.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InputError(field, f"is {value!r}", "give a list of ids")
    ids = list(cast("Iterable[object]", value))
    for each in ids:
        if not isinstance(each, str):
            raise InputError(field, f"has {each!r} in it, not a string", "give ids as strings")
    return cast("list[str]", ids)


def check_metadata(field: str, value: object) -> str:
    """Return ``value`` as JSON text, if it is a mapping that JSON can hold.

    Raises:
        InputError: It is no mapping with string keys, holds something JSON has no form for
            (``NaN`` included), a NUL character or a lone surrogate, is nested deeper than 100
            levels, or is longer than 65,536 characters as JSON.
    """
    if not isinstance(value, Mapping):
        raise InputError(field, f"is {type(value).__name__}, not a mapping", "give a dict")
    if not value:
        return "{}"
    entries: dict[Any, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType] - checked below
    if any(not isinstance(key, str) for key in entries):
        raise InputError(field, "has a key that is not a string", "use strings as keys")
    try:
        text = json.dumps(entries, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(field, f"can't be written as JSON ({error})", "use JSON values") from error
    if len(text) > MAX_METADATA_CHARS:
        raise InputError(
            field,
            f"is {len(text)} characters of JSON",
            f"keep it below {MAX_METADATA_CHARS}",
        )
    if _is_nested_deeper(entries, _MOST_NESTED):
        raise InputError(field, f"is nested deeper than {_MOST_NESTED} levels", "make it flatter")
    if json.loads(text) != entries:
        raise InputError(
            field, "would not come back from JSON as it is", "use string keys, and lists for tuples"
        )
    if _SURROGATE.search(text) or _NUL_IN_JSON.search(text):
        raise InputError(field, "has a NUL character or a lone surrogate in it", "remove it")
    return text


def _is_nested_deeper(value: Mapping[Any, Any], levels: int) -> bool:
    level: list[Any] = [value]
    for _ in range(levels):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list | tuple)
            for inner in (each.values() if isinstance(each, Mapping) else each)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - anything
        ]
        if not level:
            return False
    return any(isinstance(each, Mapping | list | tuple) for each in level)
