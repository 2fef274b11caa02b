from __future__ import annotations

import os
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async._mounts import mount_of, network_type
from cleverapp_async.bulk.journal.sqlite.filesystem import check_place
from cleverapp_async.bulk.journal.sqlite.schema import MIGRATIONS, VERSION
from cleverapp_async.journal import JournalReader, JournalState, JournalWriteError, resolve_unknown
from tests.bulk.journal.journals import ORIGIN, make_version_0, messages, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/share rw - nfs4 server:/export rw
31 22 0:41 / /mnt/with\\040space rw - cifs //server/x rw
32 22 0:42 / /home/me/remote rw,nosuid - fuse.sshfs me@server: rw
33 22 0:43 / /home/me/crypt rw - fuse.gocryptfs /x rw
34 30 8:2 / /mnt/share/local rw - xfs /dev/sdb1 rw
35 22 0:44 / /mnt/twice rw - nfs server:/x rw
36 22 0:45 / /mnt/twice rw - tmpfs tmpfs rw
37 22 0:46 / /ntfs rw - fuseblk /dev/sdc1 rw
a line of something else
"""


@pytest.fixture
def wide_umask() -> Iterator[None]:
    """A umask that takes no right away."""
    before = os.umask(0)
    yield
    os.umask(before)


def _modes(folder: Path) -> dict[str, int]:
    """The rights of every file in a folder."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


@pytest.mark.usefixtures("wide_umask")
async def test_all_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The journal and all files beside it have mode 0600, whatever the umask."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)) as journal:
        await journal.intend(0)
        modes = _modes(tmp_path)
    assert modes == dict.fromkeys(("run.db", "run.db-wal", "run.db-shm", "run.db.lock"), 0o600)


async def test_wider_rights_are_narrowed(tmp_path: Path) -> None:
    """A journal that others could read is theirs no more once it was opened."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)):
        pass
    for name in _modes(tmp_path):
        (tmp_path / name).chmod(0o666)
    async with opened(path, None):
        assert set(_modes(tmp_path).values()) == {0o600}


async def _refusal(path: Path) -> str:
    """The one error that opening something gives."""
    with pytest.raises(JournalError) as raised:
        await SqliteJournal(path).open(ORIGIN)
    assert str(path) in str(raised.value)
    return str(raised.value)


async def test_what_is_no_place_for_a_file_is_refused(tmp_path: Path) -> None:
    """A folder made later, a device and a file in no folder each give one clear error."""
    later = SqliteJournal(tmp_path / "later")
    (tmp_path / "later").mkdir()
    with pytest.raises(JournalError, match="folder"):
        await later.open(ORIGIN)
    missing = tmp_path / "nowhere" / "run.db"
    assert str(missing.parent) in await _refusal(missing)
    os.mkfifo(tmp_path / "pipe")
    assert "plain" in await _refusal(tmp_path / "pipe")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    """A path that leads in a circle gives one clear error."""
    link = tmp_path / "link.db"
    link.symlink_to(link)
    with pytest.raises(JournalError, match=r"link\.db"):
        resolve_unknown(link, JournalState.ACCEPTED)


async def test_what_is_no_sqlite_is_refused_untouched(tmp_path: Path) -> None:
    """Any other file is refused, and stays as it was."""
    path = tmp_path / "run.csv"
    path.write_bytes(b"phone,text\n" * 500)
    assert "SQLite" in await _refusal(path)
    assert path.read_bytes() == b"phone,text\n" * 500


async def test_another_sqlite_file_is_refused_untouched(tmp_path: Path) -> None:
    """A SQLite file of another program is refused, and stays as it was."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = path.read_bytes()
    assert "SQLite" in await _refusal(path)
    assert path.read_bytes() == before


async def test_a_later_version_is_refused(tmp_path: Path) -> None:
    """A journal of a later schema is opened by nobody: update the package."""
    path = tmp_path / "run.db"
    async with opened(path, messages(1)):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    assert "cleverapp_async" in await _refusal(path)
    with pytest.raises(JournalError, match="cleverapp_async"), JournalReader(path):
        pass


async def test_a_damaged_journal_is_told(tmp_path: Path) -> None:
    """A journal whose pages were overwritten gives an error with the path and the remedy."""
    path = tmp_path / "run.db"
    async with opened(path, messages(500)):
        pass
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    assert "damaged" in await _refusal(path)


async def test_a_journal_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file that cannot be made gives an error with its path."""
    long = tmp_path / ("x" * 250 + ".db")
    with pytest.raises(JournalWriteError, match="made"):
        await SqliteJournal(long).open(ORIGIN)


async def test_a_file_that_was_cut_before_its_tables_is_new(tmp_path: Path) -> None:
    """A journal whose making was killed at once is made again."""
    path = tmp_path / "run.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(JournalError, match=r"run\.db"), JournalReader(path):
        pass
    async with opened(path, messages(2)) as journal:
        assert (await journal.summary()).messages == 2


async def test_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """A run migrates an older journal and resumes it; a reader asks for that run."""
    path = tmp_path / "run.db"
    make_version_0(path)
    with pytest.raises(JournalError, match="resume"), JournalReader(path):
        pass
    async with opened(path, None) as journal:
        counts = (await journal.summary()).by_state
    with JournalReader(path) as reader:
        assert reader.summary().messages == 3
        assert len(reader.summary().sessions) == 1
    assert (counts[JournalState.ACCEPTED], counts[JournalState.UNKNOWN]) == (1, 1)
    assert counts[JournalState.PENDING] == 1


def test_every_older_version_has_a_migration() -> None:
    """No version is left without a way to the present one."""
    assert sorted(MIGRATIONS) == list(range(VERSION))


class _NeverCommits(SqliteJournal):
    """A journal whose disk fails before anything is durable."""

    def _commit(self, connection: sqlite3.Connection) -> None:
        """Fail."""
        del connection
        raise OSError("the disk is gone")


async def test_a_migration_is_done_whole_or_not_at_all(tmp_path: Path) -> None:
    """A journal whose migration fails stays what it was."""
    path = tmp_path / "run.db"
    make_version_0(path)
    with pytest.raises(JournalError, match="the disk is gone"):
        await _NeverCommits(path).open(ORIGIN)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "session" not in names
    connection.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/run.db", None),
        ("/mnt/share/run.db", "nfs4"),
        ("/mnt/share/deep/er/run.db", "nfs4"),
        ("/mnt/shared/run.db", None),
        ("/mnt/share/local/run.db", None),
        ("/mnt/with space/run.db", "cifs"),
        ("/home/me/remote/run.db", "fuse.sshfs"),
        ("/home/me/crypt/run.db", None),
        ("/mnt/twice/run.db", None),
        ("/ntfs/run.db", None),
    ],
)
def test_network_file_systems_are_found(tmp_path: Path, path: str, kind: str | None) -> None:
    """The deepest and latest mount decides whether a path lies on a network file system."""
    assert network_type(type(tmp_path)(path), _MOUNTS) == kind


def test_a_file_that_is_mounted_by_itself_is_found(tmp_path: Path) -> None:
    """The mount of a single file is the file's own, and that of its folder is not."""
    path = tmp_path / "run.db"
    folder = f"40 22 8:1 / {tmp_path} rw - ext4 /dev/sda1 rw\n"
    mount = mount_of(path, folder)
    assert mount is not None
    assert mount.point == tmp_path
    mount = mount_of(path, f"{folder}41 40 8:1 /run.db {path} rw - ext4 /dev/sda1 rw\n")
    assert mount is not None
    assert mount.point == path
    assert mount_of(path, "") is None


def test_this_place_is_fit(tmp_path: Path) -> None:
    """A file in a folder on a local disk is a place for a journal."""
    check_place(tmp_path / "run.db")
