"""Sends over time against the limits, how long messages took, and the runs of the campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .figures import RELATIVE_ERROR
from .html import (
    NOTHING,
    AltText,
    Column,
    Html,
    bar_chart,
    foreign,
    number,
    plural,
    seconds,
    strip,
    table,
    tag,
    tell_quota,
    time_tag,
)
from .summary import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...limits.quota import LimitKey
    from ..journal.records import JournalSession
    from .figures import ReportFigures, Spread
    from .html import Clock
    from .timeline import Bars, Timeline

__all__ = ["runs", "sends", "times"]

_STRIP = (
    "The strip below the bars is filled while a run was at work. All charts have the same times."
)


def sends(figures: ReportFigures, clock: Clock) -> Html:
    """Sends over time, all of them and those of the busiest keys."""
    timeline = figures.timeline
    if timeline is None:
        return NOTHING
    bin_ = seconds(timeline.width)
    note = (
        f"Each bar is {bin_}. The dashed line is the most that the limit lets into {bin_}; each "
        "chart has its own scale. A message stands where its last attempt left."
    )
    notes = [note]
    charts = [_chart(timeline, bars, place) for place, bars in enumerate(timeline.keys)]
    if timeline.left_out:
        notes.append(
            f"The {len(charts)} busiest bots and messengers are drawn; "
            f"{number(timeline.left_out)} more count in the chart of all sends."
        )
    alone = len(charts) == 1 and not timeline.left_out
    return tag(
        "section",
        tag("h2", "Sends over time", id="sends"),
        *(tag("p", note, class_="quiet") for note in notes),
        tag(
            "figure",
            _caption("All sends", timeline.all, timeline.width),
            bar_chart(
                timeline.all, AltText("all", "All sends over time", _told(timeline.all, timeline))
            ),
            _runs_strip(figures, timeline),
            _axis(timeline, clock),
            tag("p", _STRIP, class_="quiet"),
            class_="all card",
        ),
        tag("div", *charts, class_="multiples") if charts else NOTHING,
        tag(
            "details",
            tag("summary", "The same in figures"),
            _in_figures(timeline, timeline.keys[:1] if alone else timeline.keys, clock),
        ),
        aria_labelledby="sends",
    )


def _chart(timeline: Timeline, bars: Bars, place: int) -> Html:
    title = "Sends of unknown route" if bars.key is None else f"Sends of {bars.key}"[:200]
    return tag(
        "figure",
        _caption(name_of(bars.key), bars, timeline.width),
        bar_chart(bars, AltText(f"key-{place}", title, _told(bars, timeline))),
        class_="card",
    )


def _caption(name: Html | str, bars: Bars, width: float) -> Html:
    limit = " and ".join(tell_quota(quota) for quota in bars.quotas)
    most = "" if bars.most is None else f" of {number(bars.most)}"
    return tag(
        "figcaption",
        tag("strong", name),
        tag("span", f"limit {limit}" if limit else "no limit of its own"),
        tag(
            "span",
            f"{plural(bars.total, 'send')}; at most {number(bars.peak)}{most} in {seconds(width)}",
        ),
    )


def _told(bars: Bars, timeline: Timeline) -> str:
    idle = sum(not count for count in bars.counts)
    told = (
        f"{plural(bars.total, 'send')} in {plural(len(bars.counts), 'bar')} of "
        f"{seconds(timeline.width)}, at most {number(bars.peak)} in one"
    )
    if bars.most is not None:
        told += f"; the limit lets {number(bars.most)} into one"
    return f"{told}; {plural(idle, 'bar')} without a send." if idle else f"{told}."


def _runs_strip(figures: ReportFigures, timeline: Timeline) -> Html:
    """A strip that is filled while a run was at work: a gap above it is a pause."""
    width, bins = timeline.width, len(timeline.all.counts)
    parts: list[tuple[float, float]] = []
    for begun, ended in figures.runs():
        left, right = ((moment - timeline.start) / width for moment in (begun, ended))
        if right > 0 and left < bins:
            # At least the five-hundredth part of the strip, so that a short run is seen.
            parts.append((max(left, 0), min(max(right, left + bins / 500), bins)))
    told = f"{plural(len(figures.summary.sessions), 'run')} in all."
    return strip(parts, bins, AltText("runs", "When a run was at work", told))


def _axis(timeline: Timeline, clock: Clock) -> Html:
    return tag("div", time_tag(clock, timeline.start), time_tag(clock, timeline.end), class_="axis")


def _in_figures(timeline: Timeline, keys: Sequence[Bars], clock: Clock) -> Html:
    """The bars in figures; bins without a send, in a row, are one line."""
    columns = [Column("from", "when"), Column("all")]
    columns += [Column("route not known" if one.key is None else str(one.key)[:60]) for one in keys]
    rows: list[Sequence[Html | str]] = []
    idle = 0
    for place, count in enumerate(timeline.all.counts):
        if count:
            if idle:
                rows.append(_idle(idle, timeline.width, len(keys)))
                idle = 0
            moment = clock.written(timeline.start + place * timeline.width)
            rows.append([moment, number(count), *(number(one.counts[place]) for one in keys)])
        else:
            idle += 1
    limits = [_limit(timeline.all), *map(_limit, keys)]
    return table(
        "Sends over time in figures", columns, rows, total=["the limit lets in", *limits], tall=True
    )


def _idle(bins: int, width: float, keys: int) -> Sequence[Html | str]:
    return [foreign(f"none for {seconds(bins * width)}"), "–", *["–"] * keys]


def _limit(bars: Bars) -> str:
    return "any" if bars.most is None else number(bars.most)


_SPREAD_COLUMNS = (
    Column("bot and messenger", "name"),
    *map(Column, ("p50", "p90", "p95", "p99", "longest", "messages")),
)


def times(figures: ReportFigures) -> Html:
    """Two tables of percentiles; nothing where no message tells of its times."""
    on_wire, waited = figures.times.on_wire, figures.times.waited
    if on_wire is None and waited is None:
        return NOTHING
    note = (
        "Of messages that were accepted. Half of them took no longer than p50, 99 of 100 no "
        f"longer than p99. Percentiles are within {RELATIVE_ERROR:.0%}; the longest is exact."
    )
    return tag(
        "section",
        tag("h2", "Times", id="times"),
        tag("p", note, class_="quiet"),
        _spreads("On the wire", [(one.key, one.times.on_wire) for one in figures.keys], on_wire),
        _spreads(
            "Waited for limits", [(one.key, one.times.waited) for one in figures.keys], waited
        ),
        aria_labelledby="times",
    )


def _spreads(
    title: str, by_key: Sequence[tuple[LimitKey | None, Spread | None]], total: Spread | None
) -> Html:
    if total is None:
        return NOTHING
    rows: list[Sequence[Html | str]] = [
        [name_of(key), *_percentiles(spread)] for key, spread in by_key if spread is not None
    ]
    return tag(
        "div",
        tag("h3", title),
        table(title, _SPREAD_COLUMNS, rows, total=["all", *_percentiles(total)]),
    )


def _percentiles(spread: Spread) -> list[str]:
    shown = (spread.p50, spread.p90, spread.p95, spread.p99, spread.longest)
    return [*map(seconds, shown), number(spread.count)]


_RUNS_LISTED = 50
_RUN_COLUMNS = (
    Column("run", "when"),
    Column("from", "when"),
    Column("to", "when"),
    Column("took"),
    Column("ended", "name"),
    Column("process", "name"),
)


def runs(figures: ReportFigures, clock: Clock) -> Html:
    """The campaign's runs; of many the last ones."""
    summary = figures.summary
    sessions = [*enumerate(summary.sessions, 1)]
    begun = tag("p", "Created ", time_tag(clock, summary.created_at), ".", class_="quiet")
    earlier = len(sessions) - _RUNS_LISTED
    rows = [
        _run_row(place, session, clock, at_work=figures.at_work(place - 1))
        for place, session in sessions[-_RUNS_LISTED:]
    ]
    return tag(
        "section",
        tag("h2", "Runs", id="runs"),
        begun,
        tag("p", f"{number(earlier)} earlier runs are left out.", class_="quiet")
        if earlier > 0
        else NOTHING,
        table("Runs of the campaign", _RUN_COLUMNS, rows, stacked=True) if rows else NOTHING,
        aria_labelledby="runs",
    )


def _run_row(
    place: int, session: JournalSession, clock: Clock, *, at_work: bool
) -> Sequence[Html | str]:
    ended = session.ended_at
    if session.ended is not None:
        told: Html | str = foreign(session.ended)
    elif at_work:
        told = "it runs now"
    elif session.at_work is None:
        told = "it died"
    else:
        # It may have died, or only be cut off: that it has lost its part is all that is known.
        told = "no longer at work"
    return [
        f"#{place}",
        time_tag(clock, session.started_at),
        "–" if ended is None else time_tag(clock, ended),
        "–" if ended is None else seconds(max(ended - session.started_at, 0)),
        told,
        foreign(f"{session.pid} on {session.host}", 80),
    ]
