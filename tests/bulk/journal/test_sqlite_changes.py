from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from cleverapp_async.journal import ErrorRecord, JournalReader, JournalResult, JournalState, Resend
from tests.bulk.journal.journals import (
    ACCEPTED,
    TELEGRAM,
    VIBER,
    copy_journal,
    messages,
    opened,
    result,
)

if TYPE_CHECKING:
    from pathlib import Path

    from cleverapp_async import SqliteJournal
    from cleverapp_async.journal import JournalEntry

S = JournalState


async def _entry(path: Path, index: int) -> JournalEntry:
    with JournalReader(path) as reader:
        return next(entry for entry in reader.entries() if entry.index == index)


async def _sent(journal: SqliteJournal, index: int, how: JournalResult) -> None:
    await journal.intend(index)
    await journal.record(index, how)


async def _to_send(journal: SqliteJournal, resend: Resend) -> set[int]:
    taken = [await journal.take(key, -1, 100, resend) for key in await journal.keys()]
    return {entry.index for entries in taken for entry in entries}


async def test_a_result_comes_back_whole(tmp_path: Path) -> None:
    """Every attribute of a result and of its error survives, odd texts included."""
    told = JournalResult(
        state=S.REJECTED,
        ended_at=1_700_000_000.123456,
        permanent=True,
        attempts=3,
        waited=0.1,
        on_wire=0.30000000000000004,
        contact_id=10**30,
        error=ErrorRecord(
            type="ValidationError",
            message="Поле text: \ud800 \0 'quoted'",
            status=422,
            fields=(("text", "required_without", ("image", "file"), "Поле"), ("x", None, (), "")),
        ),
    )
    path = tmp_path / "run.db"
    async with opened(path, messages(3)) as journal:
        await _sent(journal, 1, told)
    entry = await _entry(path, 1)
    assert entry.result == told
    assert entry.state is S.REJECTED
    assert entry.intent_at is not None


async def test_an_intent_that_was_awaited_survives_a_crash(tmp_path: Path) -> None:
    """What a crash leaves after the await holds the intent; the next run calls it unknown."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        await asyncio.gather(journal.intend(1), journal.intend(5))
        await _sent(journal, 3, ACCEPTED)
        left = copy_journal(path, tmp_path / "left.db")
    assert (await _entry(left, 5)).state is S.INTENT
    async with opened(left, None) as journal:
        assert (await journal.summary()).by_state[S.UNKNOWN] == 2
        assert await _to_send(journal, Resend()) == {0, 2, 4, 6, 7, 8}
        assert await _to_send(journal, Resend(unknown=True)) == {0, 1, 2, 4, 5, 6, 7, 8}
    entry = await _entry(left, 1)
    assert entry.result is not None
    assert entry.result.error is not None
    assert entry.result.error.type == "OutcomeUnknownError"
    assert "the run that sent it ended before the answer" in entry.result.error.message


async def test_orphans_are_told_once(tmp_path: Path) -> None:
    """A resume is given the messages whose runner died; the resume after it is not."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9)) as journal:
        await asyncio.gather(journal.intend(4), journal.intend(2))
    for expected in ([2, 4], []):
        journal = type(journal)(path)
        await journal.open("https://app.cleverapp.pro/api/v1")
        loaded = await journal.load(None, lambda _: None, deduplicate=True)
        assert [entry.index for entry in loaded.orphans] == expected
        assert all(entry.state is S.UNKNOWN for entry in loaded.orphans)
        assert all(entry.message == messages(9)[entry.index] for entry in loaded.orphans)
        await journal.close("finished")


@pytest.mark.parametrize(
    ("how", "resend", "again"),
    [
        (result(S.ACCEPTED), Resend(unknown=True, rejected=True), False),
        (result(S.NOT_SENT), Resend(), True),
        (result(S.REJECTED), Resend(), True),
        (result(S.REJECTED, permanent=True), Resend(unknown=True), False),
        (result(S.REJECTED, permanent=True), Resend(rejected=True), True),
        (result(S.UNKNOWN), Resend(rejected=True), False),
        (result(S.UNKNOWN), Resend(unknown=True), True),
    ],
)
async def test_what_is_sent_again(
    tmp_path: Path, how: JournalResult, resend: Resend, again: bool
) -> None:
    """The accepted is never taken again; the unknown and the refused for good on request alone."""
    async with opened(tmp_path / "run.db", messages(1)) as journal:
        await _sent(journal, 0, how)
        assert await _to_send(journal, resend) == ({0} if again else set())


async def test_withdrawing_leads_back(tmp_path: Path) -> None:
    """A withdrawn intent leaves what was known before it; without an intent nothing changes."""
    path = tmp_path / "run.db"
    unknown = result(S.UNKNOWN, error="who knows")
    async with opened(path, messages(4)) as journal:
        await _sent(journal, 1, unknown)
        await _sent(journal, 2, ACCEPTED)
        await asyncio.gather(journal.intend(0), journal.intend(1))
        for index in range(4):
            journal.withdraw(index)
        counts = (await journal.summary()).by_state
        assert (counts[S.PENDING], counts[S.UNKNOWN], counts[S.ACCEPTED]) == (2, 1, 1)
    entry = await _entry(path, 1)
    assert entry.result == unknown


async def test_an_intent_after_a_withdrawal_stands(tmp_path: Path) -> None:
    """Changes of one message that share a commit are written in their order."""
    path = tmp_path / "run.db"
    async with opened(path, messages(2)) as journal:
        first = journal.intend(0)
        journal.withdraw(0)
        second = journal.intend(0)
        third = journal.intend(1)
        journal.withdraw(1)
        await asyncio.gather(first, second, third)
        counts = (await journal.summary()).by_state
        assert (counts[S.INTENT], counts[S.PENDING]) == (1, 1)
    assert (await _entry(path, 0)).state is S.INTENT


@pytest.mark.parametrize(
    ("second", "stands"),
    [
        (result(S.NOT_SENT, error="no route", at=9.0), S.UNKNOWN),
        (result(S.REJECTED, error="too many", at=9.0), S.UNKNOWN),
        (result(S.REJECTED, permanent=True, error="no such contact", at=9.0), S.REJECTED),
        (result(S.ACCEPTED, at=9.0), S.ACCEPTED),
        (result(S.UNKNOWN, error="again", at=9.0), S.UNKNOWN),
    ],
)
@pytest.mark.parametrize("intended", [True, False])
async def test_what_may_have_arrived_stays_unknown(
    tmp_path: Path, second: JournalResult, stands: JournalState, intended: bool
) -> None:
    """Sending the unknown once more settles it only by an answer that says something of it."""
    path = tmp_path / "run.db"
    first = result(S.UNKNOWN, error="no answer")
    async with opened(path, messages(1)) as journal:
        await _sent(journal, 0, first)
        if intended:
            await journal.intend(0)
        await journal.record(0, second)
    entry = await _entry(path, 0)
    assert entry.state is stands
    kept = second.state is not S.UNKNOWN and stands is S.UNKNOWN
    assert entry.result == (first if kept else evolve(second, state=stands))


async def test_a_result_is_written_though_nobody_awaits_it(tmp_path: Path) -> None:
    """A result that was handed over is in the journal once it is closed."""
    path = tmp_path / "run.db"
    async with opened(path, messages(1)) as journal:
        await journal.intend(0)
        handed_over = asyncio.ensure_future(journal.record(0, ACCEPTED))
    assert handed_over.done()
    assert (await _entry(path, 0)).state is S.ACCEPTED


async def test_the_summary_counts_by_key_and_by_run(tmp_path: Path) -> None:
    """The summary adds up, and lists every run with its end."""
    path = tmp_path / "run.db"
    async with opened(path, messages(9), ended="interrupted") as journal:
        await asyncio.gather(
            _sent(journal, 0, ACCEPTED),
            _sent(journal, 1, result(S.REJECTED)),
            _sent(journal, 2, result(S.REJECTED, permanent=True)),
            journal.intend(3),
        )
    async with opened(path, None) as journal:
        summary = await journal.summary()
    assert sum(summary.by_state.values()) == summary.messages == 9
    assert {key: sum(states.values()) for key, states in summary.by_key.items()} == dict.fromkeys(
        summary.by_key, 3
    )
    assert (summary.retryable, summary.retryable_by_key) == (1, {TELEGRAM: 1})
    # Of each three: one key has all pending but an orphan, one a refusal that may pass, and one
    # a refusal for good.
    assert summary.to_send() == {VIBER: 1, TELEGRAM: 3, None: 2}
    assert summary.to_send(Resend(unknown=True)) == {VIBER: 2, TELEGRAM: 3, None: 2}
    assert summary.to_send(Resend(rejected=True)) == {VIBER: 1, TELEGRAM: 3, None: 3}
    assert (summary.complete, summary.purged, summary.deduplicated) == (True, False, True)
    assert [run.ended for run in summary.sessions] == ["interrupted", None]
    with JournalReader(path) as reader:
        assert [run.ended for run in reader.summary().sessions] == ["interrupted", "finished"]
        assert reader.summary().created_at == summary.created_at
