"""What the tests of OpenTelemetry share: providers that keep in memory all that is exported."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from attrs import define, field
from opentelemetry.instrumentation.aiohttp_client import create_trace_config
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cleverapp_async import CleverAppClient, ClientConfig, LimiterRegistry
from cleverapp_async.integrations.otel import OpenTelemetry
from cleverapp_async.simulator import SimulatorLimits
from tests.transport.rig import TOKEN, one_attempt

if TYPE_CHECKING:
    import aiohttp
    from opentelemetry.sdk.trace import ReadableSpan

FREE = SimulatorLimits.none()


@define
class Exported:
    """Everything that one program would export."""

    _spans: InMemorySpanExporter = field(factory=InMemorySpanExporter)
    _reader: InMemoryMetricReader = field(factory=InMemoryMetricReader)
    tracers: TracerProvider = field(factory=TracerProvider)
    telemetry: OpenTelemetry = field(init=False)
    meters: MeterProvider = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Tie the parts together."""
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader])
        self.telemetry = OpenTelemetry(self.tracers, self.meters)

    def client(
        self,
        base_url: str,
        *,
        config: ClientConfig | None = None,
        limits: LimiterRegistry | None = None,
        session: aiohttp.ClientSession | None = None,
        telemetry: OpenTelemetry | None = None,
    ) -> CleverAppClient:
        """A client that is observed, without limits, and tries once unless told otherwise."""
        return CleverAppClient(
            TOKEN,
            base_url=base_url,
            config=config or one_attempt(),
            limits=LimiterRegistry.unlimited() if limits is None else limits,
            session=session,
            telemetry=telemetry or self.telemetry,
        )

    def instrumented(self) -> aiohttp.TraceConfig:
        """What the instrumentation of aiohttp's client adds to a session."""
        given: dict[str, Any] = {"tracer_provider": self.tracers, "meter_provider": self.meters}
        # The lowest release that is tested has no metrics.
        known = inspect.signature(create_trace_config).parameters
        return create_trace_config(**{name: given[name] for name in given if name in known})

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """The spans that have ended, in that order: all, or those of a name."""
        ended = self._spans.get_finished_spans()
        return [span for span in ended if name in {None, span.name}]

    def points(self, name: str) -> list[Any]:
        """The points of a metric at this moment."""
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def everything(self) -> str:
        """All spans and all metrics as text."""
        data = self._reader.get_metrics_data()
        told = [span.to_json() for span in self._spans.get_finished_spans()]
        return "\n".join([*told, data.to_json() if data else ""])


def attributes(span: ReadableSpan) -> dict[str, object]:
    """What is said of a span."""
    return dict(span.attributes or {})


def is_below(inner: ReadableSpan, outer: ReadableSpan) -> bool:
    """Whether a span is another one's child."""
    return (
        inner.parent is not None
        and outer.context is not None
        and inner.parent.span_id == outer.context.span_id
        and inner.parent.trace_id == outer.context.trace_id
    )
