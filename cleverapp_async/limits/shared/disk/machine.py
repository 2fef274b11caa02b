"""One machine: the clock that its processes read alike, and the folder of a user's limits."""

from __future__ import annotations

import math
import os
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

from ...._mounts import network_kind
from ..messages import LogCallError, LogFault

__all__ = [
    "FOLDER_VARIABLE",
    "REMEDY",
    "Clock",
    "Reading",
    "default_folder",
    "file_of",
    "files_in",
    "identity_of",
    "machine_clock",
    "prepare",
]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BY_THE_DAY = "wall"
_NANOS_PER_MICRO = 1000


@frozen
class Reading:
    """What the clock shows; all times are microseconds.

    Attributes:
        time: The time that is written into the file.
        boot: From when on that time is counted: another value begins another count.
        up: For how long the machine has been running; inf where nothing tells.
        wall: The time of the day, counted as by Unix.
    """

    time: int
    boot: str
    up: float
    wall: int


Clock: TypeAlias = Callable[[], Reading]
"""Reads a clock."""


def machine_clock(boot_id: Path = _BOOT_ID) -> Clock:
    """The best clock that this machine has.

    Args:
        boot_id: The file that tells one start of the machine from another.
    """
    clock_id: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    boot = ""
    with suppress(OSError):
        boot = boot_id.read_text(encoding="utf-8").strip()
    # Without the boot's id nobody could tell two counts of the clock apart, which both begin at 0.
    if clock_id is None or not boot:
        return _read_wall

    def read() -> Reading:
        up = time.clock_gettime_ns(clock_id) // _NANOS_PER_MICRO
        return Reading(up, boot, up, _wall())

    return read


def _read_wall() -> Reading:
    wall = _wall()
    # `up` is endless, so that the rule never takes the machine for one that has just started.
    return Reading(wall, _BY_THE_DAY, math.inf, wall)


def _wall() -> int:
    return time.time_ns() // _NANOS_PER_MICRO


FOLDER_VARIABLE = "CLEVERAPP_STATE_DIR"
"""The environment's variable that names the folder for what the package keeps for itself."""

REMEDY = f"give another folder (folder=, or {FOLDER_VARIABLE} in the environment)"

_OWNER_ONLY = 0o700
_SUFFIX = ".sqlite3"


def default_folder() -> Path:
    """The folder of limits in the user's folder for what programs keep for themselves.

    Raises:
        LogCallError: Nothing tells where that is.
    """
    if given := os.environ.get(FOLDER_VARIABLE):
        return Path(given) / "limits"
    try:
        if sys.platform == "win32":
            state = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            state = Path.home() / "Library" / "Application Support"
        else:
            # A path that is not absolute has to be ignored (XDG Base Directory Specification).
            given = os.environ.get("XDG_STATE_HOME", "")
            state = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:
        raise _unusable("has no place, as this user has no home folder") from None
    return state / "cleverapp" / "limits"


def file_of(folder: Path, digest: str) -> Path:
    """The file of an account, called by its digest.

    Wherever the process goes to work afterwards it stays the same one.
    """
    with suppress(OSError):
        # Without a working folder there is no such path, and `prepare` says so.
        folder = folder.absolute()
    return folder / f"{digest}{_SUFFIX}"


def files_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The files of all accounts, in order; none where there is no such folder."""
    return sorted(Path(folder).glob(f"*{_SUFFIX}"))


def identity_of(path: Path) -> tuple[int, int] | None:
    """Which file lies there: its device, and its number there; None where there is none.

    Raises:
        OSError: What lies there is no file, or cannot be looked at.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        # Such as a device, which would get our mode, or a pipe.
        raise OSError("it is no regular file")
    return status.st_dev, status.st_ino


def prepare(path: Path) -> None:
    """Make the folder of a file, and see that a lock in it is one.

    Raises:
        LogCallError: It cannot be made, or it lies on a network file system.
    """
    folder = path.parent
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        real = folder.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise _unusable(f"cannot be made in {folder} ({told})") from None
    # The folder's real place counts: a link in the home folder may lead onto a network.
    kind = network_kind(real)
    if kind is not None:
        raise _unusable(
            f"would lie on a network file system ({kind}) in {folder}, where locks cannot be "
            "relied on and other machines have another clock"
        )


def _unusable(told: str) -> LogCallError:
    return LogCallError(LogFault(f"{told}: {REMEDY}", lasting=True))
