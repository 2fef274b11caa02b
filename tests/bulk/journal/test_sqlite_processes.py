from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

from cleverapp_async.journal import JournalReader, JournalState
from tests.bulk.journal.journals import opened

if TYPE_CHECKING:
    from pathlib import Path

_COMMON = """
import asyncio, itertools, sys
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, messages
from cleverapp_async import SqliteJournal
from cleverapp_async.errors import JournalWriteError

async def one(journal, indexes):
    for index in indexes:
        print("begin", index, flush=True)
        await journal.intend(index)
        print("intent", index, flush=True)
        await journal.record(index, ACCEPTED)
        print("result", index, flush=True)

async def main():
    journal = SqliteJournal(sys.argv[1])
    await journal.open(ORIGIN)
    await load(journal, messages(int(sys.argv[2])))
    prepare()
    indexes = iter(range(int(sys.argv[2])))
    try:
        await asyncio.gather(*(one(journal, indexes) for _ in range(20)))
    except JournalWriteError as error:
        print("failed", error, flush=True)
        os._exit(3)
    await journal.close("finished")
"""

_ENDLESS = f"def prepare(): pass\nimport os\n{_COMMON}\nasyncio.run(main())\n"

# A limit on the size of a file is what a full disk looks like without filling one. It holds for
# what Python compiles as well: a file of byte code that is cut off would break later processes.
_LIMITED = f"""
import os, resource, sys
sys.dont_write_bytecode = True
def prepare():
    size = max(os.path.getsize(sys.argv[1]), os.path.getsize(sys.argv[1] + "-wal"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, size + 200_000))
{_COMMON}
asyncio.run(main())
"""


def _told(lines: list[str], what: str) -> set[int]:
    words = [line.split() for line in lines]
    return {int(rest[0]) for first, *rest in words if first == what and rest}


async def _check(path: Path, lines: list[str]) -> None:
    """What was told as durable is there; nothing is there that was never begun."""
    with JournalReader(path) as reader:
        held = {entry.index: entry.state for entry in reader.entries()}
        assert reader.holder() is None
    accepted = {index for index, state in held.items() if state is JournalState.ACCEPTED}
    intended = {index for index, state in held.items() if state is JournalState.INTENT}
    assert _told(lines, "result") <= accepted <= _told(lines, "intent")
    assert _told(lines, "intent") <= accepted | intended <= _told(lines, "begin")
    assert len(intended) <= 20
    async with opened(path, None) as journal:
        assert (await journal.summary()).by_state[JournalState.UNKNOWN] == len(intended)


async def test_what_was_told_as_durable_survives_sigkill(tmp_path: Path) -> None:
    """A process killed while it writes loses nothing that it was told is written."""
    path = tmp_path / "run.db"
    for stop_after in (1, 100, 1500):
        for file in await asyncio.to_thread(lambda: list(tmp_path.iterdir())):
            file.unlink()
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ENDLESS, str(path), "20000", stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        lines = [(await child.stdout.readline()).decode() for _ in range(stop_after)]
        child.kill()
        rest = (await child.stdout.read()).decode()
        # The last line may be cut.
        lines += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        assert await child.wait() == -9
        await _check(path, lines)


async def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    """Where the system refuses to let a file grow, the run stops with all it was told in place."""
    path = tmp_path / "run.db"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _LIMITED, str(path), "20000", stdout=subprocess.PIPE
    )
    out, _ = await child.communicate()
    lines = out.decode().splitlines()
    assert child.returncode == 3
    assert "run.db" in lines[-1]
    await _check(path, lines)
