from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import LimiterRegistry, LimitKey, Quota
from cleverapp_async.bulk.report.figures import (
    KEYS_LISTED,
    KINDS_LISTED,
    RELATIVE_ERROR,
    UNKNOWN_LISTED,
    Histogram,
    count_failures,
    in_doubt,
)
from cleverapp_async.bulk.report.timeline import BINS, KEYS_DRAWN, Binning, Timeline
from cleverapp_async.journal import ErrorRecord, JournalState
from cleverapp_async.limits import ACCOUNT_QUOTAS
from tests.bulk.report import campaigns
from tests.bulk.report.campaigns import BEGUN, Row, entries_of, session, summarise, told

if TYPE_CHECKING:
    import random

TELEGRAM, WHATSAPP = LimitKey(7, "telegram"), LimitKey(7, "whatsapp")
DIRECT = LimitKey(9, "whatsapp", "sendMessageToWhatsApp")
DURATIONS = st.floats(min_value=1e-6, max_value=1e7)

rows = st.builds(
    Row,
    st.sampled_from([TELEGRAM, WHATSAPP, DIRECT, None]),
    st.sampled_from([state for state in JournalState if state is not JournalState.PENDING]),
    st.one_of(st.none(), st.floats(min_value=BEGUN, max_value=BEGUN + 1e6)),
    st.floats(min_value=BEGUN, max_value=BEGUN + 1e6),
    st.one_of(st.none(), st.floats(min_value=0, max_value=1e6)),
    st.one_of(st.none(), st.floats(min_value=0, max_value=100)),
)


def binned(key: LimitKey, moments: list[float], quotas: tuple[Quota, ...]) -> Timeline:
    """The timeline of one key's sends."""
    binning = Binning(lambda _: quotas, keys=[key])
    for moment in moments:
        binning.add(key, moment)
    timeline = binning.timeline(())
    assert timeline is not None
    return timeline


@given(st.lists(rows, max_size=60))
def test_every_send_stands_in_the_timeline_once(sent: list[Row]) -> None:
    """Each message that left counts once in the chart of all, and those of a key in its chart."""
    timeline = told(summarise(sent), sent).timeline
    left = [
        row for row in sent if row.intent_at is not None and row.state is not JournalState.NOT_SENT
    ]
    by_key = Counter(row.key for row in left)
    if timeline is None:
        assert not left
        return
    assert timeline.all.total == len(left)
    assert {bars.key: bars.total for bars in timeline.keys} == by_key
    assert len(timeline.all.counts) <= BINS
    assert all(len(bars.counts) == len(timeline.all.counts) for bars in timeline.keys)
    assert all(
        timeline.start <= row.intent_at < timeline.end for row in left if row.intent_at is not None
    )


@given(st.lists(rows, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(sent: list[Row], chance: random.Random) -> None:
    """Rows may come in any order: the figures are the same."""
    shuffled = [*sent]
    chance.shuffle(shuffled)
    one, other = told(summarise(sent), sent), told(summarise(sent), shuffled)
    assert one.times == other.times
    if one.timeline is None or other.timeline is None:
        assert one.timeline == other.timeline
        return
    assert one.timeline.all == other.timeline.all
    assert {bars.key: bars for bars in one.timeline.keys} == {
        bars.key: bars for bars in other.timeline.keys
    }


@given(
    st.integers(1, 12),
    st.sampled_from([0.1, 1.0, 7.0, 10.0, 60.0]),
    st.lists(st.floats(min_value=0, max_value=300), max_size=200),
)
def test_sends_within_a_quota_never_pass_its_line(
    limit: int, period: float, pauses: list[float]
) -> None:
    """Sends that keep a quota in every window fill no bin above the line that is drawn for it."""
    moments: list[float] = []
    for pause in pauses:
        earliest = moments[-1] if moments else BEGUN
        if len(moments) >= limit:
            earliest = max(earliest, moments[-limit] + period * 1.0001)
        moments.append(earliest + (pause if pause > 290 else 0))
    if not moments:
        return
    timeline = binned(TELEGRAM, moments, (Quota(limit, period),))
    (bars,) = timeline.keys
    assert bars.most is not None
    assert bars.peak <= bars.most
    assert timeline.width >= period


def test_the_line_is_the_least_that_several_quotas_allow() -> None:
    """With 2 per second and 120 per minute, at most 20 fit into 10 s, and 7,200 into an hour."""
    binning = Binning(lambda _: (Quota(1, 10.0),), keys=[WHATSAPP])
    binning.add(WHATSAPP, BEGUN)
    timeline = binning.timeline(ACCOUNT_QUOTAS)
    assert timeline is not None
    assert (timeline.width, timeline.all.most, timeline.keys[0].most) == (10.0, 20, 1)
    binning.add(WHATSAPP, BEGUN + 9 * 86_400)
    timeline = binning.timeline(ACCOUNT_QUOTAS)
    assert timeline is not None
    assert (timeline.width, timeline.all.most, timeline.keys[0].most) == (3600.0, 7200, 360)


def test_idle_time_is_bins_without_sends() -> None:
    """A pause of an hour shows as an hour of empty bins."""
    moments = [BEGUN + place for place in range(60)]
    moments += [moment + 3600 for moment in moments]
    counts = binned(TELEGRAM, moments, (Quota(10, 10.0),)).all.counts
    idle = [place for place, count in enumerate(counts) if not count]
    assert idle == list(range(idle[0], idle[-1] + 1))
    assert 3500 <= len(idle) * 30 <= 3600


def test_a_clock_that_was_wrong_leaves_few_bins() -> None:
    """Moments of 1970 and of the far future fit into the same few bins."""
    timeline = binned(TELEGRAM, [0.0, BEGUN, 100 * BEGUN], ())
    assert timeline.all.total == 3
    assert len(timeline.all.counts) <= BINS


def test_only_the_busiest_keys_are_drawn() -> None:
    """Of more keys than are drawn the busiest have charts, and the chart of all holds the rest."""
    keys = [LimitKey(bot, "viber") for bot in range(1, KEYS_DRAWN + 4)]
    sent = [
        Row(key, JournalState.ACCEPTED, BEGUN + place, BEGUN + place + 1)
        for key in keys
        for place in range(key.bot_id or 0)
    ]
    timeline = told(summarise(sent), sent).timeline
    assert timeline is not None
    assert [bars.key for bars in timeline.keys] == keys[:2:-1]
    assert timeline.left_out == 3
    assert timeline.all.total == len(sent)


def test_a_message_that_never_left_is_no_send() -> None:
    """What was not sent stands in no chart, though an intent was written for it."""
    sent = [Row(TELEGRAM, JournalState.NOT_SENT, BEGUN, BEGUN + 1)]
    assert told(summarise(sent), sent).timeline is None


@given(st.lists(DURATIONS, min_size=1, max_size=300))
def test_percentiles_are_within_the_stated_error(durations: list[float]) -> None:
    """A percentile differs from the exact nearest rank by no more than is stated."""
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    ordered = sorted(durations)
    parts = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)
    for part, found in zip(parts, histogram.quantiles(*parts), strict=True):
        exact = ordered[max(math.ceil(part * len(ordered)), 1) - 1]
        assert found == pytest.approx(exact, rel=RELATIVE_ERROR * 1.0001)
    spread = histogram.spread()
    assert spread is not None
    assert (spread.count, spread.longest) == (len(durations), ordered[-1])
    assert spread.p50 <= spread.p90 <= spread.p95 <= spread.p99 <= spread.longest


@given(st.lists(DURATIONS, max_size=100), st.lists(DURATIONS, max_size=100))
def test_histograms_add_up(one: list[float], other: list[float]) -> None:
    """Two histograms together are the histogram of all durations."""
    first, second, whole = Histogram(), Histogram(), Histogram()
    for duration in one:
        first.add(duration)
        whole.add(duration)
    for duration in other:
        second.add(duration)
        whole.add(duration)
    first.include(second)
    assert first.spread() == whole.spread()


def test_durations_of_nothing_count() -> None:
    """Zeros, and what a clock that stepped back made negative, count as nothing at all."""
    histogram = Histogram()
    for duration in (0.0, -3.0, 0.0, 5.0):
        histogram.add(duration)
    assert histogram.quantiles(0.5, 0.75) == [0.0, 0.0]
    assert histogram.quantiles(1.0) == [5.0]


def test_no_durations_have_no_percentiles() -> None:
    """Where nothing was counted there is no spread."""
    assert Histogram().spread() is None
    assert Histogram().quantiles(0.5) == [0.0]


def test_errors_are_grouped_by_field_and_rule() -> None:
    """Texts of fields add up over errors; errors without fields go by type, status and text."""
    field = ("text", "max", (), "too long")
    failures = count_failures(
        [
            (ErrorRecord(type="ValidationError", message="a", status=422, fields=(field,)), 3),
            (ErrorRecord(type="ValidationError", message="b", status=422, fields=(field,)), 4),
            (ErrorRecord(type="ServerError", message="c", status=500), 2),
            (ErrorRecord(type="ServerError", message="c", status=502), 5),
        ]
    )
    assert [(one.field, one.rule, one.messages) for one in failures.fields] == [("text", "max", 7)]
    assert [(one.status, one.messages) for one in failures.others] == [(502, 5), (500, 2)]


def test_of_many_kinds_of_errors_the_most_frequent_are_told() -> None:
    """Beyond the stated number kinds of errors are counted, not told."""
    kinds = KINDS_LISTED + 7
    failures = count_failures(
        (ErrorRecord(type="ServerError", message=str(place)), place + 1) for place in range(kinds)
    )
    assert failures.others[0].message == str(kinds - 1)
    assert (len(failures.others), failures.others_left_out) == (KINDS_LISTED, 7)


def test_counts_are_those_of_the_journal() -> None:
    """Messages by key and by state are the summary's, those with the most messages first."""
    figures = campaigns.finished()
    assert [one.messages for one in figures.keys] == [1900, 600, 190]
    assert sum(one.messages for one in figures.keys) == figures.summary.messages
    for state, count in figures.summary.by_state.items():
        assert sum(one.states.get(state, 0) for one in figures.keys) == count


def test_of_many_keys_the_largest_are_told() -> None:
    """Beyond the stated number keys are counted, not told."""
    sent = [
        Row(LimitKey(bot, "viber"), JournalState.ACCEPTED, BEGUN, BEGUN)
        for bot in range(1, KEYS_LISTED + 6)
    ]
    figures = told(summarise(sent), sent)
    assert (len(figures.keys), figures.keys_left_out) == (KEYS_LISTED, 5)


def test_no_more_unknown_are_read_than_are_listed() -> None:
    """Of any number of messages in doubt only the listed ones are taken from the journal."""
    sent = [Row(TELEGRAM, JournalState.UNKNOWN, BEGUN, BEGUN)] * (UNKNOWN_LISTED + 500)
    entries = iter(entries_of(sent, ["text"]))
    figures = told(summarise(sent), sent, unknown=entries)
    assert (len(figures.unknown), figures.unknown_in_all) == (UNKNOWN_LISTED, len(sent))
    assert sum(1 for _ in entries) == 500


@pytest.mark.parametrize("running", [False, True])
def test_an_intent_is_in_doubt_when_nobody_runs(running: bool) -> None:
    """After a kill an intent without a result counts as unknown; during a run it is on its way."""
    assert (JournalState.INTENT in in_doubt(running=running)) is not running
    sent = [Row(TELEGRAM, JournalState.INTENT, BEGUN, BEGUN)]
    figures = told(summarise(sent, sessions=[session(BEGUN, None, None)]), running=running)
    assert figures.unknown_in_all == (0 if running else 1)


def test_own_quotas_are_the_lines() -> None:
    """The limits that are drawn are the caller's."""
    registry = LimiterRegistry.scaled(10)
    binning = Binning(registry.quotas, keys=[TELEGRAM])
    binning.add(TELEGRAM, BEGUN)
    timeline = binning.timeline(())
    assert timeline is not None
    assert timeline.keys[0].quotas == (Quota(10, 1.0),)
    assert (timeline.width, timeline.keys[0].most, timeline.all.most) == (1.0, 10, None)
