"""``python -m cleverapp_async``, and what the console script ``cleverapp`` runs."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from importlib.util import find_spec

from ._imports import missing_extra
from ._terminal import give_up, guard_streams

__all__ = ["main"]

_NEEDED = ("click", "rich")
_OUTPUT_FAILS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def main() -> None:
    """Run the command line; without the extra that it needs, say how to get it and exit with 2."""
    try:
        _run()
    except KeyboardInterrupt:
        # While modules are imported nobody within takes it; later the commands do.
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


def _run() -> None:
    if any(find_spec(name) is None for name in _NEEDED):
        sys.stderr.write(missing_extra("The command line", "cli") + ".\n")
        sys.exit(2)
    from .cli.app import run  # noqa: PLC0415 - it needs what was just looked for

    guard_streams()
    warnings.showwarning = _tell
    try:
        code = run()
    except OSError as error:
        # Files are told by their names, where they are written.
        if error.errno not in _OUTPUT_FAILS or error.filename is not None:
            raise
        give_up(sys.stdout)
        sys.stderr.write(f"Error: the output cannot be written: {os.strerror(error.errno)}.\n")
        sys.exit(1)
    sys.exit(code)


def _tell(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as the command line shows everything: without a line of code."""
    sys.stderr.write(f"Warning: {message}.\n")


if __name__ == "__main__":
    from cleverapp_command import main as command

    command()
