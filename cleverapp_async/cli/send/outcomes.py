"""Outcomes as JSON lines, in a form that ``cleverapp send --only`` reads again."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import closing, contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, Protocol

import click
from attrs import define

from ..._mounts import is_stream
from ...errors import ApiError, CleverAppError, ValidationError
from ..atomic_file import create_private
from ..console import as_json, to_stdout
from ..errors import BadInputError, CommandError, Exit
from ..recipients.rows import split_reference

if TYPE_CHECKING:
    from collections.abc import Generator

    from ...bulk.outcome import SendOutcome

__all__ = ["Sink", "as_record", "default_output", "open_sink"]


def as_record(number: int, line: int | None, outcome: SendOutcome) -> dict[str, object]:
    """One outcome as a JSON object: the row, what came of it, and the message in the API's words.

    The other columns of the row come last. A row of an earlier send's outcomes keeps the place that
    it had in the list that was sent first.

    Args:
        number: The row's number, from 1; of a campaign the message's.
        line: The line of the file on which it begins; None: it comes of a campaign.
        outcome: What came of it.
    """
    place, others = split_reference(outcome.message)
    record: dict[str, object] = {"number": number}
    if line is not None:
        # The place in the list that was sent first, where the reference tells it.
        record = {} if place else {"row": number, "line": line}
    record |= place
    record["outcome"] = outcome.outcome.value
    record |= outcome.message.parameters()
    if outcome.contact is not None:
        record["answered_contact_id"] = outcome.contact.id
    if outcome.receipt is not None:
        receipt = outcome.receipt
        record["send_id"] = receipt.send_id
        record["attempts"] = receipt.attempts
        record["waited"] = round(receipt.waited, 4)
        record["on_wire"] = round(receipt.on_wire, 4)
    if outcome.error is not None:
        record["attempts"] = outcome.error.attempts
        record["error"] = _error(outcome.error)
    return record | others


def _error(error: CleverAppError) -> dict[str, object]:
    told: dict[str, object] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, ApiError):
        told["status"] = error.status
    if isinstance(error, ValidationError):
        told["fields"] = [
            {
                "field": one.field,
                "rule": one.rule,
                "related": list(one.related),
                "message": one.message,
            }
            for one in error.errors
        ]
    return told


class Sink(Protocol):
    """Takes outcomes as they end."""

    def write(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Take one; raises OSError where it cannot be kept."""


class _Nowhere:
    """A sink that keeps nothing."""

    def write(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Pass over it."""


class _Output:
    """A sink that writes each outcome to standard output, as one line and at once."""

    def write(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Write one line."""
        to_stdout(_line(number, line, outcome))


@define
class _File:
    """A sink that writes each outcome to a file, as one line and at once.

    Of a line for which there is no room nothing stays: whoever reads the file again would find a
    fault in it. A file that somebody deletes is made again with all that it held, as nothing else
    tells who has got a message.
    """

    path: str
    _file: BinaryIO
    size: int = 0

    @property
    def _number(self) -> int:
        return self._file.fileno()

    def write(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Write one line."""
        self.keep()
        whole = rest = _line(number, line, outcome)
        try:
            while rest:
                # Without a buffer: an outcome is in the file, whatever becomes of this process,
                # when the next one comes.
                rest = rest[os.write(self._number, rest) :]
        except OSError:
            with suppress(OSError):
                # Half a line would be a fault in the list of whoever sends the rest by it.
                os.ftruncate(self._number, self.size)
            raise
        self.size += len(whole)

    def keep(self) -> None:
        """Make sure that the file has a name.

        Raises:
            OSError: It was deleted, and cannot be made again.
        """
        status = os.fstat(self._number)
        # A file that was deleted lives on as long as it is open, without a name.
        if status.st_nlink or not S_ISREG(status.st_mode):
            return
        path = Path(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        again = create_private(path)
        try:
            # What was written so far is still in the nameless file, and is copied out of it.
            self._file.seek(0)
            shutil.copyfileobj(self._file, again)
            again.flush()
        except BaseException:
            again.close()
            raise
        self._file.close()
        self._file = again
        told = f"Warning: {self.path} was deleted while the send went on, and was made again."
        click.echo(told, err=True)

    def close(self) -> None:
        """Write nothing more."""
        self._file.close()


def _line(number: int, line: int | None, outcome: SendOutcome) -> bytes:
    return as_json(as_record(number, line, outcome)).encode() + b"\n"


@contextmanager
def open_sink(path: str | None) -> Generator[Sink]:
    """Open what the outcomes go to; a file that an error leaves empty goes again.

    Args:
        path: A new file, a device or a pipe, ``-`` for standard output, or None for nowhere.

    Raises:
        BadInputError: The file exists, or cannot be made.
        CommandError: At the end: somebody deleted it, and it cannot be made again.
    """
    if path is None:
        yield _Nowhere()
    elif path == "-":
        yield _Output()
    else:
        sink = _File(path, _create(path))
        try:
            with closing(sink):
                yield sink
                try:
                    sink.keep()
                except OSError as error:
                    raise CommandError(
                        f"--output {path} was deleted while the send went on, and cannot be made "
                        f"again ({error.strerror}): what it held is gone. See who has got a "
                        "message before you send to the same people again.",
                        Exit.FAILED,
                    ) from None
        except BaseException:
            if not sink.size and not is_stream(path):
                Path(path).unlink(missing_ok=True)
            raise


def default_output() -> str:
    """Where outcomes go by default: standard output, or a new file.

    On a terminal they would only drive away what people read there, and be gone with it.
    """
    if not sys.stdout.isatty():
        return "-"
    name = f"outcomes-{time.strftime('%Y%m%d-%H%M%S')}"
    names = chain((name,), (f"{name}-{number}" for number in count(2)))
    return next(f"{one}.jsonl" for one in names if not os.path.lexists(f"{one}.jsonl"))


def _create(path: str) -> BinaryIO:
    try:
        return open(path, "wb") if is_stream(path) else create_private(Path(path))  # noqa: PTH123
    except FileExistsError:
        raise BadInputError(
            f"--output {path} exists, and no file is overwritten. "
            "Give another name, or move the file away."
        ) from None
    except OSError as error:
        raise BadInputError(
            f"--output {path} cannot be written: {error.strerror}. Give another name."
        ) from None
