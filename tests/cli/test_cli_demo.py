from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

from cleverapp_async import NotSentError, Outcome, SendMessage, SendOutcome, ServerError
from cleverapp_async.cli.demo import Expectations
from cleverapp_async.cli.send.outcomes import open_sink
from tests.paths import DOCS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write


def test_the_demo_ends_as_its_list_expects(cleverapp: Run, tmp_path: Path) -> None:
    """Every row ends as planned and the referee is content."""
    output = tmp_path / "out.jsonl"
    ended = cleverapp("demo", "--scale", "150", "--window", "fixed", "--output", str(output))
    assert ended.out == ""
    assert "150 times" in ended.err
    assert "1.3 seconds instead of 3 minutes 10 seconds" in ended.err
    assert "3 rows " in ended.err
    assert "clean. 78 requests arrived: 74 accepted, 0 refused" in ended.err
    assert ended.code == 0
    outcomes = [json.loads(line)["outcome"] for line in output.read_text().splitlines()]
    assert (outcomes.count("accepted"), outcomes.count("rejected")) == (74, 4)


def test_the_list_can_be_sent(cleverapp: Run, serve: Serve, write: Write, tmp_path: Path) -> None:
    """What --list prints is a list that send takes: its faulty rows are found, the others sent."""
    simulator = serve()
    listed = cleverapp("demo", "--list")
    assert (listed.code, listed.err) == (0, "")
    recipients = write("recipients.csv", listed.out)
    how = ("--text", "Здравствуйте, {name}!", "--scale", "10000")
    refused = cleverapp("send", recipients, *how)
    assert refused.code == 2
    lines = [f"recipients.csv, line {line}" for line in faulty_lines(listed.out)]
    assert [line for line in lines if line not in refused.err] == []
    assert not simulator.arrivals
    output = tmp_path / "out.jsonl"
    sent = cleverapp(*("send", recipients, *how, "--skip-bad-rows", "--output", str(output)))
    assert sent.code == 1
    outcomes = [json.loads(line)["outcome"] for line in output.read_text().splitlines()]
    assert outcomes == ["accepted"] * 78


def faulty_lines(listed: str) -> list[int]:
    """The lines of the rows that are expected to be left out."""
    lines = listed.splitlines()
    return [place for place, line in enumerate(lines, 1) if line.endswith(";left out")]


def test_the_columns_of_the_list_are_explained(cleverapp: Run) -> None:
    """Each column and each word of the column ``expect`` stands in the documentation."""
    header, *rows = cleverapp("demo", "--list").out.splitlines()
    section = (DOCS / "command-line.md").read_text("utf-8").partition("\n## demo\n")[2]
    words = {*header.split(";"), *(row.rpartition(";")[2] for row in rows)}
    assert {word for word in words if f"`{word}`" not in section} == set()


def test_surprises_are_told() -> None:
    """Each row that did not end as expected is told with what came of it."""
    message = SendMessage(contact_id=1, text="Hi")
    with open_sink(None) as sink:
        expectations = Expectations(
            sink, {1: "accepted", 2: "accepted", 3: "left out", 4: "accepted"}
        )

        def end(row: int, outcome: Outcome, error: NotSentError | ServerError | None) -> None:
            ended = SendOutcome(message=message, outcome=outcome, index=0, error=error)
            expectations.write(row, row, ended)

        end(1, Outcome.ACCEPTED, None)
        end(2, Outcome.NOT_SENT, NotSentError("why"))
        end(3, Outcome.UNKNOWN, ServerError(500, {}, "sendMessage"))
    second, third, fourth = expectations.surprises()
    assert second.startswith("Row 2 ")
    assert "not_sent (why)" in second
    assert third.startswith("Row 3 ")
    assert "unknown (sendMessage: {} (HTTP 500))" in third
    assert fourth.startswith("Row 4 ")


async def test_interrupting_the_demo(environment: dict[str, str]) -> None:
    """Ctrl-C ends the demo in order, with 130."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cleverapp_async", "demo", "--scale", "1"),
        *("--output", "-"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    first = await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130
    assert len([first, *out.splitlines()]) == 78
    assert "cleverapp send OUTCOMES.jsonl --only not_sent" in err.decode()
