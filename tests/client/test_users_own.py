"""A limiter and a retry policy of the user's own that fail: what is known of the request stays."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from cleverapp_async import (
    AccountKey,
    CleverAppError,
    ClientConfig,
    ClientStateError,
    DeadlineExceededError,
    Lane,
    LimiterRegistry,
    LimiterUnavailableError,
    LimitKey,
    NotSentError,
    Outcome,
    Quota,
    RetryPolicy,
    SendMessage,
    ServerError,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.transport.rig import NotingLimiter, NotingPermit, client_of, one_attempt

if TYPE_CHECKING:
    from cleverapp_async import LimitKey
    from cleverapp_async.endpoints import Repeat

FREE = SimulatorLimits.none()
AGAIN = ClientConfig(retry=RetryPolicy(attempts=3, base=0.001))


@define(eq=False)
class FailingLimiter(NotingLimiter):
    """A limiter whose grants fail from one of them on, or whose permits do."""

    raised: BaseException = field(factory=RuntimeError)
    grants: int = 0
    permits: bool = False

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> NotingPermit:
        """Grant as often as it does, then fail."""
        if self.grants == 0:
            await asyncio.sleep(0)
            raise self.raised
        self.grants -= 1
        if self.permits:
            return FailingPermit(self.key, self.notes, self.raised)
        return await super().acquire(lane=lane, spacing=spacing, returned=returned)


@define(eq=False)
class FailingPermit(NotingPermit):
    """A permit all of whose methods fail."""

    raised: BaseException

    @property
    def lapsed(self) -> bool:
        """Fail."""
        raise self.raised

    def sent(self) -> None:
        """Fail."""
        raise self.raised

    def refund(self) -> None:
        """Fail."""
        raise self.raised

    def settle(self) -> None:
        """Fail."""
        raise self.raised

    def give_up(self) -> None:
        """Fail."""
        raise self.raised


def failing(raised: BaseException, grants: int = 0, *, permits: bool = False) -> LimiterRegistry:
    """Limits whose limiters fail."""
    return LimiterRegistry(
        factory=lambda key, _: FailingLimiter(
            key, [], raised=raised, grants=grants, permits=permits
        )
    )


@pytest.mark.parametrize("deadline", [None, 60.0])
@pytest.mark.parametrize("raised", [TimeoutError("r"), ConnectionError("r"), ValueError("r")])
async def test_what_a_limiter_raises_is_the_cause_of_an_error_of_ours(
    raised: Exception, deadline: float | None
) -> None:
    """Nothing has left, whatever the limiter raised; a TimeoutError is no deadline."""
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=failing(raised)) as client,
    ):
        with pytest.raises(NotSentError) as caught:
            await client.send_message(contact_id=1, text="Hi", deadline=deadline)
        assert len(simulator.arrivals) == 0
    assert not isinstance(caught.value, DeadlineExceededError)
    assert caught.value.__cause__ is raised
    assert "in acquire (test_users_own.py" in str(caught.value)


@define(eq=False)
class LapsingLimiter(NotingLimiter):
    """A limiter some of whose permits are another's before their request leaves.

    Attributes:
        lapses: How many.
    """

    lapses: float = math.inf

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> NotingPermit:
        """Grant at once."""
        permit = await super().acquire(lane=lane, spacing=spacing, returned=returned)
        self.lapses -= 1
        return LapsedPermit(self.key, self.notes) if self.lapses >= 0 else permit


@define(eq=False)
class LapsedPermit(NotingPermit):
    """A permit that lapsed before its request left."""

    lapsed = True


async def test_a_request_whose_slot_lapsed_gives_it_back_and_asks_again() -> None:
    """As often as it takes: the request leaves with a slot that is its own."""
    notes: list[tuple[LimitKey | AccountKey, str, float | None]] = []
    limits = LimiterRegistry(factory=lambda key, _: LapsingLimiter(key, notes, lapses=2))
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        await client.send_message(contact_id=1, text="Hi")
        assert len(simulator.arrivals) == 1
    told = [what for _, what, _ in notes]
    assert told == [*["acquire interactive", "refund"] * 2, "acquire interactive", "sent", "settle"]


async def test_slots_that_always_lapse_end_at_the_deadline() -> None:
    """Asking again and again lets everything else go on, and nothing is sent."""
    limits = LimiterRegistry(factory=lambda key, _: LapsingLimiter(key, []))
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        with pytest.raises(DeadlineExceededError):
            await client.send_message(contact_id=1, text="Hi", deadline=0.05)
        assert len(simulator.arrivals) == 0


async def test_a_deadline_that_passes_in_a_limiter_of_ones_own_is_one() -> None:
    """The end of the call's own time is told as its deadline."""

    class Slow(FailingLimiter):
        async def acquire(
            self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
        ) -> NotingPermit:
            del lane, spacing, returned
            await asyncio.Event().wait()
            raise AssertionError

    limits = LimiterRegistry(factory=lambda key, _: Slow(key, []))
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        with pytest.raises(DeadlineExceededError):
            await client.send_message(contact_id=1, text="Hi", deadline=0.01)


async def test_our_own_errors_out_of_a_limiter_stay() -> None:
    """What a closed registry says, such as a ClientStateError, comes as it is."""
    closed = ClientStateError("closed")
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=failing(closed)) as client,
    ):
        with pytest.raises(ClientStateError) as caught:
            await client.send_message(contact_id=1, text="Hi")
    assert caught.value is closed


@pytest.mark.parametrize("raised", [RuntimeError("r"), ClientStateError("r")])
async def test_a_limiter_that_fails_later_hides_no_attempt_that_may_have_arrived(
    raised: Exception,
) -> None:
    """The error is that of the attempt, of unknown outcome, and the limiter's is its cause."""
    fault = Fault.server_error(500, taken=True)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        client_of(simulator.base_url, limits=failing(raised, grants=1), config=AGAIN) as client,
    ):
        with pytest.raises(ServerError) as caught:
            await client.attach_tag_to_contact(contact_id=1, name="VIP")
    assert caught.value.outcome is Outcome.UNKNOWN
    assert caught.value.__cause__ is raised
    assert any("did not reach the server" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("raised", [RuntimeError("PRIVATE"), asyncio.CancelledError("PRIVATE")])
async def test_a_permit_that_fails_changes_nothing_of_the_answer(
    status: int, raised: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """The request leaves, the answer counts, and the limiter's failures are logged."""
    faults = [] if status == 200 else [Fault.server_error(status, taken=True)]
    limits = failing(raised, grants=2, permits=True)
    async with (
        Simulator(limits=FREE, faults=faults) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        if status == 200:
            assert (await client.send_message(contact_id=1, text="Hi")).attempts == 1
        else:
            with pytest.raises(ServerError) as caught:
                await client.send_message(contact_id=1, text="Hi")
            assert caught.value.outcome is Outcome.UNKNOWN
    # That it leaves, and that it ends.
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3
    assert "PRIVATE" not in caplog.text


class FullAccount(FailingLimiter):
    """A limiter whose keys grant permits that fail, and whose account grants none."""

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> NotingPermit:
        """Let all wait for the account for ever."""
        if isinstance(self.key, AccountKey):
            await asyncio.Event().wait()
        return await super().acquire(lane=lane, spacing=spacing, returned=returned)


@pytest.mark.parametrize("ended_by", ["task", "timeout", "deadline"])
async def test_a_permit_that_cannot_be_given_back_hides_no_cancellation(ended_by: str) -> None:
    """Who is ended while it waits for the account stays ended, whatever giving back raises."""
    limits = LimiterRegistry(factory=lambda key, _: FullAccount(key, [], grants=1, permits=True))
    async with client_of("http://127.0.0.1:9/api/v1", limits=limits) as client:
        deadline = 0.01 if ended_by == "deadline" else None
        call = asyncio.create_task(
            client.send_message(
                bot_id=7,
                messenger="viber",
                contact_external_id="1",
                text="Hi",
                deadline=deadline,
            )
        )
        await asyncio.sleep(0)
        if ended_by == "task":
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert call.cancelled()
        elif ended_by == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await call
        else:
            with pytest.raises(DeadlineExceededError):
                await call


async def test_an_estimate_that_cannot_be_made_now_is_asked_again() -> None:
    """A LimiterUnavailableError is for the retry policy, from `estimate` as from `acquire`."""

    class Unsure(NotingLimiter):
        asked = 0

        def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
            Unsure.asked += 1
            if Unsure.asked == 1:
                raise LimiterUnavailableError("is away")
            return super().estimate(lane, spacing=spacing, returned=returned)

    class Patient(RetryPolicy):
        def delay(self, error: CleverAppError, *_: object, **_named: object) -> float | None:
            return 0.0 if isinstance(error, LimiterUnavailableError) else None

    async with (
        Simulator(limits=FREE) as simulator,
        client_of(
            simulator.base_url,
            limits=LimiterRegistry(factory=lambda key, _: Unsure(key, [])),
            config=ClientConfig(retry=Patient()),
        ) as client,
    ):
        receipt = await client.send_message(contact_id=1, text="Hi", deadline=60)
    assert receipt.attempts == 2


async def test_a_cancellation_out_of_an_estimate_cancels_no_call() -> None:
    """It is a failure of the limiter, be it asked before the wait or once the deadline passed."""
    raised = asyncio.CancelledError("r")

    class Unsure(NotingLimiter):
        fails = True

        async def acquire(
            self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
        ) -> NotingPermit:
            del lane, spacing, returned
            Unsure.fails = True
            await asyncio.Event().wait()
            raise AssertionError

        def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
            if Unsure.fails:
                raise raised
            return super().estimate(lane, spacing=spacing, returned=returned)

    limits = LimiterRegistry(factory=lambda key, _: Unsure(key, []))
    async with client_of("http://127.0.0.1:9/api/v1", limits=limits) as client:
        for fails, deadline in ((True, 60.0), (False, 0.01)):
            Unsure.fails = fails
            with pytest.raises(NotSentError) as caught:
                await client.send_message(contact_id=1, text="Hi", deadline=deadline)
            assert not isinstance(caught.value, DeadlineExceededError)
            assert caught.value.__cause__ is raised
            assert "in estimate (test_users_own.py" in str(caught.value)


async def test_a_cancellation_out_of_a_factory_cancels_no_call() -> None:
    """It is a failure of the limits: nothing has left."""
    raised = asyncio.CancelledError("r")

    def factory(key: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> NotingLimiter:
        del key, quotas
        raise raised

    limits = LimiterRegistry(factory=factory)
    async with client_of("http://127.0.0.1:9/api/v1", limits=limits) as client:
        with pytest.raises(NotSentError) as caught:
            await client.send_message(contact_id=1, text="Hi")
    assert "in factory (test_users_own.py" in str(caught.value)


async def test_what_ends_programs_passes_through() -> None:
    """A cancellation out of a limiter stays one."""
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, limits=failing(asyncio.CancelledError())) as client,
    ):
        with pytest.raises(asyncio.CancelledError):
            await client.send_message(contact_id=1, text="Hi")


@define
class Slip:
    """A retry policy with a fault in it."""

    raised: BaseException

    def delay(
        self, error: CleverAppError, repeat: Repeat, *, faults: int, refusals: int, jitter: float
    ) -> float | None:
        """Fail."""
        del error, repeat, faults, refusals, jitter
        raise self.raised


@pytest.mark.parametrize("raised", [ZeroDivisionError("r"), asyncio.CancelledError("r")])
async def test_a_retry_policy_that_fails_hides_no_outcome(raised: BaseException) -> None:
    """The error is that of the attempt; what the policy raised is its cause, in a run as well."""
    faults = [Fault.server_error(500, taken=True, on=on) for on in (1, 2)]
    async with (
        Simulator(limits=FREE, faults=faults) as simulator,
        client_of(simulator.base_url, config=one_attempt(retry=Slip(raised))) as client,
    ):
        with pytest.raises(ServerError) as caught:
            await client.send_message(contact_id=1, text="Hi")
        (outcome,) = [one async for one in client.send_many([SendMessage(contact_id=1, text="a")])]
    for error in (caught.value, outcome.error):
        assert isinstance(error, ServerError)
        assert error.outcome is Outcome.UNKNOWN
        assert any("in delay (test_users_own.py" in note for note in error.__notes__)
    assert caught.value.__cause__ is raised
    assert outcome.outcome is Outcome.UNKNOWN
