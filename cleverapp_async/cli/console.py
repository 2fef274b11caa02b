"""Where people read: standard error, with colours and a live display where it is a terminal."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.segment import Segment
from rich.table import Table

from .._terminal import behind, cleaned

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from rich.console import ConsoleOptions, RenderableType

__all__ = ["is_screen", "make_console", "make_table", "verbose_log"]

_PLAIN_WIDTH = 100


def is_screen() -> bool:
    """Whether standard error is a terminal that can redraw."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def make_console(*, stderr: bool = True) -> Console:
    """A console on standard error or output; where it is no terminal, of a fixed width."""
    stream = sys.stderr if stderr else sys.stdout
    return _CleanConsole(
        file=behind(stream),
        width=None if stream.isatty() else _PLAIN_WIDTH,
        highlight=False,
        emoji=False,
        markup=False,
    )


class _CleanConsole(Console):
    """A console that draws with sequences of its own, and lets none pass that a text holds."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The pieces of something drawn, their texts cleaned."""
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or text.isprintable():
                yield segment
            else:
                yield Segment(cleaned(text), segment.style)


def make_table(first: str, rest: Iterable[str], *, left: Iterable[str] = ()) -> Table:
    """A table with a column of names, and columns of figures on the right.

    Args:
        first: The header of the column of names.
        rest: The headers of the other columns.
        left: Which of them hold words.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column(first, overflow="fold")
    words = set(left)
    for name in rest:
        if name in words:
            table.add_column(name)
        else:
            table.add_column(name, justify="right", no_wrap=True)
    return table


@contextmanager
def verbose_log(*, on: bool) -> Generator[None]:
    """Show the package's log while the block runs; the token is in none of it.

    Args:
        on: Whether it is shown at all.
    """
    log = logging.getLogger("cleverapp_async")
    before = log.level
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    if on:
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
