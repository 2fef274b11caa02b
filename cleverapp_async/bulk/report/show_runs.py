"""When the campaign was begun, resumed and interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markup import NOTHING, Html, foreign, tag
from .tables import Column, table
from .words import number, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..journal.records import JournalSession
    from .clock import Clock
    from .figures import ReportFigures

__all__ = ["runs"]

_LISTED = 50
_COLUMNS = (
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
    begun = tag("p", "Created ", clock.time(summary.created_at), ".", class_="quiet")
    earlier = len(sessions) - _LISTED
    rows = [
        _row(place, session, clock, running=figures.running and place == len(sessions))
        for place, session in sessions[-_LISTED:]
    ]
    return tag(
        "section",
        tag("h2", "Runs", id="runs"),
        begun,
        tag("p", f"{number(earlier)} earlier runs are left out.", class_="quiet")
        if earlier > 0
        else NOTHING,
        table("Runs of the campaign", _COLUMNS, rows, stacked=True) if rows else NOTHING,
        aria_labelledby="runs",
    )


def _row(
    place: int, session: JournalSession, clock: Clock, *, running: bool
) -> Sequence[Html | str]:
    ended = session.ended_at
    if running:
        told: Html | str = "it runs now"
    elif session.ended is None:
        told = "it died"
    else:
        told = foreign(session.ended)
    return [
        f"#{place}",
        clock.time(session.started_at),
        "–" if ended is None else clock.time(ended),
        "–" if ended is None else seconds(max(ended - session.started_at, 0)),
        told,
        foreign(f"{session.pid} on {session.host}", 80),
    ]
