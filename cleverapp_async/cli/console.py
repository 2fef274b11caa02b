"""What is printed: words for people, with colours where they see them, and data on standard output.

Data are UTF-8, whatever the terminal's settings say.
"""

from __future__ import annotations

import json
import logging
import os
import select
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar, cast

import click
from rich import box
from rich.console import Console
from rich.segment import Segment
from rich.table import Table

from .._terminal import (
    behind,
    cleaned,
    errors_are_lost,
    escaped,
    give_up,
    output_is_closed,
    printable,
)
from .errors import BadInputError
from .signals import standard_input

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from rich.console import ConsoleOptions, RenderableType

    from .._response import RawResponse

__all__ = [
    "as_json",
    "ask",
    "ask_to_go_on",
    "can_ask",
    "deep_json",
    "is_screen",
    "make_console",
    "make_table",
    "need_output",
    "print_json",
    "print_raw",
    "to_output_instead",
    "to_stdout",
    "until_the_reader_leaves",
    "verbose_log",
]

T = TypeVar("T")

_UNBOUNDED = 100_000
"""The width of what is no terminal: nothing is cut or broken there."""


def is_screen() -> bool:
    """Whether standard error is a terminal that can redraw."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def can_ask() -> bool:
    """Whether a question can be answered: there is a terminal, and this is no background job.

    The system would stop such a job as soon as it reads from its terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    if sys.platform == "win32":
        return True
    try:
        # The group of processes that the terminal belongs to now, and ours.
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # a terminal without jobs
        return True


def ask_to_go_on() -> bool:
    """Ask whether to go on: only a yes is one.

    Raises:
        click.Abort: A signal came, or the end of input.
    """
    return ask("Go on? [y/N]", {"y": True, "yes": True, "n": False, "no": False, "": False})


def ask(question: str, answers: Mapping[str, T]) -> T:
    """Ask until one of the answers is given; whatever their case.

    Args:
        question: What is asked, with the answers to be typed.
        answers: What is typed, in small letters, and what it means.

    Raises:
        click.Abort: A signal came, or the end of input.
    """
    # Not by click's own prompts: their read may miss a signal.
    typed = standard_input()
    while True:
        click.echo(f"{question}: ", nl=False, err=True)
        try:
            line = typed.readline()
        except (KeyboardInterrupt, OSError):  # the latter from a terminal that was closed
            raise click.Abort from None
        if not line:
            raise click.Abort
        answer = line.decode(errors="replace").strip().lower()
        if answer in answers:
            return answers[answer]
        expected = ", ".join(filter(None, answers))
        click.echo(f"Error: {printable(answer)!r} is none of {expected}.", err=True)


def make_console(*, stderr: bool = True) -> Console:
    """A console on standard error or output; where it is no terminal, no line of it is broken."""
    stream = sys.stderr if stderr else sys.stdout
    return _CleanConsole(
        # rich cleans nothing; `_CleanConsole` does that piece by piece, so that its own sequences
        # pass.
        file=behind(stream),
        width=None if stream.isatty() else _UNBOUNDED,
        highlight=False,
        emoji=False,
        markup=False,
    )


class _CleanConsole(Console):
    """A console that draws with sequences of its own, and lets none pass that a text holds."""

    def on_broken_pipe(self) -> None:
        """Leave it to the command what it ends with; rich itself would end it with 1."""
        # rich calls this inside of its `except`.
        raise  # noqa: PLE0704 - the error in hand, of the caller

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The pieces of something drawn, their texts cleaned."""
        for segment in super().render(renderable, options):
            text = segment.text
            # Nearly every piece is clean, and goes through as it is.
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


def need_output(remedy: str) -> None:
    """Refuse to send something whose outcome could not be written anywhere.

    Args:
        remedy: What to do instead, a sentence.

    Raises:
        BadInputError: Standard output is closed.
    """
    if output_is_closed():
        raise BadInputError(f"standard output is closed, so nothing was sent. {remedy}")


@contextmanager
def until_the_reader_leaves() -> Generator[None]:
    """Print until the reader closes the pipe, which is no failure.

    Not for what has more to do than to print: it ends with the block.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer would fail once more when Python ends, and change the exit
        # code.
        give_up(sys.stdout)


def as_json(content: object, *, indent: int | None = None) -> str:
    """A value as JSON, in which nothing is left that a terminal would obey.

    Args:
        content: Plain JSON values.
        indent: Spaces per level; None puts all on one line.
    """
    try:
        text = json.dumps(content, ensure_ascii=False, indent=indent)
    except RecursionError:
        text = "".join(deep_json(content, indent))
    # Escaped in the finished text: JSON reads the same, whichever of its strings it was in.
    return escaped(text)


def deep_json(content: object, indent: int | None) -> Iterator[str]:
    """What ``json.dumps`` gives, also of a value that is nested too deeply for it.

    Args:
        content: Plain JSON values.
        indent: Spaces per level; None puts all on one line.
    """
    comma, gap = (", ", "") if indent is None else (",", " " * indent)
    # For each open container: what closes it, and what it still holds.
    ends: list[tuple[str, Iterator[tuple[str, object]]]] = [("", iter([("", content)]))]
    first = True
    while ends:
        end, rest = ends[-1]
        # A stack of our own in place of the calls of a recursion; its lowest entry holds the value
        # itself.
        depth = len(ends) - 1
        found = next(rest, None)
        if found is None:
            ends.pop()
            if end and not first and gap:
                yield f"\n{gap * (depth - 1)}"
            yield end
            first = False
            continue
        name, value = found
        if depth:
            yield "" if first else comma
            yield f"\n{gap * depth}" if gap else ""
        yield name
        first = isinstance(value, dict | list)
        if isinstance(value, dict):
            named = cast("dict[str, object]", value).items()
            yield "{"
            ends.append(("}", ((f"{_text(key)}: ", held) for key, held in named)))
        elif isinstance(value, list):
            yield "["
            ends.append(("]", (("", held) for held in cast("list[object]", value))))
        else:
            yield _text(value)


def _text(leaf: object) -> str:
    return json.dumps(leaf, ensure_ascii=False)


def print_json(content: object) -> None:
    """Print a value: for people where they read, else on one line.

    Raises:
        OSError: Nobody takes it.
    """
    to_stdout(as_json(content, indent=2 if sys.stdout.isatty() else None).encode() + b"\n")


def print_raw(answer: RawResponse) -> None:
    """Print an answer: status, the headers that are kept, an empty line, the body as it came.

    Raises:
        OSError: Nobody takes it.
    """
    lines = [f"HTTP {answer.status}"]
    lines += [printable(f"{name}: {value}") for name, value in answer.headers.items()]
    body = answer.body
    if sys.stdout.isatty():
        # On a terminal as text, of which the guard of the stream takes away what it would obey.
        body = answer.text.encode()
    end = b"" if body.endswith(b"\n") else b"\n"
    to_stdout("\n".join([*lines, "", ""]).encode() + body + end)


def to_stdout(data: bytes) -> None:
    """Write bytes to standard output at once.

    Raises:
        OSError: Nobody takes them.
    """
    try:
        sys.stdout.flush()
        while data:
            try:
                # A stream that does not wait takes a part of it, or raises with how much it took.
                data = data[sys.stdout.buffer.write(data) :]
            except BlockingIOError as error:
                data = data[error.characters_written :]
                _wait_for_the_reader()
        _flush_stdout()
    except OSError:
        give_up(sys.stdout)
        raise


def _flush_stdout() -> None:
    while True:
        try:
            sys.stdout.buffer.flush()
        except BlockingIOError:
            _wait_for_the_reader()
        else:
            return


def _wait_for_the_reader() -> None:
    """Where the parent made the stream one that never waits, as some runners do, wait here."""
    select.select([], [sys.stdout.fileno()], [])


def to_output_instead(text: str) -> None:
    """Where standard error takes nothing, write a line to standard output that was meant for it.

    For what is on record nowhere else; where that fails as well, nothing is left to be tried.

    Args:
        text: The line, in which a terminal finds nothing to obey.
    """
    if errors_are_lost():
        with suppress(OSError):
            to_stdout(f"{text}\n".encode())
