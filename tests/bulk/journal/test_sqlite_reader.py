from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import (
    ConfigurationError,
    InvalidRequestError,
    JournalError,
    SendMessage,
    SqliteJournal,
)
from cleverapp_async.journal import JournalMismatchError, JournalReader, JournalResult, JournalState
from tests.bulk.journal.journals import (
    ACCEPTED,
    ORIGIN,
    TELEGRAM,
    copy_journal,
    key_of,
    messages,
    opened,
    result,
)
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async import Message

S = JournalState


def test_what_is_missing_is_not_made(tmp_path: Path) -> None:
    """A reader of nothing says so, and makes no file."""
    with pytest.raises(JournalError, match="x"), JournalReader(tmp_path / "x"):
        pass
    with pytest.raises(JournalError, match="folder"), JournalReader(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    """Files of other kinds, empty ones among them, are refused by name."""
    path = tmp_path / "x.db"
    path.write_bytes(b"")
    with pytest.raises(JournalError, match=r"x\.db"), JournalReader(path):
        pass
    path.write_bytes(b"phone,text\n" * 500)
    with pytest.raises(JournalError, match="SQLite"), JournalReader(path):
        pass


def test_it_is_used_inside_its_block(tmp_path: Path) -> None:
    """A reader that was not entered says how to use it."""
    reader = JournalReader(tmp_path / "run.db")
    assert reader.path == tmp_path / "run.db"
    with pytest.raises(JournalError, match="`with`"):
        reader.summary()


async def test_it_reads_while_a_run_goes_on(tmp_path: Path) -> None:
    """Each look shows what was durable when it began; the run does not wait for it."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        with JournalReader(path) as reader:
            assert reader.summary() == await journal.summary()
            streaming = reader.entries()
            assert next(streaming).state is S.PENDING
            await journal.intend(4)
            await journal.record(4, ACCEPTED)
            assert {entry.state for entry in streaming} == {S.PENDING}
            assert reader.summary().by_state[S.ACCEPTED] == 1
            assert reader.holder() is not None
    with JournalReader(path) as reader:
        assert reader.holder() is None


async def test_it_leaves_no_trace(tmp_path: Path) -> None:
    """Reading a finished journal changes no byte and leaves no file."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)):
        pass
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}  # noqa: ASYNC240 - a test
    with JournalReader(path) as reader:
        assert reader.summary().messages == 9
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before  # noqa: ASYNC240


async def test_it_reads_what_a_crash_left(tmp_path: Path) -> None:
    """What was durable at a crash is read, whether or not SQLite had it in its own file yet."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        await asyncio.gather(*map(journal.intend, range(9)))
        left = copy_journal(path, tmp_path / "left.db")
    with JournalReader(left) as reader:
        assert reader.summary().by_state[S.INTENT] == 9
        assert reader.holder() is None


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that everybody can look into, and no others can write."""
    with TemporaryDirectory() as name:
        yield Path(name)
        Path(name).chmod(0o755)


@contextmanager
def _without_rights(folder: Path) -> Iterator[None]:
    """As somebody who may read a folder's files and change nothing."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("closed", ["run.db", "."])
async def test_a_file_that_may_not_be_read_is_one_clear_error(
    tmp_path: Path, public_folder: Path, closed: str
) -> None:
    """The error names the file and what to change, in words and not in Python's."""
    path = tmp_path / "run.db"
    async with opened(path, messages(1)):
        pass
    copy = copy_journal(path, public_folder / "run.db")
    public_folder.chmod(0o755)  # noqa: ASYNC240 - a test
    (public_folder / closed).chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(JournalError) as caught, JournalReader(copy):
            pass
    finally:
        os.seteuid(user)
    assert str(caught.value).count(str(copy)) == 1
    assert "access was refused" in str(caught.value)
    assert "Errno" not in str(caught.value)


async def test_it_reads_where_nothing_can_be_written(tmp_path: Path, public_folder: Path) -> None:
    """A finished journal is read in a folder where no file can be made."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)):
        pass
    copy = copy_journal(path, public_folder / "run.db")
    with _without_rights(public_folder), JournalReader(copy) as reader:
        assert reader.summary().messages == 9
        assert reader.holder() is None


async def test_it_reads_a_crash_where_nothing_can_be_written(
    tmp_path: Path, public_folder: Path
) -> None:
    """A log that a crash left is read there too: an older state is never taken for the last."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        await journal.intend(3)
        left = copy_journal(path, public_folder / "left.db")
    with _without_rights(public_folder), JournalReader(left) as reader:
        assert reader.summary().by_state[S.INTENT] == 1


async def test_half_a_crash_is_refused_where_nothing_can_be_written(
    tmp_path: Path, public_folder: Path
) -> None:
    """A log that cannot be read there is an error, never an older state taken for the last."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        await journal.intend(3)
        left = copy_journal(path, public_folder / "left.db")
    (public_folder / "left.db-shm").unlink()
    with (
        _without_rights(public_folder),
        pytest.raises(JournalError, match=r"left\.db"),
        JournalReader(left),
    ):
        pass


async def test_entries_come_by_state(tmp_path: Path) -> None:
    """Any states can be asked for together; none means all, in the order of the input."""
    path = tmp_path / "run.db"
    given = messages(6)
    async with opened(path, given) as journal:
        await asyncio.gather(*map(journal.intend, range(4)))
        await journal.record(1, result(S.UNKNOWN))
        await journal.record(2, result(S.REJECTED))
    with JournalReader(path) as reader:
        assert [entry.message for entry in reader.entries()] == given
        assert [entry.index for entry in reader.entries(S.PENDING)] == [4, 5]
        assert [entry.index for entry in reader.entries(S.INTENT, S.UNKNOWN)] == [0, 1, 3]
        entry = next(reader.entries(S.UNKNOWN))
    assert (entry.key, entry.state) == (key_of(given[1]), S.UNKNOWN)
    assert entry.key == TELEGRAM


async def test_errors_are_counted(tmp_path: Path) -> None:
    """Equal errors are one, the most frequent first; a message that is under way has none."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        for index, error in enumerate(["a", "b", "b", "c", "c", "c", "c"]):
            await journal.record(index, result(S.REJECTED, error=error))
        await journal.intend(0)
    with JournalReader(path) as reader:
        assert [(error.message, count) for error, count in reader.errors()] == [("c", 4), ("b", 2)]


async def test_settled_messages_come_as_they_ended(tmp_path: Path) -> None:
    """Charts get light rows, in the order of their ends, without what is still under way."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        await asyncio.gather(*map(journal.intend, range(5)))
        for index in (3, 1, 2):
            await journal.record(
                index,
                JournalResult(
                    state=S.ACCEPTED,
                    ended_at=100.0 - index,
                    attempts=index,
                    waited=0.5,
                    on_wire=0.25,
                ),
            )
    with JournalReader(path) as reader:
        rows = list(reader.settled())
    assert [row.attempts for row in rows] == [3, 2, 1]
    assert [row.ended_at for row in rows] == [97.0, 98.0, 99.0]
    assert {(row.state, row.waited, row.on_wire) for row in rows} == {(S.ACCEPTED, 0.5, 0.25)}
    assert all(row.intent_at is not None for row in rows)
    assert [row.key for row in rows] == [key_of(messages(9)[index]) for index in (3, 2, 1)]


GIVEN = [*messages(900), messages(1)[0]]
"""More than one batch, and a duplicate at the end."""


async def test_a_reader_refuses_what_is_no_state_and_no_list(tmp_path: Path) -> None:
    """The argument is named; nothing else is raised."""
    path = tmp_path / "run.db"
    async with opened(path, GIVEN):
        pass
    with JournalReader(path) as reader:
        states: list[Any] = [None, [], "unknown", JournalState]
        for state in states:
            with raises(InvalidRequestError, "states"):
                reader.entries(state)
        lists: list[Any] = [True, 5, "x", b"x", {}]
        for given in lists:
            with raises(InvalidRequestError, "messages"):
                reader.compare(given, origin=ORIGIN)


def test_a_note_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    """One that is no Unicode, or too long, before any file is made."""
    for note in ("\ud800", "x" * 4001):
        with raises(ConfigurationError, "note"):
            SqliteJournal(tmp_path / "run.db", note=note)
    SqliteJournal(tmp_path / "run.db", note="Й" * 4000)
    assert list(tmp_path.iterdir()) == []


async def test_the_same_messages_are_no_mismatch(tmp_path: Path) -> None:
    """The input of a campaign may be compared while it runs, and nothing is written."""
    path = tmp_path / "run.db"
    async with opened(path, GIVEN) as journal:
        before = journal.commits
        with JournalReader(path) as reader:
            reader.compare(iter(GIVEN), origin=ORIGIN)
            reader.compare(None, origin=ORIGIN)
            assert reader.summary().messages == 900
        assert journal.commits == before


@pytest.mark.parametrize(
    "given",
    [
        GIVEN[:-1],
        [*GIVEN, SendMessage(contact_id=1, text="x")],
        [*GIVEN[:700], SendMessage(contact_id=701, text="x"), *GIVEN[701:]],
        [*GIVEN[:-1], SendMessage(contact_id=1, text="x")],
        [],
    ],
    ids=["shorter", "longer", "other", "other duplicate", "nothing"],
)
async def test_other_messages_differ_as_for_a_run(tmp_path: Path, given: list[Message]) -> None:
    """The reader finds the first difference where a run that resumes the campaign finds it."""
    path = tmp_path / "run.db"
    async with opened(path, GIVEN):
        pass
    with JournalReader(path) as reader, pytest.raises(JournalMismatchError) as found:
        reader.compare(given, origin=ORIGIN)
    with pytest.raises(JournalMismatchError) as expected:
        async with opened(path, given):
            pass
    assert (found.value.index, str(found.value)) == (expected.value.index, str(expected.value))


async def test_another_campaign_is_told_by_its_settings(tmp_path: Path) -> None:
    """Another base URL, and another way with duplicates, are no resume of this campaign."""
    path = tmp_path / "run.db"
    async with opened(path, GIVEN):
        pass
    with JournalReader(path) as reader:
        with pytest.raises(JournalMismatchError, match=r"example\.com"):
            reader.compare(None, origin="https://example.com/api/v1")
        with pytest.raises(JournalMismatchError, match="duplicates"):
            reader.compare(GIVEN, origin=ORIGIN, deduplicate=False)
        with pytest.raises(ZeroDivisionError):
            reader.compare((GIVEN[1 // 0] for _ in GIVEN), origin=ORIGIN)


async def test_a_journal_without_a_campaign_cannot_be_compared(tmp_path: Path) -> None:
    """What was never filled is told as such."""
    path = tmp_path / "run.db"
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    await journal.close("interrupted")
    with JournalReader(path) as reader, pytest.raises(JournalError, match=r"run\.db"):
        reader.compare(GIVEN, origin=ORIGIN)
