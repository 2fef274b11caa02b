"""Commands one after another, at once, and beside a service: none is refused because of another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import CleverAppClient, LimiterRegistry, Quota
from cleverapp_async.cli.send_settings import SendSettings
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.cli.command import TOKEN
from tests.cli.processes import start

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

LIMITS = SimulatorLimits(messengers={"telegram": (2, 1.0)}, account=((3, 1.0), (120, 60.0)))
GIVEN = ("--limit", "telegram=2/1s", "--account-limit", "3/1s,120/60s")
TWO = "bot_id,messenger,contact_external_id,text\n7,telegram,1,Hi\n7,telegram,2,Hi\n"
FOUR = TWO + "7,telegram,3,Hi\n7,telegram,4,Hi\n"


def refused(simulator: Simulator) -> int:
    """How many requests a limit refused; what the command sends again by itself counts, too."""
    return simulator.referee().refusals


@pytest.mark.parametrize("kept", ["machine", "process"])
def test_one_send_after_another(cleverapp: Run, serve: Serve, write: Write, kept: str) -> None:
    """The second one knows what the first one sent, unless it is told to look no further."""
    simulator = serve(Simulator(api_token=TOKEN, limits=LIMITS))
    path = write("two.csv", TWO)
    for _ in range(2):
        assert cleverapp("send", path, *GIVEN, "--limits", kept).code == 0
    assert len(simulator.arrivals) >= 4
    assert (refused(simulator) == 0) == (kept == "machine")


def test_a_call_after_a_send(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Every command counts for the account's quota, and waits for it."""
    simulator = serve(Simulator(api_token=TOKEN, limits=SimulatorLimits(messengers=None)))
    path = write("two.csv", TWO)
    for _ in range(2):
        assert cleverapp("send", path, "--limit", "telegram=none").code == 0
        assert cleverapp("call", "getMe").code == 0
    assert len(simulator.arrivals) == 6
    assert refused(simulator) == 0


async def test_sends_at_once_beside_a_service(environment: dict[str, str], write: Write) -> None:
    """Two commands and a program that keeps its limits on disk: all arrive, none is refused."""
    path = write("four.csv", FOUR)
    async with (
        Simulator(api_token=TOKEN, limits=LIMITS) as simulator,
        LimiterRegistry.on_disk(
            messengers={"telegram": Quota(2, 1.0)}, account=[Quota(3, 1.0), Quota(120, 60.0)]
        ) as limits,
        CleverAppClient(TOKEN, base_url=simulator.base_url, limits=limits) as service,
    ):
        environment |= {"CLEVERAPP_BASE_URL": simulator.base_url}
        commands = [await start(environment, "send", path, *GIVEN) for _ in range(2)]
        for number in range(3):
            await service.send_message(
                bot_id=7, messenger="telegram", contact_external_id=str(number), text="Hi"
            )
        ends = await asyncio.gather(*(each.communicate() for each in commands))
        assert [each.returncode for each in commands] == [0, 0], ends
        assert len(simulator.arrivals) == 11
        assert refused(simulator) == 0


def test_a_folder_that_cannot_be_used_is_said_once(
    cleverapp: Run, serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command goes on with limits of its own, and names the folder and the remedy."""
    serve()
    folder = write("file", "")
    monkeypatch.setenv("CLEVERAPP_STATE_DIR", folder)
    for quiet in ((), ("--quiet",)):
        ended = cleverapp("send", write("two.csv", TWO), *quiet)
        assert ended.code == 0
        assert ended.err.count("CLEVERAPP_STATE_DIR") == 1
        assert folder in ended.err
    assert "CLEVERAPP_STATE_DIR" not in cleverapp("call", "getMe", "--limits", "process").err


def test_the_whole_log_says_it_as_well(
    cleverapp: Run, serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --verbose it stands there once, too."""
    serve()
    monkeypatch.setenv("CLEVERAPP_STATE_DIR", write("file", ""))
    assert cleverapp("send", write("two.csv", TWO), "-v").err.count("CLEVERAPP_STATE_DIR") == 1


def test_the_choice_is_written_down_for_a_resume() -> None:
    """A command that is told to the user again has the option, where it is not the usual one."""
    assert "--limits" not in SendSettings().written()
    assert SendSettings(kept_limits="process").written() == ["--limits", "process"]
