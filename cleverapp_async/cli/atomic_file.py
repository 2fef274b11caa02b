"""A new file that has its name only when it is whole: until then it ends in ``.part``."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import click
from attrs import define

from .._mounts import is_stream
from .errors import BadInputError, CommandError, Exit
from .text import counted

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

__all__ = [
    "AtomicFile",
    "check_new_file",
    "create_private",
    "output_format",
    "whole_file",
]

_OWNER_ONLY = 0o600
_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def create_private(path: Path) -> BinaryIO:
    """A new file that its owner alone may read, from its first byte: it holds people's data.

    Raises:
        FileExistsError: The name is taken, be it by a link that leads nowhere.
        OSError: It cannot be made.
    """
    # `Path.open` takes no opener.
    return open(path, "x+b", opener=lambda name, flags: os.open(name, flags, _OWNER_ONLY))


@define
class AtomicFile:
    """Written as ``NAME.part``, renamed by :meth:`finish`; nothing is ever written over.

    Left without :meth:`finish`, the part stays where :attr:`kept` says, unless nothing worth
    keeping is in it.

    Attributes:
        path: The name that it gets.
        part: The name that it has until then; of a device or a pipe the same.
    """

    path: Path
    part: Path
    _file: BinaryIO
    _counted: bool = True
    _rows: int = 0

    @classmethod
    def create(cls, name: str, *, counted: bool = True) -> Self:
        """Make it, empty; a device or a pipe is written to as it is.

        Args:
            name: The name that it gets.
            counted: Whether each write is one contact, as :attr:`kept` then tells.

        Raises:
            BadInputError: A file of either name is there, or none can be made.
        """
        path, part = Path(name), Path(f"{name}.part")
        try:
            # A device has no other name to be renamed to, and nothing of it is there before.
            if is_stream(name):
                return cls(path, path, path.open("wb"), counted)
            if os.path.lexists(path):
                raise _in_the_way(path)
            return cls(path, part, create_private(part), counted)
        except FileExistsError:
            raise BadInputError(
                f"{part} exists: an earlier export was interrupted, or another is running. "
                "Move the file away."
            ) from None
        except OSError as error:
            raise BadInputError(f"{part} cannot be written: {error.strerror}.") from None

    @property
    def kept(self) -> str:
        """What of an unfinished file is there, as a sentence."""
        if not self._rows:
            return "Nothing was written."
        try:
            if not self._file.closed:
                self._file.flush()
        except OSError:
            # Nobody knows how many of the rows a full disk has taken.
            return f"{self.part} holds what could be written, and is incomplete."
        if not self._counted:
            return f"{self.part} holds what was written before, and is incomplete."
        return (
            f"{self.part} holds {counted(self._rows, 'contact')} written before, and is incomplete."
        )

    @property
    def rows(self) -> int:
        """How many rows are written."""
        return self._rows

    def begin(self, header: bytes) -> None:
        """Write what stands before the rows."""
        self._file.write(header)

    def write(self, row: bytes) -> None:
        """Write one row."""
        self._file.write(row)
        self._rows += 1

    def finish(self) -> None:
        """Give it its name.

        Raises:
            BadInputError: Meanwhile another file got that name; this one stays as the part.
            OSError: It cannot be written.
        """
        self._file.flush()
        if self.part == self.path:
            self._file.close()
            return
        # Before it gets its name: after a crash a whole name must not lead to half a file.
        os.fsync(self._file.fileno())
        self._file.close()
        try:
            # A link, unlike a rename, never takes another file's place.
            os.link(self.part, self.path)
        except FileExistsError:
            raise _in_the_way(self.path) from None
        except OSError:
            # A file system without links (FAT, some network drives): between the look and the
            # rename another file may get the name, which is the best that can be done there.
            if os.path.lexists(self.path):
                raise _in_the_way(self.path) from None
            self.part.rename(self.path)
        else:
            self.part.unlink()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it; a part without rows goes."""
        try:
            self._file.close()
        except OSError:
            # On a full disk it fails once more at what it failed to write before, which was told.
            if error is None:
                raise
        finally:
            if not self._rows and self.part != self.path:
                self.part.unlink(missing_ok=True)


@contextmanager
def whole_file(name: str, *, counted: bool = True) -> Generator[AtomicFile]:
    """A new file that gets its name at the end of the block; what happens before that is told.

    Args:
        name: The name that it gets.
        counted: Whether each write is one contact.

    Raises:
        CommandError: It cannot be made, or not be written to its end.
        click.exceptions.Exit: It was interrupted.
    """
    with AtomicFile.create(name, counted=counted) as file:
        try:
            yield file
            file.finish()
        except KeyboardInterrupt:
            click.echo(f"Interrupted. {file.kept}", err=True)
            raise click.exceptions.Exit(Exit.INTERRUPTED) from None
        except OSError as error:
            told = f"{file.part} cannot be written: {error.strerror}. {file.kept}"
            raise CommandError(told, Exit.FAILED) from None


def output_format(output: str, given: str | None) -> str:
    """The format of a file that is written: ``csv`` or ``jsonl``.

    Args:
        output: The file's name.
        given: What ``--format`` says; None goes by the suffix of the name.

    Raises:
        BadInputError: Nothing tells it.
    """
    chosen = given or _SUFFIXES.get(Path(output).suffix.lower())
    if chosen is None:
        raise BadInputError(
            f"--output {output}: the name does not tell the format. End it with .csv or .jsonl, or "
            "give --format."
        )
    return chosen


def read_delimiter(given: str | None, form: str) -> str:
    """The sign between the cells of CSV that is written.

    Args:
        given: What ``--delimiter`` says; None: a comma.
        form: The format of the file.

    Raises:
        BadInputError: It is given for a file that has no cells.
    """
    if given is not None and form != "csv":
        raise BadInputError("--delimiter is for CSV: give --format csv, or leave it out.")
    return "\t" if given == "tab" else given or ","


def _in_the_way(path: Path) -> BadInputError:
    return BadInputError(
        f"--output {path} exists, and no file is overwritten. "
        "Give another name, or move the file away."
    )


def check_new_file(option: str, path: str) -> None:
    """Make sure that a file could be made; it is not made.

    Args:
        option: The option that names it.
        path: Its name.

    Raises:
        BadInputError: The name is taken, or ``-``, or its folder does not exist or cannot be
            written.
    """
    if path == "-":
        raise BadInputError(f"{option} takes a file: standard output is for the outcomes.")
    if is_stream(path):
        if not os.access(path, os.W_OK):
            raise BadInputError(f"{option} {path} cannot be written. Give another name.")
        return
    # A link that leads nowhere takes a name, too.
    if os.path.lexists(path):
        raise BadInputError(
            f"{option} {path} exists, and no file is overwritten. "
            "Give another name, or move the file away."
        )
    folder = Path(path).parent
    if not folder.is_dir():
        raise BadInputError(
            f"{option} {path} cannot be written: there is no folder {folder}. Make it first."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInputError(
            f"{option} {path} cannot be written: the folder {folder} may only be read. Let it be "
            "written, or give another name."
        )
