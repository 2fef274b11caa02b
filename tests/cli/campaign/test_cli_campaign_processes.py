"""Campaigns in processes of their own: interrupted, killed, watched, and run twice at once."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shlex
import signal
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Fault, Latency, Simulator, SimulatorLimits
from tests.cli.campaigns import make
from tests.cli.command import TOKEN, counts
from tests.cli.processes import line_with, on_a_terminal, start, uncounted
from tests.client.campaigns import states

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

    from tests.cli.command import Write

COUNT = 40
ROWS = "".join(f"7,telegram,{number}\n" for number in range(1, COUNT + 1))
RECIPIENTS = f"bot_id,messenger,contact_external_id\n{ROWS}"
WIDE = ("--account-limit", "none", "--limit", "telegram=none")


def narrow(at_once: int) -> tuple[str, ...]:
    """Give limits that let so many through, and then nothing for a minute."""
    return ("--account-limit", "none", "--limit", f"telegram={at_once}/60s")


async def begin(
    environment: dict[str, str], write: Write, journal: Path, at_once: int, *more: str
) -> Process:
    """Start a campaign, and wait until so many messages are on the wire."""
    process = await start(
        environment,
        *("send", write("r.csv", RECIPIENTS), "--text", "Hi", "-v", "--journal", str(journal)),
        *narrow(at_once),
        *more,
    )
    for _ in range(at_once):
        await line_with(process.stderr, "AttemptStarted")
    return process


async def run(environment: dict[str, str], *arguments: str) -> tuple[int | None, str, str]:
    """Run the command to its end: its exit code, its output and its errors."""
    process = await start(environment, *arguments)
    out, err = await process.communicate()
    assert TOKEN.encode() not in out + err
    return process.returncode, out.decode(), err.decode()


def status(journal: Path) -> dict[str, int]:
    """Give what its journal knows of the messages: how many are in which state."""
    return {state.value: count for state, count in states(journal).items()}


def arrivals(simulator: Simulator) -> list[int]:
    """Give the recipients whose messages were taken, each as often as one was."""
    return sorted(int(str(one.parameters["contact_external_id"])) for one in simulator.deliveries)


def contents(folder: Path) -> list[bytes]:
    """Give what is in the files of a folder."""
    return [one.read_bytes() for one in folder.iterdir()]


def largest(folder: Path) -> int:
    """Give the size of the largest file of a journal."""
    return max(one.stat().st_size for one in folder.glob("run.db*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_and_gone_on_with(
    environment: dict[str, str], write: Write, tmp_path: Path, number: signal.Signals
) -> None:
    """A signal lets what is on the wire end, and the command that is told sends the rest."""
    journal = tmp_path / "my run.db"
    # So long that all are on the wire still when a busy machine delivers the signal.
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), latency=Latency.constant(2.0)
    ) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await begin(environment, write, journal, 8, "--drain-timeout", "20s")
        process.send_signal(number)
        out, err = await process.communicate()
        simulator.set_latency(Latency.none())
        assert (process.returncode, out) == (130, b"")
        told = err.decode()
        assert TOKEN not in told
        assert "20 seconds" in told
        assert counts(told) == {"accepted": 8, "pending": 32}
        assert "Exit 130" in told
        assert status(journal) == {"pending": 32, "accepted": 8}
        command = re.search(r"To .*: (cleverapp send .*)", told)
        assert command is not None
        arguments = shlex.split(command[1])
        assert arguments == [
            *("cleverapp", "send", "--journal", str(journal), "--base-url", simulator.base_url),
            *("--drain-timeout", "20s", "--limit", "telegram=8/60s", "--account-limit", "none"),
        ]
        del environment["CLEVERAPP_BASE_URL"]
        wide = [word.replace("telegram=8/60s", "telegram=none") for word in arguments[1:]]
        code, _, err_again = await run(environment, *wide)
        assert code == 0
        assert "Resuming 32 of 40 messages: " in err_again
        assert arrivals(simulator) == list(range(1, COUNT + 1))


async def test_interrupted_twice(environment: dict[str, str], write: Write, tmp_path: Path) -> None:
    """A second Ctrl-C cuts off what is on the wire: it is unknown, and not sent again by itself."""
    journal = tmp_path / "run.db"
    async with Simulator(
        api_token=TOKEN,
        limits=SimulatorLimits.none(),
        faults=[Fault.hang(on=n) for n in range(1, 6)],
    ) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await begin(environment, write, journal, 5)
        process.send_signal(signal.SIGINT)
        await line_with(process.stderr, "Ctrl-C again")
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert process.returncode == 130
        assert counts(err.decode()) == {"unknown": 5, "pending": 35}
        code, _, err_again = await run(environment, "send", "--journal", str(journal), *WIDE)
        assert code == 4
        assert counts(err_again) == {"accepted": 35, "unknown": 5}
        assert len(simulator.arrivals) == COUNT
        _, listed, _ = await run(environment, "campaign", "unknown", str(journal))
        found = {int(json.loads(line)["contact_external_id"]) for line in listed.splitlines()}
        assert len(found) == 5
        taken = arrivals(simulator)
        assert len(set(taken)) == len(taken)


async def test_what_does_not_end_in_time_is_cut_off(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """After --drain-timeout nobody waits any more, and what was on the wire is unknown."""
    journal = tmp_path / "run.db"
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), faults=[Fault.hang()]
    ) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await begin(environment, write, journal, 3, "--drain-timeout", "100ms")
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert "0.1 seconds" in err.decode()
    assert status(journal) == {"unknown": 3, "pending": 37}


async def test_killed_and_gone_on_with(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """After kill -9 what was on the wire is listed as unknown, and everything else sent once."""
    journal = tmp_path / "run.db"
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), latency=Latency.constant(1.0)
    ) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await begin(environment, write, journal, 5)
        process.kill()
        await process.communicate()
        _, out, _ = await run(environment, "campaign", "status", str(journal), "--format", "json")
        states_told = json.loads(out)["states"]
        assert (states_told["unknown"], states_told["pending"]) == (5, 35)
        code, _, err = await run(
            environment,
            "send",
            write("r.csv", RECIPIENTS),
            "--text",
            "Hi",
            "--journal",
            str(journal),
            *WIDE,
        )
        assert code == 4
        assert "5 messages " in err
        assert counts(err) == {"accepted": 35, "unknown": 5}
        assert "2 minutes 2 seconds" in err  # for so long the limits may hold what it held
        taken = arrivals(simulator)
        assert len(set(taken)) == len(taken)
        assert set(range(6, COUNT + 1)) <= set(taken)
        assert not any(TOKEN.encode() in content for content in contents(tmp_path))


async def test_looked_at_while_it_runs(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """Status tells who runs it and what is done; a second runner is refused and told of both."""
    journal = tmp_path / "run.db"
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await begin(environment, write, journal, 4)
        _, out, _ = await run(environment, "campaign", "status", str(journal), "--format", "json")
        found = json.loads(out)
        assert found["running"]["pid"] == process.pid
        code, _, err = await run(environment, "send", "--journal", str(journal))
        assert code == 2
        assert f"is in use by process {process.pid} on {found['running']['host']}" in err
        page = tmp_path / "report.html"
        code, _, _ = await run(environment, "campaign", "report", str(journal), "-o", str(page))
        assert code == 0
        assert TOKEN.encode() not in b"".join(contents(tmp_path))
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert len(simulator.arrivals) == 4


async def test_gone_on_with_by_another_token(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """Another token than the last run's is warned of before the first message, once."""
    journal = tmp_path / "run.db"
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await begin(environment, write, journal, 3)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert "Warning" not in err.decode()
        other = TOKEN[::-1]
        environment["CLEVERAPP_API_TOKEN"] = other
        _, out, told = await run(environment, "send", "--journal", str(journal), "-v", *WIDE)
        assert told.count("Warning: ") == 1
        assert told.index("Warning: ") < told.index("AttemptStarted")
        assert other not in out + told
        _, _, told = await run(environment, "send", "--journal", str(journal), "-q", *WIDE)
        assert "Warning" not in told
        assert not any(other.encode() in content for content in contents(tmp_path))


async def test_a_full_disk(environment: dict[str, str], write: Write, tmp_path: Path) -> None:
    """Where the journal can no longer grow nothing more is sent; with room it goes on."""
    resource = pytest.importorskip("resource")
    journal = tmp_path / "run.db"
    rows = "".join(f"7,telegram,{number}\n" for number in range(1, 301))
    file = write("many.csv", f"bot_id,messenger,contact_external_id\n{rows}")
    # What Python compiles would be cut off at the limit, too, and break every later process.
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await start(
            uncounted(environment),
            *("send", file, "--text", "Hi", "-v", "--journal", str(journal), *WIDE),
            *("--concurrency", "5"),
        )
        await line_with(process.stderr, "AttemptStarted")
        size = largest(tmp_path) + 16_384
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
        _, err = await process.communicate()
        told = err.decode()
        assert process.returncode in {1, 4}
        assert "Error: the journal " in told
        assert "cannot be written" in told
        assert ": cleverapp send --journal" in told
        before = len(simulator.arrivals)
        assert before < 300
        code, _, _ = await run(environment, "send", "--journal", str(journal), *WIDE, "-q")
        counts = status(journal)
        assert code == (4 if "unknown" in counts else 0)
        taken = arrivals(simulator)
        assert len(set(taken)) == len(taken)
        assert counts["accepted"] + counts.get("unknown", 0) == 300
        assert len(taken) >= counts["accepted"]


async def test_interrupted_while_the_journal_fills(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """Before the journal is filled nothing is sent, and the same command begins anew."""
    environment |= {"TERM": "xterm-256color"}
    rows = "".join(f"7,telegram,{number}\n" for number in range(1, 30_001))
    file = write("many.csv", f"bot_id,messenger,contact_external_id\n{rows}")
    arguments = ("send", file, "--text", "Hi", "--journal", str(tmp_path / "run.db"), "--yes")
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        master, slave = pty.openpty()
        process = await start(environment, *arguments, stdin=slave, to=slave)
        os.close(slave)
        seen = b""
        while b"messages read" not in seen:
            seen += await asyncio.to_thread(os.read, master, 65_536)
        process.send_signal(signal.SIGINT)
        shown = await on_a_terminal(process, master)
        assert process.returncode == 130
        assert "Interrupted" in shown
        assert shlex.join(("cleverapp", *arguments)) in shown.replace("\r\n", "")
        assert len(simulator.arrivals) == 0


async def test_watched_on_a_terminal(environment: dict[str, str], tmp_path: Path) -> None:
    """A campaign that is finished is shown once; Ctrl-C ends the watching of one that is not."""
    environment["TERM"] = "xterm-256color"
    done, open_ = tmp_path / "done.db", tmp_path / "open.db"
    await make(done, [JournalState.ACCEPTED], "finished")
    await make(open_, [JournalState.PENDING])
    for path, code in ((done, 0), (open_, 1)):
        master, slave = pty.openpty()
        process = await start(
            environment, "campaign", "status", str(path), "--watch", stdin=slave, to=slave
        )
        os.close(slave)
        if code:
            seen = b""
            while b"1 message" not in seen:
                seen += await asyncio.to_thread(os.read, master, 65_536)
            process.send_signal(signal.SIGINT)
        shown = await on_a_terminal(process, master)
        assert process.returncode == code
        assert "cleverapp campaign report" in shown


@pytest.mark.parametrize(("said", "code"), [(b"y\n", 0), (b"n\n", 1)])
async def test_a_change_asks_on_a_terminal(
    environment: dict[str, str], tmp_path: Path, said: bytes, code: int
) -> None:
    """On a terminal the question tells what is about to happen, and no is no."""
    journal = tmp_path / "run.db"
    await make(journal, [JournalState.UNKNOWN])
    master, slave = pty.openpty()
    os.write(master, said)
    process = await start(
        environment,
        *("campaign", "resolve", str(journal), "--as", "not-sent", "--all"),
        stdin=slave,
        to=slave,
    )
    os.close(slave)
    shown = await on_a_terminal(process, master)
    assert process.returncode == code
    assert "message" in shown
    left = "unknown" if code else "not_sent"
    assert status(journal) == {left: 1}


async def test_a_campaign_on_a_terminal(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """On a terminal the table tells when a campaign goes on that is outside its hours."""
    environment |= {"TERM": "xterm-256color"}
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        master, slave = pty.openpty()
        process = await start(
            environment,
            *("send", write("r.csv", RECIPIENTS), "--text", "Hi"),
            *("--journal", str(tmp_path / "run.db"), "--at", "2100-01-01", "--yes", *WIDE),
            stdin=slave,
            to=slave,
        )
        os.close(slave)
        shown = b""
        while b"until 2100-01-01 00:00" not in shown:
            shown += await asyncio.to_thread(os.read, master, 65_536)
        process.send_signal(signal.SIGTERM)
        rest = await on_a_terminal(process, master)
        assert process.returncode == 130
        assert counts(rest) == {"pending": 40}
        assert len(simulator.arrivals) == 0
