"""What a queued job carries: an exchange, or statements, as JSON that names its version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from remanence.backends.exchange import Exchange, exchange_from_json, exchange_to_json
from remanence.backends.service import Delivery
from remanence.errors import InputError
from remanence.store.jobs import LeasedJob
from remanence.types import Scope
from remanence.validation import check_content

__all__ = [
    "REMEMBER",
    "RETAIN",
    "delivery_of",
    "exchange_key",
    "exchange_payload",
    "statements_payload",
]

RETAIN = "retain"
"""The kind of a job that carries an exchange."""

REMEMBER = "remember"
"""The kind of a job that carries statements."""

_VERSION = 1


def exchange_key(exchange: Exchange, scope: Scope) -> str:
    """Return the key under which an exchange is queued.

    A queue's keys are those of a user; an exchange's tells it apart in its agent and session.
    """
    return _json([exchange.key, scope.agent_id, scope.session_id])


def exchange_payload(exchange: Exchange) -> str:
    """Return what a job that retains an exchange carries."""
    return _json(exchange_to_json(exchange))


def statements_payload(statements: Sequence[str]) -> str:
    """Return what a job that remembers statements carries.

    Raises:
        InputError: One of them is not a text that can be stored.
    """
    checked = [check_content("statements", statement) for statement in statements]
    return _json({"version": _VERSION, "statements": checked})


def delivery_of(leased: LeasedJob) -> Delivery:
    """Return what a queued job delivers.

    Raises:
        InputError: What it carries is damaged, or of a form that is not known here.
    """
    job = leased.job
    try:
        data: object = json.loads(leased.payload)
    except (ValueError, RecursionError) as error:
        raise InputError("payload", f"is not JSON ({error})", "drop the job") from error
    if job.kind == RETAIN:
        exchange = exchange_from_json(data)
        return Delivery(exchange.key, job.scope, exchange=exchange)
    if job.kind == REMEMBER:
        return Delivery(job.key, job.scope, statements=_statements(data))
    raise InputError("kind", f"is {job.kind!r}", "upgrade remanence, which may know that kind")


def _statements(data: object) -> tuple[str, ...]:
    record = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if record.get("version") != _VERSION:
        raise InputError(
            "payload",
            "is of a form that this version does not know",
            "upgrade the package: pip install --upgrade remanence",
        )
    statements: object = record.get("statements")
    if not isinstance(statements, list):
        raise InputError("payload", "is damaged (it has no statements)", "drop the job")
    return tuple(check_content("statements", each) for each in cast("list[object]", statements))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
