"""The beginning of a list is sent now, and the rest by a later run."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import SqliteJournal
from cleverapp_async.cli.send.partial import First, read_first
from cleverapp_async.journal import JournalReader, JournalState
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.cli.campaigns import fill, messages
from tests.cli.command import TOKEN, counts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

WIDE = ("--account-limit", "none", "--limit", "telegram=none")
ROWS = "".join(f"7,telegram,{number}\n" for number in (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10))
RECIPIENTS = f"bot_id,messenger,contact_external_id\n{ROWS}"
TEXT = ("--text", "Hi")


def arrived(simulator: Simulator) -> list[int]:
    """Give the recipients in the order in which their messages arrived."""
    return [int(str(one.parameters["contact_external_id"])) for one in simulator.deliveries]


@pytest.mark.parametrize(
    ("written", "total", "count"),
    [
        ("1", 10, 1),
        (" 100 ", 10, 10),
        ("5%", 10, 1),
        ("5 %", 1000, 50),
        ("0.5%", 1000, 5),
        ("33.3%", 10, 4),
        ("100%", 7, 7),
        ("0.1%", 3, 1),
        ("7", 0, 0),
    ],
)
def test_a_number_or_a_share(written: str, total: int, count: int) -> None:
    """A share is rounded up, so that it is one message at least."""
    assert read_first(written).of(total) == count


@pytest.mark.parametrize(
    "written", ["0", "0%", "-1", "101%", "1.5", "5%%", "%", "", "٣", "1e3", "ten", "9" * 30, "1.0"]
)
def test_neither_a_number_nor_a_share(cleverapp: Run, write: Write, written: str) -> None:
    """What is neither is refused by the option's name before anything is read."""
    ended = cleverapp("send", write("r.csv", RECIPIENTS), *TEXT, f"--first={written}")
    assert ended.code == 2
    assert "--first" in ended.err


@given(st.integers(1, 10**6), st.integers(1, 100), st.integers(1, 100))
def test_a_greater_share_is_never_fewer(total: int, one: int, other: int) -> None:
    """From one message to all of them, and more for more."""
    lesser, greater = sorted((one, other))
    fewer, more = read_first(f"{lesser}%").of(total), read_first(f"{greater}%").of(total)
    assert 1 <= fewer <= more <= total
    assert First(lesser).of(total) == min(lesser, total)


def test_a_campaign_begins_with_the_first(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """The journal has the whole list; a greater number goes on, and no number sends the rest."""
    simulator = serve()
    file, journal = write("r.csv", RECIPIENTS), str(tmp_path / "run.db")
    ended = cleverapp("send", file, *TEXT, *WIDE, "--journal", journal, "--first", "3")
    assert ended.code == 0, ended.err
    assert sorted(arrived(simulator)) == [1, 2, 3]
    assert counts(ended.err) == {"accepted": 3, "pending": 7}
    assert f"cleverapp send --journal {journal}" in ended.err
    with JournalReader(journal) as reader:
        assert reader.summary().messages == 10
    again = cleverapp("send", file, *TEXT, *WIDE, "--journal", journal, "--first", "3")
    assert (again.code, len(simulator.deliveries)) == (0, 3)
    half = cleverapp("send", "--journal", journal, *WIDE, "--first", "50%")
    assert (half.code, sorted(arrived(simulator))) == (0, [1, 2, 3, 4, 5])
    rest = cleverapp("send", "--journal", journal, *WIDE)
    assert (rest.code, sorted(arrived(simulator))) == (0, list(range(1, 11)))


def test_a_run_of_the_first_has_not_finished_the_campaign(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """How a run of the first messages ended names their number, and stays when texts are erased."""
    serve()
    file, journal = write("r.csv", RECIPIENTS), str(tmp_path / "run.db")
    for first in ("3", "100%"):
        cleverapp("send", file, *TEXT, *WIDE, "--journal", journal, "--first", first)
    ended = ["finished the first 3 of 10 messages", "finished"]
    shown = cleverapp("campaign", "status", journal).out
    assert shown.endswith("Exit 0: every message was accepted.\n")
    with JournalReader(journal) as reader:
        assert [session.ended for session in reader.summary().sessions] == ended
    assert cleverapp("campaign", "purge", journal, "--yes").code == 0
    with JournalReader(journal) as reader:
        assert [session.ended for session in reader.summary().sessions] == ended


def test_status_after_the_first_tells_what_is_left_and_how_to_go_on(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Neither the table nor JSON calls a campaign finished of which the first messages went."""
    serve()
    file, journal = write("r.csv", RECIPIENTS), str(tmp_path / "run.db")
    cleverapp("send", file, *TEXT, *WIDE, "--journal", journal, "--first", "3")
    shown = cleverapp("campaign", "status", journal)
    assert "finished the first 3 of 10 messages." in shown.out
    assert "7 messages left: " in shown.out
    assert f"cleverapp send --journal {journal}" in shown.out
    told = json.loads(cleverapp("campaign", "status", journal, "--format", "json").out)
    assert told["finished"] is False
    assert told["sessions"][0]["ended"] == "finished the first 3 of 10 messages"


def test_the_first_are_those_of_the_list_whatever_became_of_them(
    cleverapp: Run, serve: Serve, tmp_path: Path
) -> None:
    """What is left of the first ones is sent, and nothing behind them; the exit code is theirs."""
    simulator = serve()
    path = tmp_path / "run.db"
    states = [JournalState.ACCEPTED, JournalState.PENDING, JournalState.INTENT]
    states += [JournalState.REJECTED, JournalState.NOT_SENT, *[JournalState.PENDING] * 3]

    async def begin() -> None:
        journal = SqliteJournal(path)
        await fill(journal, messages(8), states, simulator.base_url, for_good=False)
        await journal.close("interrupted")

    asyncio.run(begin())
    dry = cleverapp("send", "--journal", str(path), "--first", "5", "--dry-run")
    assert "3 messages " in dry.out
    ended = cleverapp("send", "--journal", str(path), *WIDE, "--first", "5")
    assert ended.code == 4
    assert sorted(arrived(simulator)) == [1001, 1003, 1004]
    two = cleverapp("send", "--journal", str(path), *WIDE, "--first", "2")
    assert (two.code, len(simulator.deliveries)) == (0, 3)
    unknown = cleverapp("send", "--journal", str(path), *WIDE, "--first", "3", "--resend-unknown")
    assert unknown.code == 0
    assert sorted(arrived(simulator)) == [1001, 1002, 1003, 1004]


def test_a_dry_run_counts_the_first_alone(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """Counts and the forecast are those of the part, each recipient once where a journal is."""
    file = write("r.csv", RECIPIENTS)
    for more, rest in (((), 7), (("--journal", str(tmp_path / "run.db")), 6)):
        ended = cleverapp("send", file, *TEXT, "--first", "4", "--dry-run", *more)
        assert ended.code == 0
        assert f"4 messages would be sent now, {rest} later" in ended.out
        last = 3 if not more else 4
        assert f"contact_external_id={last}\n" in cleverapp(
            "send", file, *TEXT, "--first", "4", "--dry-run", "--sample", "9", *more
        ).out.replace(" \n", "\n")


def test_without_a_journal_the_rest_is_among_the_outcomes(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """What is left for later is listed as not_sent, and the command that sends it is told."""
    simulator = serve()
    file, output = write("r.csv", RECIPIENTS), tmp_path / "out.jsonl"
    ended = cleverapp("send", file, *TEXT, *WIDE, "--first", "4", "--output", str(output))
    assert ended.code == 0
    assert arrived(simulator) == [1, 2, 2, 3]
    found = [json.loads(line)["outcome"] for line in output.read_text().splitlines()]
    assert sorted(found) == ["accepted"] * 4 + ["not_sent"] * 7
    assert "7 left for later" in ended.err
    assert f"cleverapp send {output} --only not_sent" in ended.err
    rest = cleverapp("send", str(output), "--only", "not_sent", *WIDE)
    assert rest.code == 0
    assert sorted(arrived(simulator)) == [1, 2, 2, 3, *range(4, 11)]


def test_what_a_stopped_run_left_is_told_apart(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Of the first ones those that were not sent are failures; what was left for later is not."""
    simulator = serve(
        Simulator(
            api_token=TOKEN,
            limits=SimulatorLimits.none(),
            faults=[Fault.answer(403, {"message": "Forbidden"})],
        )
    )
    file, output = write("r.csv", RECIPIENTS), tmp_path / "out.jsonl"
    ended = cleverapp("send", file, *TEXT, *WIDE, "--first", "8", "--output", str(output))
    assert ended.code != 0
    assert len(simulator.arrivals) == 5
    found = [json.loads(line)["outcome"] for line in output.read_text().splitlines()]
    assert found.count("not_sent") == 6
    assert "3 not sent, 3 left for later" in ended.err
    assert f"cleverapp send {output} --only not_sent --only rejected" in ended.err


def test_all_of_a_list_is_no_part_of_it(cleverapp: Run, serve: Serve, write: Write) -> None:
    """More than the list has is the list, with nothing left for later."""
    simulator = serve()
    ended = cleverapp("send", write("r.csv", RECIPIENTS), *TEXT, *WIDE, "--first", "100%")
    assert ended.code == 0
    assert len(simulator.deliveries) == 11
    assert "later" not in ended.err


def test_the_rest_must_be_kept_somewhere(write: Write, environment: dict[str, str]) -> None:
    """Where outcomes go to a terminal nothing would know what is left: it is refused."""
    path = write("r.csv", RECIPIENTS)
    ours, theirs = pty.openpty()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "cleverapp_async", "send", path, *TEXT),
            *("--first", "4", "--yes", "--output", "-"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert ended.returncode == 2
    assert b"--journal" in ended.stderr
    assert b"--output" in ended.stderr
