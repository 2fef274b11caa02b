"""How far a send is, for people: a live table on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from attrs import define, field, frozen
from rich.console import Console, Group
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ...bulk.eta import MEASURED_RATE, QUIET_HOURS, UNKNOWN_ROUTE, estimate_run, next_slot
from ...bulk.schedule import Schedule
from ...client import CleverAppClient
from ...errors import Outcome
from ..console import is_screen, make_table
from ..text import say_duration, say_moment
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from ...limits.quota import LimitKey

__all__ = [
    "LiveView",
    "NoView",
    "PlainView",
    "Progress",
    "RouteProgress",
    "View",
    "choose_view",
    "say_rate",
]

_SHORTEST_TOLD = 0.5
_NAMES = {outcome: outcome.value.replace("_", " ") for outcome in Outcome}
"""What the closing table calls them, too."""
_RATES = ((1, "second"), (60, "minute"), (3600, "hour"))

_ROUTES_SHOWN = 12
_LINE_EVERY = 10.0
_LINE_SHARE = 0.05
_BAR = 30
_MARGIN = 4
"""Columns on the right that stay free: what a terminal echoes of Ctrl-C, `^C`, must not begin a new
line, as the display would then leave its uppermost line behind."""
_NARROW = 60
"""Below so many columns there is no room for the table."""
_NEXT_SLOT = "next slot"
_GAP = 2
_NAME_OF_ROUTE = 20
_SHORTEST = 0.05


@frozen
class RouteProgress:
    """One bot and messenger at one moment.

    Attributes:
        name: In words.
        outcomes: Messages by outcome.
        queued: Messages without an outcome.
        next_slot: Seconds until its next message may leave; None where nothing tells.
    """

    name: str
    outcomes: Mapping[Outcome, int]
    queued: int
    next_slot: float | None


@frozen
class Progress:
    """Looks at a running send.

    Attributes:
        tally: What has come of it so far.
        client: Whose limits it waits for.
        schedule: When messages may leave; None: at any time.
    """

    tally: Tally
    client: CleverAppClient
    schedule: Schedule | None = None

    def routes(self, most: int) -> Sequence[RouteProgress]:
        """The bots and messengers that take longest; where not all fit, those with work left."""
        remaining = self.tally.remaining()
        shares = self.tally.work.forecast.shares
        # Where all fit, those that are done stay as well: a line that goes would move all below it.
        if len(shares) > most:
            shares = tuple(share for share in shares if remaining[share.key] > 0)[:most]
        return [self._route(share.key, remaining[share.key]) for share in shares]

    def told(self) -> str:
        """In one line."""
        return "; ".join(self.parts())

    def parts(self) -> list[str]:
        """What is done, and what is to come as long as something is."""
        tally = self.tally
        # Tried, not done: rows that a stopped run lists as not sent would let it jump to the end.
        told = f"{tally.tried} of {tally.work.total} done"
        for outcome, name in _NAMES.items():
            if outcome is not Outcome.ACCEPTED and (count := tally.outcomes[outcome]):
                told += f", {count} {name}"
        return [told] if tally.done >= tally.work.total else [told, self._to_come()]

    def _to_come(self) -> str:
        """How fast it goes and when it ends; where nothing moves, why."""
        now, schedule = time.time(), self.schedule
        remaining = self.tally.remaining()
        eta = estimate_run(
            remaining,
            self.client.limits,
            self.client.account,
            now=now,
            meter=self.tally.meter,
            schedule=schedule,
        )
        left = f"about {say_duration(round(eta.seconds))} left"
        if schedule is not None:
            left += f", until {say_moment(eta.at, schedule.zone)}"
            if not schedule.is_open(now):
                opens = say_moment(schedule.next_open(now), schedule.zone)
                return f"outside the hours until {opens}; {left}"
        if eta.paused >= _SHORTEST_TOLD:
            return f"paused for {say_duration(round(eta.paused))} after a refusal; {left}"
        # A rate that nothing has measured is that of the limits, and quiet hours make any rate look
        # wrong.
        if eta.rate is None or eta.measured is None or eta.bound_by == QUIET_HOURS:
            return left
        # Never another rate than that of the estimate: the two would contradict each other.
        rate = say_rate(eta.rate)
        if eta.seconds < _SHORTEST_TOLD:
            return rate
        # The rate is that of everything that is left: no need to say of what.
        if eta.messages == remaining.total():
            return f"{rate}, {left}"
        return f"{left}, bound by {eta.bound_by.removeprefix(f'{MEASURED_RATE} of ')} at {rate}"

    def _route(self, key: LimitKey | None, queued: int) -> RouteProgress:
        counts = self.tally.of(key)
        slot: float | None = None
        if key is not None and queued:
            limits = self.client.limits
            # Asked of the limiter only where it has work: asking makes a limiter where there is
            # none.
            slot = next_slot(limits.limiter(key).snapshot(), limits.quotas(key))
        return RouteProgress(
            UNKNOWN_ROUTE if key is None else str(key),
            counts,
            queued,
            slot,
        )


def say_rate(rate: float) -> str:
    """A rate in the shortest unit of time in which one message or more ends.

    Args:
        rate: Messages per second.
    """
    size, unit = next((one for one in _RATES if rate * one[0] >= 1), _RATES[-1])
    return f"{rate * size:.1f} per {unit}"


class View(Protocol):
    """Shows how a send stands."""

    def wait(self, text: str) -> None:
        """The send is about to begin, and this is how far it is."""

    def start(self, progress: Progress) -> None:
        """The send begins."""

    def tick(self) -> None:
        """Time has passed."""

    def say(self, text: str) -> None:
        """Tell people something."""

    def stop(self) -> None:
        """The send has ended."""


@define
class NoView:
    """Shows nothing but what is said."""

    console: Console

    def wait(self, text: str) -> None:
        """Show nothing."""

    def start(self, progress: Progress) -> None:
        """Show nothing."""

    def tick(self) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Print it."""
        self.console.print(text, soft_wrap=True)

    def stop(self) -> None:
        """Show nothing."""


@define
class PlainView(NoView):
    """A line every ten seconds or five per cent, whichever comes later.

    Attributes:
        every: Seconds between two lines at least.
        step: The share of all messages between two lines at least.
    """

    every: float = _LINE_EVERY
    step: float = _LINE_SHARE
    _progress: Progress | None = field(init=False, default=None)
    _last: float = field(init=False, factory=time.monotonic)
    _share: float = field(init=False, default=0.0)

    def wait(self, text: str) -> None:
        """Print a line where one is due."""
        now = time.monotonic()
        if now >= self._last + self.every:
            self._last = now
            self.say(f"{text} …")

    def start(self, progress: Progress) -> None:
        """Remember what to look at."""
        self._progress = progress
        self._last = time.monotonic()

    def tick(self) -> None:
        """Print a line where one is due."""
        now = time.monotonic()
        if self._progress is None or now < self._last + self.every:
            return
        tally = self._progress.tally
        share = tally.done / max(1, tally.work.total)
        # Both must have come: a slow send would print nothing new every ten seconds, and a quick
        # one hundreds of lines.
        if share < self._share + self.step:
            return
        self._last, self._share = now, share
        self.say(self._progress.told())


@define
class LiveView(NoView):
    """A table that redraws itself, what is printed meanwhile above it."""

    _progress: Progress | None = field(init=False, default=None)
    _waiting: str = field(init=False, default="")
    _live: Live = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the display; nothing is drawn before it starts."""
        # No refreshing by a thread of rich's: the event loop draws, at moments at which the figures
        # agree with each other. `transient` takes the table away at the end, and the closing one
        # takes its place.
        self._live = Live(
            console=self.console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
            get_renderable=self._draw,
        )

    def wait(self, text: str) -> None:
        """Draw one line."""
        self._waiting = text
        self._live.start()
        self._live.refresh()

    def start(self, progress: Progress) -> None:
        """Draw for the first time."""
        self._progress = progress
        # Starting twice does nothing; it may have begun with `wait`.
        self._live.start()
        self._live.refresh()

    def tick(self) -> None:
        """Draw again."""
        self._live.refresh()

    def stop(self) -> None:
        """Take the display away: the closing table says it all."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        progress = self._progress
        if progress is None:
            return Text(f"{self._waiting} …")
        width = self.console.width - _MARGIN
        parts: list[RenderableType] = [self._foot(progress, width)]
        # A table that is wider than the terminal would be broken, and its lines counted wrongly
        # when it is drawn again.
        if width >= _NARROW:
            parts = [self._table(progress, width), Text(), *parts]
        # Padding would fill the margin with blanks, and leave the cursor at its end.
        return Constrain(Group(*parts), width)

    def _table(self, progress: Progress, width: int) -> Table:
        """A line for each bot and messenger; the moments only where names have room beside them."""
        routes = progress.routes(_ROUTES_SHOWN)
        there = progress.tally.outcomes
        shown = [one for one in Outcome if one is Outcome.ACCEPTED or there[one]]
        columns = [*(_NAMES[one] for one in shown), "queued", _NEXT_SLOT]
        if width - sum(len(name) + _GAP for name in columns) < _NAME_OF_ROUTE:
            columns.remove(_NEXT_SLOT)
        table = make_table("route", columns)
        for row in routes:
            slot = "" if row.next_slot is None else _seconds(row.next_slot)
            cells = [
                str(row.outcomes[Outcome.ACCEPTED]),
                *(str(row.outcomes[one] or "") for one in shown[1:]),
                str(row.queued or ""),
                slot if row.queued else Text("done", style="green"),
            ]
            table.add_row(Text(row.name), *cells[: len(columns)])
        hidden = len(progress.tally.work.forecast.shares) - table.row_count
        if hidden:
            table.add_row(Text(f"and {hidden} more", style="dim"))
        return table

    def _foot(self, progress: Progress, width: int) -> RenderableType:
        """A bar and one line of words; where they do not fit, a line for each part."""
        tally = progress.tally
        bar = ProgressBar(
            total=max(1, tally.work.total),
            completed=tally.tried,
            width=min(_BAR, width),
            complete_style="green",
        )
        words = progress.parts()
        foot = Table.grid(padding=(0, 1))
        if _BAR + 1 + len("; ".join(words)) <= width:
            foot.add_row(bar, Text("; ".join(words)))
            return foot
        foot.add_row(bar)
        return Group(foot, *map(Text, words))


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= _SHORTEST else "now"


def choose_view(console: Console, *, quiet: bool, verbose: bool, output: str | None) -> View:
    """What shows progress: lines of a log or of data and a live display do not go together.

    Args:
        console: Where people read.
        quiet: Whether nothing is shown.
        verbose: Whether the log is shown.
        output: Where the outcomes go, ``-`` for standard output.
    """
    if quiet:
        return NoView(console)
    lines = verbose or (output == "-" and sys.stdout.isatty())
    return LiveView(console) if is_screen() and not lines else PlainView(console)
