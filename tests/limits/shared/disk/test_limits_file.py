"""The file of limits: where it lies, what it holds, and what becomes of limits without it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sqlite3
import stat
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    AccountKey,
    CleverAppClient,
    ConfigurationError,
    LimiterRegistry,
    LimiterUnavailableError,
    LimitKey,
    Outcome,
    Quota,
)
from cleverapp_async.limits.shared.disk.file import fault_of
from cleverapp_async.limits.shared.disk.log import FileLog, look_into_folder
from cleverapp_async.limits.shared.disk.machine import machine_clock
from cleverapp_async.limits.shared.messages import LogCallError, LogRequest, Terms
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.late import check_took, in_time_once
from tests.limits.shared.fleet import ACCOUNT, KEY, Arrivals, registry
from tests.processes import run_code
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleverapp_async.limits import OnFileUnavailable, SharedLimiterRegistry
    from cleverapp_async.limits.shared.disk.machine import Reading

TOKEN = "0123456789abcdef-not-to-be-found"


def now() -> float:
    """The loop's clock, seconds."""
    return asyncio.get_running_loop().time()


def path_of(folder: Path) -> Path:
    """The file of the account of :func:`registry` with the prefix ``p``."""
    return folder / "p" / f"{ACCOUNT.digest}.sqlite3"


def on_disk(folder: Path, quota: Quota, policy: OnFileUnavailable) -> SharedLimiterRegistry:
    """A registry of a policy, in a folder."""
    limits = LimiterRegistry.on_disk(
        folder, messengers={"telegram": quota}, account=None, on_unavailable=policy, timeout=0.1
    )
    limits.use_account(ACCOUNT)
    return limits


async def test_each_account_has_a_file_for_its_user_alone(tmp_path: Path) -> None:
    """It is called by a digest, others cannot read it, and it holds no token and no message."""
    folder = tmp_path / "new" / "folder"
    async with (
        Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator,
        LimiterRegistry.on_disk(folder) as limits,
        CleverAppClient(TOKEN, base_url=simulator.base_url, limits=limits) as client,
    ):
        await client.send_message(
            bot_id=7, messenger="telegram", contact_external_id="recipient-99", text="Secret text"
        )
    files = sorted(path.name for path in folder.iterdir())
    digest = client.account.digest
    assert files[0] == f"{digest}.sqlite3"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in files:
        held = (folder / name).read_bytes()
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        for secret in (TOKEN, "recipient-99", "Secret"):
            assert secret.encode() not in held


@in_time_once
async def test_limits_outlive_their_process(tmp_path: Path) -> None:
    """Who comes after the first registry was closed waits as the first one would have."""
    quota = Quota(1, 0.4)
    async with registry(tmp_path, "p", quota) as limits:
        permit = await limits.limiter(KEY).acquire()
        permit.sent()
        permit.settle()
        answered = now()
    async with registry(tmp_path, "p", quota) as limits:
        (await limits.limiter(KEY).acquire()).settle()
    check_took(now() - answered, 1.0, least=0.4)


async def test_one_registry_serves_one_account(tmp_path: Path) -> None:
    """A second account is refused before anything is sent; so is a bot of nobody knows whom."""
    limits = LimiterRegistry.on_disk(tmp_path)
    with raises(ConfigurationError, "use_account"):
        limits.limiter(KEY)
    client = CleverAppClient(TOKEN, limits=limits)
    limits.use_account(client.account)
    assert limits.limiter(KEY) is limits.limiter(KEY)
    with raises(ConfigurationError, "on_disk"):
        CleverAppClient("another-token", limits=limits)
    with raises(ConfigurationError, "on_disk"):
        limits.limiter(AccountKey("another"))
    await client.close()
    await limits.close()


async def test_requests_of_one_moment_share_a_transaction(tmp_path: Path) -> None:
    """Keys that are asked at once are asked in one transaction."""
    async with registry(tmp_path, "p", Quota(5, 1.0)) as limits:
        keys = [LimitKey(bot, "telegram") for bot in range(20)]
        permits = await asyncio.gather(*(limits.limiter(key).acquire() for key in keys))
        assert limits.round_trips == 1
        for permit in permits:
            permit.refund()


async def test_a_file_that_is_deleted_is_made_anew(tmp_path: Path) -> None:
    """Whoever remembers the old one makes all others wait for one period."""
    arrivals = Arrivals(slowest=0.02)
    quota = Quota(2, 0.5)
    async with registry(tmp_path, "p", quota) as one, registry(tmp_path, "p", quota) as two:
        await arrivals.send_all(1, one, two)
        path_of(tmp_path).unlink()
        await arrivals.send_all(2, one, two)
    assert len(arrivals.moments) == 6
    assert arrivals.most(0.5) == 2
    assert path_of(tmp_path).exists()


@pytest.mark.parametrize("damage", ["not a database at all" * 99, "", "rows", "page"])
async def test_a_file_that_is_damaged_is_made_anew(tmp_path: Path, damage: str) -> None:
    """What it held is lost, so nothing is granted for one period; nobody is refused."""
    arrivals = Arrivals(slowest=0.02)
    quota = Quota(2, 0.5)
    async with registry(tmp_path, "p", quota) as one, registry(tmp_path, "p", quota) as two:
        await arrivals.send_all(1, one, two)
        path = path_of(tmp_path)
        if damage == "rows":
            with closing(sqlite3.connect(path)) as opened, opened:
                opened.execute('UPDATE logs SET log = \'{"version": 1, "epoch": 7}\'')
        elif damage == "page":
            held = path.read_bytes()
            path.write_bytes(held[:100] + bytes(len(held) - 100))
        else:
            path.write_text(damage)
        await arrivals.send_all(2, one, two)
    assert len(arrivals.moments) == 6
    assert arrivals.most(0.5) == 2


@in_time_once
async def test_a_newcomer_trusts_no_file_that_was_damaged(tmp_path: Path) -> None:
    """A process that remembers nothing waits, too: others may have sent just now."""
    path = path_of(tmp_path)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"damaged" * 1000)
    began = now()
    async with registry(tmp_path, "p", Quota(1, 0.4)) as limits:
        (await limits.limiter(KEY).acquire()).settle()
    check_took(now() - began, 1.5, least=0.4)


async def test_a_file_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    """It is told so, and neither read nor written."""
    path = path_of(tmp_path)
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA user_version = 99")
    held = path.read_bytes()
    async with registry(tmp_path, "p") as limits:
        with raises(LimiterUnavailableError, "later release"):
            await limits.limiter(KEY).acquire()
    with raises(LogCallError, "later release"):
        look_into_folder(path.parent)
    assert path.read_bytes() == held


@pytest.mark.parametrize("policy", ["raise", "wait"])
async def test_what_waiting_does_not_mend_is_told_at_once(
    tmp_path: Path, policy: OnFileUnavailable
) -> None:
    """A folder that cannot be made: the error names it, and how to give another."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    async with on_disk(folder, Quota(1, 0.2), policy) as limits:
        with raises(LimiterUnavailableError, str(folder), "CLEVERAPP_STATE_DIR") as caught:
            await limits.limiter(KEY).acquire()
    assert caught.value.outcome is Outcome.NOT_SENT
    assert str(folder) in caught.value.remedy
    assert "Redis" not in caught.value.remedy


@in_time_once
async def test_a_process_may_go_on_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """``"process"``: at once and with the whole quota, which it keeps; and it says so once."""
    (tmp_path / "file").touch()
    arrivals = Arrivals(slowest=0.01)
    caplog.clear()
    with caplog.at_level(logging.WARNING, "cleverapp_async"):
        async with on_disk(tmp_path / "file" / "folder", Quota(2, 0.3), "process") as limits:
            began = now()
            await arrivals.send_all(5, limits)
    check_took(arrivals.moments[0] - began, 0.3)
    check_took(now() - began, 2.0)
    assert arrivals.most(0.3) == 2
    told = [record for record in caplog.records if record.name.startswith("cleverapp_async")]
    assert len(told) == 1
    assert "folder" in told[0].getMessage()


async def test_a_process_alone_comes_back(tmp_path: Path) -> None:
    """When the file can be used again, what was sent meanwhile is told to the others."""
    blocked = tmp_path / "folder"
    blocked.touch()
    quota = Quota(1, 0.8)
    limits, other = on_disk(blocked, quota, "process"), on_disk(blocked, quota, "wait")
    async with limits, other:
        permit = await limits.limiter(KEY).acquire()
        permit.sent()
        blocked.unlink()
        await asyncio.sleep(1.2)  # it looks again once a second at the latest
        held = asyncio.create_task(other.limiter(KEY).acquire())
        done, _ = await asyncio.wait([held], timeout=1.0)
        assert not done
        permit.settle()
        answered = now()
        (await held).settle()
        assert now() - answered >= 0.8


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, to whom nothing is read-only."""
    if os.geteuid():
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(params=["file", "folder"])
def read_only(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that cannot be written, with a file that cannot be, or without one."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "limits"
        folder.mkdir()
        if request.param == "file":
            file = folder / f"{ACCOUNT.digest}.sqlite3"
            with closing(sqlite3.connect(file)) as opened:
                opened.execute("CREATE TABLE other (x)")
            file.chmod(0o444)
        for path in (Path(name), folder):
            path.chmod(0o555)
        yield folder
        for path in (Path(name), folder):
            path.chmod(0o755)


async def test_what_cannot_be_written_is_told(tmp_path: Path, read_only: Path) -> None:
    """A file, or a folder, that is there and read-only, as on a disk that is mounted so."""
    async with (
        on_disk(tmp_path, Quota(1, 0.2), "wait") as elsewhere,
        on_disk(read_only, Quota(1, 0.2), "wait") as limits,
    ):
        (await elsewhere.limiter(KEY).acquire()).settle()
        with nobody(), raises(LimiterUnavailableError, str(read_only)):
            await limits.limiter(KEY).acquire()


def test_a_full_disk_may_have_room_again(tmp_path: Path) -> None:
    """It is worth waiting for, and the error says what to do meanwhile."""
    path = tmp_path / "x.sqlite3"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA max_page_count = 2")
        opened.execute("CREATE TABLE held (text)")
        with pytest.raises(sqlite3.OperationalError) as caught:
            opened.execute("INSERT INTO held VALUES (zeroblob(99999))")
    fault = fault_of(caught.value, path, 1.0)
    assert not fault.lasting
    assert str(path) in fault.sentence


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file, locked by another process."""
    path = tmp_path / f"{ACCOUNT.digest}.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


async def test_a_file_that_is_locked_is_waited_for(
    tmp_path: Path, locked: sqlite3.Connection
) -> None:
    """``"wait"``: who holds the lock may be stopped; when it goes on, so does everybody."""
    async with on_disk(tmp_path, Quota(1, 0.2), "wait") as limits:
        waiting = asyncio.create_task(limits.limiter(KEY).acquire())
        done, _ = await asyncio.wait([waiting], timeout=0.4)
        assert not done
        locked.execute("COMMIT")
        async with asyncio.timeout(20):
            (await waiting).settle()


@pytest.mark.usefixtures("locked")
async def test_a_file_that_is_locked_may_be_an_error(tmp_path: Path) -> None:
    """``"raise"``: after the time-out it is told, and nothing was sent."""
    async with on_disk(tmp_path, Quota(1, 0.2), "raise") as limits:
        with raises(LimiterUnavailableError, "0.1 s"):
            await limits.limiter(KEY).acquire()


@pytest.mark.parametrize(
    "wrong",
    [{"on_unavailable": "local"}, {"timeout": 0.0}, {"guard": -1.0}, {"folder": 7}],
)
def test_what_cannot_work_is_refused(wrong: dict[str, object]) -> None:
    """A wrong argument is named."""
    with raises(ConfigurationError, next(iter(wrong))):
        LimiterRegistry.on_disk(**wrong)  # type: ignore[arg-type]


def request() -> LogRequest:
    """A process that wants a slot."""
    return LogRequest(process="a", sequence=1, demand=1)


async def test_a_disk_that_hangs_is_not_waited_for_any_longer(tmp_path: Path) -> None:
    """It is told, while the thread is left to wait."""
    goes_on = threading.Event()

    def hang() -> Reading:
        goes_on.wait(10)
        return machine_clock()()

    log = FileLog(tmp_path, 0.05, clock=hang, hangs_after=0.05)
    log.use_account(ACCOUNT)
    with raises(LogCallError, "5eed.sqlite3") as caught:
        await log.exchange(KEY, Terms.of([Quota(1, 1.0)], 5.0), request())
    assert not caught.value.fault.lasting
    goes_on.set()
    await log.close()


async def test_a_file_that_somebody_replaces_again_and_again_is_told(tmp_path: Path) -> None:
    """Which one counts cannot be known then."""
    path = tmp_path / "5eed.sqlite3"

    def replace() -> Reading:
        path.rename(path.with_name(secrets.token_hex(4)))
        path.touch()
        return machine_clock()()

    log = FileLog(tmp_path, 1.0, clock=replace)
    log.use_account(ACCOUNT)
    with raises(LogCallError, "5eed.sqlite3"):
        await log.exchange(KEY, Terms.of([Quota(1, 1.0)], 5.0), request())
    await log.close()


async def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    """It is named, and not touched."""
    (tmp_path / f"{ACCOUNT.digest}.sqlite3").mkdir()
    async with on_disk(tmp_path, Quota(1, 0.2), "wait") as limits:
        with raises(LimiterUnavailableError, "5eed.sqlite3"):
            await limits.limiter(KEY).acquire()


_FULL = """
import asyncio, resource, signal, sys
sys.dont_write_bytecode = True  # byte code would be cut off at the limit
from cleverapp_async import AccountKey, LimiterRegistry, LimiterUnavailableError, LimitKey, Quota
async def main():
    quotas = {"telegram": Quota(500, 9.0)}
    async with LimiterRegistry.on_disk(sys.argv[1], messengers=quotas, account=None) as limits:
        limits.use_account(AccountKey("5eed"))
        limiter = limits.limiter(LimitKey(7, "telegram"))
        (await limiter.acquire()).settle()
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))
        try:
            await asyncio.gather(*(limiter.acquire() for _ in range(400)))
        except LimiterUnavailableError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await asyncio.sleep(0.2)
        print(len(await asyncio.gather(*(limiter.acquire() for _ in range(400)))))
asyncio.run(main())
"""


def test_a_disk_that_takes_no_more_is_an_error_and_no_damage(tmp_path: Path) -> None:
    """What cannot be written is told; when there is room again all goes on, with nothing lost."""
    ended = run_code(_FULL, str(tmp_path))
    told, granted = ended.stdout.splitlines()
    assert "not sent" in told
    assert granted == "400"
