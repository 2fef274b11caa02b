"""What only a process of its own shows: signals, pipes, terminals, a missing extra."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shlex
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async._imports import missing_extra
from cleverapp_async.simulator import Fault, Latency, Simulator, SimulatorLimits
from tests.cli.command import TOKEN
from tests.cli.processes import PIPE, line_with, on_a_terminal, start, uncounted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Write

ROWS = "".join(f"7,telegram,{number}\n" for number in range(1, 41))
RECIPIENTS = "bot_id,messenger,contact_external_id\n" + ROWS


def outcomes(path: Path) -> list[str]:
    """Give the outcomes in a file, in the order of their rows."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(record["row"] for record in found) == list(range(1, 41))
    return [record["outcome"] for record in sorted(found, key=lambda record: record["row"])]


def chosen_files(folder: Path) -> list[Path]:
    """Give the files of outcomes that nobody has named."""
    return list(folder.glob("outcomes-*.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupting_drains(
    environment: dict[str, str], write: Write, tmp_path: Path, number: signal.Signals
) -> None:
    """A signal lets what is on the wire end, and lists the rest, which can be sent from there."""
    output, rest = tmp_path / "out.jsonl", tmp_path / "rest.jsonl"
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), latency=Latency.constant(0.1)
    ) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        path = write("r.csv", RECIPIENTS)
        limits = ("--limit", "telegram=8/60s", "--account-limit", "none")
        process = await start(
            environment, "send", path, "--text", "Hi", "-v", "--output", str(output), *limits
        )
        for _ in range(8):
            await line_with(process.stderr, "AttemptStarted")
        process.send_signal(number)
        out, err = await process.communicate()
        assert process.returncode == 130
        assert out == b""
        told = err.decode()
        assert TOKEN not in told
        assert "Exit 130" in told
        assert f"cleverapp send {output} --only not_sent" in told
        found = outcomes(output)
        assert found.count("accepted") == len(simulator.deliveries) == 8
        assert found.count("not_sent") == 32
        second = await start(
            environment,
            *("send", str(output), "--only", "not_sent", "--output", str(rest)),
            *("--quiet", "--account-limit", "none", "--limit", "telegram=none"),
        )
        assert await second.wait() == 0
        sent = [arrival.parameters["contact_external_id"] for arrival in simulator.deliveries]
        assert sorted(map(int, map(str, sent))) == list(range(1, 41))


async def test_interrupting_twice_aborts(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """A second Ctrl-C cuts off what is on the wire, which ends as unknown, and listed."""
    output = tmp_path / "out.jsonl"
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), faults=[Fault.hang()]
    ) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        path = write("r.csv", RECIPIENTS)
        limits = ("--limit", "telegram=5/60s", "--account-limit", "none")
        process = await start(
            environment, "send", path, "--text", "Hi", "-v", "--output", str(output), *limits
        )
        for _ in range(5):
            await line_with(process.stderr, "AttemptStarted")
        process.send_signal(signal.SIGINT)
        await line_with(process.stderr, "Ctrl-C again")
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert "5 outcomes " in err.decode()
    found = outcomes(output)
    assert found.count("unknown") == 5
    assert found.count("not_sent") == 35


async def test_interrupting_the_check(environment: dict[str, str]) -> None:
    """Before anything is sent an interrupt ends it at once."""
    process = await start(environment, "send", "-", "--text", "Hi")
    assert process.stdin is not None
    # More than a pipe holds: once it is gone the command is reading, and waits for more.
    process.stdin.write(RECIPIENTS.encode() * 1000)
    await process.stdin.drain()
    process.send_signal(signal.SIGINT)
    # A signal that comes just before a blocking read is seen after it.
    process.stdin.close()
    assert process.stderr is not None
    err = (await process.stderr.read()).decode()
    assert await process.wait() == 130
    assert "Interrupted" in err


async def test_a_reader_that_leaves_stops_it(environment: dict[str, str], write: Write) -> None:
    """Where nobody takes the outcomes the send stops instead of going on unrecorded."""
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        read, out = os.pipe()
        os.close(read)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cleverapp_async", "send", write("r.csv", RECIPIENTS)),
            *("--text", "Hi", "--account-limit", "none", "--limit", "telegram=4/60s"),
            env=environment,
            stdout=out,
            stderr=PIPE,
        )
        os.close(out)
        _, err = await process.communicate()
        assert process.returncode == 1
        told = err.decode()
        assert "(Broken pipe)" in told
        assert 1 <= len(simulator.arrivals) <= 4
        assert f": {len(simulator.deliveries)} accepted" in told
        # What was sent is not among what that command would read.
        assert "--only" not in told


async def test_outcomes_on_a_full_disk(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """Where the outcomes' file cannot grow the send stops and tells it, without a traceback."""
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        command = f"ulimit -f 0; exec {shlex.quote(sys.executable)} -B -m cleverapp_async send"
        given = shlex.join(
            [write("r.csv", RECIPIENTS), "--text", "Hi", "--output", str(tmp_path / "out.jsonl")]
        )
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", f"{command} {given}"),
            env=uncounted(environment),
            stderr=PIPE,
        )
        _, err = await process.communicate()
    assert process.returncode == 1
    assert "(File too large)" in err.decode()
    assert "Traceback" not in err.decode()


async def test_on_a_terminal(environment: dict[str, str], write: Write, tmp_path: Path) -> None:
    """On a terminal there is a table alone, and the outcomes are in a file that is named."""
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), latency=Latency.constant(0.15)
    ) as simulator:
        environment |= {"CLEVERAPP_BASE_URL": simulator.base_url, "TERM": "xterm-256color"}
        path = write("r.csv", RECIPIENTS)
        master, slave = pty.openpty()
        process = await start(
            environment,
            *("send", path, "--text", "Привет", "--account-limit", "none"),
            *("--limit", "telegram=20/300ms", "--yes"),
            stdin=slave,
            to=slave,
            folder=tmp_path,
        )
        os.close(slave)
        shown = await on_a_terminal(process, master)
    assert process.returncode == 0
    assert "next slot" in shown
    assert re.search(r"\b[1-9]\d? of 40 done", shown)
    assert "\x1b[2K" in shown
    assert '"row"' not in shown
    assert "Exit 0" in shown
    (kept,) = chosen_files(tmp_path)
    assert f"40 outcomes are in {kept.name}." in shown
    assert kept.stat().st_mode & 0o077 == 0
    assert outcomes(kept) == ["accepted"] * 40


async def test_outcomes_that_a_terminal_is_to_show(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """Whoever wants the outcomes on a terminal gets them, unbroken, and no table moves them."""
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment |= {"CLEVERAPP_BASE_URL": simulator.base_url, "TERM": "xterm-256color"}
        master, slave = pty.openpty()
        process = await start(
            environment,
            *("send", write("r.csv", RECIPIENTS), "--text", "Привет", "--output", "-", "--yes"),
            *("--account-limit", "none", "--limit", "telegram=none"),
            stdin=slave,
            to=slave,
            folder=tmp_path,
        )
        os.close(slave)
        shown = await on_a_terminal(process, master)
    assert process.returncode == 0
    records = [line for line in shown.splitlines() if '{"row": ' in line]
    assert len(records) == 40
    assert all(line.startswith("{") and line.endswith("}") for line in records)
    assert all('"text": "Привет"' in line for line in records)
    assert "\x1b[2K" not in shown
    assert chosen_files(tmp_path) == []


async def test_without_the_extra(environment: dict[str, str]) -> None:
    """Without click or rich one clear line tells what to install, exit 2."""
    code = (
        "import sys; sys.modules['rich'] = None\nfrom cleverapp_async.__main__ import main; main()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 2
    assert out == b""
    assert err.decode() == missing_extra("The command line", "cli") + ".\n"


async def test_help_is_quick(environment: dict[str, str]) -> None:
    """The help needs neither rich nor the simulator."""
    code = (
        "import sys; from cleverapp_async.__main__ import main\n"
        "sys.argv = ['cleverapp', '--help']\n"
        "try: main()\n"
        "finally: print({'rich.console', 'cleverapp_async.simulator'} & set(sys.modules))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stdout=PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.decode().splitlines()[-1] == "set()"


async def test_simulate_serves_until_interrupted(environment: dict[str, str], write: Write) -> None:
    """It tells how to point a client at it, serves, and ends with the referee's verdict."""
    del environment["CLEVERAPP_API_TOKEN"]
    arguments = ("--port", "0", "--latency", "1ms-2ms", "--scale", "100", "--window", "fixed")
    process = await start(environment, "simulate", *arguments)
    url = await line_with(process.stdout, "export CLEVERAPP_BASE_URL=")
    token = await line_with(process.stdout, "export CLEVERAPP_API_TOKEN=")
    assert "--scale 100" in await line_with(process.stdout, "cleverapp send")
    environment["CLEVERAPP_BASE_URL"] = url.strip().partition("=")[2]
    environment["CLEVERAPP_API_TOKEN"] = token.strip().partition("=")[2]
    sender = await start(
        environment, "send", write("r.csv", RECIPIENTS), "--text", "Hi", "--scale", "100", "-q"
    )
    out, _ = await sender.communicate()
    assert sender.returncode == 0
    assert len(out.splitlines()) == 40
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    shown = out.decode()
    assert "clean. 40 requests arrived: 40 accepted" in shown
    assert "telegram of bot 7" in shown


async def test_simulate_keeps_a_token_of_ones_own(environment: dict[str, str]) -> None:
    """A token from the environment is accepted and not shown; nothing arrived is told so."""
    process = await start(environment, "simulate", "--port", "0")
    await line_with(process.stdout, "Ctrl-C stops it.")
    process.send_signal(signal.SIGTERM)
    out, err = await process.communicate()
    assert process.returncode == 0
    assert TOKEN.encode() not in out + err
    assert b"arrived" in out


@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM", "end of input"])
async def test_the_question_may_be_answered_by_leaving(
    environment: dict[str, str], write: Write, tmp_path: Path, ending: str
) -> None:
    """Who leaves at the question is told that nothing was sent, and how to begin again."""
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment |= {"CLEVERAPP_BASE_URL": simulator.base_url}
        path = write("r.csv", RECIPIENTS)
        master, slave = pty.openpty()
        arguments = ("send", path, "--text", "Hi", "--output", str(tmp_path / "o.jsonl"))
        process = await start(environment, *arguments, stdin=slave, to=slave)
        os.close(slave)
        seen = b""
        while b"[y/N]: " not in seen:
            seen += await asyncio.to_thread(os.read, master, 65_536)
        if ending == "end of input":
            os.write(master, b"\x04")
        else:
            process.send_signal(getattr(signal, ending))
        shown = await on_a_terminal(process, master)
    assert process.returncode == 130
    assert "nothing was sent" in shown
    assert shlex.join(("cleverapp", *arguments)) in shown.replace("\r\n", "")
    assert not simulator.arrivals
    assert not (tmp_path / "o.jsonl").exists()
