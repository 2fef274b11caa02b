"""How long a request is on its way to the server, and an answer on its way back."""

from __future__ import annotations

import math
import random
import re
from typing import Final, Protocol

from attrs import field, frozen

from ..arguments import check_number


class Delay(Protocol):
    """A distribution of seconds."""

    def draw(self, rng: random.Random) -> float:
        """Draw one delay, in seconds."""
        ...


_WIDEST: Final = 10.0
"""The largest sigma: the rarest draw, some 8.6 deviations out, is then still a number."""


@frozen
class Constant:
    """Always the same delay."""

    seconds: float

    def __attrs_post_init__(self) -> None:
        """Refuse a delay that is negative, or that cannot be slept."""
        check_number("the seconds of a constant delay", self.seconds)

    def draw(self, rng: random.Random) -> float:
        """Return the delay, in seconds."""
        del rng
        return self.seconds


@frozen
class Uniform:
    """Any delay from ``low`` to ``high`` seconds, all equally likely."""

    low: float
    high: float

    def __attrs_post_init__(self) -> None:
        """Refuse a range that is negative or turned round, or that cannot be slept."""
        check_number("the seconds of the low end", self.low)
        check_number("the seconds of the high end", self.high)
        if self.low > self.high:
            msg = f"the low end {self.low!r} is above the high end {self.high!r}"
            raise ValueError(msg)

    def draw(self, rng: random.Random) -> float:
        """Draw one delay, in seconds."""
        return rng.uniform(self.low, self.high)


@frozen
class Lognormal:
    """A delay with a long tail: half of the draws are below ``median`` seconds."""

    median: float
    sigma: float

    def __attrs_post_init__(self) -> None:
        """Refuse a median that is not above 0, and a sigma whose draws cannot be slept."""
        check_number("the seconds of the median", self.median, above=0)
        check_number("sigma", self.sigma, _WIDEST)

    def draw(self, rng: random.Random) -> float:
        """Draw one delay, in seconds."""
        # The median of a lognormal distribution is e to the mean of the normal one: so it can be
        # given in seconds.
        return self.median * math.exp(self.sigma * rng.gauss(0.0, 1.0))


_NOTHING: Final = Constant(0.0)
_FORMS: Final = "'50ms', '20ms-80ms', 'lognormal:50ms:1.0' or 'none'"
_LARGE: Final = 1e15
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


def _parse_duration(text: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        msg = f"{text.strip()!r} is not a duration such as '50ms' or '0.2s'"
        raise ValueError(msg)
    return float(match[1]) / (1000.0 if match[2] == "ms" else 1.0)


def _parse_delay(text: str) -> Delay:
    name, colon, rest = text.partition(":")
    if not colon:
        low, dash, high = text.partition("-")
        if dash:
            return Uniform(_parse_duration(low), _parse_duration(high))
        return Constant(_parse_duration(text))
    median, _, sigma = rest.partition(":")
    if name.strip() != "lognormal":
        msg = f"{name.strip()!r} is not a known distribution"
        raise ValueError(msg)
    try:
        width = float(sigma)
    except ValueError:
        msg = f"sigma must be a number, not {sigma.strip()!r}"
        raise ValueError(msg) from None
    return Lognormal(_parse_duration(median), width)


def _format_duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.15g}s" if seconds < _LARGE else f"{seconds:.0f}s"
    return f"{format(seconds * 1000, '.9f').rstrip('0').rstrip('.')}ms"


def _format_delay(delay: Delay) -> str | None:
    if isinstance(delay, Constant):
        return _format_duration(delay.seconds) if delay.seconds else "none"
    if isinstance(delay, Uniform):
        return f"{_format_duration(delay.low)}-{_format_duration(delay.high)}"
    if isinstance(delay, Lognormal):
        return f"lognormal:{_format_duration(delay.median)}:{delay.sigma:g}"
    return None


@frozen
class Latency:
    """The delays of both ways.

    Args:
        out: Before a request counts as arrived.
        back: After the answer is made and before it is written.
    """

    out: Delay = field(default=_NOTHING)
    back: Delay = field(default=_NOTHING)

    @classmethod
    def none(cls) -> Latency:
        """No delay at all."""
        return cls()

    @classmethod
    def constant(cls, seconds: float) -> Latency:
        """Delay each way by the same number of seconds."""
        return cls(Constant(seconds), Constant(seconds))

    @classmethod
    def uniform(cls, low: float, high: float) -> Latency:
        """Delay each way by ``low`` to ``high`` seconds."""
        return cls(Uniform(low, high), Uniform(low, high))

    @classmethod
    def lognormal(cls, median: float, sigma: float) -> Latency:
        """Delay each way by a lognormal number of seconds."""
        return cls(Lognormal(median, sigma), Lognormal(median, sigma))

    @classmethod
    def parse(cls, text: str) -> Latency:
        """Read a latency as the command line gives it, for each way alike.

        Args:
            text: ``50ms``, ``20ms-80ms``, ``lognormal:50ms:1.0`` or ``none``.

        Raises:
            ValueError: The text has none of these forms; the message says why.
        """
        if text.strip() == "none":
            return cls()
        try:
            delay = _parse_delay(text)
        except ValueError as error:
            msg = f"{text!r} is not a latency ({error}); write {_FORMS}"
            raise ValueError(msg) from None
        return cls(delay, delay)

    def spell(self) -> str | None:
        """Return the text that `parse` reads as this latency.

        Returns:
            The text; None where the two ways differ, or a delay is of a kind of one's own.
        """
        return _format_delay(self.out) if self.out == self.back else None
