from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Quota
from cleverapp_async.bulk.report.html import (
    Clock,
    percent,
    plain,
    plural,
    quoted,
    seconds,
    shortened,
    tell_quota,
    time_tag,
)


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        (0, "0 ms"),
        (0.00004, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.087, "87 ms"),
        (0.9996, "1 s"),
        (1.25, "1.25 s"),
        (9.996, "10 s"),
        (59.9, "59.9 s"),
        (59.97, "1 min"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
        (86_400, "1 d"),
        (1_002_400, "11 d 14 h"),
    ],
)
def test_durations_are_told_in_two_units(duration: float, told: str) -> None:
    """A duration is told as people say it."""
    assert seconds(duration).replace("\u00a0", " ") == told


@given(st.floats(min_value=0, max_value=1e9))
def test_any_duration_can_be_told(duration: float) -> None:
    """Every duration has a number and a unit."""
    number, _, unit = seconds(duration).partition("\u00a0")
    assert float(number) >= 0
    assert unit


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, "–"),
        (0, 9, "0 %"),
        (1, 100_000, "<0.1 %"),
        (99_999, 100_000, ">99.9 %"),
        (9, 9, "100 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_a_share_is_never_told_as_nothing_or_all_unless_it_is(
    part: int, whole: int, told: str
) -> None:
    """One of many is more than 0 %, all but one less than 100 %."""
    assert percent(part, whole).replace("\u00a0", " ") == told


@given(st.text(alphabet=st.characters()))
def test_nothing_unseen_is_left_in_a_text(text: str) -> None:
    """Whatever the text, only what is seen, and what joins letters and emoji, comes through."""
    shown = plain(text)
    assert re.sub("[\u200c\u200d\u00a0]", "", shown).isprintable()
    shown.encode()


def test_what_turns_the_direction_is_named() -> None:
    """A direction override shows as its name; words from right to left stay as they are."""
    assert plain("\u202egnp.exe") == "⟨U+202E⟩gnp.exe"
    assert plain("שלום") == "שלום"
    assert plain("👩‍👩‍👧") == "👩‍👩‍👧"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(1, 50))
def test_a_shortened_text_is_one_short_line(text: str, most: int) -> None:
    """No more characters than asked for are left, and a text that is cut says so."""
    line = shortened(text, most)
    assert len(line) <= most
    assert line.split(" ") == (line.split() or [""])
    if " ".join(text.split()) != line:
        assert line.endswith("…")


def test_a_text_of_blanks_alone_is_cut_visibly() -> None:
    """A text too long to be read whole never seems to be empty."""
    assert shortened(" " * 10_000 + "x", 100) == "…"


def test_a_file_name_is_a_word_of_the_shell() -> None:
    """A name with blanks is quoted, one that begins with a hyphen is no option."""
    assert quoted("run.db") == "run.db"
    assert quoted("my run.db") == "'my run.db'"
    assert quoted("-rf") == "./-rf"


def test_numbers_of_things_agree_with_their_nouns() -> None:
    """One thing is singular."""
    assert plural(1, "message") == "1 message"
    assert plural(12_345, "message") == "12,345 messages"


def test_quotas_are_told_in_words() -> None:
    """A quota is so many per so long."""
    assert tell_quota(Quota(120, 60.0)) == "120 per 1\u00a0min"


def test_moments_are_told_in_the_zone_asked_for() -> None:
    """A moment has its zone's hour, and its offset where a program reads it."""
    clock = Clock(timezone(timedelta(hours=3)))
    assert clock.written(0) == "1970-01-01 03:00:00"
    assert clock.offset(0) == "UTC+03:00"
    assert 'datetime="1970-01-01T03:00:00.250+03:00"' in time_tag(clock, 0.25).source


def test_a_moment_of_the_other_half_of_the_year_has_its_own_offset() -> None:
    """Where the clocks were changed between them, moments with another offset are told with it."""
    zone = ZoneInfo("Europe/Berlin")
    summer, winter = 1_785_000_000.0, 1_797_000_000.0
    clock = Clock(zone, Clock(zone).offset(winter))
    assert clock.written(winter) == "2026-12-11 15:40:00"
    assert clock.written(summer).endswith(" UTC+02:00")
    assert clock.zone_at(winter) == "Europe/Berlin (UTC+01:00)"
    assert Clock(zone).written(summer)[-8:].count(":") == 2


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        (UTC, "UTC"),
        (timezone(timedelta(hours=-3, minutes=-30)), "UTC-03:30"),
        (timezone(timedelta(hours=3), "MSK"), "MSK (UTC+03:00)"),
        (timezone(timedelta(hours=4), "+04"), "UTC+04:00"),
    ],
)
def test_a_zone_is_told_by_its_name_and_offset(zone: timezone, told: str) -> None:
    """A zone whose name is nothing but its offset is told by the offset alone."""
    assert Clock(zone).zone_at(0) == told


def test_a_broken_clock_breaks_no_page() -> None:
    """Moments that no date can hold are shown as the nearest that one can."""
    assert Clock(UTC).written(-1e18) == "1970-01-01 00:00:00"
    assert Clock(UTC).written(1e18).startswith("9892-")
