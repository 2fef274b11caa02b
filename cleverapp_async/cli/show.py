"""Progress on standard error: a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from attrs import define, field
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .console import is_screen, make_table
from .standing import Standings

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["LiveView", "NoView", "PlainView", "View", "choose_view"]

_SHOWN = 12
_LINE_EVERY = 10.0
_LINE_SHARE = 0.05
_BAR = 30
_SHORTEST = 0.05


class View(Protocol):
    """Shows how a send stands."""

    def wait(self, text: str) -> None:
        """The send is about to begin, and this is how far it is."""

    def start(self, standings: Standings) -> None:
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

    def start(self, standings: Standings) -> None:
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
    _standings: Standings | None = field(init=False, default=None)
    _last: float = field(init=False, factory=time.monotonic)
    _share: float = field(init=False, default=0.0)

    def wait(self, text: str) -> None:
        """Print a line where one is due."""
        now = time.monotonic()
        if now >= self._last + self.every:
            self._last = now
            self.say(f"{text} …")

    def start(self, standings: Standings) -> None:
        """Remember what to look at."""
        self._standings = standings
        self._last = time.monotonic()

    def tick(self) -> None:
        """Print a line where one is due."""
        now = time.monotonic()
        if self._standings is None or now < self._last + self.every:
            return
        tally = self._standings.tally
        share = tally.done / tally.work.total
        if share < self._share + self.step:
            return
        self._last, self._share = now, share
        self.say(self._standings.told())


@define
class LiveView(NoView):
    """A table that redraws itself, what is printed meanwhile above it."""

    _standings: Standings | None = field(init=False, default=None)
    _waiting: str = field(init=False, default="")
    _live: Live = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the display; nothing is drawn before it starts."""
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

    def start(self, standings: Standings) -> None:
        """Draw for the first time."""
        self._standings = standings
        self._live.start()
        self._live.refresh()

    def tick(self) -> None:
        """Draw again."""
        self._live.refresh()

    def print_line(self, line: bytes) -> None:
        """Print a line of output above the display, unbroken."""
        self.say(line.decode().rstrip("\n"))

    def stop(self) -> None:
        """Take the display away: the closing table says it all."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        standings = self._standings
        if standings is None:
            return Text(f"{self._waiting} …")
        table = make_table("route", ("sent", "failed", "queued", "next slot"))
        for row in standings.rows(_SHOWN):
            slot = "" if row.next_slot is None else _seconds(row.next_slot)
            table.add_row(
                Text(row.name),
                str(row.sent),
                str(row.failed or ""),
                str(row.queued or ""),
                slot if row.queued else Text("done", style="green"),
            )
        hidden = len(standings.first.shares) - table.row_count
        if hidden:
            table.add_row(Text(f"and {hidden} more", style="dim"))
        tally = standings.tally
        bar = ProgressBar(
            total=max(1, tally.work.total), completed=tally.done, width=_BAR, complete_style="green"
        )
        foot = Table.grid(padding=(0, 1))
        foot.add_row(bar, Text(standings.told()))
        return Group(table, Text(), foot)


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= _SHORTEST else "now"


def choose_view(console: Console, *, quiet: bool, verbose: bool) -> View:
    """What shows progress: log lines and a live display do not go together.

    Args:
        console: Where people read.
        quiet: Whether nothing is shown.
        verbose: Whether the log is shown.
    """
    if quiet:
        return NoView(console)
    return LiveView(console) if is_screen() and not verbose else PlainView(console)
