"""What is about to be sent is shown before it is, and on a terminal it is asked for."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import sys
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cleverapp_async import SendMessage
from cleverapp_async.cli.send.plan import Planned
from cleverapp_async.cli.send.preview import Choice, show_preview
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.bulk.journal.journals import make_version_0
from tests.cli.command import TOKEN
from tests.cli.processes import on_a_terminal, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

WIDE = ("--account-limit", "none", "--limit", "telegram=none")
ROWS = "".join(f"7,telegram,{number},Имя {number}\n" for number in range(101, 141))
RECIPIENTS = f"bot_id,messenger,contact_external_id,name\n{ROWS}"
TEXT = ("--text", "Привет, {name}!")


def planned(count: int) -> list[Planned]:
    """Give the messages of a list of so many rows."""
    return [
        Planned(number, number + 1, SendMessage(contact_id=number, text=f"Hi {number}"))
        for number in range(1, count + 1)
    ]


def shown_lines(told: str) -> list[int]:
    """Give the lines of the file whose messages a preview shows, in its order."""
    return [int(line) for line in re.findall(r"row \d+ \(line (\d+)\)", told)]


def preview(*messages: Planned, choice: Choice | None = None) -> str:
    """Give what people see of these messages."""
    shown = StringIO()
    console = Console(file=shown, width=1000, highlight=False, markup=False)
    show_preview(console, choice or Choice(), messages, len(messages))
    return shown.getvalue()


def test_a_dry_run_shows_the_first_messages(cleverapp: Run, write: Write) -> None:
    """The first three are shown as they are sent, with recipient, bot, messenger and line."""
    path = write(
        "r.csv",
        "contact_id,bot_id,messenger,contact_external_id,phone,name,image,contact_bot_id,"
        "contact_messenger\n"
        ",7,telegram,42,,Анна,https://example.com/a.jpg,,\n"
        "5,,,,,Пётр,,8,viber\n"
        ",9,,,8 (999) 123-45-67,Ян,,,\n"
        "6,,,,,Нина,,,\n",
    )
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 0
    assert shown_lines(ended.out) == [2, 3, 4]
    for place in (
        "bot_id=7,messenger=telegram,contact_external_id=42",
        "https://example.com/a.jpg",
        "contact_id=5 (viber of bot 8)",
        "bot_id=9,phone=+79991234567",
        *("Привет, Анна!", "Привет, Пётр!", "Привет, Ян!"),
    ):
        assert place in ended.out
    assert "Нина" not in ended.out


def test_a_sample_is_drawn_of_the_whole_list(cleverapp: Run, write: Write) -> None:
    """--sample shows so many of all rows with their lines, and of the same list the same ones."""
    path = write("r.csv", RECIPIENTS)
    found = shown_lines(cleverapp("send", path, *TEXT, "--dry-run", "--sample", "8").out)
    assert len(set(found)) == 8
    assert found == sorted(found)
    assert max(found) > 9
    again = cleverapp("send", path, *TEXT, "--dry-run", "--sample", "8")
    assert shown_lines(again.out) == found
    every = cleverapp("send", path, *TEXT, "--dry-run", "--sample", "100")
    assert shown_lines(every.out) == list(range(2, 42))


@given(rows=st.integers(1, 60), some=st.integers(1, 20), more=st.integers(0, 20))
def test_a_greater_sample_has_the_lesser_one(rows: int, some: int, more: int) -> None:
    """Of n rows k are drawn, min(k, n) in their order, and all of them again for a greater k."""
    lesser = Choice(some).of(planned(rows))
    greater = Choice(some + more).of(planned(rows))
    assert len(lesser) == min(some, rows)
    numbers = [one.number for one in lesser]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= {one.number for one in greater}


@pytest.mark.parametrize(
    "text", ["word " * 400, "x" * 5000, "line\n" * 40, "\n".join(["y" * 200] * 9)]
)
def test_a_long_text_is_cut(text: str) -> None:
    """Of a long text the beginning is shown, and how long all of it is."""
    told = preview(Planned(1, 2, SendMessage(contact_id=1, text=text)))
    assert f"{len(text)} characters" in told
    assert len(told) < 2000
    assert len(told.splitlines()) < 20


def test_a_short_text_is_whole() -> None:
    """A text of a few lines is shown as it is, each line in its column."""
    told = preview(Planned(1, 2, SendMessage(contact_id=1, text="Hi\nrow 2 (line 3) to all\nBye")))
    assert "characters" not in told
    lines = told.splitlines()
    assert [line[4:].rstrip() for line in lines[2:5]] == [
        "text Hi",
        "     row 2 (line 3) to all",
        "     Bye",
    ]


def test_an_endless_address_is_cut() -> None:
    """A recipient that fills the screen is shown by its beginning."""
    message = SendMessage(bot_id=7, messenger="m", contact_external_id="1" * 9000, text="Hi")
    assert len(preview(Planned(1, None, message))) < 400


def test_nobody_is_shown_anything_in_a_pipe(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Off a terminal a send is as it ever was; a sample that is asked for is shown all the same."""
    simulator = serve()
    path = write("r.csv", RECIPIENTS)
    assert shown_lines(cleverapp("send", path, *TEXT, *WIDE).err) == []
    ended = cleverapp("send", path, *TEXT, *WIDE, "--sample", "2", "--quiet")
    assert ended.code == 0
    assert len(shown_lines(ended.err)) == 2
    assert len(simulator.deliveries) == 80


def test_what_a_campaign_has_left_is_shown(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Of a campaign that goes on the messages that are left are shown, by their numbers."""
    serve()
    path, journal = write("r.csv", RECIPIENTS), str(tmp_path / "run.db")
    assert cleverapp("send", path, *TEXT, *WIDE, "--journal", journal, "--first", "5").code == 0
    ended = cleverapp("send", "--journal", journal, "--dry-run")
    assert re.findall(r"message (\d+) to", ended.out) == ["6", "7", "8"]
    assert "Привет, Имя 106!" in ended.out
    drawn = cleverapp("send", "--journal", journal, *WIDE, "--sample", "4")
    assert drawn.code == 0
    numbers = [int(one) for one in re.findall(r"message (\d+) to", drawn.err)]
    assert len(numbers) == 4
    assert min(numbers) > 5


async def ask(
    environment: dict[str, str], simulator: Simulator, said: bytes, *arguments: str
) -> tuple[int | None, str]:
    """Run a send on a terminal on which this is typed: its exit code, and what it shows."""
    environment |= {"TERM": "xterm-256color", "CLEVERAPP_BASE_URL": simulator.base_url}
    master, slave = pty.openpty()
    os.write(master, said)
    process = await start(environment, "send", *arguments, stdin=slave, to=slave)
    os.close(slave)
    shown = await on_a_terminal(process, master)
    return process.returncode, shown


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Give a simulator without limits in this loop."""
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as running:
        yield running


@pytest.mark.parametrize(
    ("said", "more", "code", "arrive"),
    [(b"n\n", (), 1, 0), (b"", ("--yes",), 0, 40)],
    ids=["no", "not asked"],
)
async def test_a_terminal_is_asked(
    *,
    environment: dict[str, str],
    simulator: Simulator,
    write: Write,
    tmp_path: Path,
    said: bytes,
    more: tuple[str, ...],
    code: int,
    arrive: int,
) -> None:
    """On a terminal messages are shown and the question is asked; no leaves nothing behind."""
    path, journal = write("r.csv", f"{RECIPIENTS}7,telegram,101,Имя\n"), tmp_path / "run.db"
    arguments = (path, *TEXT, *WIDE, "--journal", str(journal), *more)
    ended, shown = await ask(environment, simulator, said, *arguments)
    assert (ended, len(simulator.arrivals)) == (code, arrive), shown
    assert shown_lines(shown) == [2, 3, 4]
    assert ("[y/N]" in shown) is (not more)
    assert "40 messages" in shown
    assert journal.exists() is (code == 0)


async def test_ctrl_d_at_the_question_sends_nothing(
    environment: dict[str, str], simulator: Simulator, write: Write
) -> None:
    """Whoever leaves the question has not said yes; --quiet asks, too, and shows nothing."""
    path = write("r.csv", RECIPIENTS)
    ended, shown = await ask(environment, simulator, b"\x04", path, *TEXT, "--quiet")
    assert ended == 130
    assert "40 messages" in shown
    assert shown_lines(shown) == []
    assert len(simulator.arrivals) == 0


async def test_another_list_is_refused_before_it_is_asked(
    environment: dict[str, str], simulator: Simulator, write: Write, tmp_path: Path
) -> None:
    """On a terminal the list is compared with the campaign first, and then asked for."""
    path, journal = write("r.csv", RECIPIENTS), str(tmp_path / "run.db")
    campaign = ("--journal", journal, *WIDE)
    begin = (path, *TEXT, *campaign, "--first", "5%", "--yes")
    assert (await ask(environment, simulator, b"", *begin))[0] == 0
    ended, shown = await ask(environment, simulator, b"y\n", path, "--text", "Hi", *campaign)
    assert ended == 2
    assert "[y/N]" not in shown
    ended, shown = await ask(environment, simulator, b"n\n", path, *TEXT, *campaign)
    assert ended == 1
    assert "38 messages" in shown
    assert "message 3 to" in shown
    assert len(simulator.arrivals) == 2


async def test_a_journal_that_only_a_run_can_open_is_asked_for_as_well(
    environment: dict[str, str], simulator: Simulator, tmp_path: Path
) -> None:
    """One of an earlier version is not shown: the run brings it up to date, once it may."""
    journal = tmp_path / "run.db"
    make_version_0(journal, simulator.base_url)
    resume = (*WIDE, "--journal", str(journal))
    for said, code, arrive in ((b"n\n", 1, 0), (b"y\n", 4, 1)):
        ended, shown = await ask(environment, simulator, said, *resume)
        assert (ended, len(simulator.arrivals)) == (code, arrive), shown
        assert str(journal) in shown


# Takes the terminal as its own, and runs the command as a shell does for `cleverapp ... &`.
_IN_THE_BACKGROUND = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    from cleverapp_async.__main__ import main
    main()
_, status = os.waitpid(child, os.WUNTRACED)
os._exit(99 if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status))
"""


async def test_a_job_in_the_background_is_not_asked(
    environment: dict[str, str], simulator: Simulator, write: Write, tmp_path: Path
) -> None:
    """Nobody could answer it, and the system would stop it: it sends as it does off a terminal."""
    environment |= {"TERM": "xterm-256color", "CLEVERAPP_BASE_URL": simulator.base_url}
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _IN_THE_BACKGROUND),
        *("send", write("r.csv", RECIPIENTS), *TEXT, *WIDE, "--first", "3"),
        *("--output", str(tmp_path / "out.jsonl")),
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = await on_a_terminal(process, master)
    assert process.returncode == 0, shown
    assert "[y/N]" not in shown
    assert len(simulator.arrivals) == 3
