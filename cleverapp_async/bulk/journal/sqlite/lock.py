"""The lock of a journal: one runner at a time, known by name, released when its process ends.

The operating system locks the journal's file itself, whatever name it is reached by: a hard link,
a mount of the single file, and a name that was changed since lead to the same lock. A file beside
it, ``<journal>.lock``, says who holds it; without it the holder has no name. It is locked, too, as
that is all that earlier versions of this package lock. A child that was forked while the lock is
held does not share it.

The file beside it also keeps a few words for whoever opens the journal next, which outlive a crash
of the holder and go with an orderly end.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

from attrs import define

from ....errors import JournalError, JournalLockedError, JournalWriteError
from ..codec import decode_holder, encode_holder
from ..records import LockHolder
from .filesystem import OWNER_ONLY, REMEDIES, Handle, NotPlainError, identity_of

__all__ = ["JournalLock", "check_lockable", "in_use", "lock_path", "read_holder", "read_kept"]

_TRIES = 5
_PAUSE = 0.01
_JOURNAL, _LOCK = "the journal", "the lock"
# The first bytes of the file beside it name the holder, those behind them hold what is kept. So
# many bytes are read by earlier versions, which take all of them for the holder.
_KEPT_AT = 4096
_KEPT_LENGTH = 256
# In the page that SQLite never writes to, behind the bytes of it that SQLite locks itself:
# https://www.sqlite.org/fileformat2.html#the_lock_byte_page
_PLACE = 2**30 + 1024
_PLACE_BESIDE = 2**30


def lock_path(journal: Path) -> Path:
    """The file beside a journal that says who holds it."""
    return journal.with_name(journal.name + ".lock")


_BESIDE = sys.platform not in {"win32", "linux", "darwin"}
"""Whether the file beside the journal is locked instead of the journal: on other systems of the BSD
family the lock of a whole file conflicts with SQLite's own locks."""

if sys.platform == "win32":
    import msvcrt

    def _write_at(handle: int, told: bytes, place: int) -> int:
        os.lseek(handle, place, os.SEEK_SET)
        return os.write(handle, told)

    def _lock(handle: int, mode: int, *, beside: bool) -> None:
        os.lseek(handle, _PLACE_BESIDE if beside else _PLACE, os.SEEK_SET)
        msvcrt.locking(handle, mode, 1)

    def _try_lock(handle: int, *, shared: bool = False, beside: bool = False) -> bool:  # noqa: ARG001 - no such lock here
        try:
            _lock(handle, msvcrt.LK_NBLCK, beside=beside)
        except OSError:
            return False
        return True

    def _unlock(handle: int, *, beside: bool = False) -> None:
        _lock(handle, msvcrt.LK_UNLCK, beside=beside)

else:
    _write_at = os.pwrite

    try:
        import fcntl
    except ImportError:
        fcntl = None  # type: ignore[assignment] # e.g. WebAssembly has no such calls

    # flock(2), the same everywhere
    _SHARED, _ALONE, _AT_ONCE, _NOT = 1, 2, 4, 8

    def _flock(handle: int, mode: int, *, beside: bool) -> None:
        if fcntl is None:
            raise JournalError("this platform has no file locks, so a journal cannot be kept on it")
        if sys.platform == "darwin" and not beside:
            # Its flock conflicts with SQLite's locks. This kind covers one byte, and belongs to the
            # open file as flock does, not to the process. Numbers and order: sys/fcntl.h.
            kinds = {_SHARED: fcntl.F_RDLCK, _ALONE: fcntl.F_WRLCK}
            kind = kinds.get(mode & ~_AT_ONCE, fcntl.F_UNLCK)
            # flock_t of macOS: start, length, process (0 for such a lock), type, whence.
            lock = struct.pack("qqihh", _PLACE, 1, 0, kind, os.SEEK_SET)
            fcntl.fcntl(handle, getattr(fcntl, "F_OFD_SETLK", 90), lock)
        else:
            fcntl.flock(handle, mode)

    def _try_lock(handle: int, *, shared: bool = False, beside: bool = False) -> bool:
        try:
            _flock(handle, (_SHARED if shared else _ALONE) | _AT_ONCE, beside=beside)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(handle: int, *, beside: bool = False) -> None:
        _flock(handle, _NOT, beside=beside)


def _read(journal: Path, place: int, length: int) -> bytes:
    """Bytes of the file beside a journal; none where it is unreadable."""
    with suppress(OSError):
        handle = Handle.open(lock_path(journal), os.O_RDONLY)
        try:
            os.lseek(handle.number, place, os.SEEK_SET)
            return os.read(handle.number, length)
        finally:
            handle.close()
    return b""


def _named(journal: Path) -> LockHolder:
    """The holder that the file beside a journal names; one without a name if it is unreadable."""
    return decode_holder(_read(journal, 0, _KEPT_AT))


def read_kept(journal: Path) -> bytes:
    """What :meth:`JournalLock.keep` wrote last; empty where that is nothing, or unreadable."""
    return _read(journal, _KEPT_AT, _KEPT_LENGTH).strip()


def read_holder(journal: Path) -> LockHolder | None:
    """Who has a journal open for writing; None where nobody has.

    Raises:
        JournalError: The lock cannot be read.
    """
    try:
        handle = Handle.open(lock_path(journal) if _BESIDE else journal, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"the lock of the journal {journal} cannot be read: {error}") from None
    try:
        # A shared lock: two who look at the same time must not take each other for a holder.
        if not _try_lock(handle.number, shared=True, beside=_BESIDE):
            return _named(journal)
        _unlock(handle.number, beside=_BESIDE)
    except OSError as error:
        raise JournalError(f"the lock of the journal {journal} cannot be read: {error}") from None
    finally:
        handle.close()
    return None


def in_use(journal: Path, holder: LockHolder) -> JournalLockedError:
    """The error of a journal that another runner has.

    Args:
        journal: The journal's file.
        holder: Who has it.
    """
    return JournalLockedError(
        f"the journal {journal} is in use by {holder}: two runners would send the same messages. "
        "Wait until it ends, or end it: the lock goes with its process",
        pid=holder.pid,
        host=holder.host,
    )


def check_lockable(journal: Path) -> None:
    """Make sure that :meth:`JournalLock.acquire` would succeed now; nothing is made or locked.

    Args:
        journal: The journal's file, links followed. It need not exist, but its folder does.

    Raises:
        JournalLockedError: Another runner has it.
        JournalError: It has a second name.
        JournalWriteError: It, its folder or the lock beside it cannot be written.
    """
    lock = lock_path(journal)
    for path, what in ((journal, _JOURNAL), (lock, _LOCK)):
        # `acquire` refuses these as well: it opens plain files alone.
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise _not_plain(path, what)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise _unwritable(path, what, os.strerror(errno.EACCES))
    holder = read_holder(journal)
    if holder is not None:
        raise in_use(journal, holder)
    if journal.exists():
        _check_names(journal, journal.stat().st_nlink, lock.stat().st_nlink if lock.exists() else 1)


def _check_names(journal: Path, names: int, names_of_lock: int) -> None:
    """Refuse a journal or a lock that is known by several names."""
    if names > 1:
        raise JournalError(
            f"the journal {journal} has a second name (a hard link), under which its log "
            "would be missed: remove the other name, or go on with a copy"
        )
    if names_of_lock > 1:
        raise JournalWriteError(
            f"the lock {lock_path(journal)} is another file, too (a hard link): remove it"
        )


def _not_plain(path: Path, what: str) -> JournalWriteError:
    return JournalWriteError(
        f"{what} {path} cannot be made: a link, a folder or something else that is no plain "
        "file has its name; remove that, or put the journal elsewhere"
    )


def _unwritable(path: Path, what: str, why: str | None) -> JournalWriteError:
    return JournalWriteError(
        f"{what} {path} cannot be made: {why}; let it and its folder be "
        "written, or put the journal elsewhere"
    )


def _open(path: Path, what: str) -> Handle:
    try:
        return Handle.open(path, os.O_RDWR | os.O_CREAT)
    except NotPlainError:
        raise _not_plain(path, what) from None
    except OSError as error:
        raise _unwritable(path, what, error.strerror) from None


def _lock_soon(handle: Handle, *, beside: bool = False) -> bool:
    # A reader that asks who holds it has the lock for a moment.
    for _ in range(_TRIES):
        if _try_lock(handle.number, beside=beside):
            return True
        time.sleep(_PAUSE)
    return False


@define(eq=False)
class JournalLock:
    """The lock of one journal, held from :meth:`acquire` to :meth:`release`.

    Attributes:
        journal: The journal's file, links followed.
        file: The journal's file, opened.
    """

    journal: Path
    file: Handle
    _beside: Handle

    @classmethod
    def acquire(cls, journal: Path) -> JournalLock:
        """Take the lock, and write down who has it; makes the journal's file where there is none.

        Raises:
            JournalLockedError: Another runner has it, of this process or another one.
            JournalError: The file has a second name, of which SQLite's log would know nothing.
            JournalWriteError: The file or that beside it cannot be made.
        """
        file = _open(journal, _JOURNAL)
        try:
            beside = _open(lock_path(journal), _LOCK)
        except BaseException:
            file.close()
            raise
        lock = cls(journal, file, beside)
        try:
            lock._take()
        except OSError as error:
            lock._close()
            remedy = REMEDIES.get(error.errno or 0, "put it on a local disk")
            raise JournalWriteError(
                f"the journal {journal} cannot be locked: {error.strerror or error}; {remedy}"
            ) from None
        except BaseException:
            lock._close()
            raise
        return lock

    def _take(self) -> None:
        # In this order everywhere: two who took them in different orders could each hold one and
        # refuse the other.
        if not (_BESIDE or _lock_soon(self.file)) or not _lock_soon(self._beside, beside=True):
            self._let_go()
            raise in_use(self.journal, _named(self.journal))
        try:
            self._check()
            self._write_down()
        except BaseException:
            self._let_go()
            raise

    def _check(self) -> None:
        """Make sure that the locked file is the one at the path, and that it has no second name."""
        _check_names(self.journal, self.file.status().st_nlink, self._beside.status().st_nlink)
        # Between the opening and the lock somebody may have put another file in its place: the lock
        # would be on a file that nobody finds by its name.
        if identity_of(self.journal.stat()) != self.file.identity:
            raise JournalError(
                f"the journal {self.journal} was replaced while it was opened: begin again"
            )

    def _write_down(self) -> None:
        for handle in (self.file, self._beside):
            if hasattr(os, "fchmod") and stat.S_IMODE(handle.status().st_mode) != OWNER_ONLY:
                os.fchmod(handle.number, OWNER_ONLY)
        # Written under the lock alone. What a runner that died has left there is not believed: the
        # lock decides whether the journal is held.
        self._write(0, encode_holder().encode().ljust(_KEPT_AT))
        if self._beside.status().st_size < _KEPT_AT + _KEPT_LENGTH:
            # Most file systems need no more room for the later writes to the same place.
            self.keep(b"")

    def keep(self, told: bytes) -> None:
        """Keep a few words for whoever opens the journal next, be it after a crash of this process.

        Args:
            told: The words, in place of the last ones. They are not forced to the disk.

        Raises:
            OSError: They cannot be written.
        """
        self._write(_KEPT_AT, told.ljust(_KEPT_LENGTH))

    def _write(self, place: int, told: bytes) -> None:
        # A disk that is nearly full takes a part; the rest then raises what is wrong.
        while told:
            written = _write_at(self._beside.number, told, place)
            told, place = told[written:], place + written

    def release(self, *, forget: bool = True) -> None:
        """Let the lock go; SQLite must have closed the file before.

        Args:
            forget: Whether what was kept goes with it.
        """
        # Emptied while it is still locked, so that nobody reads our name after we are gone.
        with suppress(OSError):
            if forget:
                os.ftruncate(self._beside.number, 0)
            else:
                self._write(0, b" " * _KEPT_AT)
        self._let_go()
        self._close()

    def _let_go(self) -> None:
        with suppress(OSError):
            _unlock(self._beside.number, beside=True)
        if not _BESIDE:
            with suppress(OSError):
                _unlock(self.file.number)

    def _close(self) -> None:
        self.file.close()
        self._beside.close()
