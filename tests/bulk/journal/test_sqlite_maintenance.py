from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, JournalLockedError, SendMessageToWhatsApp, SqliteJournal
from cleverapp_async.journal import (
    ErrorRecord,
    JournalReader,
    JournalResult,
    JournalState,
    purge_journal,
    resolve_unknown,
)
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, messages, opened, result

if TYPE_CHECKING:
    from pathlib import Path

S = JournalState


async def _campaign(path: Path) -> None:
    """Nine messages: three unknown, one of them as its runner died; one accepted; five pending."""
    async with opened(path, messages(9)) as journal:
        await asyncio.gather(*map(journal.intend, range(4)))
        await journal.record(0, ACCEPTED)
        await journal.record(1, result(S.UNKNOWN, error="no answer"))
        await journal.record(2, result(S.UNKNOWN, error="no answer"))


def _counts(path: Path) -> dict[JournalState, int]:
    with JournalReader(path) as reader:
        return {state: count for state, count in reader.summary().by_state.items() if count}


@pytest.mark.parametrize("state", [S.ACCEPTED, S.NOT_SENT])
async def test_the_unknown_is_settled_by_word(tmp_path: Path, state: JournalState) -> None:
    """All that is unknown, intents of a dead runner included, becomes what the user says."""
    path = tmp_path / "run.db"
    await _campaign(path)
    assert resolve_unknown(path, state) == 3
    assert _counts(path) == {S.PENDING: 5, S.ACCEPTED: 1} | {state: 3 + (state is S.ACCEPTED)}
    with JournalReader(path) as reader:
        told = {error.type for error, _ in reader.errors()}
    assert told == (set() if state is S.ACCEPTED else {"NotSentError"})


async def test_some_of_the_unknown_are_settled(tmp_path: Path) -> None:
    """Only the messages named are settled, and a resume sends those that were not sent."""
    path = tmp_path / "run.db"
    await _campaign(path)
    assert resolve_unknown(path, S.NOT_SENT, [3, 1]) == 2
    assert resolve_unknown(path, S.ACCEPTED, iter([2])) == 1
    assert _counts(path) == {S.PENDING: 5, S.ACCEPTED: 2, S.NOT_SENT: 2}


async def test_what_is_not_unknown_is_not_settled(tmp_path: Path) -> None:
    """Other messages are refused by their numbers, and then nothing is changed."""
    path = tmp_path / "run.db"
    await _campaign(path)
    before = _counts(path)
    with pytest.raises(JournalError, match=r"message\(s\) 1, 9, 100 \(counted from 1\)"):
        resolve_unknown(path, S.ACCEPTED, [0, 1, 8, 99])
    with pytest.raises(JournalError, match=r"101, 102, .*110, …"):
        resolve_unknown(path, S.ACCEPTED, range(100, 120))
    with pytest.raises(ValueError, match=r"ACCEPTED.*NOT_SENT.*REJECTED"):
        resolve_unknown(path, S.REJECTED)
    assert _counts(path) == before


async def test_upkeep_needs_a_journal_that_nobody_runs(tmp_path: Path) -> None:
    """A runner's journal is left alone, and a missing one is not made."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)):
        with pytest.raises(JournalLockedError):
            resolve_unknown(path, S.ACCEPTED)
        with pytest.raises(JournalLockedError):
            purge_journal(path, force=True)
    missing = tmp_path / "other.db"
    with pytest.raises(JournalError, match=r"other\.db"):
        resolve_unknown(missing, S.ACCEPTED)
    with pytest.raises(JournalError, match=r"other\.db"):
        purge_journal(missing)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.db", "run.db.lock"]  # noqa: ASYNC240 - a test


async def test_an_unfinished_campaign_is_purged_by_force_alone(tmp_path: Path) -> None:
    """What is left to send, or unknown, keeps a campaign from being purged by mistake."""
    path = tmp_path / "run.db"
    await _campaign(path)
    with pytest.raises(JournalError, match=r"\b5\b.*\b3\b"):
        purge_journal(path)
    assert purge_journal(path, force=True) == 9


_PHONE, _TEXT = "79001234567", "Ваш код доступа готов"


async def test_a_purge_leaves_no_recipient_and_no_text(tmp_path: Path) -> None:
    """No byte of a phone, a text, a contact or an error's words is left in any file."""
    path = tmp_path / "run.db"
    given = [
        SendMessageToWhatsApp(bot_id=7, phone=str(int(_PHONE) + index), text=f"{_TEXT} {index}")
        for index in range(300)
    ]
    async with opened(path, [*given, given[0]], ended=f"failed at {_PHONE}") as journal:
        for index in range(300):
            error = ErrorRecord(
                type="ValidationError",
                message=f"phone: {_PHONE}{index % 50}",
                status=422,
                fields=(("phone", "in", (), f"the phone {_PHONE} is odd"),),
            )
            refused = JournalResult(
                state=S.REJECTED,
                ended_at=9.0,
                permanent=True,
                contact_id=765_432_101,
                error=error,
            )
            await journal.record(index, refused if index % 2 else ACCEPTED)
    assert purge_journal(path) == 300
    secrets = (_PHONE[:9].encode(), _TEXT.encode(), (765_432_101).to_bytes(4, "big"))
    for file in tmp_path.iterdir():  # noqa: ASYNC240 - a test
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret in content], file.name
    with JournalReader(path) as reader:
        summary = reader.summary()
        assert summary.purged
        assert (summary.messages, summary.duplicates) == (300, 1)
        assert summary.by_state[S.ACCEPTED] == summary.by_state[S.REJECTED] == 150
        assert [run.ended for run in summary.sessions] == [
            "failed; the text of the error was purged"
        ]
        [(error, count)] = reader.errors()
        assert (error.type, error.status, error.fields, count) == (
            "ValidationError",
            422,
            (("phone", "in", (), ""),),
            150,
        )
        assert len(list(reader.settled())) == 300
        with pytest.raises(JournalError, match="purged"):
            next(reader.entries())
    assert purge_journal(path) == 0
    with pytest.raises(JournalError, match="purged"):
        await SqliteJournal(path).open(ORIGIN)


async def test_a_purge_waits_for_no_reader(tmp_path: Path) -> None:
    """While somebody reads the old state, a purge says that traces are left; it can be repeated."""
    path = tmp_path / "run.db"
    async with opened(path, messages(200)) as journal:
        await asyncio.gather(*(journal.record(index, ACCEPTED) for index in range(200)))
    with JournalReader(path) as reader:
        streaming = reader.entries()
        next(streaming)
        with pytest.raises(JournalError, match="again"):
            purge_journal(path)
    assert purge_journal(path) == 0
    assert "Привет".encode() not in path.read_bytes()
