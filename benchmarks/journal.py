"""What a journal costs: a campaign's throughput, waits for the disk, loading, resuming.

The same campaign runs with a journal and without one, in turns, limits off, against a bare server
in another process. The large journal is loaded and resumed in fresh processes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from attrs import frozen

from cleverapp_async import CleverAppClient, LimiterRegistry, Outcome, SqliteJournal

from ._journal_child import messages
from ._peak import MIB
from ._report import Figure, Report, Series
from ._server import TOKEN, bare_server, pin

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["run"]

_CONCURRENCY = 50
_MESSAGES = 4_000
_MANY = 1_000_000
_BAR = 0.7
_LOADING_BAR = 50_000
_GROWTH_BAR = 30.0
_CLIENT_CORE, _SERVER_CORE = 0, 1
_SYNCS = 200
_HERE = Path(__file__).parent


@frozen
class _Run:
    """One campaign.

    Attributes:
        whole: Seconds from ``send_many`` to its end, loading and closing included.
        sending: Seconds from the first outcome to the last.
        cpu: CPU seconds of the process.
        commits: Commits of the journal; 0 without one.
    """

    whole: float
    sending: float
    cpu: float
    commits: int = 0


def run(repetitions: int) -> Report:
    """Measure all.

    Args:
        repetitions: How many pairs of campaigns; the large journal is made once.
    """
    with TemporaryDirectory(dir=_HERE / "results") as name, bare_server(_SERVER_CORE) as server:
        folder = Path(name)
        with _pinned(_CLIENT_CORE):
            bare, ours = _pairs(folder, server.base_url, repetitions)
        free = _pairs(folder, server.base_url, repetitions)
        figures = [
            _ratio("campaign with a journal ÷ without, messages per second", bare, ours, _BAR),
            _ratio("... client not kept on one core", *free, None),
            _sending("... from the first outcome to the last", bare, ours),
            _median("messages per second, no journal", [_MESSAGES / each.whole for each in bare]),
            _median("messages per second, journal", [_MESSAGES / each.whole for each in ours]),
            _median(
                "client CPU per message, without ÷ with a journal",
                [one.cpu / other.cpu for one, other in zip(bare, ours, strict=True)],
            ),
            _median("CPU per message, no journal", [_per_message(each.cpu) for each in bare], "µs"),
            _median("CPU per message, journal", [_per_message(each.cpu) for each in ours], "µs"),
            _median("commits per message", [each.commits / _MESSAGES for each in ours]),
            *_syncs(folder, server.base_url),
            _median("one fdatasync of this disk", [_disk(folder)], "ms"),
            *_large(folder, server.base_url),
        ]
        series = [
            Series(
                plot="journal",
                name=name,
                points=(
                    ("client on one core", _rate(pinned)),
                    ("client on both cores", _rate(roaming)),
                ),
            )
            for name, pinned, roaming in zip(
                ("no journal", "with a journal"), (bare, ours), free, strict=True
            )
        ]
    return Report(
        name="journal",
        about=(
            f"{_MESSAGES:,} messages at a time, {_CONCURRENCY} at once, limits off, server in "
            f"another process, each on a core of its own; medians of {repetitions} pairs in "
            f"turns; then {_MANY:,} messages"
        ),
        figures=tuple(figures),
        series=tuple(series),
        settings={
            "concurrency": _CONCURRENCY,
            "messages": _MESSAGES,
            "many": _MANY,
            "repetitions": repetitions,
        },
    )


def _rate(runs: list[_Run]) -> float:
    return median(_MESSAGES / each.whole for each in runs)


@contextmanager
def _pinned(core: int) -> Generator[None]:
    """Keep this process on one core inside the block, as :func:`pin` does."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    pin(core)
    try:
        yield
    finally:
        if cores is not None:
            os.sched_setaffinity(0, cores)


def _pairs(folder: Path, base_url: str, repetitions: int) -> tuple[list[_Run], list[_Run]]:
    bare: list[_Run] = []
    ours: list[_Run] = []
    for repetition in range(repetitions + 1):
        path = folder / f"{time.monotonic_ns()}.db"
        for runs, where in ((bare, None), (ours, path)):
            gc.collect()
            measured = asyncio.run(_campaign(base_url, where))
            if repetition:  # the first pair warms up
                runs.append(measured)
    return bare, ours


async def _campaign(base_url: str, path: Path | None) -> _Run:
    journal = None if path is None else SqliteJournal(path)
    limits = LimiterRegistry.unlimited()
    accepted, first, used = 0, 0.0, time.process_time()
    async with CleverAppClient(TOKEN, base_url=base_url, limits=limits) as client:
        started = time.perf_counter()
        given = messages(_MESSAGES)
        run = (
            client.send_many(given, concurrency=_CONCURRENCY)
            if journal is None
            else client.run_campaign(journal, given, concurrency=_CONCURRENCY)
        )
        async for outcome in run:
            first = first or time.perf_counter()
            accepted += outcome.outcome is Outcome.ACCEPTED
        ended = time.perf_counter()
    assert accepted == _MESSAGES, f"{accepted} of {_MESSAGES} were accepted"
    cpu, commits = time.process_time() - used, 0 if journal is None else journal.commits
    return _Run(ended - started, ended - first, cpu, commits)


def _ratio(name: str, bare: list[_Run], ours: list[_Run], bar: float | None) -> Figure:
    shares = tuple(one.whole / other.whole for one, other in zip(bare, ours, strict=True))
    return Figure(name=name, value=median(shares), at_least=bar, runs=shares)


def _sending(name: str, bare: list[_Run], ours: list[_Run]) -> Figure:
    shares = tuple(one.sending / other.sending for one, other in zip(bare, ours, strict=True))
    return Figure(name=name, value=median(shares), runs=shares)


def _per_message(seconds: float) -> float:
    return seconds / _MESSAGES * 1e6


def _median(name: str, values: list[float], unit: str = "") -> Figure:
    return Figure(name=name, value=median(values), unit=unit, runs=tuple(values))


def _child(task: str, path: Path, base_url: str, count: int, *under: str) -> dict[str, float]:
    """Figures of a task in a fresh process."""
    given = json.dumps((str(path), base_url, count))
    command = (*under, sys.executable, "-m", "benchmarks._journal_child", task, given)
    done = subprocess.run(command, cwd=_HERE.parent, stdout=subprocess.PIPE, check=True, text=True)
    return cast("dict[str, float]", json.loads(done.stdout))


def _syncs(folder: Path, base_url: str) -> Iterator[Figure]:
    """Waits for the disk, as the kernel sees them where strace is there."""
    strace = shutil.which("strace")
    if strace is None:
        return
    counted = folder / "strace.txt"
    trace = (strace, "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(counted))
    traced = _child("send", folder / "traced.db", base_url, _MESSAGES, *trace)
    calls = re.findall(r"(\d+)\s+(?:fsync|fdatasync)$", counted.read_text("ascii"), re.MULTILINE)
    yield _median("fsync and fdatasync per message, by strace", [sum(map(int, calls)) / _MESSAGES])
    yield _median("... commits per message of that slower run", [traced["commits"] / _MESSAGES])


def _disk(folder: Path) -> float:
    """Milliseconds that this disk takes to keep four kibibytes."""
    with (folder / "sync").open("wb") as file:
        started = time.perf_counter()
        for _ in range(_SYNCS):
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - started) / _SYNCS * 1000


def _large(folder: Path, base_url: str) -> Iterator[Figure]:
    """A journal of very many messages: loading it, and resuming it."""
    path = folder / "many.db"
    loaded = _child("load", path, base_url, _MANY)
    rate, grown = _MANY / loaded["seconds"], (loaded["after"] - loaded["before"]) / MIB
    yield Figure(name=f"loading {_MANY:,} messages", value=rate, unit="/s", at_least=_LOADING_BAR)
    yield Figure(
        name="... growth of the peak of memory", value=grown, unit="MiB", at_most=_GROWTH_BAR
    )
    yield _median("... the file, per message", [path.stat().st_size / _MANY], "bytes")
    resumed = _child("resume", path, base_url, 0)
    yield _median("resuming it unseen, until the first outcome", [resumed["seconds"]], "s")
    settled = _child("settle", path, base_url, _MANY // 2)
    pairs = _MANY / 2 / settled["seconds"]
    yield _median("intents with results, 1,000 at once, nothing sent", [pairs], "/s")
    resumed = _child("resume", path, base_url, 0)
    yield _median("resuming it unseen, half of it done", [resumed["seconds"]], "s")
    resumed = _child("resume", path, base_url, _MANY)
    yield _median("... held against the messages first", [resumed["seconds"]], "s")
    yield _median("... peak of memory", [resumed["peak"] / MIB], "MiB")
