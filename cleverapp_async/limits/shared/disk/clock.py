"""The clock of one machine, which all of its processes read alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

__all__ = ["Clock", "Reading", "machine_clock"]

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
    if clock_id is None or not boot:
        return _read_wall

    def read() -> Reading:
        up = time.clock_gettime_ns(clock_id) // _NANOS_PER_MICRO
        return Reading(up, boot, up, _wall())

    return read


def _read_wall() -> Reading:
    wall = _wall()
    return Reading(wall, _BY_THE_DAY, math.inf, wall)


def _wall() -> int:
    return time.time_ns() // _NANOS_PER_MICRO
