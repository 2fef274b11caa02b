"""What a path lies on: which file system, and whether another machine's, or no file at all."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from stat import S_ISCHR, S_ISFIFO
from typing import NamedTuple

__all__ = ["Mount", "is_stream", "mount_of", "network_kind", "network_type", "read_mounts"]

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
    """A mounted file system.

    Attributes:
        point: Where it is mounted.
        kind: Its file system.
    """

    point: Path
    kind: str


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


def network_kind(path: Path) -> str | None:
    """The kind of network file system that a path of this machine lies on; None for a local one.

    They are found on Linux, and on Windows by paths that begin with a host; elsewhere nothing tells
    them from local ones.

    Args:
        path: An absolute path, links followed.
    """
    if sys.platform == "win32":
        return "network" if str(path).startswith("\\\\") else None
    return network_type(path, read_mounts())


def read_mounts() -> str:
    """What ``/proc/self/mountinfo`` says (proc(5)); nothing where there is none."""
    try:
        return _MOUNTS.read_text(errors="surrogateescape")
    except OSError:
        return ""  # not Linux


def is_stream(name: str | os.PathLike[str]) -> bool:
    """Whether a name is that of a place to write to, such as ``/dev/null`` or a pipe.

    Nothing is lost by writing there, as it would be in a file or on a disk.

    Args:
        name: The name; what a link leads to counts.
    """
    try:
        mode = Path(name).stat().st_mode
    except OSError:
        return False
    return S_ISCHR(mode) or S_ISFIFO(mode)
