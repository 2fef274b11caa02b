"""The top of the page: did everybody get it, and what must be looked at?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..journal.records import JournalState
from .charts import Words, share_bar
from .markup import NOTHING, Html, foreign, joined, tag
from .show_states import STATE_WORDS, tiles
from .words import number, plural, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .clock import Clock
    from .figures import ReportFigures

__all__ = ["tell_state", "top"]


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


def top(figures: ReportFigures, name: str, clock: Clock) -> Html:
    """Title, verdict, shares of all, and what must be looked at."""
    summary, counts = figures.summary, figures.summary.by_state
    shares = [(state.value, counts[state]) for state in STATE_WORDS]
    told = ", ".join(
        f"{number(counts[state])} {word}" for state, word in STATE_WORDS.items() if counts[state]
    )
    return tag(
        "header",
        tag("h1", "Campaign ", foreign(name, 100)),
        tag("p", _verdict(figures), class_="verdict"),
        tag(
            "p",
            tell_state(figures),
            " Sent through ",
            foreign(summary.origin, 200),
            ". As of ",
            clock.time(figures.written_at),
            f" ({clock.offset(figures.written_at)}, as all times here).",
            class_="quiet",
        ),
        tag(
            "div",
            share_bar(shares, Words("shares", "Messages by state", told)),
            tiles(figures),
            class_="card",
        )
        if summary.messages
        else NOTHING,
        _look(figures, name),
    )


def _look(figures: ReportFigures, name: str) -> Html:
    items = [tag("li", item) for item in _asking(figures, name)]
    if not items:
        return NOTHING
    return tag(
        "section",
        tag("h2", "To look at", id="look"),
        tag("ul", *items, class_="look card"),
        aria_labelledby="look",
    )


def _asking(figures: ReportFigures, name: str) -> Iterator[Html]:
    """What asks for somebody's eyes, the gravest first."""
    summary = figures.summary
    if unknown := figures.unknown_in_all:
        told = (
            " may have been sent, and nobody here can tell. Look whether it arrived; nothing is "
            "repeated unless you say so."
        )
        yield joined([tag("a", plural(unknown, "message"), href="#unknown"), told])
    if refused := summary.by_state[JournalState.REJECTED] - summary.retryable:
        told = " refused for good: sending again would end the same."
        yield joined([tag("a", plural(refused, "message"), href="#errors"), told])
    left = _left(figures)
    if left and summary.complete and not figures.running and not summary.purged:
        told = f"{plural(left, 'message')} to go. Resume with the options it was begun with: "
        yield joined([told, tag("code", f"cleverapp send --journal {quoted(name)}")])
