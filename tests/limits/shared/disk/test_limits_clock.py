"""Time in the file of limits: sleep, steps of the clock of the day, starts of the machine."""

from __future__ import annotations

import asyncio
import math
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from attrs import define

from cleverapp_async import AccountKey, Quota, SendMessage
from cleverapp_async._call import SendState
from cleverapp_async.limits import SharedLimiterRegistry
from cleverapp_async.limits.shared.disk.key_log import KeyLog
from cleverapp_async.limits.shared.disk.log import FileLimiter, FileLog
from cleverapp_async.limits.shared.disk.machine import Reading, machine_clock
from cleverapp_async.limits.shared.disk.rule import carry_on, exchange
from cleverapp_async.limits.shared.factory import SharedLimiterFactory
from cleverapp_async.limits.shared.member import FleetMember
from cleverapp_async.limits.shared.messages import LogReply, LogRequest, Terms
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.limits.oracle import most_in_window
from tests.limits.shared.fleet import ACCOUNT, KEY
from tests.transport.rig import client_of

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000
TERMS = Terms.of([Quota(2, 10.0)], 62.0)
READING = Reading(1_000 * SECOND, "first", 1_000 * SECOND, 5_000_000 * SECOND)


@define
class Machine:
    """A machine whose clock can be moved.

    Attributes:
        slept: Seconds for which it slept.
        stepped: Seconds by which somebody set the clock of the day forward.
        by_the_day: Whether that clock is all it has.
    """

    slept: float = 0.0
    stepped: float = 0.0
    by_the_day: bool = False

    def read(self) -> Reading:
        """The clock of all processes."""
        wall = round((time.monotonic() + self.slept + self.stepped + 1e9) * SECOND)
        if self.by_the_day:
            return Reading(wall, "wall", math.inf, wall)
        up = round((time.monotonic() + self.slept + 1e6) * SECOND)
        return Reading(up, "boot", up, wall)

    def now(self) -> float:
        """What a server elsewhere would show, seconds."""
        return time.monotonic() + self.slept

    def registry(
        self, folder: Path, quota: Quota, account: AccountKey | None = ACCOUNT
    ) -> SharedLimiterRegistry:
        """The limits of one process on it; a client tells them its account by itself."""
        log = FileLog(folder, 1.0, clock=self.read)
        if account is not None:
            log.use_account(account)
        member = FleetMember(log, 2.0, "wait", None, suspended=lambda: self.slept)
        return SharedLimiterRegistry(
            SharedLimiterFactory(member),
            messengers={"telegram": quota},
            other_messengers=None,
            whatsapp_direct=None,
            keys=None,
            account=None,
        )


async def send(machine: Machine, limits: SharedLimiterRegistry, sent: list[float]) -> None:
    """One request that is answered at once."""
    permit = await limits.limiter(KEY).acquire()
    permit.sent()
    sent.append(machine.now())
    permit.settle()


@pytest.mark.parametrize("by_the_day", [False, True])
async def test_a_machine_that_slept_uses_nothing_that_was_booked_before(
    tmp_path: Path, by_the_day: bool
) -> None:
    """While it slept others may have got the slots; whoever wakes asks for new ones."""
    machine, quota, sent = Machine(by_the_day=by_the_day), Quota(2, 0.6), list[float]()
    async with machine.registry(tmp_path, quota) as one, machine.registry(tmp_path, quota) as two:
        await asyncio.gather(*(send(machine, one, sent) for _ in range(2)))
        waiting = [asyncio.create_task(send(machine, one, sent)) for _ in range(2)]
        await asyncio.sleep(0.3)
        machine.slept = 100.0
        began = machine.now()
        await asyncio.gather(*waiting, *(send(machine, two, sent) for _ in range(2)))
    assert len(sent) == 6
    assert most_in_window(sent, 0.6) == 2
    assert machine.now() - began < 60


@pytest.mark.parametrize("renewed", [False, True])
async def test_a_machine_that_slept_once_a_slot_was_won_leaves_with_another(
    tmp_path: Path,
    renewed: bool,
) -> None:
    """A request that has not left yet asks again, also where the file knows the slot once more."""
    machine, told = Machine(), list[str]()

    async def commit() -> None:
        told.append("commit")
        machine.slept = 100.0
        if renewed:
            await send(machine, limits, [])

    state = SendState(commit=commit, withdraw=lambda: told.append("withdraw"))
    message = SendMessage(bot_id=7, messenger="telegram", contact_external_id="1", text="Hi")
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        machine.registry(tmp_path, Quota(2, 0.6), None) as limits,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        await client._deliver(message, state)
        assert len(simulator.arrivals) == 1
    assert told == ["commit", "withdraw", "commit"]


@pytest.mark.parametrize("stepped", [-3600.0, 3600.0])
@pytest.mark.parametrize("by_the_day", [False, True])
async def test_a_step_of_the_clock_of_the_day_overruns_nothing(
    tmp_path: Path, by_the_day: bool, stepped: float
) -> None:
    """An hour back costs no hour; an hour forward frees nothing too soon."""
    machine, quota, sent = Machine(by_the_day=by_the_day), Quota(2, 0.6), list[float]()
    async with machine.registry(tmp_path, quota) as one, machine.registry(tmp_path, quota) as two:
        await asyncio.gather(*(send(machine, one, sent) for _ in range(2)))
        machine.stepped = stepped
        began = machine.now()
        await asyncio.gather(*(send(machine, each, sent) for each in (one, one)))
        await asyncio.gather(*(send(machine, each, sent) for each in (one, two)))
    assert len(sent) == 6
    assert most_in_window(sent, 0.6) == 2
    assert machine.now() - began < 60


def ask(log: KeyLog, reading: Reading, demand: int = 1) -> LogReply:
    """A new process asks for slots."""
    reply = exchange(
        log, TERMS, LogRequest(process=f"p{reading.time}", sequence=1, demand=demand), reading
    )
    assert reply is not None
    return reply


def later(reading: Reading, seconds: float) -> Reading:
    """The clock some seconds later."""
    more = round(seconds * SECOND)
    return Reading(reading.time + more, reading.boot, reading.up + more, reading.wall + more)


def started_anew(reading: Reading, seconds: float, up: float) -> Reading:
    """The clock some seconds later, when the machine has been up for so long."""
    micros = round(up * SECOND)
    return Reading(micros, "second", micros, reading.wall + round(seconds * SECOND))


def used(pause: float = 0.0) -> KeyLog:
    """A log in use."""
    log = carry_on(None, READING)
    request = LogRequest(process="a", sequence=1, demand=2, pause=pause)
    assert exchange(log, TERMS, request, READING)
    return log


@pytest.mark.parametrize(("up", "held"), [(4.0, 6.0), (9.9, 0.1), (10.0, 0.0), (500.0, 0.0)])
def test_a_young_machine_grants_nothing_for_one_period(up: float, held: float) -> None:
    """It may have lost what was written last: all of before must be over."""
    for log in (used(), None):
        reading = started_anew(READING, 500.0, up)
        carried = carry_on(None if log is None else KeyLog.read(log.write()), reading)
        reply = ask(carried, reading)
        assert reply.hold == pytest.approx(held)
        assert bool(reply.grants) == (not held)


@pytest.mark.parametrize(("wall", "left"), [(100.0, 3_500.0), (-9_000.0, 3_600.0), (9_000.0, 0.0)])
def test_a_long_pause_outlives_the_machine_by_the_clock_of_the_day(
    wall: float, left: float
) -> None:
    """An hour's pause goes on after a start; if the clock was set back, all that is left of it."""
    log = KeyLog.read(used(pause=3_600.0).write())
    reading = started_anew(READING, wall, 50.0)
    assert ask(carry_on(log, reading), reading).pause == pytest.approx(left)


def test_a_log_is_forgotten_when_nothing_of_it_counts() -> None:
    """Not before: guard and two periods, and the end of its pause."""
    log = used(pause=100.0)
    assert carry_on(log, later(READING, 100.0 + 62.0 + 20.0)) is log
    assert carry_on(log, later(READING, 100.0 + 62.0 + 20.0 + 7.0)) is not log


def test_a_file_that_lost_something_holds_for_one_period() -> None:
    """Counted from the moment at which that was found."""
    found = carry_on(None, later(READING, 4.0), lost_at=READING.time)
    assert ask(found, later(READING, 4.0)).hold == pytest.approx(6.0)


def checked(text: str) -> str:
    """A text with a checksum that is right."""
    return f'{text[:-1]},"check":{zlib.crc32(text.encode())}}}'


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", "null", "{}", "[" * 100_000, '{"version": 1}', checked('{"version":2}')],
)
def test_what_is_no_log_is_damage(text: str) -> None:
    """Whatever else lies in its place, one error tells so."""
    with pytest.raises(ValueError):
        KeyLog.read(text)


def test_whatever_is_changed_in_a_log_is_damage() -> None:
    """One character in any place, another one or none; and all that comes after it."""
    text = used().write()
    assert KeyLog.read(checked(text.partition(',"check":')[0] + "}")).write() == text
    for place, character in enumerate(text):
        other = "7" if character != "7" else "8"
        for damaged in (other + text[place + 1 :], text[place + 1 :], ""):
            with pytest.raises(ValueError):
                KeyLog.read(text[:place] + damaged)


def test_the_clock_goes_on_and_has_a_boot() -> None:
    """Two readings of this machine: of one boot, and in order."""
    clock = machine_clock()
    one, two = clock(), clock()
    assert one.boot == two.boot
    assert one.time <= two.time
    assert abs(one.wall / SECOND - time.time()) < 60


def test_without_a_boot_the_clock_of_the_day_counts(tmp_path: Path) -> None:
    """Where nothing tells one start of the machine from another."""
    clock = machine_clock(tmp_path / "missing")
    one, two = clock(), clock()
    assert (one.boot, one.up) == (two.boot, math.inf)
    assert one.time == one.wall
    assert abs(one.time / SECOND - time.time()) < 60


def test_a_request_that_was_overtaken_changes_nothing() -> None:
    """A process that was answered a later request is not answered an earlier one."""
    log = used()
    before = log.write()
    late = LogRequest(process="a", sequence=1, demand=9)
    assert exchange(log, TERMS, late, later(READING, 1.0)) is None
    assert log.write() == before


async def test_what_an_earlier_run_sent_counts_though_no_file_knows(tmp_path: Path) -> None:
    """A journal may come from another machine: a resume tells the limiter of this process."""
    machine, sent = Machine(), list[float]()
    async with machine.registry(tmp_path, Quota(2, 0.5)) as limits:
        assert limits.own_quotas
        limits.prime(KEY, [0.1, 0.2])
        assert isinstance(limits.limiter(KEY), FileLimiter)
        began = machine.now()
        await send(machine, limits, sent)
        assert sent[0] - began >= 0.25
