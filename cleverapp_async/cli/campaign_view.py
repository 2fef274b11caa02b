"""A campaign's standing for people: tables, sentences and what can be done next."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from .._terminal import printable
from ..bulk.journal.records import JournalState
from .clocks import say_age, say_moment
from .exits import MEANINGS, Exit
from .screen import make_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from rich.console import RenderableType
    from rich.table import Table

    from ..bulk.journal.records import LockHolder
    from ..limits.quota import LimitKey
    from .campaign_outlook import Outlook

    ByKey: TypeAlias = tuple[LimitKey | None, Mapping[JournalState, int]]

__all__ = ["draw_status"]

_KEYS_SHOWN = 20
_UNKNOWN_ROUTE = "route unknown"
_STYLES = {
    JournalState.PENDING: "",
    JournalState.INTENT: "cyan",
    JournalState.ACCEPTED: "green",
    JournalState.REJECTED: "red",
    JournalState.NOT_SENT: "yellow",
    JournalState.UNKNOWN: "magenta",
}
_NAMES = {state: state.value.replace("_", " ") for state in JournalState} | {
    JournalState.INTENT: "under way"
}
_ORDER = (
    JournalState.ACCEPTED,
    JournalState.REJECTED,
    JournalState.NOT_SENT,
    JournalState.UNKNOWN,
    JournalState.INTENT,
    JournalState.PENDING,
)
_NOT_YET = "some were rejected, or are not sent yet"
"""What exit 1 means of a campaign that may still go on."""


def draw_status(outlook: Outlook, *, commands: bool = True) -> RenderableType:
    """Everything that ``cleverapp campaign status`` shows.

    Args:
        outlook: How the campaign stands, and what is to come.
        commands: Whether what can be done is shown.
    """
    state = outlook.state
    parts: list[RenderableType] = [
        *map(Text, _head(outlook)),
        Padding(_counts(outlook), (1, 0, 1, 2), expand=False),
        *map(Text, _sentences(outlook)),
    ]
    done = outlook.steps if commands else []
    if done:
        parts += [Text(), Text("What can be done:")]
    for step in done:
        # On a line of its own, which nothing breaks: it is there to be copied.
        parts += [Text(f"  {step.does}:"), Text(f"    {step.command}", style="bold")]
    code = state.exit
    style = "green" if code is Exit.OK else "yellow"
    meaning = _NOT_YET if code is Exit.FAILED else MEANINGS[code]
    parts += [Text(), Text(f"Exit {code.value}: {meaning}.", style=style)]
    return Group(*parts)


def _head(outlook: Outlook) -> list[str]:
    summary = outlook.state.summary
    what = f"{_count(summary.messages, 'message')} to {summary.origin}"
    told = [f"{outlook.resuming.journal}: {what}, begun {say_moment(summary.created_at)}"]
    if summary.duplicates:
        them = "was" if summary.duplicates == 1 else "were"
        left_out = _count(summary.duplicates, "duplicate")
        rule = "each recipient gets the first of its messages alone"
        told.append(f"{left_out} {them} left out: {rule}.")
    if not summary.complete:
        told.append("Not all messages are read in: nothing was sent yet.")
    if summary.purged:
        told.append("Recipients and texts were erased.")
    return told


def _counts(outlook: Outlook) -> Table:
    state = outlook.state
    shown = [one for one in _ORDER if state.counts[one]] or [JournalState.PENDING]
    table = make_table("route", [_NAMES[one] for one in shown])
    rows = sorted(state.summary.by_key.items(), key=_by_work)
    for key, by_state in islice(rows, _KEYS_SHOWN):
        counts = state.settled(by_state)
        name = _UNKNOWN_ROUTE if key is None else str(key)
        table.add_row(Text(printable(name)), *(str(counts[one] or "") for one in shown))
    if len(rows) > _KEYS_SHOWN:
        table.add_row(Text(f"and {len(rows) - _KEYS_SHOWN} more", style="dim"))
    totals = (Text(str(state.counts[one]), style=f"bold {_STYLES[one]}") for one in shown)
    table.add_row(Text("total", style="bold"), *totals)
    return table


def _by_work(item: ByKey) -> tuple[int, str]:
    """The keys with most messages first, the unknown route last."""
    key, counts = item
    return (-sum(counts.values()) if key is not None else 1, str(key))


def _sentences(outlook: Outlook) -> list[str]:
    state, summary, now = outlook.state, outlook.state.summary, outlook.now
    holder = state.holder
    told: list[str] = []
    if holder is not None:
        told.append(f"{_runner(holder, now)}.")
    elif summary.sessions:
        last = summary.sessions[-1]
        ended = "its process died, nobody knows why" if last.ended is None else last.ended
        when = "" if last.ended_at is None else f" {say_moment(last.ended_at)}"
        runs = _count(len(summary.sessions), "run")
        told.append(f"Nobody runs it. It had {runs}; the last one ended{when}: {printable(ended)}.")
    if summary.retryable:
        told.append(f"{summary.retryable} of the rejected may pass: the next run sends them again.")
    if state.to_send:
        told.append(_left(outlook))
    return told


def _runner(holder: LockHolder, now: float) -> str:
    told = "Another process" if holder.pid is None else f"Process {holder.pid}"
    if holder.host is not None:
        told += f" on {printable(holder.host)}"
    told += " runs it"
    if holder.since is None:
        return told
    return f"{told}, since {say_moment(holder.since)} ({say_age(holder.since, now)})"


def _left(outlook: Outlook) -> str:
    told = f"{_count(outlook.state.to_send, 'message')} left: {outlook.told()}"
    if outlook.ends_at is None:
        return f"{told}."
    condition = "" if outlook.state.holder is not None else " if it goes on now"
    return f"{told}; the end is not before {say_moment(outlook.ends_at)}{condition}."


def _count(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
