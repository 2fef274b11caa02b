"""Where in the user's own code something of ours was called, for warnings that point there."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Place", "place_of_caller", "warn_at", "warn_caller"]

_OURS = __name__.partition(".")[0]


class Place(NamedTuple):
    """A line of somebody's code."""

    file: str
    line: int


def place_of_caller() -> Place:
    """The line outside of this package that called into it; the outermost where there is none."""
    frame = _frame_of_caller()
    return Place(frame.f_code.co_filename, frame.f_lineno)


def warn_caller(told: str, kind: type[Warning]) -> None:
    """Warn of a line outside of this package, as ``warnings.warn`` does: once for each line.

    Args:
        told: The warning.
        kind: Its class.
    """
    frame = _frame_of_caller()
    warnings.warn_explicit(
        told,
        kind,
        frame.f_code.co_filename,
        frame.f_lineno,
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def warn_at(place: Place, told: str, kind: type[Warning]) -> None:
    """Warn of something that was made in a place, and is being collected.

    Args:
        place: Where it was made.
        told: The warning.
        kind: Its class.
    """
    if not sys.is_finalizing():
        warnings.warn_explicit(told, kind, place.file, place.line)


def _frame_of_caller() -> FrameType:
    frame = sys._getframe(2)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - documented, and quick
    while _is_ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _OURS
