"""A campaign whose journal is taken away while it runs, as the command line tells of it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.cli.campaigns import make
from tests.cli.command import TOKEN
from tests.cli.processes import line_with, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.command import Write

COUNT = 200
_SENT = 12


def delete(path: Path) -> None:
    """Delete all that belongs to a journal."""
    for file in path.parent.glob("run.db*"):
        file.unlink()


def move(path: Path) -> None:
    """Give a journal another name."""
    path.rename(path.with_name("moved.db"))


async def _stopped_by(
    environment: dict[str, str], write: Write, journal: Path, happens: Callable[[Path], object]
) -> tuple[int | None, str, int]:
    """Run a campaign to whose journal something happens: its exit code, errors and arrivals."""
    rows = "".join(f"7,telegram,{number}\n" for number in range(1, COUNT + 1))
    file = write("many.csv", f"bot_id,messenger,contact_external_id\n{rows}")
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        environment["CLEVERAPP_BASE_URL"] = simulator.base_url
        process = await start(
            environment,
            *("send", file, "--text", "Hi", "-v", "--journal", str(journal)),
            *("--account-limit", "none", "--limit", "telegram=4/0.2s"),
        )
        for _ in range(_SENT):
            await line_with(process.stderr, "AttemptStarted")
        happens(journal)
        _, err = await process.communicate()
        assert TOKEN.encode() not in err
        return process.returncode, err.decode(), len(simulator.arrivals)


@pytest.mark.parametrize("happens", [delete, move])
async def test_a_journal_that_is_taken_away(
    environment: dict[str, str],
    write: Write,
    tmp_path: Path,
    happens: Callable[[Path], object],
) -> None:
    """The run stops, says how many were sent, and its exit code says that nobody can tell which."""
    code, told, arrived = await _stopped_by(environment, write, tmp_path / "run.db", happens)
    assert code == 4
    assert _SENT <= arrived < COUNT
    assert "Error: the journal " in told
    assert f"({arrived} accepted)" in told
    assert "nothing was sent" not in told


async def test_another_journal_in_its_place_does_not_speak_for_it(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """What is told is of the run, and not of a file that was moved over its journal."""
    journal, other = tmp_path / "run.db", tmp_path / "other.db"
    await make(other, [JournalState.ACCEPTED] * 3)
    code, told, arrived = await _stopped_by(environment, write, journal, other.replace)
    assert code == 4
    assert f"({arrived} accepted)" in told
    assert "3 accepted" not in told


async def test_a_journal_that_is_damaged_while_it_runs(
    environment: dict[str, str], write: Write, tmp_path: Path
) -> None:
    """Another program that takes its tables away ends the run with what was sent, exit 4."""

    def ruin(path: Path) -> None:
        with sqlite3.connect(path, timeout=20) as connection:
            connection.execute("DROP TABLE fate")
        connection.close()

    code, told, arrived = await _stopped_by(environment, write, tmp_path / "run.db", ruin)
    assert code == 4
    assert f"({arrived} accepted)" in told
