"""Where a journal may lie: on a local disk, readable by its owner alone."""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path

from ...errors import JournalError, JournalWriteError

__all__ = ["check_place", "make_private", "network_type", "resolve_path"]

_MODE = 0o600
_MOUNT_POINT = 4  # its column, proc(5)
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")

# fmt: off
_NETWORK = frozenset({
    "9p", "afs", "auristorfs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs",
    "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb2", "smb3", "smbfs",
})
_NETWORK_FUSE = frozenset({
    "beegfs", "ceph", "ceph-fuse", "cifs", "curlftpfs", "davfs", "davfs2", "gcsfuse", "glusterfs",
    "goofys", "juicefs", "lustre", "mfs", "moosefs", "nfs", "rclone", "s3fs", "s3ql", "smb",
    "smbnetfs", "sshfs", "weed", "weedfs",
})
# fmt: on


def resolve_path(given: str | os.PathLike[str]) -> Path:
    """The file that a path leads to, links followed.

    Raises:
        JournalError: It leads in a circle.
    """
    try:
        found = Path(given).resolve()
        if not found.is_symlink():
            return found
        # From Python 3.13 on a circle is not refused, but left as it is.
        told = "it is a link that leads back to itself"
    except (OSError, RuntimeError) as error:
        told = str(error)
    raise JournalError(f"the path of the journal {os.fspath(given)} leads nowhere: {told}")


def network_type(path: Path, mounts: str) -> str | None:
    """The kind of network file system that a path lies on; None for a local one.

    Args:
        path: An absolute path, links followed.
        mounts: What ``/proc/self/mountinfo`` says (proc(5)).
    """
    found, deepest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) <= _MOUNT_POINT or not kinds:
            continue
        point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[_MOUNT_POINT]))
        # Of two mounts on one folder the later one hides the earlier.
        if (path == point or point in path.parents) and len(point.parts) >= deepest:
            found, deepest = kinds[0], len(point.parts)
    kind, _, inner = found.partition(".")
    if kind in {"fuse", "fuseblk"}:
        return found if inner in _NETWORK_FUSE else None
    return found if found in _NETWORK else None


def check_place(path: Path) -> None:
    """Refuse a place where a journal cannot lie safely.

    Network file systems are found on Linux, and on Windows by paths that begin with a host;
    elsewhere nothing tells them from local ones.

    Args:
        path: The journal's file, links followed; it need not exist.

    Raises:
        JournalError: It is a folder or a device, its folder does not exist, or it lies on a network
            file system, where locks and writes are not what they are on a disk.
    """
    if not path.parent.is_dir():
        raise JournalError(f"the folder of the journal {path} does not exist: make it first")
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise JournalError(f"{path} is a folder: give the path of a file for the journal")
        if not stat.S_ISREG(mode):
            raise JournalError(f"{path} is no plain file: give the path of one for the journal")
    kind: str | None = None
    if sys.platform == "win32":
        kind = "network" if str(path).startswith("\\\\") else None
    elif _MOUNTS.exists():
        kind = network_type(path, _MOUNTS.read_text(errors="surrogateescape"))
    if kind is not None:
        raise JournalError(
            f"the journal {path} would lie on a network file system ({kind}), where a lock or a "
            "write may be lost: put it on a local disk"
        )


def make_private(path: Path) -> None:
    """Make a journal's file where there is none, and let its owner alone read what is there.

    SQLite gives the files beside it the same mode when it makes them.

    Raises:
        JournalWriteError: It cannot be made.
    """
    try:
        # One that is there is not opened: to close it again would drop the locks that SQLite holds
        # on it for another connection of this process.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _MODE))
    except FileExistsError:
        pass
    except OSError as error:
        raise JournalWriteError(
            f"the journal {path} cannot be written: {error.strerror}; let it and its folder be "
            "written, or put it elsewhere"
        ) from None
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(OSError):
            beside = path.with_name(name)
            if stat.S_IMODE(beside.stat().st_mode) != _MODE:
                beside.chmod(_MODE)
