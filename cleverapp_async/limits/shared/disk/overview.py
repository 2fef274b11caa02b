"""Every key in the files of one folder at one moment, for whoever watches: changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import machine_clock
from .file import read_logs
from .place import default_folder, files_in
from .rule import look

if TYPE_CHECKING:
    import os

    from ..overview import KeyState

__all__ = ["look_into_folder"]


def look_into_folder(folder: str | os.PathLike[str] | None = None) -> list[KeyState]:
    """Every key that is in use, file by file, the account first in each.

    Args:
        folder: The folder of the files; None: the user's own.

    Raises:
        LogCallError: A file cannot be read.
    """
    reading = machine_clock()()
    return [
        look(log, key, reading.time + log.offset)
        for path in files_in(default_folder() if folder is None else folder)
        for key, log in read_logs(path, reading)
    ]
