"""Resumes before a server that enforces its limits: nothing is refused, whatever ended the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cleverapp_async import (
    CleverAppClient,
    LimiterRegistry,
    Outcome,
    Quota,
    SendMessage,
    SqliteJournal,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cleverapp_async import Message, SendOutcome

_KEYS = 5
_PERIOD = 0.6
_QUOTA = Quota(1, _PERIOD)


@pytest_asyncio.fixture(name="simulator")
async def _simulator() -> AsyncIterator[Simulator]:
    limits = SimulatorLimits(messengers={"whatsapp": (1, _PERIOD)}, account=None)
    async with Simulator(limits=limits) as simulator:
        yield simulator


def _registry() -> LimiterRegistry:
    return LimiterRegistry(messengers={"whatsapp": _QUOTA}, account=None)


def _messages(of_each: int = 2) -> list[Message]:
    return [
        SendMessage(
            bot_id=bot, messenger="whatsapp", contact_external_id=f"7999{number}{bot:02}", text="hi"
        )
        for number in range(of_each)
        for bot in range(1, _KEYS + 1)
    ]


async def _send(
    client: CleverAppClient,
    path: Path,
    *,
    stop: str | None = None,
    after: int = 0,
    resend_unknown: bool = False,
) -> list[SendOutcome]:
    outcomes: list[SendOutcome] = []
    async with client.run_campaign(
        SqliteJournal(path), _messages(), resend_unknown=resend_unknown
    ) as run:
        async for outcome in run:
            outcomes.append(outcome)
            if len(outcomes) == after and stop == "drain":
                run.drain()
            elif len(outcomes) == after:
                break
    return outcomes


@pytest.mark.parametrize("stop", ["drain", "leave"])
async def test_a_run_that_was_stopped_is_gone_on_with_and_nothing_is_refused(
    simulator: Simulator, tmp_path: Path, stop: str
) -> None:
    """Drained or left, every key's window is full when the next process begins, and it knows."""
    path = tmp_path / "run.db"
    for after in (_KEYS, 1, 0):
        async with CleverAppClient(
            simulator.api_token, base_url=simulator.base_url, limits=_registry()
        ) as client:
            await _send(client, path, stop=stop, after=after)
    verdict = simulator.referee()
    assert verdict.refusals == 0
    assert not verdict.duplicates
    assert verdict.deliveries > _KEYS


async def test_what_is_sent_again_on_request_waits_for_the_windows_too(
    simulator: Simulator, tmp_path: Path
) -> None:
    """A run that begins with ``resend_unknown`` sends at once what the server counted just now."""
    path = tmp_path / "run.db"
    simulator.add_fault(Fault.reset_after(every=1, times=_KEYS - 1))
    async with CleverAppClient(
        simulator.api_token, base_url=simulator.base_url, limits=_registry()
    ) as client:
        outcomes = await _send(client, path, stop="drain", after=_KEYS - 1)
        assert [outcome.outcome for outcome in outcomes].count(Outcome.UNKNOWN) == _KEYS - 1
    async with CleverAppClient(
        simulator.api_token, base_url=simulator.base_url, limits=_registry()
    ) as client:
        outcomes = await _send(client, path, resend_unknown=True)
    assert {outcome.outcome for outcome in outcomes} == {Outcome.ACCEPTED}
    assert simulator.referee().refusals == 0
