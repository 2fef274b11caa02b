"""Signals at every stage of a send: it ends with 130, and what was sent is told and kept."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import pty
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO, cast

import pytest
from attrs import define, field
from rich.console import Console

from cleverapp_async import (
    BulkRun,
    CleverAppClient,
    LimiterRegistry,
    Message,
    Outcome,
    Schedule,
    SendOutcome,
)
from cleverapp_async.__main__ import main
from cleverapp_async.cli.console import make_console
from cleverapp_async.cli.errors import Exit
from cleverapp_async.cli.recipients.messages import Defaults
from cleverapp_async.cli.recipients.source import open_source
from cleverapp_async.cli.recipients.template import Template
from cleverapp_async.cli.send.plan import Wanted, make_plan
from cleverapp_async.cli.send.progress import NoView
from cleverapp_async.cli.send.resume_notes import tell_the_rest
from cleverapp_async.cli.send.runner import Runner
from cleverapp_async.cli.send.sources import FileMessages
from cleverapp_async.cli.signals import Interrupts
from cleverapp_async.simulator import Fault, Latency, Simulator, SimulatorLimits
from tests.cli.command import TOKEN
from tests.cli.processes import line_with, start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cleverapp_async.cli.send.tally import Tally
    from tests.cli.command import Run, Serve, Write

COUNT = 40
ROWS = "".join(f"7,telegram,{number}\n" for number in range(1, COUNT + 1))
RECIPIENTS = "bot_id,messenger,contact_external_id\n" + ROWS
FREE = ("--account-limit", "none", "--limit", "telegram=none")
SLOW = ("--account-limit", "none", "--limit", "telegram=8/60s")


def simulated(*faults: Fault, latency: float = 0.0) -> Simulator:
    """Make a simulator without limits."""
    return Simulator(
        api_token=TOKEN,
        limits=SimulatorLimits.none(),
        latency=Latency.constant(latency),
        faults=faults,
    )


def sending(write: Write, *more: str) -> list[str]:
    """Give the arguments of a send to all recipients."""
    return ["send", write("r.csv", RECIPIENTS), "--text", "Hi", *more]


def kept(path: Path) -> dict[str, int]:
    """Count the outcomes in a file, every one of them whole."""
    found: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        outcome = json.loads(line)["outcome"]
        found[outcome] = found.get(outcome, 0) + 1
    return found


def chosen_files(folder: Path) -> list[Path]:
    """Give the files of outcomes that nobody has named."""
    return list(folder.glob("outcomes-*.jsonl"))


async def arrived(simulator: Simulator, count: int) -> None:
    """Wait until so many requests have come."""
    async with asyncio.timeout(120):
        while len(simulator.arrivals) < count:  # noqa: ASYNC110 - a simulator tells no event of it
            await asyncio.sleep(0.01)


@define
class SignallingStream:
    """Standard error of somebody who reads, and sends a signal on reading certain words.

    Attributes:
        cues: The words, in their order, each with its signal.
    """

    cues: list[tuple[str, signal.Signals]]
    stream: TextIO
    said: list[str] = field(factory=list[str])

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Take a text; its signal comes right after it."""
        self.said.append(text)
        while self.cues and self.cues[0][0] in text:
            signal.raise_signal(self.cues.pop(0)[1])
        return len(text)


def interrupted(
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    *cues: tuple[str, signal.Signals],
) -> tuple[int, str]:
    """Run the command in this process, with a signal at each cue: its exit code and words."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
    monkeypatch.setattr("sys.argv", ["cleverapp", *arguments])
    stream = SignallingStream([*cues], sys.stderr)
    monkeypatch.setattr("sys.stderr", cast("TextIO", stream))
    with pytest.raises(SystemExit) as caught:
        main()
    assert stream.cues == []
    assert isinstance(caught.value.code, int)
    return int(caught.value.code), "".join(stream.said)


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_it_waits(
    monkeypatch: pytest.MonkeyPatch,
    write: Write,
    tmp_path: Path,
    serve: Serve,
    number: signal.Signals,
) -> None:
    """Before the moment of --at every row ends as not sent, and the file says so."""
    output = tmp_path / "out.jsonl"
    simulator = serve(simulated())
    code, said = interrupted(
        monkeypatch,
        sending(write, "--output", str(output), "--at", "2999-01-01T00:00", *FREE),
        ("Sending", number),
    )
    assert code == 130
    assert "Exit 130" in said
    assert kept(output) == {"not_sent": COUNT}
    assert len(simulator.arrivals) == 0


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_signal_while_the_report_is_written(
    monkeypatch: pytest.MonkeyPatch, write: Write, tmp_path: Path, serve: Serve, times: int
) -> None:
    """It changes the exit code and nothing of the account; further ones leave the report out."""
    output = tmp_path / "out.jsonl"
    serve(simulated())
    code, said = interrupted(
        monkeypatch,
        sending(write, "--output", str(output), *FREE),
        *[(cue, signal.SIGINT) for cue in ("total", "total", str(output))[:times]],
    )
    assert code == 130
    assert kept(output) == {"accepted": COUNT}
    assert ("Exit 130" in said) is (times == 1)
    assert (str(output) in said) is (times > 1)


def test_signals_of_one_wrapper_are_one_request(
    monkeypatch: pytest.MonkeyPatch, write: Write, tmp_path: Path, serve: Serve
) -> None:
    """What `timeout` sends twice and a group gets twice still lets the requests end."""
    output = tmp_path / "out.jsonl"
    simulator = serve(simulated(latency=0.3))

    def terminate() -> None:
        while len(simulator.arrivals) < 8:
            time.sleep(0.001)
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=terminate)
    thread.start()
    code, _ = interrupted(monkeypatch, sending(write, "--output", str(output), *SLOW))
    thread.join()
    assert code == 130
    assert kept(output) == {"accepted": 8, "not_sent": COUNT - 8}


def test_a_hangup_is_no_second_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, write: Write, tmp_path: Path, serve: Serve
) -> None:
    """Whoever interrupts and closes the terminal lets the requests on the wire end all the same."""
    output = tmp_path / "out.jsonl"
    serve(simulated(latency=0.5))
    code, _ = interrupted(
        monkeypatch,
        sending(write, "--output", str(output), "-v", *SLOW),
        ("AttemptStarted", signal.SIGTERM),
        ("Ctrl-C again", signal.SIGHUP),
    )
    assert code == 130
    assert set(kept(output)) <= {"accepted", "not_sent"}


MANY = "bot_id,messenger,contact_external_id\n" + "7,telegram,1\n" * 3000
WANTED = Wanted(defaults=Defaults(text=Template.parse("Hi")))


@define
class SignallingSink:
    """Takes outcomes, and sends Ctrl-C with the first of each of these rows.

    Attributes:
        rows: The numbers of the rows.
        taken: The outcomes by the number of their row.
    """

    rows: set[int]
    taken: dict[int, Outcome] = field(factory=dict[int, Outcome])

    def write(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Take one."""
        del line
        self.taken[number] = outcome.outcome
        if number in self.rows:
            signal.raise_signal(signal.SIGINT)


async def run(source: FileMessages, sink: SignallingSink) -> Tally:
    """Send to the end, with nothing shown."""
    with Interrupts() as interrupts:
        runner = Runner(
            source=source,
            sink=sink,
            view=NoView(make_console()),
            interrupts=interrupts,
            announce=lambda *_: None,
            drain_timeout=0.0001,
        )
        return await runner.send()


class ShortSighted(FileMessages):
    """The rows of a file of which few are read before they are sent, as of a very long one."""

    def start(self, schedule: Schedule | None) -> BulkRun:
        """The run that sends them."""
        return self.client.send_many(
            self._messages(), schedule=schedule, concurrency=3, look_ahead=100
        )


@pytest.mark.parametrize("impatient", [False, True])
async def test_the_rows_that_were_never_read(write: Write, *, impatient: bool) -> None:
    """A stopped send lists them, however it was stopped, unless somebody does not even wait for it.

    Whoever cuts the list short is told of how many rows it says nothing.
    """
    async with simulated() as simulator:
        with open_source(write("r.csv", MANY), None) as source:
            limits = LimiterRegistry.unlimited()
            client = CleverAppClient(TOKEN, base_url=simulator.base_url, limits=limits)
            sink = SignallingSink({3, 1200} if impatient else {3})
            messages = ShortSighted(make_plan(source, WANTED), client)
            tally = await run(messages, sink)
    assert tally.exit() is Exit.INTERRUPTED
    known, unknown = tally.outcomes[Outcome.ACCEPTED], tally.outcomes[Outcome.UNKNOWN]
    assert known <= len(simulator.deliveries) <= known + unknown
    assert 1200 <= len(sink.taken) < 3000 if impatient else len(sink.taken) == 3000
    console = Console(file=io.StringIO(), width=1000)
    tell_the_rest(console, tally, "out.jsonl")
    told = cast("io.StringIO", console.file).getvalue()
    assert (f"{3000 - len(sink.taken)} messages were not sent" in told) is impatient


class FailingMessages(FileMessages):
    """The rows of a file on a disk that fails after the first of them."""

    def start(self, schedule: Schedule | None) -> BulkRun:
        """The run that sends them."""

        def messages() -> Iterator[Message]:
            yield next(self._messages())
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        return self.client.send_many(messages(), schedule=schedule)


async def test_a_list_that_fails_while_it_is_sent(write: Write) -> None:
    """What was sent before is told, and the rest is listed as far as it can be read."""
    async with simulated() as simulator:
        with open_source(write("r.csv", RECIPIENTS), None) as source:
            client = CleverAppClient(TOKEN, base_url=simulator.base_url)
            tally = await run(
                FailingMessages(make_plan(source, WANTED), client), SignallingSink(set())
            )
    assert tally.exit() is Exit.FAILED
    assert os.strerror(errno.EIO) in str(tally.trouble)
    assert tally.outcomes == {Outcome.ACCEPTED: 1, Outcome.NOT_SENT: COUNT - 1}


def test_a_signal_while_the_list_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, serve: Serve
) -> None:
    """It ends the reading, and says that nothing was sent and how to begin again."""
    simulator = serve(simulated())
    fifo = tmp_path / "list"
    os.mkfifo(fifo)

    def feed() -> None:
        with fifo.open("w", encoding="utf-8") as list_:
            # More than a pipe holds: once it is gone the command is reading.
            list_.write(RECIPIENTS + ROWS * 300)
            list_.flush()
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=feed)
    thread.start()
    arguments = ["send", str(fifo), "--text", "Hi", "--output", str(tmp_path / "o"), *FREE]
    code, said = interrupted(monkeypatch, arguments)
    thread.join()
    assert code == 130
    assert "nothing was sent" in said
    assert f"cleverapp send {fifo}" in said
    assert len(simulator.arrivals) == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_a_campaign(
    monkeypatch: pytest.MonkeyPatch,
    write: Write,
    tmp_path: Path,
    serve: Serve,
    number: signal.Signals,
) -> None:
    """The journal has what was sent, and the command to go on is told."""
    serve(simulated())
    journal = tmp_path / "run.db"
    code, said = interrupted(
        monkeypatch,
        sending(write, "--journal", str(journal), "-v", *SLOW),
        ("AttemptStarted", number),
    )
    assert code == 130
    assert f"cleverapp send --journal {journal}" in said
    assert "unknown" not in said.partition("The campaign:")[2]


def test_a_send_that_never_began_leaves_no_file_in_its_way(
    cleverapp: Run, write: Write, tmp_path: Path, serve: Serve
) -> None:
    """After an error before the first message the same command can be given again."""
    serve(simulated())
    journal, output = tmp_path / "run.db", tmp_path / "out.jsonl"
    journal.write_text("no journal")
    command = sending(write, "--output", str(output), "--journal", str(journal), *FREE)
    assert cleverapp(*command).code == 2
    assert not output.exists()
    journal.unlink()
    assert cleverapp(*command).code == 0
    assert kept(output) == {"accepted": COUNT}


_ON_ITS_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "cleverapp_async", *sys.argv[1:]])
"""


@pytest.mark.parametrize("journal", [False, True])
async def test_a_terminal_that_is_closed(
    environment: dict[str, str], write: Write, tmp_path: Path, *, journal: bool
) -> None:
    """When the window or the SSH session ends, what is on the wire ends, too, and is kept."""
    async with simulated(latency=0.4) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        master, slave = pty.openpty()
        more = ["--journal", "run.db"] if journal else []
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _ON_ITS_TERMINAL, "send", write("r.csv", RECIPIENTS)),
            *("--text", "Hi", "--yes", *SLOW, *more),
            env=environment,
            cwd=tmp_path,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        await arrived(simulator, 8)
        os.close(master)
        assert await process.wait() == 130
        assert len(simulator.deliveries) == 8
    if journal:
        status = await start(environment, "campaign", "status", "run.db", folder=tmp_path)
        out, _ = await status.communicate()
        assert status.returncode == 1
        assert b"unknown" not in out
    else:
        (output,) = chosen_files(tmp_path)
        assert kept(output) == {"accepted": 8, "not_sent": COUNT - 8}


async def test_nohup_outlives_the_terminal(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """Whoever asked for a send that survives the end of the session gets it."""
    output = tmp_path / "out.jsonl"
    async with simulated(latency=0.2) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await asyncio.create_subprocess_exec(
            *("nohup", sys.executable, "-m", "cleverapp_async", "send"),
            *(write("r.csv", RECIPIENTS), "--text", "Hi", "--output", str(output), *FREE),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        await line_with(process.stderr, "Sending")
        process.send_signal(signal.SIGHUP)
        await process.communicate()
    assert process.returncode == 0
    assert kept(output) == {"accepted": COUNT}


@pytest.fixture(autouse=True)
def signals_stay() -> Iterator[None]:
    """Each command gives all signals back."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before
