"""What a terminal is shown of texts that others wrote: nothing in them that it would obey.

Recipients' names, server answers, journals, file names and arguments may hold escape sequences,
which colour, erase and retitle a terminal, and marks which turn the direction of a line around.
A program's streams are guarded once, where it starts (:func:`guard_streams`), so that whatever is
printed, by whatever way, is cleaned. Who draws with sequences of his own writes to the stream
behind the guard and cleans his texts himself.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from io import BufferedIOBase
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "behind",
    "cleaned",
    "errors_are_lost",
    "escaped",
    "give_up",
    "guard_streams",
    "output_is_closed",
    "printable",
]

# They join letters and emoji, and move nothing.
_JOINERS = "\u200c\u200d"

# What JSON may hold raw though a terminal obeys it, and half characters, which UTF-8 cannot hold.
_OBEYED_IN_JSON = (
    "[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)


_closed: set[str] = set()
"""The streams that the parent had closed, and standard error once it has failed."""


def printable(text: str) -> str:
    """A text on one line, with a blank for each character that is not to be seen."""
    # Nearly every text is, and the look costs far less than the way character by character.
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or _is_harmless(one) else " " for one in text)


def _is_harmless(character: str) -> bool:
    """Whether it is a joiner, or an emoji that is younger than this Python."""
    return character in _JOINERS or "\U0001f000" <= character <= "\U0001faff"


def cleaned(text: str) -> str:
    """A text with its lines and tabs, and blanks for whatever else is not to be seen."""
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in lines)


def escaped(json_text: str) -> str:
    r"""JSON in which ``\u`` stands for whatever a terminal would obey: it says the same."""
    return re.sub(_OBEYED_IN_JSON, lambda match: f"\\u{ord(match[0]):04x}", json_text)


def guard_streams() -> None:
    """Clean all that this program prints from here on, and let no lost reader stop it.

    Standard error is for people, wherever it goes: what cannot be written there (a full disk, a
    reader that has left) is dropped, as nothing depends on it. Standard output is data: it is
    cleaned where it goes to a terminal, and left as it is in a pipe or a file. Standard input and
    error that the parent closed are empty and lead nowhere; writing to a standard output that it
    closed fails, as its data would be lost. What the terminal's encoding does not have is spelled
    out, as Python does on standard error.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # In this order they get their usual numbers, which no file of ours may have.
            way = os.O_WRONLY if name == "stderr" else os.O_RDONLY
            number = os.open(os.devnull, way)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
            _closed.add(name)
    if not _is_guarded(sys.stderr):
        # The guard outside, the forgiving one inside: what is cleaned may still meet a full disk.
        sys.stderr = _guarded(cast("TextIO", _Forgiving(sys.stderr)))
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and sys.stdout.errors == "strict":
        reconfigure(errors="backslashreplace")
    if sys.stdout.isatty():
        sys.stdout = _guarded(sys.stdout)


def output_is_closed() -> bool:
    """Whether the parent had closed standard output, so that nothing can be written there."""
    return "stdout" in _closed


def errors_are_lost() -> bool:
    """Whether standard error takes nothing any more, or never did."""
    return "stderr" in _closed


def give_up(stream: TextIO | BinaryIO) -> None:
    """Lead a stream that failed nowhere: not even what is left of it at the end fails again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):
        # The number of the stream stays taken, so that no file that is opened later gets it and
        # what is left in the buffer.
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def behind(stream: TextIO) -> TextIO:
    """The stream behind the guard, for who cleans his texts himself."""
    return cast("_GuardedText", stream).unguarded if _is_guarded(stream) else stream


def _guarded(stream: TextIO) -> TextIO:
    return stream if _is_guarded(stream) else cast("TextIO", _GuardedText(stream))


def _is_guarded(stream: object) -> bool:
    return isinstance(stream, _GuardedText)


class _Forgiving:
    """Standard error, as text or bytes: what it cannot write is dropped."""

    def __init__(self, stream: TextIO | BinaryIO) -> None:
        self._stream = stream
        # click and others write bytes past the text stream, to its buffer.
        if isinstance(buffer := getattr(stream, "buffer", None), BufferedIOBase):
            self.buffer = _Forgiving(cast("BinaryIO", buffer))

    def __getattr__(self, name: str) -> object:
        """All else is the stream's own."""
        return getattr(self._stream, name)

    def write(self, what: str | bytes) -> int:
        """Write it if that is possible."""
        try:
            cast("TextIO", self._stream).write(cast("str", what))
        except BlockingIOError:
            pass  # Its reader is slow, and may have taken all by the next line.
        except OSError:
            self._fail()
        return len(what)

    def flush(self) -> None:
        """Write what is held back, if that is possible."""
        try:
            self._stream.flush()
        except BlockingIOError:
            pass
        except OSError:
            self._fail()

    def _fail(self) -> None:
        _closed.add("stderr")
        give_up(self._stream)


class _GuardedText:
    """A text stream that cleans what is written to it, text and bytes alike."""

    def __init__(self, unguarded: TextIO) -> None:
        self.unguarded = unguarded
        self.buffer = _GuardedBytes(unguarded.buffer)

    def __getattr__(self, name: str) -> object:
        """All else is the stream's own."""
        return getattr(self.unguarded, name)

    def write(self, text: str) -> int:
        """Write a text, cleaned."""
        self.unguarded.write(cleaned(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts, each cleaned."""
        for line in lines:
            self.write(line)


class _GuardedBytes:
    """The bytes beneath a guarded stream; each write holds whole characters."""

    def __init__(self, unguarded: BinaryIO) -> None:
        self._unguarded = unguarded

    def __getattr__(self, name: str) -> object:
        """All else is the stream's own."""
        return getattr(self._unguarded, name)

    def write(self, data: bytes) -> int:
        """Write bytes, cleaned."""
        # The length of what was given, not of what was written: callers look whether all of theirs
        # was taken.
        self._unguarded.write(cleaned(data.decode(errors="replace")).encode())
        return len(data)
