"""What the values of an archive look like, and what is said of those that don't."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from remanence.errors import InputError
from remanence.validation import check_at

__all__ = ["Count", "Id", "Number", "Time", "what_is_wrong"]

_MOST = 2**40
"""Far more than anybody has, and far from the end of 64-bit integers."""


_LONGEST_NAME = 100


def _time(value: object) -> dt.datetime:
    if isinstance(value, dt.datetime):  # about to be written
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("time", "is not a string")
    try:
        return check_at("at", dt.datetime.fromisoformat(value))
    except InputError as error:
        raise PydanticCustomError("time", "{problem}", {"problem": error.problem}) from None
    except ValueError:
        raise PydanticCustomError("time", "is no date and time in ISO 8601") from None


Time = Annotated[
    dt.datetime,
    PlainValidator(_time),
    PlainSerializer(dt.datetime.isoformat, return_type=str),
]
Number = Annotated[int, Field(ge=1, le=_MOST)]
Count = Annotated[int, Field(ge=0, le=_MOST)]
_HEX = "[0-9a-f]"
Id = Annotated[
    str,
    StringConstraints(pattern=rf"^{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}$"),
]


def what_is_wrong(error: ValidationError) -> tuple[str, str]:
    """Return the first field that is not acceptable, and why; nothing of its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "record"
    return field[:_LONGEST_NAME], first["msg"][:1].lower() + first["msg"][1:]
