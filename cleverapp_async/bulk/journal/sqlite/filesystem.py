"""The files of a journal: how they are opened, where they may lie, whether they are still there."""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field, frozen

from ...._mounts import mount_of, network_kind, read_mounts
from ....errors import JournalError, JournalLostError

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "OWNER_ONLY",
    "REMEDIES",
    "Handle",
    "Identity",
    "NotPlainError",
    "OpenFiles",
    "check_file_type",
    "check_files_beside",
    "check_mount",
    "check_place",
    "identity_of",
    "resolve_path",
]

Identity: TypeAlias = tuple[int, int]
"""What tells a file from others whatever its names: its device, and its number there."""

OWNER_ONLY = 0o600
"""The mode of a journal's files, which hold people's data."""

REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EFBIG: "let files be larger (ulimit -f)",
}
"""What helps against an error of the file system, by its number."""

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
    """The identity of the file that a status describes."""
    return status.st_dev, status.st_ino


@define
class _Use:
    """One file: its handles, and how many of them are wanted."""

    wanted: int = 0
    numbers: set[int] = field(factory=set[int])


class _Files:
    """The files of journals that this process has open, by SQLite or by itself.

    POSIX takes all of a process's record locks on a file away as soon as the process closes any
    handle of it, also those that SQLite holds for another connection. So a handle that is no longer
    wanted is kept open until the last one of its file is not wanted any more.
    """

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.uses: dict[Identity, _Use] = {}

    def forget(self) -> None:
        """In a forked child: its parent's locks go with the parent, not with the last child."""
        # A new guard: that of the parent may have been held by a thread that the child does not
        # have.
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
        # Opened and counted in one step: a close of the same file in another thread must not come
        # between, which would take this one for the last.
        with _files.guard:
            number = os.open(path, flags | _CAREFULLY, OWNER_ONLY)
            # Looked at once more, at what was opened: the name may have led elsewhere since the
            # first look.
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


_BESIDE = ("-wal", "-shm", "-journal")


def resolve_path(given: str | os.PathLike[str]) -> Path:
    """The file that a path leads to, links followed.

    Raises:
        JournalError: It leads in a circle, or is no path.
    """
    try:
        # Links are followed once, here: all that belongs to the journal lies beside the file
        # itself.
        found = Path(given).resolve()
        if not found.is_symlink():
            return found
        # From Python 3.13 on a circle is not refused, but left as it is.
        told = "it is a link that leads back to itself"
    except PermissionError:
        told = "access was refused to a folder on it"
    except (OSError, RuntimeError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
    raise JournalError(f"the path of the journal {os.fspath(given)!s} leads nowhere: {told}")


def check_file_type(path: Path) -> bool:
    """Refuse what is no plain file.

    Args:
        path: The journal's file, links followed.

    Returns:
        Whether it is there.

    Raises:
        JournalError: It is a folder, a device or a pipe, or nothing can be told of it.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be reached: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise JournalError(f"{path} is a folder: give the path of a file for the journal")
    if not stat.S_ISREG(mode):
        raise JournalError(f"{path} is no plain file: give the path of one for the journal")
    return True


def check_place(path: Path) -> None:
    """Refuse a place where a journal cannot lie safely.

    Args:
        path: The journal's file, links followed; it need not exist.

    Raises:
        JournalError: It is a folder or a device, its folder does not exist, or it lies on a network
            file system, where locks and writes are not what they are on a disk.
    """
    check_file_type(path)
    if not path.parent.is_dir():
        raise JournalError(f"the folder of the journal {path} does not exist: make it first")
    kind = network_kind(path)
    if kind is not None:
        raise JournalError(
            f"the journal {path} would lie on a network file system ({kind}), where a lock or a "
            "write may be lost: put it on a local disk"
        )


def check_mount(path: Path) -> None:
    """Refuse a file that is mounted by itself, as ``docker -v run.db:/run.db`` does.

    SQLite's log lies beside the file: what one run wrote into it would be hidden from the next
    run that reaches the file by its other path.

    Raises:
        JournalError: It is one.
    """
    # A folder that is mounted shows the file and its log together; only a mount of the file alone
    # parts them.
    mount = mount_of(path, read_mounts())
    if mount is not None and mount.point == path:
        raise JournalError(
            f"the journal {path} is a file that was mounted by itself, so that its log would lie "
            "elsewhere and be missed: mount the folder that it lies in"
        )


def check_files_beside(path: Path, *, private: bool = False) -> None:
    """Refuse what lies in the place of SQLite's files beside a journal: it would be written over.

    Args:
        path: The journal's file, links followed.
        private: Whether they become readable by their owner alone. SQLite gives those that it
            makes the mode of the journal.

    Raises:
        JournalError: One of them is a link, a pipe, a device, a folder, or has a second name.
    """
    for end in _BESIDE:
        beside = path.with_name(path.name + end)
        try:
            # `lstat`: it is the link itself that is refused, not what it leads to.
            status = beside.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise JournalError(f"{beside} cannot be reached: {error.strerror}") from None
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise JournalError(
                f"{beside} is a link, a folder or something else that is no plain file of its "
                "own, where SQLite would keep what belongs to the journal: remove it"
            )
        if private and stat.S_IMODE(status.st_mode) != OWNER_ONLY:
            with suppress(OSError):
                beside.chmod(OWNER_ONLY)


def _find(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _identity(found: os.stat_result | None) -> Identity | None:
    return None if found is None else identity_of(found)


@define(eq=False)
class OpenFiles:
    """The files of an open journal, remembered as they are when it has been opened.

    Attributes:
        journal: The journal's file, links followed.
        handle: The same, opened.
    """

    journal: Path
    handle: Handle
    _name: str = field(init=False)
    _known: dict[str, Identity | None] = field(init=False)
    _size: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        """Remember them; SQLite has made its log by now."""
        # Not the -shm file: it holds nothing that could be lost.
        # As texts: before each commit a `Path` would take longer than the look at the file.
        self._name = str(self.journal)
        self._known = {path: _identity(_find(path)) for path in (self._name, f"{self._name}-wal")}

    @property
    def exists(self) -> bool:
        """Whether the journal's file still has a name, even if another one."""
        return self.handle.status().st_nlink > 0

    @property
    def in_place(self) -> bool:
        """Whether they are where they were: :meth:`check` would raise nothing."""
        try:
            self.check()
        except JournalLostError:
            return False
        return True

    def leave(self, connection: sqlite3.Connection) -> None:
        """Make sure at the end that they are where they were, or that the file needs no other.

        Raises:
            JournalLostError: One was deleted, moved or replaced.
        """
        try:
            self.check()
        except JournalLostError:
            # SQLite leaves the log of a file that was moved where it is: under its old name nobody
            # would look for it.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raise

    def check(self) -> None:
        """Make sure that the files are where they were.

        Raises:
            JournalLostError: One was deleted, moved or replaced, or the journal was cut.
        """
        journal = self.journal
        for path, known in self._known.items():
            found = _find(path)
            now = _identity(found)
            # A log that was not there at the beginning may have come since.
            if known is None or now == known:
                if found is not None and path == self._name:
                    self._check_size(found.st_size)
                continue
            if not self.exists:
                raise JournalLostError(
                    f"the journal {journal} was deleted while it was in use, and what it held is "
                    "gone: find out who has got a message before you send to the same people again"
                )
            if path != self._name:
                raise JournalLostError(
                    f"the log of the journal, {path}, was deleted or replaced while it was in use: "
                    "leave the files beside a journal alone, and resume the campaign"
                )
            happened = "moved" if now is None else "replaced by another file"
            raise JournalLostError(
                f"the journal {journal} was {happened} while it was in use: resume the campaign "
                "from where the journal's own file is now"
            )

    def _check_size(self, now: int) -> None:
        # Nothing that a run does makes the file shorter.
        if now < self._size:
            raise JournalLostError(
                f"the journal {self.journal} was cut while it was in use, and what it held is "
                "gone: find out who has got a message before you send to the same people again"
            )
        self._size = now
