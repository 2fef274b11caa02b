from __future__ import annotations

import io
import re
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, LimitKey, Message, Quota, SendMessage, SqliteJournal
from cleverapp_async.journal import (
    ErrorRecord,
    JournalReader,
    JournalResult,
    JournalState,
    export_csv,
    purge_journal,
    write_report,
)

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "https://app.cleverapp.pro/api/v1"
RECIPIENT = "79995550000"
RESULTS = (
    JournalResult(
        state=JournalState.ACCEPTED, ended_at=1_790_000_001.0, waited=0.5, on_wire=0.25, attempts=1
    ),
    JournalResult(
        state=JournalState.REJECTED,
        ended_at=1_790_000_002.0,
        permanent=True,
        error=ErrorRecord(type="ForbiddenError", message="sendMessage: Forbidden", status=403),
    ),
    JournalResult(
        state=JournalState.UNKNOWN,
        ended_at=1_790_000_003.0,
        error=ErrorRecord(type="OutcomeUnknownError", message="no answer"),
    ),
)


def key_of(message: Message) -> LimitKey | None:
    """The limit key of a message."""
    route = message.route
    return None if route is None else LimitKey(route.bot_id, route.messenger)


async def begin(path: Path) -> SqliteJournal:
    """A campaign of four messages, of which three have ended; it is open still."""
    messages = [
        SendMessage(
            bot_id=7,
            messenger="telegram",
            contact_external_id=f"{RECIPIENT}{place}",
            text="=1+1 <b>Привет</b>",
        )
        for place in range(4)
    ]
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    await journal.load(messages, key_of, deduplicate=True)
    for index, result in enumerate(RESULTS):
        await journal.intend(index)
        await journal.record(index, result)
    return journal


@pytest.fixture
async def journal(tmp_path: Path) -> Path:
    """The journal of a campaign that was interrupted."""
    path = tmp_path / "run.db"
    await (await begin(path)).close("interrupted")
    return path


def test_a_journal_becomes_a_page(journal: Path, tmp_path: Path) -> None:
    """The page tells what the journal holds, texts escaped, and is its owner's alone."""
    output = tmp_path / "report.html"
    write_report(journal, output, zone=UTC)
    page = output.read_text("utf-8")
    assert "1 of 4 messages accepted" in page
    assert "It does not run now; 1 message to go." in page
    assert "sendMessage: Forbidden" in page
    assert f"{RECIPIENT}2" in page
    assert "cleverapp campaign resolve run.db --all --as accepted" in page
    assert "cleverapp campaign resolve run.db --all --as not-sent" in page
    assert "=1+1 &lt;b&gt;Привет&lt;/b&gt;" in page
    assert "interrupted" in page
    assert "limit 10 per 10\u00a0s" in page
    assert output.stat().st_mode & 0o777 == 0o600


def test_rejected_messages_are_listed_with_their_errors(journal: Path, tmp_path: Path) -> None:
    """Number, recipient and why; the word is that of the API."""
    output = tmp_path / "report.html"
    write_report(journal, output, zone=UTC)
    page = output.read_text("utf-8")
    section = page[page.index('id="rejected"') :]
    section = section[: section.index("</section>")]
    assert "1 message was rejected by the server." in section
    assert "#2" in section
    assert f"{RECIPIENT}1" in section
    assert "sendMessage: Forbidden" in section
    assert "refused" not in page


def test_any_reader_becomes_a_page(journal: Path, tmp_path: Path) -> None:
    """An open reader gives the page that the file's path gives, and guards its files as well."""
    by_path, by_reader = tmp_path / "path.html", tmp_path / "reader.html"
    write_report(journal, by_path, zone=UTC)
    with JournalReader(journal) as reader:
        write_report(reader, by_reader, zone=UTC)
        with pytest.raises(JournalError, match="another name"):
            write_report(reader, journal)
    moment = re.compile(r"As of.*?</time>")
    pages = [moment.sub("", page.read_text("utf-8")) for page in (by_path, by_reader)]
    assert pages[0] == pages[1]


def test_a_page_is_written_over_once_the_new_one_is_whole(journal: Path, tmp_path: Path) -> None:
    """An older page gives way, with the caller's limits, and no part is left behind."""
    output = tmp_path / "report.html"
    output.write_text("older")
    write_report(journal, output, quotas_of=lambda _: (Quota(3, 20.0),), account=())
    page = output.read_text("utf-8")
    assert "limit 3 per 20\u00a0s" in page
    assert "older" not in page
    assert not list(tmp_path.glob(".*.part"))


async def test_a_page_is_written_while_the_campaign_runs(tmp_path: Path) -> None:
    """A runner at work is told as that, and its journal stays as it is."""
    path, output = tmp_path / "run.db", tmp_path / "report.html"
    running = await begin(path)
    await running.intend(3)
    write_report(path, output)
    page = output.read_text("utf-8")
    assert "It runs now." in page
    assert "on the way" in page
    await running.record(3, RESULTS[0])
    await running.close("finished")


def test_a_page_that_cannot_be_written_leaves_nothing(journal: Path, tmp_path: Path) -> None:
    """Where the page cannot have its name, no part of it stays."""
    output = tmp_path / "report.html"
    output.mkdir()
    with pytest.raises(OSError, match="report"):
        write_report(journal, output)
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("end", ["", "-wal", ".lock"])
def test_a_page_is_never_written_over_its_journal(journal: Path, end: str) -> None:
    """A report that is given a name of the journal's own is refused, and the journal stays."""
    before = journal.read_bytes()
    with pytest.raises(JournalError, match="name"):
        write_report(journal, f"{journal}{end}")
    assert journal.read_bytes() == before


def test_a_missing_journal_makes_no_page(tmp_path: Path) -> None:
    """Without a journal there is an error, and neither a page nor a journal afterwards."""
    with pytest.raises(JournalError, match=r"run\.db"):
        write_report(tmp_path / "run.db", tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_a_purged_journal_makes_a_page_without_recipients(journal: Path, tmp_path: Path) -> None:
    """After a purge the page has its numbers still, and nothing of recipients and texts."""
    purge_journal(journal, force=True)
    output = tmp_path / "report.html"
    write_report(journal, output)
    page = output.read_text("utf-8")
    assert "1 of 4 messages accepted" in page
    assert "Recipients and texts were erased." in page
    assert RECIPIENT not in page
    assert "Привет" not in page


def test_a_journal_becomes_csv(journal: Path) -> None:
    """All messages are exported, or those in some states, with how many there were."""
    whole, some = io.BytesIO(), io.BytesIO()
    assert export_csv(journal, whole) == 4
    assert export_csv(journal, some, [JournalState.UNKNOWN, JournalState.PENDING]) == 2
    assert whole.getvalue().count(b"'=1+1") == 4
    numbers = [line.split(b",")[:2] for line in some.getvalue().splitlines()[1:]]
    assert numbers == [[b"3", b"unknown"], [b"4", b"pending"]]


def test_a_campaign_that_is_read_already_becomes_csv_too(journal: Path) -> None:
    """An open reader, of whatever kind of journal, gives the same lines as the file's path."""
    by_path, by_reader = io.BytesIO(), io.BytesIO()
    export_csv(journal, by_path)
    with JournalReader(journal) as reader:
        assert export_csv(reader, by_reader) == 4
    assert by_reader.getvalue() == by_path.getvalue()


def test_a_purged_journal_has_no_csv(journal: Path) -> None:
    """There is nothing left to export after a purge, and the error says so."""
    purge_journal(journal, force=True)
    with pytest.raises(JournalError, match="purged"):
        export_csv(journal, io.BytesIO())
