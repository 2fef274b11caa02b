"""The console script ``cleverapp``.

It stands beside the package, as Ctrl-C while the package itself is imported must be caught as well.
"""

from __future__ import annotations

import signal
import sys

__all__ = ["main"]

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
"""What ends a program; no system has all of these."""


def main() -> None:
    """Run the command line; Ctrl-C and the like end it with 130, however early they come."""
    # The first process of a container is told of no signal that it does not listen to.
    ours = [number for number in _signals() if signal.getsignal(number) is not signal.SIG_IGN]
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        from cleverapp_async.__main__ import main as run  # noqa: PLC0415 - it takes a while

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
    finally:
        # All is said: what comes now must not be a traceback out of Python's last steps.
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _signals() -> list[signal.Signals]:
    found = (getattr(signal, name, None) for name in _ENDING)
    return [number for number in found if number is not None]


if __name__ == "__main__":
    main()
