from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.cli.text import LONGEST, SHORTEST, read_duration, say_duration, write_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10.0), ("500ms", 0.5), ("1.5m", 90.0), ("2 h", 7200.0), (" 7 ", 7.0)],
)
def test_reads_durations(text: str, seconds: float) -> None:
    """A number with a unit, or a plain number of seconds, is read."""
    assert read_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "0", "0s", "-1s", "ten", "1 day", "s", "1s2", "nan", "١s", "1e9", "0.9ms", "9000h", "inf"],
)
def test_refuses_what_is_no_duration(text: str) -> None:
    """Anything else is refused, and the message quotes it."""
    with pytest.raises(ValueError, match=re.escape(f"{text!r}")):
        read_duration(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (9.5, "9.5 seconds"),
        (59.97, "1 minute"),
        (61, "1 minute 1 second"),
        (4320, "1 hour 12 minutes"),
        (3599.8, "1 hour"),
        (86_380, "1 day"),
        (90_000, "1 day 1 hour"),
        (266_400, "3 days 2 hours"),
    ],
)
def test_says_durations(seconds: float, said: str) -> None:
    """A duration is said in at most two units, the greatest there are."""
    assert say_duration(seconds) == said


@given(st.floats(0, 10_000_000))
def test_what_is_said_is_near(seconds: float) -> None:
    """What is said differs from the duration by at most half its smaller unit."""
    sizes = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
    words = say_duration(seconds).split()
    assert 2 <= len(words) <= 4
    pairs = zip(words[::2], words[1::2], strict=True)
    said = sum(float(count) * sizes[unit.removesuffix("s")] for count, unit in pairs)
    margin = (
        0.06 if seconds < 60 else 0.51 if seconds < 3600 else 30.1 if seconds < 86_400 else 1801
    )
    assert abs(said - seconds) <= margin


@given(st.floats(SHORTEST, LONGEST))
def test_what_is_written_is_read_again(seconds: float) -> None:
    """A duration that a command is printed with is the same when the command is given."""
    assert read_duration(write_duration(seconds)) == seconds
