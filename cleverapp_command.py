"""The console script ``cleverapp``.

It stands beside the package, as Ctrl-C while the package itself is imported must be caught as well.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130, however early it comes."""
    try:
        from cleverapp_async.__main__ import main as run  # noqa: PLC0415 - it takes a while

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
