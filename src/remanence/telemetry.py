"""What happens and what goes wrong, for whoever runs this: spans, counters, and a quiet log.

Spans and counters go to the OpenTelemetry API and cost next to nothing unless the application has
set up an SDK. Names, kinds and amounts are told, never what anybody said.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping

from opentelemetry import metrics, trace
from opentelemetry.trace import Span, Status, StatusCode

__all__ = ["Faults", "count", "span"]

_SCOPE = "remanence"
_QUIET_SECONDS = 60.0


@contextlib.contextmanager
def span(name: str, **attributes: str | int | float | bool) -> Generator[Span]:
    """Trace a block as ``remanence.NAME``; an exception that leaves it marks the span as failed.

    Args:
        name: What is done, in a word.
        attributes: What the span says about it, each as ``remanence.ATTRIBUTE``.
    """
    named = {f"remanence.{key}": value for key, value in attributes.items()}
    tracer = trace.get_tracer(_SCOPE)
    # The message of an error may quote what somebody said; its class does not.
    with tracer.start_as_current_span(
        f"remanence.{name}", attributes=named, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def count(name: str, amount: int = 1, **attributes: str | int | bool) -> None:
    """Add to the counter ``remanence.NAME``.

    Args:
        name: What is counted.
        amount: How many.
        attributes: What they have in common.
    """
    _counter(name).add(amount, attributes)


@functools.cache
def _counter(name: str) -> metrics.Counter:
    return metrics.get_meter(_SCOPE).create_counter(f"remanence.{name}")


class Faults:
    """Counts what went wrong, by kind, and says so in the log once a minute for each kind.

    Every fault is counted (here and in the counter ``remanence.faults``) and marks the current
    span; only the log leaves out repetitions, and tells how many it left out.

    Args:
        log: Where the warnings go.
        monotonic: The clock by which a minute passes, in seconds.

    Attributes:
        counts: How often what went wrong.
    """

    def __init__(
        self, log: logging.Logger, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing went wrong yet."""
        self.counts: Counter[str] = Counter()
        self._log = log
        self._monotonic = monotonic
        self._told: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        """Tell what was counted."""
        return f"Faults({dict(self.counts)})"

    def under(self, names: Mapping[str, str]) -> Faults:
        """Return what counts and logs here as well, some kinds under other names.

        Args:
            names: The name here of each kind that has another one there; others keep theirs.
        """
        return _Renamed(self, names)

    def record(self, kind: str, error: BaseException | str) -> None:
        """Count a fault; warn unless that was done for its kind within the last minute.

        Args:
            kind: What could not be done, in a word.
            error: Why.
        """
        reason = error if isinstance(error, str) else str(error) or type(error).__name__
        now = self._monotonic()
        with self._lock:
            self.counts[kind] += 1
            number = self.counts[kind]
            since, told = self._told.get(kind, (now - _QUIET_SECONDS, 0))
            warn = now - since >= _QUIET_SECONDS
            if warn:
                self._told[kind] = (now, number)
        count("faults", kind=kind)
        name = "" if isinstance(error, str) else type(error).__name__
        trace.get_current_span().add_event(
            "remanence.fault", {"remanence.kind": kind, "remanence.error": name}
        )
        if warn:
            left_out = number - told - 1
            again = f" (and {left_out} times more since the last warning)" if left_out else ""
            self._log.warning("memory fault (%s): %s%s", kind, reason, again)


class _Renamed(Faults):
    """Records with others, some kinds under other names."""

    def __init__(self, whole: Faults, names: Mapping[str, str]) -> None:
        self.counts = whole.counts
        self._whole = whole
        self._names = names

    def record(self, kind: str, error: BaseException | str) -> None:
        self._whole.record(self._names.get(kind, kind), error)
