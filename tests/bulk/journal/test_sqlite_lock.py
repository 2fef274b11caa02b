from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, JournalLockedError, SqliteJournal
from cleverapp_async.bulk.journal.codec import decode_holder
from cleverapp_async.bulk.journal.sqlite import lock as lock_module
from cleverapp_async.bulk.journal.sqlite.lock import (
    JournalLock,
    lock_path,
    read_holder,
    read_kept,
)
from cleverapp_async.journal import JournalReader, JournalWriteError, LockHolder
from tests.bulk.journal.journals import ORIGIN, messages, opened

if TYPE_CHECKING:
    from pathlib import Path

_HOLD = """
import sys
from pathlib import Path
from cleverapp_async.bulk.journal.sqlite.lock import JournalLock
JournalLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def _hold(path: Path) -> subprocess.Popen[bytes]:
    """A process that takes a lock and waits."""
    return subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


async def test_a_second_runner_of_this_process_is_refused(tmp_path: Path) -> None:
    """Neither another object nor the same one opens a journal that is open."""
    path = tmp_path / "run.db"
    async with opened(path, messages(1)) as journal:
        for second in (SqliteJournal(path), journal):
            with pytest.raises(JournalLockedError) as raised:
                await second.open(ORIGIN)
            assert raised.value.pid == os.getpid()
            assert raised.value.host == socket.gethostname()
        assert (await journal.summary()).messages == 1
    async with opened(path, None):
        pass


async def test_a_runner_of_an_earlier_version_is_one(tmp_path: Path) -> None:
    """Earlier versions lock the file beside the journal alone, and are not run beside, either."""
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "run.db"
    async with opened(path, messages(1)):
        pass
    with lock_path(path).open("ab") as earlier:
        fcntl.flock(earlier, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for _ in range(2):
            with pytest.raises(JournalLockedError):
                await SqliteJournal(path).open(ORIGIN)
        assert read_holder(path) is None
    async with opened(path, None) as journal:
        assert (await journal.summary()).messages == 1


async def test_a_link_leads_to_the_same_lock(tmp_path: Path) -> None:
    """A symbolic link to a journal is the same journal."""
    path, link = tmp_path / "run.db", tmp_path / "link.db"
    link.symlink_to(path)
    async with opened(link, messages(1)) as journal:
        assert journal.path == path
        with pytest.raises(JournalLockedError):
            await SqliteJournal(path).open(ORIGIN)
    assert not lock_path(link).exists()


async def test_the_lock_of_another_process_is_told_and_dies_with_it(tmp_path: Path) -> None:
    """The error names the holder; once it was killed nobody holds the journal."""
    path = tmp_path / "run.db"
    async with opened(path, messages(1)):
        pass
    child = _hold(path)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with JournalReader(path) as reader:
            holder = reader.holder()
        assert holder is not None
        assert (holder.pid, holder.host) == (child.pid, socket.gethostname())
        with pytest.raises(JournalLockedError, match=f"{child.pid} .*20.* UTC"):
            await SqliteJournal(path).open(ORIGIN)
    finally:
        child.kill()
        child.communicate()
    assert read_holder(path) is None
    async with opened(path, None):
        assert read_holder(path) is not None


def test_readers_that_ask_do_not_refuse_a_runner(tmp_path: Path) -> None:
    """Asking who holds it takes no lock that another reader would see."""
    path = tmp_path / "run.db"
    assert read_holder(path) is None
    lock = JournalLock.acquire(path)
    lock.release()
    assert [read_holder(path) for _ in range(3)] == [None, None, None]
    assert lock_path(path).read_bytes() == b""


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"pid": "x", "host": 5, "since": null}'])
def test_a_lock_that_tells_nothing_is_a_lock(tmp_path: Path, text: bytes) -> None:
    """Whatever the file says, a held lock refuses: it names what can be named."""
    path = tmp_path / "run.db"
    lock = JournalLock.acquire(path)
    lock_path(path).write_bytes(text)
    assert read_holder(path) == LockHolder()
    with pytest.raises(JournalLockedError, match=r"run\.db"):
        JournalLock.acquire(path)
    lock.release()


def test_what_is_kept_hides_no_holder(tmp_path: Path) -> None:
    """The holder stands alone in the 4,096 bytes that earlier versions of this package read."""
    path = tmp_path / "run.db"
    lock = JournalLock.acquire(path)
    lock.keep(b"words")
    assert decode_holder(lock_path(path).read_bytes()[:4096]).pid == os.getpid()
    assert read_kept(path) == b"words"
    lock.release(forget=False)
    assert read_holder(path) is None
    assert read_kept(path) == b"words"


def test_a_disk_that_takes_a_part_gets_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that the system breaks off is gone on with."""
    path, write_at = tmp_path / "run.db", lock_module._write_at
    monkeypatch.setattr(
        lock_module, "_write_at", lambda handle, told, place: write_at(handle, told[:1000], place)
    )
    lock = JournalLock.acquire(path)
    lock.keep(b"words")
    holder = read_holder(path)
    assert holder is not None
    assert holder.pid == os.getpid()
    assert read_kept(path) == b"words"
    lock.release()


def test_a_holder_is_told_in_words() -> None:
    """The holder reads as process, machine and moment, as far as they are known."""
    told = {"pid": 4711, "host": "alpha", "since": 1_769_860_800}
    assert str(LockHolder(**json.loads(json.dumps(told)))) == (
        "process 4711 on alpha since 2026-01-31 12:00:00 UTC"
    )
    assert str(LockHolder()) == "another process"


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A lock's file that is something else gives an error with its path."""
    path = tmp_path / "run.db"
    lock_path(path).mkdir()
    with pytest.raises(JournalWriteError, match=r"run\.db\.lock"):
        JournalLock.acquire(path)


@pytest.mark.skipif(sys.platform == "win32", reason="a lock's folder cannot be opened there")
def test_a_journal_that_cannot_be_asked_is_told(tmp_path: Path) -> None:
    """A journal in whose place a link lies gives an error with its path."""
    path = tmp_path / "run.db"
    path.symlink_to(path)
    with pytest.raises(JournalError, match=r"run\.db"):
        read_holder(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_holder_whose_name_cannot_be_read_is_one(tmp_path: Path) -> None:
    """Who has a journal is told without a name where the file with the name leads nowhere."""
    path = tmp_path / "run.db"
    lock = JournalLock.acquire(path)
    lock_path(path).unlink()
    lock_path(path).symlink_to(lock_path(path))
    assert read_holder(path) == LockHolder()
    lock.release()
    assert read_holder(path) is None


async def test_since_is_the_moment_of_opening(tmp_path: Path) -> None:
    """The holder tells since when it has the journal, in Unix seconds."""
    path, before = tmp_path / "run.db", time.time()
    async with opened(path, messages(1)):
        holder = read_holder(path)
    assert holder is not None
    assert holder.since is not None
    assert before <= holder.since <= time.time()
