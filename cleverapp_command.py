"""The console script ``cleverapp``.

It stands beside the package, as Ctrl-C while the package itself is imported must be caught as well.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

__all__ = ["main"]

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
"""What ends a program; no system has all of these."""


def main() -> None:
    """Run the command line; Ctrl-C and the like end it with 130, however early they come."""
    numbers = (getattr(signal, name, None) for name in _ENDING)
    ours = [one for one in numbers if one and signal.getsignal(one) is not signal.SIG_IGN]
    # The first process of a container is told of no signal that it does not listen to.
    _answer(ours, signal.default_int_handler)
    try:
        try:
            from cleverapp_async.__main__ import main as run  # noqa: PLC0415 - it takes a while

            run()
        finally:
            # All is said, and the exit code is known: Python's own last steps take some time, in
            # which a signal would only put another code in its place, or a traceback.
            _answer(ours, signal.SIG_IGN)
    except KeyboardInterrupt:
        _answer(ours, signal.SIG_IGN)
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


def _answer(
    numbers: Iterable[signal.Signals],
    how: Callable[[int, FrameType | None], object] | signal.Handlers,
) -> None:
    for number in numbers:
        signal.signal(number, how)


if __name__ == "__main__":
    main()
