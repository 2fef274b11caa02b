"""The top of the page: how many messages were accepted, and what needs attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..journal.records import JournalState
from .html import (
    NOTHING,
    AltText,
    Column,
    Html,
    foreign,
    joined,
    number,
    percent,
    plural,
    quoted,
    seconds,
    share_bar,
    table,
    tag,
    time_tag,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...limits.quota import LimitKey
    from .figures import ReportFigures
    from .html import Clock

__all__ = ["STATE_WORDS", "by_key", "name_of", "tell_state", "tiles", "top"]

_REMARK_SHOWN = 2000

STATE_WORDS = {
    JournalState.ACCEPTED: "accepted",
    JournalState.REJECTED: "rejected",
    JournalState.UNKNOWN: "unknown",
    JournalState.NOT_SENT: "not sent",
    JournalState.INTENT: "on the way",
    JournalState.PENDING: "waiting",
}
"""What each state is called; the order is that of what has to be looked at."""


def name_of(key: LimitKey | None) -> Html:
    """The name of a bot and messenger; the messenger may be any word that the sender wrote."""
    return tag("span", "route not known") if key is None else foreign(str(key), 80)


def _word(state: JournalState, *, running: bool) -> str:
    if state is JournalState.INTENT and not running:
        return "no result"
    return STATE_WORDS[state]


def tiles(figures: ReportFigures) -> Html:
    """How many messages are in each state; states without messages are left out."""
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


def _left(figures: ReportFigures) -> int:
    """Messages that a resume sends by itself."""
    counts = figures.summary.by_state
    left = counts[JournalState.PENDING] + counts[JournalState.NOT_SENT]
    return left + figures.summary.retryable


def _verdict(figures: ReportFigures) -> str:
    summary, counts = figures.summary, figures.summary.by_state
    whole, accepted = summary.messages, counts[JournalState.ACCEPTED]
    if not summary.complete:
        return "Nothing is sent yet: the messages were not read in to the end"
    if not whole:
        return "This campaign has no messages"
    if accepted == whole:
        return (
            f"All {plural(whole, 'message')} accepted" if whole > 1 else "The message is accepted"
        )
    return f"{number(accepted)} of {plural(whole, 'message')} accepted"


def tell_state(figures: ReportFigures) -> str:
    """Whether it runs, has finished, or what is left."""
    summary, left = figures.summary, _left(figures)
    if figures.running:
        return f"It runs now; {plural(left, 'message')} to go." if left else "It runs now."
    if not summary.complete:
        return "It does not run now. Give the messages again to begin it."
    if summary.purged:
        return "Its recipients and texts were erased: nothing more is sent."
    if left:
        return f"It does not run now; {plural(left, 'message')} to go."
    return "Nothing is left to send."


def top(
    figures: ReportFigures, name: str, title: str, clock: Clock, remark: str | None = None
) -> Html:
    """Title, verdict, the shares of the states, and what needs attention.

    Args:
        figures: What is told.
        name: What the campaign is called in commands.
        title: What it is called on the page.
        clock: Shows moments.
        remark: What else needs attention; None: nothing.
    """
    summary, counts = figures.summary, figures.summary.by_state
    shares = [(state.value, counts[state]) for state in STATE_WORDS]
    told = ", ".join(
        f"{number(counts[state])} {word}" for state, word in STATE_WORDS.items() if counts[state]
    )
    return tag(
        "header",
        tag("h1", "Campaign ", foreign(title, 100)),
        tag("p", _verdict(figures), class_="verdict"),
        tag("p", tell_state(figures), class_="quiet"),
        _facts(figures, name, clock),
        tag(
            "div",
            share_bar(shares, AltText("shares", "Messages by state", told)),
            tiles(figures),
            class_="card",
        )
        if summary.messages
        else NOTHING,
        _look(
            [
                *_attention(figures, name),
                *([] if remark is None else [foreign(remark, _REMARK_SHOWN)]),
            ]
        ),
    )


def _facts(figures: ReportFigures, name: str, clock: Clock) -> Html:
    """Which journal this is, when it was sent and for how long, and the zone of all times."""
    facts: list[tuple[str, Html]] = [("Journal", foreign(name, 200))]
    if runs := figures.runs():
        begun, ended = min(begin for begin, _ in runs), max(end for _, end in runs)
        at_work = sum(end - begin for begin, end in runs)
        last = "now" if figures.running else time_tag(clock, ended)
        facts.append(("Sent", joined([time_tag(clock, begun), " to ", last])))
        several = f", in {number(len(runs))} runs that took {seconds(at_work)} together"
        took = seconds(ended - begun) + (several if len(runs) > 1 else "")
        facts.append(("Duration", joined([took])))
    facts.append(("Through", foreign(figures.summary.origin, 200)))
    facts.append(("As of", time_tag(clock, figures.written_at)))
    facts.append(("Time zone", joined([clock.zone_at(figures.written_at)])))
    return tag(
        "dl",
        *(tag("div", tag("dt", name), tag("dd", told)) for name, told in facts),
        class_="facts",
    )


def _look(found: Sequence[Html]) -> Html:
    if not found:
        return NOTHING
    items = [tag("li", item) for item in found]
    return tag(
        "section",
        tag("h2", "To look at", id="look"),
        tag("ul", *items, class_="look card"),
        aria_labelledby="look",
    )


def _attention(figures: ReportFigures, name: str) -> Iterator[Html]:
    """What needs attention, the most serious first."""
    summary = figures.summary
    if unknown := figures.unknown_in_all:
        they = "it" if unknown == 1 else "they"
        told = (
            f" of unknown outcome: check whether {they} arrived. Nothing is sent again unless you "
            "say so."
        )
        yield joined([tag("a", plural(unknown, "message"), href="#unknown"), told])
    if rejected := summary.by_state[JournalState.REJECTED] - summary.retryable:
        told = (
            " rejected for good: sent again only on demand, which helps where the reason for the "
            "rejection is gone."
        )
        yield joined([tag("a", plural(rejected, "message"), href="#rejected"), told])
    left = _left(figures)
    if left and summary.complete and not figures.running and not summary.purged:
        told = f"{plural(left, 'message')} to go. Resume with the options it was begun with: "
        yield joined([told, tag("code", f"cleverapp send --journal {quoted(name)}")])
