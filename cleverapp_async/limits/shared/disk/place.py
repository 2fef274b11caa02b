"""Where the files of limits lie: a folder of the user's own, on a disk of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ...._mounts import network_kind
from ..log import LogCallError, LogFault

__all__ = ["FOLDER_VARIABLE", "REMEDY", "default_folder", "file_of", "files_in", "prepare"]

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
    """The file of an account, called by its digest."""
    return folder / f"{digest}{_SUFFIX}"


def files_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The files of all accounts, in order; none where there is no such folder."""
    return sorted(Path(folder).glob(f"*{_SUFFIX}"))


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
    kind = network_kind(real)
    if kind is not None:
        raise _unusable(
            f"would lie on a network file system ({kind}) in {folder}, where locks cannot be "
            "relied on and other machines have another clock"
        )


def _unusable(told: str) -> LogCallError:
    return LogCallError(LogFault(f"{told}: {REMEDY}", lasting=True))
