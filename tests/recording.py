"""What was traced and counted, kept in memory by the real OpenTelemetry SDK.

The SDK's providers can be set once in a process, so all tests share these.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

__all__ = ["Recording", "recording"]

Attributes = frozenset[tuple[str, object]]


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """What happened since it began."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    before: dict[tuple[str, Attributes], int | float]

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """Return the spans that ended, in order; only those of a name if one is given."""
        return [span for span in self.exporter.get_finished_spans() if name in (None, span.name)]

    def counted(self, name: str, **attributes: object) -> int | float:
        """Return by how much a counter has grown."""
        key = (name, frozenset(attributes.items()))
        return _totals(self.reader).get(key, 0) - self.before.get(key, 0)


@contextmanager
def recording() -> Generator[Recording]:
    """Record what a block does."""
    exporter, reader = _sdk()
    exporter.clear()
    try:
        yield Recording(exporter, reader, _totals(reader))
    finally:
        exporter.clear()


@functools.cache
def _sdk() -> tuple[InMemorySpanExporter, InMemoryMetricReader]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
    return exporter, reader


def _totals(reader: InMemoryMetricReader) -> dict[tuple[str, Attributes], int | float]:
    """Return the counters' totals, by name and attributes."""
    data = reader.get_metrics_data()
    return {
        (metric.name, frozenset((point.attributes or {}).items())): point.value
        for resource in (data.resource_metrics if data is not None else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint)
    }
