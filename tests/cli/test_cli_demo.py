from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

from cleverapp_async import NotSentError, Outcome, SendMessage, SendOutcome, ServerError
from cleverapp_async.cli.demo import Expectations
from cleverapp_async.cli.send.outcomes import open_sink

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run


def test_the_demo_ends_as_its_list_expects(cleverapp: Run, tmp_path: Path) -> None:
    """Every row ends as planned and the referee is content."""
    output = tmp_path / "out.jsonl"
    ended = cleverapp("demo", "--scale", "150", "--window", "fixed", "--output", str(output))
    assert ended.out == ""
    assert "time 150 times as fast: 3 minutes 10 seconds become 1.3 seconds." in ended.err
    assert "3 rows are left out." in ended.err
    assert "The referee's verdict: clean. 78 arrived, 74 were taken, 0 refused" in ended.err
    assert "Every row came out as the list expects." in ended.err
    assert ended.code == 0
    outcomes = [json.loads(line)["outcome"] for line in output.read_text().splitlines()]
    assert (outcomes.count("accepted"), outcomes.count("rejected")) == (74, 4)


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
    assert expectations.surprises() == [
        "Row 2 was expected to be accepted, but it was not_sent (why).",
        "Row 3 was expected to be left out, but it was unknown (sendMessage: {} (HTTP 500)).",
        "Row 4 was expected to be accepted, but it was left out.",
    ]


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
