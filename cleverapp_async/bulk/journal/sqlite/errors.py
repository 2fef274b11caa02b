"""The errors of a journal in place of SQLite's: what went wrong, and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....errors import JournalError, JournalLostError, JournalWriteError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["open_failure", "read_failure", "was_interrupted", "write_failure"]

_RESUME = "then resume the campaign"

# By the error's primary name; its extended name begins with it.
_REASONS = (
    ("SQLITE_FULL", "no space is left", f"make room, {_RESUME}"),
    ("SQLITE_READONLY", "it may only be read", f"let it and its folder be written, {_RESUME}"),
    ("SQLITE_PERM", "access was refused", f"let it and its folder be written, {_RESUME}"),
    ("SQLITE_CANTOPEN", "it cannot be opened", f"let it and its folder be written, {_RESUME}"),
    ("SQLITE_BUSY", "another program holds it locked", f"end that program, {_RESUME}"),
    ("SQLITE_LOCKED", "another program holds it locked", f"end that program, {_RESUME}"),
    ("SQLITE_IOERR", "the disk failed", "check the disk and its free space, " + _RESUME),
    ("SQLITE_CORRUPT", "it is damaged", "restore it from a copy"),
    ("SQLITE_NOTADB", "it is no SQLite file", "give the path of a journal, or of a new file"),
)


def _told(error: BaseException) -> tuple[str, str]:
    if isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in str(error):
        return "it is damaged (a text in it is none)", "restore it from a copy"
    # Errors that Python's module raises itself have no name.
    name = str(getattr(error, "sqlite_errorname", None) or "")
    for begin, reason, remedy in _REASONS:
        if name.startswith(begin):
            return f"{reason} ({error})", remedy
    return f"{type(error).__name__}: {error}", "check the file"


def was_interrupted(error: BaseException) -> bool:
    """Whether a query was given up: a handler of a signal raised, or nobody waited any more."""
    return getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT"


def open_failure(path: Path, error: Exception) -> JournalError:
    """The error of a journal that cannot be opened."""
    reason, remedy = _told(error)
    return JournalError(f"the journal {path} cannot be opened: {reason}; {remedy}")


def write_failure(path: Path, error: BaseException, *, lost: int = 0) -> JournalError:
    """The error of a write that failed; one of this package stays what it is.

    Args:
        path: The journal's file.
        error: What was raised.
        lost: Results that nobody will write any more.
    """
    if isinstance(error, JournalError):
        kind, told = type(error), str(error)
    else:
        reason, remedy = _told(error)
        kind, told = JournalWriteError, f"the journal {path} cannot be written: {reason}; {remedy}"
    if not lost:
        return error if isinstance(error, JournalError) else kind(told)
    where = "are not in it: a resume lists their messages as unknown"
    if isinstance(error, JournalLostError):
        where = "were not written"
    return kind(f"{told}. {lost} result(s) {where}")


def read_failure(path: Path, error: Exception) -> JournalError:
    """The error of a read that failed.

    Raises:
        KeyboardInterrupt: A handler of a signal ended the query: SQLite knows it as interrupted.
    """
    if was_interrupted(error):
        raise KeyboardInterrupt
    reason, remedy = _told(error)
    return JournalError(f"the journal {path} cannot be read: {reason}; {remedy}")
