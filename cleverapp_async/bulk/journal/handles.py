"""Handles of files that SQLite has open, too: closed only when nobody here needs the file any more.

POSIX takes all of a process's record locks on a file away as soon as the process closes any handle
of it, also those that SQLite holds for another connection. So a handle that is no longer wanted is
kept until the last one of its file is.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field, frozen

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["OWNER_ONLY", "Handle", "Identity", "NotPlainError", "identity_of"]

Identity: TypeAlias = tuple[int, int]
"""What tells a file from others whatever its names: its device, and its number there."""

OWNER_ONLY = 0o600
"""The mode of a journal's files, which hold people's data."""

# Neither a link is followed nor a pipe waited for, and no child gets the handle.
_CAREFULLY = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotPlainError(OSError):
    """What is opened is no plain file of its own: a link, a pipe, a device or a folder."""


def identity_of(status: os.stat_result) -> Identity:
    """Which file a status is of."""
    return status.st_dev, status.st_ino


@define
class _Use:
    """One file: its handles, and how many of them are wanted."""

    wanted: int = 0
    numbers: set[int] = field(factory=set[int])


class _Files:
    """The files of this process."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.uses: dict[Identity, _Use] = {}

    def forget(self) -> None:
        """In a forked child: its parent's locks go with the parent, not with the last child."""
        uses, self.uses, self.guard = self.uses, {}, threading.Lock()
        for use in uses.values():
            for number in use.numbers:
                with suppress(OSError):
                    os.close(number)


_files = _Files()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_files.forget)


@frozen(eq=False)
class Handle:
    """A plain file, opened by this process.

    Attributes:
        number: The descriptor.
        identity: Which file it is.
    """

    number: int
    identity: Identity

    @classmethod
    def open(cls, path: Path, flags: int) -> Handle:
        """Open a file without following a link, and without waiting.

        Args:
            path: The file.
            flags: Those of :func:`os.open`; a file that is made is for its owner alone.

        Raises:
            NotPlainError: It is no plain file.
            OSError: It cannot be opened.
        """
        try:
            # A device may do something when it is opened: look first.
            if not stat.S_ISREG(path.lstat().st_mode):
                raise NotPlainError("it is no plain file")
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
        with _files.guard:
            number = os.open(path, flags | _CAREFULLY, OWNER_ONLY)
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                os.close(number)
                raise NotPlainError("it is no plain file")
            handle = cls(number, identity_of(status))
            use = _files.uses.setdefault(handle.identity, _Use())
            use.wanted += 1
            use.numbers.add(number)
            return handle

    def status(self) -> os.stat_result:
        """What the file is like now."""
        return os.fstat(self.number)

    def close(self) -> None:
        """Say that it is not wanted any more; a lock of it must be given back before."""
        with _files.guard:
            use = _files.uses.get(self.identity)
            if use is None or self.number not in use.numbers:
                return  # the handle of a process that was forked from
            use.wanted -= 1
            if use.wanted:
                return
            del _files.uses[self.identity]
            for number in use.numbers:
                os.close(number)
