"""The oracle: a server that breaks in every way and counts what was delivered.

For every send: ACCEPTED means exactly one delivery, NOT_SENT and REJECTED none, UNKNOWN at most
one. Faults strike at random, tasks are cancelled at random moments, deadlines are random.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from cleverapp_async import (
    CleverAppClient,
    CleverAppError,
    ClientConfig,
    LimiterRegistry,
    Message,
    Outcome,
    RetryPolicy,
    SendMessage,
    SendMessageToWhatsApp,
)
from cleverapp_async._call import SendState
from cleverapp_async.simulator import Fault, Latency, Simulator, SimulatorLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = {"error": "Достигнут лимит отправки сообщений для telegram"}

KINDS: dict[str, tuple[Fault, ...]] = {
    "none": (),
    "reset at accepting": (Fault.reset_before("accept", probability=0.1),),
    "reset at the first bytes": (Fault.reset_before("bytes", probability=0.2),),
    "reset after taking": (Fault.reset_after(taken=True, probability=0.4),),
    "reset after reading": (Fault.reset_after(taken=False, probability=0.4),),
    "hang after taking": (Fault.hang(taken=True, probability=0.3),),
    "hang after reading": (Fault.hang(taken=False, probability=0.3),),
    "closed": (Fault.malformed(b"", probability=0.4),),
    "slow body": (Fault.slow_body(chunk=4, interval=0.01, probability=0.4),),
    "truncated body": (Fault.truncated_body(probability=0.4),),
    "malformed": (Fault.malformed(probability=0.4),),
    "oversized header": (Fault.oversized_header(probability=0.4),),
    "oversized body": (Fault.oversized_body(1, probability=0.1),),
    "bomb": (Fault.oversized_body(2, compressed=True, probability=0.1),),
    "429": (Fault.too_many(0.01, probability=0.4),),
    "messenger limit": (Fault.answer(422, LIMIT, {"Retry-After": "0.01"}, probability=0.4),),
    "html 200 after taking": (Fault.html(200, taken=True, probability=0.4),),
    "html 502": (Fault.html(502, probability=0.4),),
    "500 after taking": (Fault.server_error(taken=True, probability=0.4),),
    "500": (Fault.server_error(probability=0.4),),
    "redirect": (Fault.redirect(probability=0.4),),
    "success false": (Fault.answer(200, {"success": False}, probability=0.4),),
    "error in 200": (Fault.answer(200, {"error": "Нет"}, probability=0.4),),
    "validation": (Fault.answer(422, {"errors": {"text": ["Нет"]}}, probability=0.4),),
}
"""Every fault by its name, often enough to strike most runs."""

_ALL = [fault for faults in KINDS.values() for fault in faults]


def mix(rng: random.Random) -> tuple[Fault, ...]:
    """Some faults together."""
    return tuple(rng.sample(_ALL, rng.randint(2, 6)))


@frozen
class Plan:
    """How hard one run is.

    Attributes:
        faults: What the server does.
        sends: How many messages.
        concurrency: How many at once.
        cancelled: The share of sends that are cancelled at a random moment.
        deadlines: The share of sends with a random deadline.
        refused: How many of the sends, the last ones, find the port closed.
        patience: The time-out of an attempt, seconds.
        seed: What all that is random is drawn from.
    """

    faults: tuple[Fault, ...]
    sends: int
    concurrency: int = 25
    cancelled: float = 0.1
    deadlines: float = 0.1
    refused: int = 0
    patience: float = 0.3
    seed: int = 0


@define
class Verdicts:
    """What became of the sends of one run.

    Attributes:
        outcomes: How many ended how.
        arrivals: Requests that reached the server.
        deliveries: Messages it took.
        broken: Every send that broke its promise, in words.
    """

    outcomes: Counter[Outcome] = field(factory=Counter[Outcome])
    arrivals: int = 0
    deliveries: int = 0
    broken: list[str] = field(factory=list[str])

    def judge(self, number: int, outcome: Outcome | None, delivered: int) -> None:
        """Hold one send against what the server counted."""
        if outcome is None:
            self.broken.append(f"send {number}: its state and its error disagree")
            return
        self.outcomes[outcome] += 1
        allowed = {Outcome.ACCEPTED: {1}, Outcome.UNKNOWN: {0, 1}}.get(outcome, {0})
        if delivered not in allowed:
            self.broken.append(f"send {number}: {outcome.value}, delivered {delivered} times")

    def add(self, other: Verdicts) -> None:
        """Sum up."""
        self.outcomes += other.outcomes
        self.arrivals += other.arrivals
        self.deliveries += other.deliveries
        self.broken += other.broken


def _message(number: int) -> Message:
    """One of three shapes; its text tells it from all others."""
    text = f"n{number}"
    if number % 3 == 0:
        return SendMessage(contact_id=number + 1, text=text)
    if number % 3 == 1:
        return SendMessage(bot_id=1, messenger="viber", contact_external_id="7", text=text)
    return SendMessageToWhatsApp(bot_id=1, phone="79991234567", text=text, name="И")


async def _one(
    client: CleverAppClient, number: int, plan: Plan, rng: random.Random
) -> Outcome | None:
    """Send one message, perhaps with a deadline, perhaps cancelled on its way.

    None stands for a state that is not the error's: what a canceller was told would be wrong.
    """
    state = SendState()
    deadline = rng.uniform(0, 0.05) if rng.random() < plan.deadlines else None
    task = asyncio.ensure_future(client._deliver(_message(number), state, deadline=deadline))
    if rng.random() < plan.cancelled:
        asyncio.get_running_loop().call_later(rng.expovariate(1 / 0.01), task.cancel)
    try:
        await task
    except CleverAppError as error:
        return error.outcome if state.outcome is error.outcome else None
    except asyncio.CancelledError:
        return state.outcome
    return Outcome.ACCEPTED


async def _quiet() -> None:
    """Let what is still on its way arrive: a cancelled request may."""
    for _ in range(50):
        await asyncio.sleep(0)


async def run(plan: Plan) -> Verdicts:
    """Send all messages of a plan, and judge each."""
    rng = random.Random(plan.seed)
    verdicts = Verdicts()
    simulator = Simulator(
        limits=SimulatorLimits.none(),
        faults=plan.faults,
        latency=Latency.parse("lognormal:1ms:1.0"),
        seed=plan.seed,
    )
    config = ClientConfig(
        attempt_timeout=plan.patience,
        max_body=65_536,
        retry=RetryPolicy(attempts=3, base=0.002),
    )
    results: dict[int, Outcome | None] = {}

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(simulator)
        client = await stack.enter_async_context(
            CleverAppClient(
                simulator.api_token,
                base_url=simulator.base_url,
                config=config,
                limits=LimiterRegistry.unlimited(),
            )
        )

        async def batch(numbers: Iterator[int]) -> None:
            async def worker() -> None:
                for number in numbers:
                    results[number] = await _one(client, number, plan, rng)

            async with asyncio.TaskGroup() as group:
                for _ in range(plan.concurrency):
                    group.create_task(worker())
            await _quiet()

        await batch(iter(range(plan.sends - plan.refused)))
        if plan.refused:
            async with simulator.refusing():
                await batch(iter(range(plan.sends - plan.refused, plan.sends)))
        await client.close()
        await _quiet()
    delivered = Counter(str(arrival.parameters["text"]) for arrival in simulator.deliveries)
    verdicts.arrivals = len(simulator.arrivals)
    verdicts.deliveries = len(simulator.deliveries)
    for number in range(plan.sends):
        verdicts.judge(number, results[number], delivered[f"n{number}"])
    return verdicts
