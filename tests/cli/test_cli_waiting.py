from __future__ import annotations

import asyncio
import signal

import pytest

from cleverapp_async.cli.signals import run_interruptibly


def test_gives_the_result() -> None:
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
