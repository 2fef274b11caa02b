"""A process that stands ready to become the next one to be killed.

Starting Python and importing the package takes longer than most of the lives that are taken
here, so it is done once: each order forks a child, which is a process like any other. What it had
opened, locked and begun dies with it.

``python -m tests.bulk.journal.kill.zygote MODULE…`` imports the modules, then reads orders from its
standard input, a JSON object per line: ``task`` (``module:function``), ``given`` (its argument),
``kill_after`` (seconds, or null). For each it writes a line when the child has ended: its exit
code, negative for the signal that ended it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Life", "main"]


class Life(TypedDict):
    """What a child is to do, and when it is killed at the latest."""

    task: str
    given: dict[str, object]
    kill_after: float | None


def main() -> None:
    """Give birth to a child per order, one at a time, until the orders end."""
    for name in sys.argv[1:]:
        import_module(name)
    for line in sys.stdin:
        life = cast("Life", json.loads(line))
        sys.stdout.write(f"{_live(life)}\n")
        sys.stdout.flush()


def _live(life: Life) -> int:
    """One child's life; its exit code."""
    # The child holds the writing end, and the system closes it, however the child ends.
    ended, held = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(ended)
        _become(life)
    os.close(held)
    try:
        if not select.select([ended], [], [], life["kill_after"])[0]:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(ended)
    return os.waitstatus_to_exitcode(status)


def _become(life: Life) -> NoReturn:
    """Do what the order says, and leave without coming back into the loop above."""
    code = 1
    try:
        # Standard output belongs to the answers.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        module, function = life["task"].split(":")
        task = cast("Callable[[dict[str, object]], None]", getattr(import_module(module), function))
        task(life["given"])
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, it ends this process and is shown
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
