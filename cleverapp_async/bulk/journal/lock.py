"""The lock of a journal: one runner at a time, told by name, gone with its process.

A file beside the journal, ``<journal>.lock``, is locked by the operating system and says who holds
it. The lock belongs to the open file: a process that was forked while it is held shares it and
keeps it for as long as it lives, so start children by ``spawn`` or as programs of their own.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from attrs import define, frozen

from ...errors import JournalError, JournalLockedError, JournalWriteError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JournalLock", "LockHolder", "lock_path", "read_holder"]

_TRIES = 5
_PAUSE = 0.01
_OFFSET = 2**30  # Windows keeps others from reading locked bytes: lock one behind the text
_MODE = 0o600


@frozen
class LockHolder:
    """Who has a journal open for writing.

    Attributes:
        pid: Its process id; None where the file does not tell.
        host: Its machine; None where the file does not tell.
        since: Unix seconds; None where the file does not tell.
    """

    pid: int | None = None
    host: str | None = None
    since: float | None = None

    def __str__(self) -> str:
        """For people: ``process 4711 on alpha since 2026-01-31 12:00:00 UTC``."""
        told = "another process" if self.pid is None else f"process {self.pid}"
        if self.host is not None:
            told += f" on {self.host}"
        if self.since is not None:
            moment = datetime.fromtimestamp(self.since, UTC)
            told += f" since {moment:%Y-%m-%d %H:%M:%S} UTC"
        return told


def lock_path(journal: Path) -> Path:
    """The file beside a journal that is locked."""
    return journal.with_name(journal.name + ".lock")


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int, *, shared: bool = False) -> bool:  # noqa: ARG001 - no such lock here
        os.lseek(handle, _OFFSET, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    try:
        import fcntl
    except ImportError:
        fcntl = None  # type: ignore[assignment] # e.g. WebAssembly has no such calls

    def _try_lock(handle: int, *, shared: bool = False) -> bool:
        if fcntl is None:
            raise JournalError("this platform has no file locks, so a journal cannot be kept on it")
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _read(handle: int) -> LockHolder:
    os.lseek(handle, 0, os.SEEK_SET)
    told: object = None
    with suppress(ValueError):
        told = json.loads(os.read(handle, 4096))
    said = cast("dict[str, object]", told) if isinstance(told, dict) else {}
    pid, host, since = said.get("pid"), said.get("host"), said.get("since")
    return LockHolder(
        pid if isinstance(pid, int) else None,
        host if isinstance(host, str) else None,
        since if isinstance(since, int | float) else None,
    )


def read_holder(journal: Path) -> LockHolder | None:
    """Who has a journal open for writing; None where nobody has.

    Raises:
        JournalError: The lock cannot be read.
    """
    try:
        handle = os.open(lock_path(journal), os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"the lock of the journal {journal} cannot be read: {error}") from None
    try:
        return None if _try_lock(handle, shared=True) else _read(handle)
    except OSError as error:
        raise JournalError(f"the lock of the journal {journal} cannot be read: {error}") from None
    finally:
        os.close(handle)


@define(eq=False)
class JournalLock:
    """The lock of one journal, held from :meth:`acquire` to :meth:`release`."""

    _handle: int

    @classmethod
    def acquire(cls, journal: Path) -> JournalLock:
        """Take the lock, and write down who has it.

        Raises:
            JournalLockedError: Another runner has it, of this process or another one.
            JournalWriteError: The lock's file cannot be made.
        """
        path = lock_path(journal)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, _MODE)
        except OSError as error:
            raise JournalWriteError(
                f"the lock {path} cannot be made: {error.strerror}; let it and its folder be "
                "written, or put the journal elsewhere"
            ) from None
        try:
            cls._lock(handle, journal)
            if hasattr(os, "fchmod"):
                os.fchmod(handle, _MODE)
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
            os.write(handle, json.dumps(holder).encode())
        except OSError as error:
            os.close(handle)
            raise JournalWriteError(f"the lock {path} cannot be written: {error}") from None
        except BaseException:
            os.close(handle)
            raise
        return cls(handle)

    @staticmethod
    def _lock(handle: int, journal: Path) -> None:
        # A reader that asks who holds it has the lock for a moment.
        for _ in range(_TRIES):
            if _try_lock(handle):
                return
            time.sleep(_PAUSE)
        holder = _read(handle)
        raise JournalLockedError(
            f"the journal {journal} is in use by {holder}: two runners would send the same "
            "messages. Wait until it ends, or end it: the lock goes with its process",
            pid=holder.pid,
            host=holder.host,
        )

    def release(self) -> None:
        """Let the lock go."""
        with suppress(OSError):
            os.ftruncate(self._handle, 0)
        os.close(self._handle)
