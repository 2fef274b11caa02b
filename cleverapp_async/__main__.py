"""``python -m cleverapp_async`` and the console script ``cleverapp``."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from ._terminal import guard_streams

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main() -> None:
    """Run the command line; without the extra that it needs, say how to get it and exit with 2."""
    if any(find_spec(name) is None for name in _NEEDED):
        sys.stderr.write('The command line needs its extra: pip install "cleverapp-async[cli]"\n')
        sys.exit(2)
    from .cli.app import cleverapp  # noqa: PLC0415 - it needs what was just looked for

    guard_streams()
    cleverapp(prog_name="cleverapp")


if __name__ == "__main__":
    main()
