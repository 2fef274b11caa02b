"""Where a journal may lie: on a local disk, readable by its owner alone."""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ...errors import JournalError
from .handles import OWNER_ONLY

__all__ = [
    "check_file_type",
    "check_files_beside",
    "check_mount",
    "check_place",
    "mount_of",
    "network_type",
    "resolve_path",
]

_BESIDE = ("-wal", "-shm", "-journal")
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


class Mount(NamedTuple):
    """What a path lies on.

    Attributes:
        point: Where it is mounted.
        kind: Its file system.
    """

    point: Path
    kind: str


def resolve_path(given: str | os.PathLike[str]) -> Path:
    """The file that a path leads to, links followed.

    Raises:
        JournalError: It leads in a circle, or is no path.
    """
    try:
        found = Path(given).resolve()
        if not found.is_symlink():
            return found
        # From Python 3.13 on a circle is not refused, but left as it is.
        told = "it is a link that leads back to itself"
    except (OSError, RuntimeError, ValueError) as error:
        told = str(error)
    raise JournalError(f"the path of the journal {os.fspath(given)!s} leads nowhere: {told}")


def mount_of(path: Path, mounts: str) -> Mount | None:
    """What a path lies on; None where nothing tells.

    Args:
        path: An absolute path, links followed.
        mounts: What ``/proc/self/mountinfo`` says (proc(5)).
    """
    found: Mount | None = None
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) <= _MOUNT_POINT or not kinds:
            continue
        point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[_MOUNT_POINT]))
        # Of two mounts on one folder the later one hides the earlier.
        if (path == point or point in path.parents) and (
            found is None or len(point.parts) >= len(found.point.parts)
        ):
            found = Mount(point, kinds[0])
    return found


def network_type(path: Path, mounts: str) -> str | None:
    """The kind of network file system that a path lies on; None for a local one.

    Args:
        path: An absolute path, links followed.
        mounts: What ``/proc/self/mountinfo`` says (proc(5)).
    """
    mount = mount_of(path, mounts)
    if mount is None:
        return None
    kind, _, inner = mount.kind.partition(".")
    if kind in {"fuse", "fuseblk"}:
        return mount.kind if inner in _NETWORK_FUSE else None
    return mount.kind if mount.kind in _NETWORK else None


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

    Network file systems are found on Linux, and on Windows by paths that begin with a host;
    elsewhere nothing tells them from local ones.

    Args:
        path: The journal's file, links followed; it need not exist.

    Raises:
        JournalError: It is a folder or a device, its folder does not exist, or it lies on a network
            file system, where locks and writes are not what they are on a disk.
    """
    check_file_type(path)
    if not path.parent.is_dir():
        raise JournalError(f"the folder of the journal {path} does not exist: make it first")
    kind: str | None = None
    if sys.platform == "win32":
        kind = "network" if str(path).startswith("\\\\") else None
    else:
        kind = network_type(path, _mounts())
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
    mount = mount_of(path, _mounts())
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


def _mounts() -> str:
    try:
        return _MOUNTS.read_text(errors="surrogateescape")
    except OSError:
        return ""  # not Linux
