"""The metrics: how long requests and waits take, what became of messages, who waits at a limit.

Limits have labels of few values, and nobody's address is in one.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from functools import lru_cache
from threading import Lock
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, MeterProvider, Observation

from ...limits.protocols import LimiterSnapshot
from ...limits.quota import AccountKey, LimitKey
from ...limits.registry import LimiterRegistry
from ...telemetry import CallRecord

__all__ = ["Instruments", "Labels", "instruments_of", "labels_of_key"]

Labels: TypeAlias = dict[str, str | bool | int | float]
"""Attributes of OpenTelemetry by their names."""

_WORD = re.compile(r"[a-z][a-z_]{0,31}")


@lru_cache(maxsize=1024)
def labels_of_key(key: LimitKey | None) -> Mapping[str, str | bool | int | float]:
    """The messenger and the bot of a limit key, as far as they are known.

    A caller may give any string as a messenger: one that is not a plain word is ``other``, so that
    neither a number that stands there by mistake nor a series for each string gets out.

    Args:
        key: The key; None where it is not known.
    """
    labels: Labels = {}
    if key is not None:
        labels["cleverapp.messenger"] = key.messenger if _WORD.fullmatch(key.messenger) else "other"
        if key.bot_id is not None:
            labels["cleverapp.bot.id"] = key.bot_id
    return labels


# Seconds: those that the semantic conventions of HTTP ask for.
_OF_REQUESTS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

# Seconds, from "at once" to what the tenth of hundreds in a queue for WhatsApp waits.
_OF_WAITS: Final = (0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600)

# Seconds that a reader's thread waits for a loop that is busy, or has just ended.
_PATIENCE: Final = 0.25


class Instruments:
    """The instruments of one meter.

    Args:
        meter: Makes them.

    Attributes:
        request_duration: Seconds on the wire, of each attempt.
    """

    def __init__(self, meter: Meter) -> None:
        self.request_duration: Histogram = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_OF_REQUESTS,
        )
        self._limit_wait = meter.create_histogram(
            "cleverapp.limit.wait",
            unit="s",
            description="How long a call waited for its limits, over all its attempts.",
            explicit_bucket_boundaries_advisory=_OF_WAITS,
        )
        self._messages = meter.create_counter(
            "cleverapp.messages",
            unit="{message}",
            description="Messages that have ended, by outcome.",
        )
        self._lock = Lock()
        self._loops: WeakKeyDictionary[LimiterRegistry, asyncio.AbstractEventLoop] = (
            WeakKeyDictionary()
        )
        meter.create_observable_gauge(
            "cleverapp.limit.queued",
            callbacks=[self._queued],
            unit="{request}",
            description="Requests that wait at a limit.",
        )
        meter.create_observable_gauge(
            "cleverapp.limit.in_flight",
            callbacks=[self._in_flight],
            unit="{request}",
            description="Requests that a limit has let go and that have not ended.",
        )

    def watch(self, limits: LimiterRegistry) -> None:
        """Observe the queues of these limiters, which the running loop uses, while they live."""
        with self._lock:
            self._loops[limits] = asyncio.get_running_loop()

    def note_call(self, call: CallRecord) -> None:
        """A call has ended."""
        labels: Labels = {"cleverapp.method": call.endpoint, **labels_of_key(call.key)}
        self._limit_wait.record(call.waited, labels)
        if call.sends_message and call.outcome is not None:
            # A copy, as an SDK may keep what it was given.
            labels = {**labels, "cleverapp.outcome": call.outcome.value}
            if call.error is not None:
                labels["error.type"] = call.error
            self._messages.add(1, labels)

    def _queued(self, _: CallbackOptions) -> Iterable[Observation]:
        return self._observe("queued")

    def _in_flight(self, _: CallbackOptions) -> Iterable[Observation]:
        return self._observe("in_flight")

    def _observe(self, what: str) -> Iterable[Observation]:
        """One figure of all limiters; those of several registries that look alike are added up."""
        with self._lock:
            watched = list(self._loops.items())
        sums: defaultdict[tuple[tuple[str, str | bool | int | float], ...], int] = defaultdict(int)
        for limits, loop in watched:
            for key, snapshot in _snapshot(limits, loop).items():
                sums[tuple(_labels_of_limit(key).items())] += getattr(snapshot, what)
        return [Observation(figure, dict(labels)) for labels, figure in sums.items()]


def _labels_of_limit(key: LimitKey | AccountKey) -> Labels:
    """Without the account's digest, which would tell accounts apart over all that is exported."""
    if isinstance(key, AccountKey):
        return {"cleverapp.limit": "account"}
    return {"cleverapp.limit": key.scope, **labels_of_key(key)}


def _snapshot(
    limits: LimiterRegistry, loop: asyncio.AbstractEventLoop
) -> Mapping[LimitKey | AccountKey, LimiterSnapshot]:
    """The limiters at this moment; none where their loop does not run or has no time to tell.

    A reader of metrics has a thread of its own, and limiters may be asked in their loop only.
    """
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is loop:
        return limits.snapshot()
    if not loop.is_running():
        return {}
    told: Future[Mapping[LimitKey | AccountKey, LimiterSnapshot]] = Future()

    def tell() -> None:
        if not told.set_running_or_notify_cancel():
            return
        try:
            told.set_result(limits.snapshot())
        except Exception as error:  # noqa: BLE001 - a limiter of the user's raises anything
            told.set_exception(error)

    try:
        loop.call_soon_threadsafe(tell)
    except RuntimeError:
        return {}  # It was closed meanwhile.
    try:
        return told.result(_PATIENCE)
    except TimeoutError:
        told.cancel()
        return {}


_made: WeakKeyDictionary[MeterProvider, Instruments] = WeakKeyDictionary()


def instruments_of(provider: MeterProvider, scope: str) -> Instruments:
    """The instruments of a provider, made once: a second gauge of a name would never be asked.

    Args:
        provider: Gives the meter.
        scope: The meter's name.
    """
    found = _made.get(provider)
    if found is None:
        found = _made[provider] = Instruments(provider.get_meter(scope))
    return found
