"""A signal at a question is heard, whatever moment it comes at, and so is one at a slow input."""

from __future__ import annotations

import os
import pty
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from cleverapp_async.__main__ import main
from cleverapp_async.cli.console import ask_to_go_on
from cleverapp_async.cli.errors import Exit
from cleverapp_async.cli.signals import Interrupts, standard_input
from cleverapp_async.journal import JournalState
from tests.cli.campaigns import make_journal
from tests.cli.command import TOKEN
from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.cli.command import Serve, Write

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="only Linux tells what a thread waits for"
)

SIGNALS = (signal.SIGINT, signal.SIGTERM)
RESCUE = 5.0
"""Seconds after which a read that has missed its signal gets a line, so that the test ends."""


def _sleeps(thread: int) -> bool:
    told = Path(f"/proc/self/task/{thread}/stat").read_text(encoding="utf-8")
    return told.rpartition(")")[2].split()[0] == "S"


@contextmanager
def missed_by_the_read(
    number: signal.Signals, keyboard: int, asked: bytes = b""
) -> Generator[list[bool]]:
    """Send a signal that the system's read does not end at; whether a key was needed then.

    Where a question is given, it is waited for on the terminal first.

    That is what a signal does which comes in the moment before the read: Python has noted it, and
    the read has begun. Here it is noted in another thread, while this one does not take it.
    """
    rescued: list[bool] = []
    over = threading.Event()
    asks = threading.get_native_id()

    def send() -> None:
        shown = b""
        while asked not in shown:
            shown += os.read(keyboard, 65_536)
        seen = 0
        while seen < 20:
            seen = seen + 1 if _sleeps(asks) else 0
            time.sleep(0.001)
        signal.pthread_kill(threading.get_ident(), number)
        if not over.wait(RESCUE):
            rescued.append(True)
            os.write(keyboard, b"\n")

    sender = threading.Thread(target=send)
    sender.start()  # it begins with the signals that this one takes now
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield rescued
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        over.set()
        sender.join()


@pytest.fixture(params=["terminal", "pipe"])
def keyboard(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[int]:
    """Give what somebody types into, while standard input is a terminal or a pipe."""
    if request.param == "pipe":
        theirs, ours = os.pipe()
    else:
        ours, theirs = pty.openpty()
    with os.fdopen(theirs, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield ours
    os.close(ours)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_question(keyboard: int, number: signal.Signals) -> None:
    """A signal that came just before the read ends the question without another key."""
    with (
        Interrupts(),
        missed_by_the_read(number, keyboard) as rescued,
        pytest.raises(click.Abort),
    ):
        ask_to_go_on()
    assert not rescued


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_wait_for_rows(keyboard: int, number: signal.Signals) -> None:
    """Rows that come by standard input are waited for in the same way."""
    with (
        Interrupts(),
        missed_by_the_read(number, keyboard) as rescued,
        pytest.raises(KeyboardInterrupt),
    ):
        standard_input().readline()
    assert not rescued


def test_a_signal_that_somebody_notes_leaves_the_question(keyboard: int) -> None:
    """A signal that a listener takes ends nothing: the question waits on for its answer."""
    noted: list[int] = []

    def note() -> None:
        noted.append(1)
        os.write(keyboard, b"y\n")

    with (
        Interrupts() as interrupts,
        interrupts.noted_by(note),
        missed_by_the_read(signal.SIGINT, keyboard) as rescued,
    ):
        assert ask_to_go_on()
    assert noted == [1]
    assert not rescued


def test_the_wakeup_of_others_is_given_back(keyboard: int) -> None:
    """Whoever is woken by signals otherwise, such as an event loop, is so again afterwards."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write)
    try:
        os.write(keyboard, b"n\n")
        assert not ask_to_go_on()
        assert signal.set_wakeup_fd(before) == write
    finally:
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)


def test_answers_that_were_typed_ahead_stay(
    keyboard: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A question takes its own line alone, and asks again after what is no answer."""
    os.write(keyboard, b"what?\nYES\nn\n\n")
    assert [ask_to_go_on(), ask_to_go_on(), ask_to_go_on()] == [True, False, False]
    asked = capsys.readouterr().err
    assert asked.count("[y/N]") == 4
    assert "'what?'" in asked


def test_the_end_of_input_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that ends before an answer ends the question."""
    theirs, ours = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(click.Abort):
            ask_to_go_on()


QUESTIONS = {
    "send": ("send", "{list}", "--text", "Hi", "--output", "{folder}/out.jsonl"),
    "hidden": ("send", "{book}", "--text", "Hi", "--dry-run"),
    "resolve": ("campaign", "resolve", "{journal}", "--as", "not-sent", "--all"),
    "purge": ("campaign", "purge", "{journal}", "--even-if-unfinished"),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("number", SIGNALS)
def test_every_command_that_asks_hears_it(
    *,
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    write: Write,
    tmp_path: Path,
    question: str,
    number: signal.Signals,
) -> None:
    """Each command that asks ends with 130, and has done nothing."""
    simulator = serve()
    book = Workbook({"S": [["contact_id"], [1], [2]]}, rows={3: 'hidden="1"'})
    given = {
        "list": write("r.csv", "bot_id,messenger,contact_external_id\n7,telegram,1\n"),
        "book": write("r.xlsx", book.content()),
        "journal": make_journal(tmp_path / "run.db", JournalState.UNKNOWN),
        "folder": str(tmp_path),
    }
    arguments = [word.format(**given) for word in QUESTIONS[question]]
    monkeypatch.setattr(sys, "argv", ["cleverapp", *arguments])
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
    ours, theirs = pty.openpty()
    asked = b"(send, skip): " if question == "hidden" else b"[y/N]: "
    with (
        os.fdopen(theirs, encoding="utf-8") as stdin,
        os.fdopen(os.dup(theirs), "w", encoding="utf-8", buffering=1) as screen,
    ):
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setattr(sys, "stderr", screen)
        with (
            missed_by_the_read(number, ours, asked) as rescued,
            pytest.raises(SystemExit) as caught,
        ):
            main()
    os.close(ours)
    assert caught.value.code == Exit.INTERRUPTED
    assert not rescued
    assert not simulator.arrivals
    assert not (tmp_path / "out.jsonl").exists()
