"""Answers of models, checked against what they were asked for.

Errors name the place and the problem, never what stands there: they go to logs, and back to the
model.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from remanence.errors import BackendAnswerError

__all__ = [
    "Answer",
    "absent_if_blank",
    "as_list",
    "checked",
    "lowered",
    "one_line",
    "place_of",
    "schema_of",
]

_PROBLEMS = 3
"""So many of them are told at once."""
_KEPT = ("type", "description", "enum", "properties", "required", "items")
"""What every service understands of JSON schema; limits are told in descriptions."""
_UNTELLING = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK = frozenset({"", "null", "none", "n/a", "unknown"})


class Answer(BaseModel):
    """Base of what models are asked for; what they add is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


AnyAnswer = TypeVar("AnyAnswer", bound=Answer)


def checked(model: type[AnyAnswer], answer: object) -> AnyAnswer:
    """Return an answer, checked.

    Raises:
        BackendAnswerError: It isn't what was asked for.
    """
    if not isinstance(answer, Mapping):
        raise BackendAnswerError("the answer: is no JSON object")
    try:
        return model.model_validate(dict(cast("Mapping[Any, Any]", answer)))
    except ValidationError as error:
        problems = [_told(each) for each in error.errors(include_url=False, include_input=False)]
    except (RecursionError, ValueError):
        problems = ["the answer: can't be read"]
    raise BackendAnswerError("; ".join(problems[:_PROBLEMS]))


def place_of(*parts: str | int) -> str:
    """Return a place in an answer, as ``facts[2].kind``."""
    place = ""
    for part in parts:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return place


def one_line(value: object) -> object:
    """Return a string with single spaces for what is blank or can't be told; others as they are."""
    return " ".join(_UNTELLING.sub(" ", value).split()) if isinstance(value, str) else value


def absent_if_blank(value: object) -> object:
    """Return ``None`` for a string that only says that there is nothing, else what is given."""
    line = one_line(value)
    return None if isinstance(line, str) and line.casefold() in _BLANK else line


def lowered(value: object) -> object:
    """Return a string in lower case, as :func:`absent_if_blank` gives it, others as they are."""
    line = absent_if_blank(value)
    return line.casefold() if isinstance(line, str) else line


def as_list(value: object) -> object:
    """Return a single string as a list of it, nothing as an empty one, others as they are."""
    given = absent_if_blank(value)
    return [given] if isinstance(given, str) else [] if given is None else given


def schema_of(model: type[Answer]) -> dict[str, Any]:
    """Return the JSON schema that a model is given, all in one piece and as simple as can be."""
    return copy.deepcopy(_schema_of(model))


@functools.cache
def _schema_of(model: type[Answer]) -> dict[str, Any]:
    schema = model.model_json_schema()
    return _flat(schema, schema.get("$defs", {}))


def _flat(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _flat(
            {**parts[schema["$ref"].rpartition("/")[2]], **_without(schema, "$ref")}, parts
        )
    if "anyOf" in schema:
        given = next(each for each in schema["anyOf"] if each.get("type") != "null")
        return _flat({**given, **_without(schema, "anyOf")}, parts)
    flat = {key: schema[key] for key in _KEPT if key in schema}
    if "properties" in flat:
        flat.pop("description", None)  # the class's, which is for whoever reads the code
        flat["properties"] = {name: _flat(each, parts) for name, each in flat["properties"].items()}
    if "items" in flat:
        flat["items"] = _flat(flat["items"], parts)
    return flat


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _told(error: ErrorDetails) -> str:
    return f"{place_of(*error['loc'])}: {error['msg'].removeprefix('Value error, ')}"
