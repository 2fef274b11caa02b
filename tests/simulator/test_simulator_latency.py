from __future__ import annotations

import random
import statistics
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async.simulator import (
    Constant,
    Fault,
    Latency,
    Lognormal,
    Simulator,
    SimulatorLimits,
    Uniform,
)

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.parametrize(
    "text",
    [
        *("lognormal:50ms:1e300", "lognormal:50ms:inf", "lognormal:50ms:nan"),
        *("lognormal:99999999999s:1", "99999999999s", f"{'9' * 400}s", "1s-99999999999s"),
    ],
)
def test_what_cannot_be_slept_is_refused(text: str) -> None:
    """A latency whose draws are no number of seconds is refused when it is read."""
    with pytest.raises(ValueError, match="is not a latency"):
        Latency.parse(text)


def test_the_widest_distribution_can_be_slept() -> None:
    """The rarest draw of all that are allowed is still a number that a timer takes."""

    class Rarest(random.Random):
        def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
            return mu + 8.6 * sigma

    assert Lognormal(1e10, 10.0).draw(Rarest()) < float("inf")


DURATIONS: list[Callable[[Any], object]] = [
    lambda wrong: Fault.slow_body(interval=wrong),
    lambda wrong: Fault.hang(seconds=wrong),
    lambda wrong: Fault.hang(probability=wrong),
    lambda wrong: SimulatorLimits(whatsapp_direct=(1, wrong)),
    lambda wrong: SimulatorLimits().scaled(wrong),
]
COUNTS: list[Callable[[Any], object]] = [
    lambda wrong: Fault.slow_body(chunk=wrong),
    Fault.oversized_header,
    Fault.oversized_body,
    lambda wrong: Fault.hang(on=wrong),
    lambda wrong: SimulatorLimits(whatsapp_direct=(wrong, 1.0)),
    lambda wrong: SimulatorLimits(account=(wrong,)),
    lambda wrong: Simulator(limits=wrong),
    lambda wrong: Simulator(latency=wrong),
    lambda wrong: Simulator(api_token=[wrong]),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    lambda wrong: Fault.hang(when=wrong),
]


@pytest.mark.parametrize("wrong", [-1, float("inf"), float("nan"), "1", True, 10**400, [1.0]])
@pytest.mark.parametrize("make", DURATIONS)
def test_what_is_no_duration_is_refused(make: Callable[[Any], object], wrong: object) -> None:
    """What cannot be slept, or counted in, is refused where it is given."""
    with pytest.raises(ValueError, match="must be"):
        make(wrong)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, float("inf"), True, [1]])
@pytest.mark.parametrize("make", COUNTS)
def test_what_is_no_count_is_refused(make: Callable[[Any], object], wrong: object) -> None:
    """What is no whole number from 1 up is refused where one is wanted, and so is what is none."""
    with pytest.raises(ValueError, match="must be"):
        make(wrong)


def test_senseless_delays_are_refused() -> None:
    """No delay is negative, and a lognormal one has a median above 0 and a sigma from 0."""
    with pytest.raises(ValueError, match="constant"):
        Constant(-1)
    with pytest.raises(ValueError, match="median"):
        Lognormal(0, 1)
    with pytest.raises(ValueError, match="sigma"):
        Lognormal(1, -1)
