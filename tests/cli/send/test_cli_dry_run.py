"""A dry run of a campaign says what the run would say, and writes nothing."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import SqliteJournal
from cleverapp_async.journal import JournalState
from tests.cli.campaigns import ORIGIN, fill, make_journal, messages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

WIDE = ("--account-limit", "none", "--limit", "telegram=none")
HEADER = "bot_id,messenger,contact_external_id,name"
ROWS = [f"7,telegram,{number},Имя {number}" for number in (1, 2, 2, 3, 4)]
TEXT = ("--text", "Hi {name}")


def listed(*rows: str) -> str:
    """Give the CSV of these rows."""
    return "".join(f"{row}\n" for row in (HEADER, *rows))


@pytest.mark.parametrize(
    ("rows", "arguments", "places"),
    [
        (ROWS, ("--text", "Hello {name}"), ("message 1 ", "text")),
        ([*ROWS[:3], "7,telegram,9,x", ROWS[4]], TEXT, ("message 4 ", "recipient")),
        ([*ROWS[:2], "7,telegram,2,other", *ROWS[3:]], TEXT, ("message 3 ",)),
        (ROWS[:4], TEXT, ("4 message(s)", "5")),
        ([*ROWS, "7,telegram,5,x"], TEXT, ("5 message(s)",)),
        (ROWS[1:], TEXT, ("message 1 ",)),
        (ROWS, (*TEXT, "--allow-duplicates"), ("duplicates",)),
        (ROWS, (*TEXT, "--base-url", ORIGIN), (ORIGIN,)),
    ],
    ids=["text", "recipient", "duplicate", "shorter", "longer", "order", "duplicates", "address"],
)
def test_another_list_than_the_campaign_s(
    *,
    cleverapp: Run,
    serve: Serve,
    write: Write,
    tmp_path: Path,
    rows: list[str],
    arguments: tuple[str, ...],
    places: tuple[str, ...],
) -> None:
    """A dry run refuses what the run refuses, in its words, and leaves the journal as it is."""
    simulator = serve()
    journal = tmp_path / "run.db"
    campaign = ("--journal", str(journal), *WIDE)
    begun = write("r.csv", listed(*ROWS))
    assert cleverapp("send", begun, *TEXT, *campaign, "--first", "2").code == 0
    before = journal.read_bytes()
    same = cleverapp("send", begun, *TEXT, *campaign, "--dry-run")
    assert (same.code, same.out.splitlines()[0]) == (
        0,
        f"{journal} holds a campaign with 2 messages left.",
    )
    command = ("send", write("o.csv", listed(*rows)), *campaign, *arguments)
    dry = cleverapp(*command, "--dry-run")
    assert dry.code == 2
    for place in places:
        assert place in dry.err
    assert journal.read_bytes() == before
    real = cleverapp(*command)
    assert (real.code, real.err) == (2, dry.err)
    assert len(simulator.arrivals) == 2


S = JournalState


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    "states",
    [
        [S.PENDING, S.INTENT, S.UNKNOWN],
        [S.ACCEPTED, S.INTENT, S.INTENT, S.NOT_SENT],
        [S.REJECTED, S.REJECTED, S.INTENT],
        [S.INTENT],
        [S.ACCEPTED],
    ],
)
def test_a_dry_run_counts_as_the_status_does(
    cleverapp: Run, tmp_path: Path, states: list[JournalState], *, held: bool
) -> None:
    """What is on its way is left while somebody sends it, and unknown once nobody does."""
    path = str(tmp_path / "run.db")

    def left() -> tuple[int, int]:
        status = json.loads(cleverapp("campaign", "status", path, "--format", "json").out)
        dry = cleverapp("send", "--journal", path, "--dry-run", "--base-url", ORIGIN, "--sample=9")
        # Somebody else sends it now: so would the send be refused, and the dry run tells it.
        assert dry.code == (2 if held else 0)
        assert ("process" in dry.err) is held
        found = re.search(r"with (\d+) messages? left", dry.out)
        assert found is not None
        assert len(re.findall(r"message \d+ to ", dry.out)) == int(found[1])
        return status["left"]["messages"], int(found[1])

    async def look() -> tuple[int, int]:
        journal = SqliteJournal(path)
        await fill(journal, messages(len(states)), states, for_good=False)
        found = left() if held else None
        await journal.close("interrupted")
        return found or left()

    told = asyncio.run(look())
    assert told[0] == told[1]


def test_an_unfilled_journal_is_none(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """An empty file is begun as a new campaign; without a list there is nothing to tell."""
    journal = tmp_path / "run.db"
    journal.touch()
    campaign = ("--journal", str(journal), "--dry-run")
    ended = cleverapp("send", write("r.csv", listed(*ROWS)), *TEXT, *campaign)
    assert ended.code == 0
    assert re.search(r"telegram of bot 7 +4", ended.out)
    without = cleverapp("send", *campaign)
    assert without.code == 2
    assert str(journal) in without.err
    assert journal.stat().st_size == 0


def test_what_cannot_be_resumed_is_refused(cleverapp: Run, tmp_path: Path) -> None:
    """A purged campaign, and one of another address, are refused by a dry run as by the run."""
    journal = make_journal(tmp_path / "run.db", S.ACCEPTED)
    other = ("--base-url", "https://example.com/api/v1")
    assert cleverapp("send", "--journal", journal, "--dry-run", *other).code == 2
    assert cleverapp("send", "--journal", journal, "--dry-run", "--base-url", "nothing").code == 3
    assert cleverapp("campaign", "purge", journal, "--yes").code == 0
    ended = cleverapp("send", "--journal", journal, "--dry-run", "--base-url", ORIGIN)
    assert ended.code == 2
    assert journal in ended.err
