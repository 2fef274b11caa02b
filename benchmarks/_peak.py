"""How much memory a process has taken at most."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["MIB", "own_peak"]

MIB = 2**20


def own_peak() -> int:
    """Bytes of this process at its peak.

    Linux's own count is read where there is one: ``getrusage`` would count what the process that
    started this one held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        kibibytes = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return int(kibibytes) * 1024
    counted = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return counted if sys.platform == "darwin" else counted * 1024
