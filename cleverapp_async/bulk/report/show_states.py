"""The states of messages, in the order and the words of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..journal.records import JournalState
from .markup import NOTHING, Html, foreign, tag
from .tables import Column, table
from .words import number, percent, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...limits.quota import LimitKey
    from .figures import ReportFigures

__all__ = ["STATE_WORDS", "by_key", "name_of", "tiles"]

STATE_WORDS = {
    JournalState.ACCEPTED: "accepted",
    JournalState.REJECTED: "refused",
    JournalState.UNKNOWN: "unknown",
    JournalState.NOT_SENT: "not sent",
    JournalState.INTENT: "on the way",
    JournalState.PENDING: "waiting",
}
"""What each state is called; the order is that of what has to be looked at."""


def name_of(key: LimitKey | None) -> Html:
    """A bot and messenger; the messenger is whatever word the sender wrote."""
    return tag("span", "route not known") if key is None else foreign(str(key), 80)


def _word(state: JournalState, *, running: bool) -> str:
    if state is JournalState.INTENT and not running:
        return "no result"
    return STATE_WORDS[state]


def tiles(figures: ReportFigures) -> Html:
    """How many messages are in each state that there are any in."""
    counts, whole = figures.summary.by_state, figures.summary.messages
    return tag(
        "dl",
        *(
            tag(
                "div",
                tag(
                    "dt",
                    tag("span", class_=f"swatch {state.value}", aria_hidden="true"),
                    _word(state, running=figures.running),
                ),
                tag(
                    "dd",
                    number(counts[state]),
                    " ",
                    tag("small", percent(counts[state], whole)),
                ),
            )
            for state in STATE_WORDS
            if counts[state] or state is JournalState.ACCEPTED
        ),
        class_="tiles",
    )


def by_key(figures: ReportFigures) -> Html:
    """Messages by bot and messenger, and by state; nothing where there are none."""
    if not figures.summary.messages:
        return NOTHING
    counts = figures.summary.by_state
    shown = [state for state in STATE_WORDS if counts[state] or state is JournalState.ACCEPTED]
    words = (_word(state, running=figures.running) for state in shown)
    columns = [Column("bot and messenger", "name"), Column("messages"), *map(Column, words)]
    rows: list[Sequence[Html | str]] = [
        [
            name_of(one.key),
            number(one.messages),
            *(number(one.states.get(state, 0)) for state in shown),
        ]
        for one in figures.keys
    ]
    total = ["all", number(figures.summary.messages), *(number(counts[state]) for state in shown)]
    left_out = figures.keys_left_out
    rest = f"The first {number(len(rows))}; {number(left_out)} more count in the last row alone."
    return tag(
        "section",
        tag("h2", "By bot and messenger", id="keys"),
        table("Messages by bot and messenger", columns, rows, total=total, stacked=True),
        tag("p", rest, class_="quiet") if left_out else NOTHING,
        _duplicates(figures),
        aria_labelledby="keys",
    )


def _duplicates(figures: ReportFigures) -> Html:
    summary = figures.summary
    if not summary.duplicates:
        return NOTHING
    told = (
        f"{plural(summary.duplicates, 'duplicate')} left out: "
        "messages to a recipient that an earlier message of the list has."
    )
    return tag("p", told, class_="quiet")
