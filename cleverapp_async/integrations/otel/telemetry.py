"""Spans of calls and attempts, and what the metrics learn from them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from opentelemetry import context as contexts
from opentelemetry import metrics, trace
from opentelemetry.context import (
    # The two keys by which all instrumentations agree to be quiet; there are no public ones.
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY as QUIET_HTTP,  # pyright: ignore[reportPrivateUsage]
)
from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY as QUIET,  # pyright: ignore[reportPrivateUsage]
)
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from ..._arguments import check_instance, wrong_setting
from ...errors import Outcome
from ...limits.registry import LimiterRegistry
from ...telemetry import AttemptRecord, CallRecord
from .instruments import Instruments, Labels, instruments_of, labels_of_key

__all__ = ["OpenTelemetry"]

_SCOPE: Final = "cleverapp_async"
_BAD_STATUS: Final = 400


class OpenTelemetry:
    """Traces and measures the calls of clients: give one to all of them as ``telemetry``.

    A message has a span of the kind PRODUCER, another call one of the kind INTERNAL, and each
    attempt one of the kind CLIENT below it. Automatic spans of aiohttp's client are suppressed
    meanwhile. Calls made inside ``opentelemetry.instrumentation.utils.suppress_instrumentation``
    are not told of. No token, recipient or text, and no text of the server's, is in any of it.

    Args:
        tracer_provider: Gives the tracer; None: the global one.
        meter_provider: Gives the meter; None: the global one.

    Raises:
        ConfigurationError: A provider is of another type.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        if tracer_provider is not None:
            wanted = "a TracerProvider of OpenTelemetry"
            check_instance(
                "tracer_provider", tracer_provider, TracerProvider, wanted, wrong_setting
            )
        if meter_provider is not None:
            wanted = "a MeterProvider of OpenTelemetry"
            check_instance("meter_provider", meter_provider, MeterProvider, wanted, wrong_setting)
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)
        self._instruments: Instruments = instruments_of(
            meter_provider or metrics.get_meter_provider(), _SCOPE
        )

    def watch(self, limits: LimiterRegistry) -> None:
        """Let the gauges show these limiters for as long as somebody uses them.

        Args:
            limits: The limiters of a client, in whose event loop this is called.
        """
        self._instruments.watch(limits)

    @contextmanager
    def call(self, call: CallRecord) -> Generator[None, None, None]:
        """The span of a call, current while it goes on.

        Args:
            call: The call.
        """
        if contexts.get_value(QUIET):
            yield
            return
        parent = contexts.get_current()
        links: list[trace.Link] = []
        if call.in_run:
            # A run may last for days and send a million messages: each is a trace of its own, which
            # a sampler can choose by itself, and which leads to the span that began the run.
            beginning = trace.get_current_span(parent).get_span_context()
            links += [trace.Link(beginning)] if beginning.is_valid else []
            parent = trace.set_span_in_context(trace.INVALID_SPAN, parent)
        span = self._tracer.start_span(
            _name(call),
            parent,
            SpanKind.PRODUCER if call.sends_message else SpanKind.INTERNAL,
            _beginning(call),
            links,
        )
        token = contexts.attach(trace.set_span_in_context(span, parent))
        try:
            yield
            # A message that its run took back before any attempt comes again, with another span:
            # this one is dropped, as only a span that ends is exported.
            if call.outcome is not None or call.attempts > 1:
                self._end_call(span, call)
        finally:
            contexts.detach(token)

    @contextmanager
    def attempt(self, call: CallRecord, attempt: AttemptRecord) -> Generator[None, None, None]:
        """The span of an attempt, current while it is on the wire.

        Args:
            call: The call.
            attempt: The attempt.
        """
        if contexts.get_value(QUIET):
            yield
            return
        # As it is without its query, which holds the token, the recipient and the text.
        url = f"{call.base_url}/{call.endpoint}"
        labels: Labels = {
            "http.request.method": call.http_method,
            "url.template": urlsplit(url).path,
            **_server(call.base_url),
        }
        more: Labels = {"url.full": url}
        if attempt.number > 1:
            more["http.request.resend_count"] = attempt.number - 1
        span = self._tracer.start_span(
            f"{call.http_method} {call.endpoint}",
            kind=SpanKind.CLIENT,
            attributes={**labels, **more},
        )
        token = contexts.attach(trace.set_span_in_context(span))
        try:
            yield
            self._end_attempt(span, labels, attempt)
        finally:
            contexts.detach(token)

    @contextmanager
    def on_wire(self) -> Generator[None, None, None]:
        """Keep the instrumentation of aiohttp's client quiet: the attempt has its span already."""
        quiet = contexts.set_value(QUIET_HTTP, value=True)
        # Releases of that instrumentation before 0.60 know the other key only.
        token = contexts.attach(contexts.set_value(QUIET, value=True, context=quiet))
        try:
            yield
        finally:
            contexts.detach(token)

    def _end_call(self, span: Span, call: CallRecord) -> None:
        try:
            if span.is_recording():
                span.update_name(_name(call))
                span.set_attributes(_ending(call))
                _judge(span, call.error)
            if call.outcome is not None:
                self._instruments.note_call(call)
        finally:
            span.end()

    def _end_attempt(self, span: Span, labels: Labels, attempt: AttemptRecord) -> None:
        try:
            error = attempt.error
            if attempt.status is not None:
                labels["http.response.status_code"] = attempt.status
                if attempt.status >= _BAD_STATUS:
                    error = str(attempt.status)
            if error is not None:
                labels["error.type"] = error
            if span.is_recording():
                span.set_attributes({**labels, **_outcome(attempt.outcome, attempt.cancelled)})
                _judge(span, error)
            # Of a cancelled attempt the caller decided how long it was: that says nothing of HTTP.
            if attempt.seconds is not None:
                self._instruments.request_duration.record(attempt.seconds, labels)
        finally:
            span.end()


def _name(call: CallRecord) -> str:
    if not call.sends_message:
        return call.endpoint
    messenger = labels_of_key(call.key).get("cleverapp.messenger")
    return f"send {messenger}" if messenger else "send"


def _beginning(call: CallRecord) -> Labels:
    """What is known of a call when it begins, and a sampler may look at."""
    labels: Labels = {
        "cleverapp.method": call.endpoint,
        "cleverapp.send_id": call.send_id,
        **_server(call.base_url),
        **_destination(call),
    }
    if call.sends_message:
        labels["messaging.system"] = "cleverapp"
        labels["messaging.operation.name"] = labels["messaging.operation.type"] = "send"
    return labels


def _ending(call: CallRecord) -> Labels:
    """What is known of a call when it has ended."""
    labels: Labels = {
        "cleverapp.attempts": call.attempts,
        "cleverapp.limit.wait": call.waited,
        "cleverapp.on_wire": call.on_wire,
        **_destination(call),
        **_outcome(call.outcome, call.cancelled),
    }
    if call.error is not None:
        labels["error.type"] = call.error
    return labels


def _destination(call: CallRecord) -> Labels:
    """Where a message goes, as far as that is no recipient; it may be learned on the way."""
    labels: Labels = {**labels_of_key(call.key)}
    if messenger := labels.get("cleverapp.messenger"):
        labels["messaging.destination.name"] = messenger
    return labels


def _outcome(outcome: Outcome | None, cancelled: bool) -> Labels:  # noqa: FBT001 - of one place
    labels: Labels = {}
    if outcome is not None:
        labels["cleverapp.outcome"] = outcome.value
    if cancelled:
        labels["cleverapp.cancelled"] = True
    return labels


def _judge(span: Span, error: str | None) -> None:
    # Without a description: the text of an error may quote the server, which may quote a message.
    if error is not None:
        span.set_status(Status(StatusCode.ERROR))


@lru_cache(maxsize=64)
def _server(base_url: str) -> Mapping[str, str | int]:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"server.address": parts.hostname or "", "server.port": port}
