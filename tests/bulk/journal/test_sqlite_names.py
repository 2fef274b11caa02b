"""One file under many names, and names that lead somewhere else: one runner, and no victim."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import ConfigurationError, JournalError, JournalLockedError, SqliteJournal
from cleverapp_async.journal import JournalReader, JournalState, purge_journal, resolve_unknown
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, messages, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENDS = (".lock", "-wal", "-shm", "-journal")


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


async def _refused(path: Path) -> JournalError:
    """How a second runner is refused."""
    with pytest.raises(JournalError) as raised:
        await SqliteJournal(path).open(ORIGIN)
    return raised.value


@contextmanager
def _mounted(file: Path, at: Path) -> Iterator[None]:
    """A single file, mounted at another path as containers do."""
    at.touch()
    mount = shutil.which("mount")
    done = (
        None
        if mount is None
        else subprocess.run([mount, "--bind", str(file), str(at)], capture_output=True, check=False)
    )
    if done is None or done.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield
    finally:
        subprocess.run([shutil.which("umount") or "", "-l", str(at)], check=True)


async def test_a_hard_link_is_the_same_journal(tmp_path: Path) -> None:
    """A second runner that comes by a hard link is refused as locked, and the first goes on."""
    path, link = tmp_path / "run.db", tmp_path / "other.db"
    async with opened(path, messages(3)) as journal:
        link.hardlink_to(path)
        assert isinstance(await _refused(link), JournalLockedError)
        await journal.intend(0)
        await journal.record(0, ACCEPTED)
    assert not _beside(link, "-wal").exists()


async def test_a_journal_with_a_second_name_is_refused(tmp_path: Path) -> None:
    """Nobody opens a journal that has two names, by either of them, to write or to read."""
    path, link = tmp_path / "run.db", tmp_path / "other.db"
    async with opened(path, messages(3)):
        pass
    link.hardlink_to(path)
    for name in (path, link):
        assert "link" in str(await _refused(name))
        with pytest.raises(JournalError, match="link"), JournalReader(name):
            pass
        with pytest.raises(JournalError, match="link"):
            resolve_unknown(name, JournalState.ACCEPTED)
        with pytest.raises(JournalError, match="link"):
            purge_journal(name)
    link.unlink()
    async with opened(path, None):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="mounts as Linux has them")
async def test_a_mounted_file_is_the_same_journal(tmp_path: Path) -> None:
    """A mount of the single file is locked with it, and is no place for a journal by itself."""
    path, mounted = tmp_path / "run.db", tmp_path / "mounted.db"
    async with opened(path, messages(3)) as journal:
        with _mounted(path, mounted):
            assert isinstance(await _refused(mounted), JournalLockedError)
            await journal.intend(0)
    with _mounted(path, mounted):
        assert "mounted" in str(await _refused(mounted))
        with pytest.raises(JournalError, match="mounted"), JournalReader(mounted):
            pass


async def test_a_lock_whose_file_was_removed_is_held(tmp_path: Path) -> None:
    """Without the file beside the journal a second runner is refused all the same, unnamed."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)) as journal:
        _beside(path, ".lock").unlink()
        error = await _refused(path)
        assert isinstance(error, JournalLockedError)
        with JournalReader(path) as reader:
            assert reader.holder() is not None
        await journal.intend(0)
    with JournalReader(path) as reader:
        assert reader.holder() is None


async def test_a_renamed_folder_holds_the_same_lock(tmp_path: Path) -> None:
    """A second runner that finds the journal where its folder was moved to is refused."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    journal = SqliteJournal(before / "run.db")
    await journal.open(ORIGIN)
    await load(journal, messages(3))
    before.rename(after)
    assert isinstance(await _refused(after / "run.db"), JournalLockedError)
    after.rename(before)
    await journal.close("finished")
    async with opened(before / "run.db", None):
        pass


async def test_a_refused_runner_costs_sqlite_no_lock(tmp_path: Path) -> None:
    """After a second runner and a reader of this process went away, SQLite's locks still hold."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)) as journal:
        await _refused(path)
        with JournalReader(path) as reader:
            assert reader.holder() is not None
        # The last connection to close a journal takes its log away: this one is not the last.
        code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        code += "c.execute('SELECT * FROM meta').fetchall(); c.close()"
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(path))
        assert await other.wait() == 0
        assert _beside(path, "-wal").exists()
        await journal.intend(0)
        await journal.record(0, ACCEPTED)
    with JournalReader(path) as reader:
        assert reader.summary().by_state[JournalState.ACCEPTED] == 1


_FORK = """
import asyncio, os, sys, time
from cleverapp_async import ConfigurationError, JournalError, JournalLockedError, SqliteJournal
from tests.bulk.journal.journals import ORIGIN, load, messages

async def child(journal, path):
    for attempt in (lambda: journal.intend(0), journal.summary, lambda: journal.close("finished")):
        try:
            await asyncio.wait_for(attempt(), 20)
        except JournalError as error:
            print("inherited:", "forked" in str(error))
    try:
        await SqliteJournal(path).open(ORIGIN)
    except JournalLockedError:
        print("own: locked")
    print(os.getpid(), flush=True)
    time.sleep(60)

async def main(path):
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    await load(journal, messages(3))
    return journal

if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    journal = loop.run_until_complete(main(sys.argv[1]))
    if os.fork() == 0:
        asyncio.run(child(journal, sys.argv[1]))
        os._exit(0)
    os.read(0, 1)
    os._exit(0)  # as if it was killed: the child lives on
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_neither_journal_nor_lock(tmp_path: Path) -> None:
    """A child is told that an open journal is its parent's, and does not hold the lock for it."""
    path = tmp_path / "run.db"
    parent = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _FORK, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    told = [parent.stdout.readline().decode().strip() for _ in range(4)]
    child = int(parent.stdout.readline())
    try:
        assert told == ["inherited: True"] * 3 + ["own: locked"]
        assert parent.stdin is not None
        parent.stdin.write(b"x")
        parent.stdin.close()
        parent.wait()
        os.kill(child, 0)
        assert resolve_unknown(path, JournalState.ACCEPTED) == 0
    finally:
        os.kill(child, signal.SIGKILL)
        parent.stdout.close()


_START = """
import asyncio, os, sys
from cleverapp_async import JournalLockedError, SqliteJournal
import cleverapp_async.bulk.journal.sqlite.journal
from tests.bulk.journal.journals import ORIGIN, load, messages

async def one(path, gate):
    os.read(gate, 1)  # until it is closed everywhere
    journal = SqliteJournal(path)
    try:
        await journal.open(ORIGIN)
    except JournalLockedError:
        os.write(1, b"locked\\n")
        return
    await load(journal, messages(3))
    os.write(1, b"open\\n")
    os.read(0, 1)
    await journal.close("finished")

gate, closed = os.pipe()
for _ in range(20):
    if os.fork() == 0:
        os.close(closed)
        asyncio.run(one(sys.argv[1], gate))
        os._exit(0)
os.close(closed)
for _ in range(20):
    os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
async def test_of_twenty_that_start_at_once_one_has_it(tmp_path: Path) -> None:
    """Twenty processes begin the same new journal at the same moment: one opens it."""
    path = tmp_path / "run.db"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-c", _START, str(path)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    told = [await process.stdout.readline() for _ in range(20)]
    await process.communicate(b"\n")
    assert sorted(told) == [b"locked\n"] * 19 + [b"open\n"]
    with JournalReader(path) as reader:
        assert len(reader.summary().sessions) == 1


async def test_two_that_slipped_past_the_lock_do_not_both_write_intents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no lock held the second runner back, the first writes no intent any more."""
    path = tmp_path / "run.db"
    # What a file system does that grants every lock.
    monkeypatch.setattr("cleverapp_async.bulk.journal.sqlite.lock._try_lock", lambda *_, **__: True)
    first, second = SqliteJournal(path), SqliteJournal(path)
    await first.open(ORIGIN)
    await load(first, messages(6))
    await first.intend(0)
    await first.intend(1)
    await second.open(ORIGIN)
    loaded = await load(second, None)
    assert [entry.index for entry in loaded.orphans] == [0, 1]
    await second.intend(2)
    with pytest.raises(JournalLockedError):
        await first.intend(3)
    with pytest.raises(JournalLockedError):
        await first.record(0, ACCEPTED)
    await second.intend(1)
    await second.record(3, ACCEPTED)
    # What the first had sent it still tells; what the second has begun since is the second's.
    first.withdraw(1)
    await first.close("failed")
    counts = (await second.summary()).by_state
    assert counts[JournalState.ACCEPTED] == 2
    assert counts[JournalState.INTENT] == 2
    await second.close("finished")


@pytest.mark.parametrize("end", _ENDS)
@pytest.mark.parametrize("how", ["link", "hard link", "folder", "pipe", "dangling"])
async def test_what_lies_in_the_place_of_its_files_is_left_alone(
    tmp_path: Path, end: str, how: str
) -> None:
    """A link, a folder or a pipe beside a journal is refused at once, and its target untouched."""
    path, victim = tmp_path / "run.db", tmp_path / "victim"
    async with opened(path, messages(3)):
        pass
    victim.write_bytes(b"precious")
    victim.chmod(0o644)
    beside = _beside(path, end)
    beside.unlink(missing_ok=True)
    if how == "link":
        beside.symlink_to(victim)
    elif how == "hard link":
        beside.hardlink_to(victim)
    elif how == "folder":
        beside.mkdir()
    elif how == "pipe":
        os.mkfifo(beside)
    else:
        beside.symlink_to(tmp_path / "nowhere")
    assert str(beside) in str(await _refused(path))
    with pytest.raises(JournalError):
        resolve_unknown(path, JournalState.ACCEPTED)
    if end != ".lock":
        with pytest.raises(JournalError), JournalReader(path):
            pass
    assert victim.read_bytes() == b"precious"
    assert victim.stat().st_mode & 0o777 == 0o644
    assert not (tmp_path / "nowhere").exists()


async def test_a_file_system_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be locked, every way of writing a journal gives the one error."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)):
        pass

    def refuse(*_: object, **__: object) -> bool:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("cleverapp_async.bulk.journal.sqlite.lock._try_lock", refuse)
    assert "locked" in str(await _refused(path))
    with pytest.raises(JournalError, match="locked"):
        resolve_unknown(path, JournalState.ACCEPTED)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "make room"), (errno.EDQUOT, "make room"), (errno.EFBIG, "ulimit -f")],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else "",
)
async def test_a_lock_without_room_asks_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    """A full disk is no reason to look for another disk."""

    def full(*_: object, **__: object) -> bool:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("cleverapp_async.bulk.journal.sqlite.lock._try_lock", full)
    told = str(await _refused(tmp_path / "run.db"))
    assert os.strerror(number) in told
    assert remedy in told


async def test_a_path_that_no_system_takes_is_told(tmp_path: Path) -> None:
    """A path with a null byte gives the one error, to runners and readers."""
    path = tmp_path / "run\0.db"
    with pytest.raises(JournalError):
        await SqliteJournal(path).open(ORIGIN)
    with pytest.raises(JournalError):
        JournalReader(path)


def test_a_pipe_is_no_journal_to_read(tmp_path: Path) -> None:
    """A reader of a pipe says so at once instead of waiting for somebody who writes."""
    os.mkfifo(tmp_path / "run.db")
    with pytest.raises(JournalError), JournalReader(tmp_path / "run.db"):
        pass


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    """It is refused when the journal is made, with what to do."""
    with pytest.raises(ConfigurationError, match="path") as raised:
        SqliteJournal(tmp_path)
    assert str(tmp_path) in str(raised.value)
