"""The timeline: sends against the limit of each key, gaps as gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .charts import Words, bar_chart, spans
from .markup import NOTHING, Html, foreign, tag
from .show_states import name_of
from .tables import Column, table
from .words import number, plural, seconds, tell_quota

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .clock import Clock
    from .figures import ReportFigures
    from .timeline import Bars, Timeline

__all__ = ["sends"]

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
                timeline.all, Words("all", "All sends over time", _told(timeline.all, timeline))
            ),
            _runs(figures, timeline),
            _axis(timeline, clock),
            tag("p", _STRIP, class_="quiet"),
            class_="all card",
        ),
        tag("div", *charts, class_="multiples") if charts else NOTHING,
        tag(
            "details",
            tag("summary", "The same in figures"),
            _figures(timeline, timeline.keys[:1] if alone else timeline.keys, clock),
        ),
        aria_labelledby="sends",
    )


def _chart(timeline: Timeline, bars: Bars, place: int) -> Html:
    title = "Sends of unknown route" if bars.key is None else f"Sends of {bars.key}"[:200]
    return tag(
        "figure",
        _caption(name_of(bars.key), bars, timeline.width),
        bar_chart(bars, Words(f"key-{place}", title, _told(bars, timeline))),
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


def _runs(figures: ReportFigures, timeline: Timeline) -> Html:
    """A strip that is filled while a run was at work: a gap above it is a pause."""
    width, bins = timeline.width, len(timeline.all.counts)
    parts: list[tuple[float, float]] = []
    for begun, ended in _stretches(figures, timeline):
        left, right = ((moment - timeline.start) / width for moment in (begun, ended))
        if right > 0 and left < bins:
            parts.append((max(left, 0), min(max(right, left + bins / 500), bins)))
    told = f"{plural(len(figures.summary.sessions), 'run')} in all."
    return spans(parts, bins, Words("runs", "When a run was at work", told))


def _stretches(figures: ReportFigures, timeline: Timeline) -> Iterator[tuple[float, float]]:
    sessions = figures.summary.sessions
    for place, session in enumerate(sessions):
        last = place == len(sessions) - 1
        if session.ended_at is not None:
            yield session.started_at, session.ended_at
        elif last and figures.running:
            yield session.started_at, figures.written_at
        else:
            # It died: it is known to have lived until the last send before the next run.
            until = figures.written_at if last else sessions[place + 1].started_at
            yield session.started_at, max(_last_send(timeline, until), session.started_at)


def _last_send(timeline: Timeline, until: float) -> float:
    counts = timeline.all.counts
    place = min(int((until - timeline.start) / timeline.width), len(counts) - 1)
    while place >= 0 and not counts[place]:
        place -= 1
    return min(timeline.start + timeline.width * (place + 1), until)


def _axis(timeline: Timeline, clock: Clock) -> Html:
    return tag("div", clock.time(timeline.start), clock.time(timeline.end), class_="axis")


def _figures(timeline: Timeline, keys: Sequence[Bars], clock: Clock) -> Html:
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
