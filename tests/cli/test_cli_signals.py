from __future__ import annotations

import asyncio
import signal

import click
import pytest
from click.testing import CliRunner

from cleverapp_async.cli.app import Commands, cleverapp
from cleverapp_async.cli.errors import Exit
from cleverapp_async.cli.signals import Interrupts, run_interruptibly


def test_raises_where_nobody_listens() -> None:
    """Without a listener a signal is a KeyboardInterrupt, also SIGTERM."""
    with Interrupts():
        for number in (signal.SIGINT, signal.SIGTERM):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no hangup")
async def test_a_closed_terminal_is_a_wish_to_stop() -> None:
    """The first hangup counts, and where it came after another signal it does not hurry."""
    told: list[int] = []
    heard = asyncio.Event()

    def listen() -> None:
        told.append(1)
        heard.set()

    with Interrupts() as interrupts:
        with interrupts.passed_to(listen):
            for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGINT, signal.SIGHUP):
                signal.raise_signal(number)
            await heard.wait()
            while len(told) < 2:
                heard.clear()
                await heard.wait()
        assert told == [1, 1]
        signal.raise_signal(signal.SIGHUP)
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGHUP)


async def test_tells_who_listens() -> None:
    """With a listener each signal is told in its loop, and nothing is raised."""
    told: list[int] = []
    both = asyncio.Event()

    def listen() -> None:
        told.append(1)
        if len(told) == 2:
            both.set()

    with Interrupts() as interrupts:
        with interrupts.passed_to(listen):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            await both.wait()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == [1, 1]


def test_gives_the_signals_back() -> None:
    """After the block whoever had the signals before has them again."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interrupts():
        pass
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_an_ignored_signal_stays_ignored() -> None:
    """Under nohup and the like a signal that was ignored changes nothing."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interrupts():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


class DeafLoop(asyncio.SelectorEventLoop):
    """A loop that cannot listen to signals itself, as on Windows."""

    def add_signal_handler(self, *_: object) -> None:
        """Refuse."""
        raise NotImplementedError


def test_a_loop_that_cannot_listen_is_told_all_the_same() -> None:
    """Where the event loop has no signal handlers, the signal is passed on to it."""

    async def listen() -> list[int]:
        told: list[int] = []
        with interrupts.passed_to(lambda: told.append(1)):
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(0)
        return told

    with Interrupts() as interrupts, asyncio.Runner(loop_factory=DeafLoop) as runner:
        assert runner.run(listen()) == [1]


def test_a_command_that_is_stopped_by_ctrl_c_ends_with_130() -> None:
    """Whatever a command is doing, Ctrl-C is not told as messages that were rejected."""

    @click.command()
    def looks() -> None:
        raise KeyboardInterrupt

    inner = click.Group("campaign", {"status": looks})
    ended = CliRunner().invoke(Commands(commands={"campaign": inner}), ["campaign", "status"])
    assert ended.exit_code == Exit.INTERRUPTED
    assert "Interrupted" in ended.output
    assert isinstance(cleverapp, Commands)


def test_an_uninterrupted_coroutine_gives_its_result() -> None:
    """What it runs gives the result."""

    async def main() -> int:
        return 5

    assert run_interruptibly(main) == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_in_order(number: signal.Signals) -> None:
    """A signal lets what runs clean up, then is a KeyboardInterrupt."""
    ended: list[str] = []

    async def main() -> None:
        try:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        run_interruptibly(main)
    assert ended == ["cleaned up"]
