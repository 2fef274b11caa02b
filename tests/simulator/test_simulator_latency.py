from __future__ import annotations

import random
import statistics

import pytest

from cleverapp_async.simulator import Constant, Latency, Lognormal, Uniform


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Latency.none()),
        ("50ms", Latency.constant(0.05)),
        ("0.2s", Latency.constant(0.2)),
        ("20ms-80ms", Latency.uniform(0.02, 0.08)),
        ("500ms - 1s", Latency.uniform(0.5, 1.0)),
        ("lognormal:50ms:1.0", Latency.lognormal(0.05, 1.0)),
    ],
)
def test_latencies_are_read_as_written(text: str, expected: Latency) -> None:
    """Each form of the command line gives that latency for both ways."""
    assert Latency.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "50", "ms", "-5ms", "80ms-20ms", "lognormal:50ms", "lognormal:0ms:1", "normal:1s:1", "1m"],
)
def test_an_unreadable_latency_is_refused_with_the_forms(text: str) -> None:
    """What is no latency is refused, showing the text and how to write one."""
    with pytest.raises(ValueError) as caught:
        Latency.parse(text)
    assert repr(text) in str(caught.value)
    assert "lognormal:50ms:1.0" in str(caught.value)


def test_a_constant_delay_is_constant() -> None:
    """A constant delay draws itself."""
    assert Constant(0.3).draw(random.Random(1)) == 0.3


def test_a_uniform_delay_stays_in_its_range() -> None:
    """A uniform delay draws between its ends."""
    rng = random.Random(1)
    draws = [Uniform(0.2, 0.4).draw(rng) for _ in range(500)]
    assert 0.2 <= min(draws) < 0.22
    assert 0.38 < max(draws) <= 0.4


def test_a_lognormal_delay_has_its_median_and_a_long_tail() -> None:
    """Half of the draws are below the median, and some are many times as long."""
    rng = random.Random(1)
    draws = [Lognormal(0.05, 1.0).draw(rng) for _ in range(4000)]
    assert statistics.median(draws) == pytest.approx(0.05, rel=0.1)
    assert max(draws) > 0.5


def test_the_ways_may_differ() -> None:
    """Out and back are separate distributions."""
    latency = Latency(out=Constant(0.1), back=Uniform(0.0, 0.2))
    assert latency.out == Constant(0.1)
    assert latency.back == Uniform(0.0, 0.2)


@pytest.mark.parametrize(
    ("low", "high"), [(-0.1, 1.0), (0.0, float("inf")), (2.0, 1.0), (float("nan"), 1.0)]
)
def test_senseless_ranges_are_refused(low: float, high: float) -> None:
    """A range is of finite seconds from 0, in order."""
    with pytest.raises(ValueError, match="end"):
        Uniform(low, high)


def test_senseless_delays_are_refused() -> None:
    """No delay is negative, and a lognormal one has a median above 0 and a sigma from 0."""
    with pytest.raises(ValueError, match="constant"):
        Constant(-1)
    with pytest.raises(ValueError, match="median"):
        Lognormal(0, 1)
    with pytest.raises(ValueError, match="sigma"):
        Lognormal(1, -1)
