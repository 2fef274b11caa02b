"""What each way of failing proves: the outcome, the error, and what the limiters are told.

``NOT_SENT`` refunds the slots, ``UNKNOWN`` stamps them with a margin, an answer settles them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from cleverapp_async import (
    ApiError,
    AuthenticationError,
    CleverAppError,
    Outcome,
    OutcomeUnknownError,
    ServerError,
    UnexpectedResponseError,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.raising import raises
from tests.transport.rig import Notebook, client_of, one_attempt, raw_server

if TYPE_CHECKING:
    from cleverapp_async import SendReceipt

UNANSWERED = ["acquire interactive", "sent", "give_up"]
ANSWERED = ["acquire interactive", "sent", "settle"]


@frozen
class Case:
    """A fault, and what must come of it."""

    fault: Fault
    error: type[CleverAppError]
    place: str
    notes: list[str]
    outcome: Outcome = Outcome.UNKNOWN


ERROR_IN_200 = {"error": "Что-то пошло не так"}
CASES = {
    "reset when the first bytes come": Case(
        Fault.reset_before("bytes"), OutcomeUnknownError, "ClientOSError", UNANSWERED
    ),
    "reset after reading, taken": Case(
        Fault.reset_after(taken=True), OutcomeUnknownError, "ClientOSError", UNANSWERED
    ),
    "reset after reading, not taken": Case(
        Fault.reset_after(taken=False), OutcomeUnknownError, "ClientOSError", UNANSWERED
    ),
    "closed without an answer": Case(
        Fault.malformed(b""), OutcomeUnknownError, "ServerDisconnectedError", UNANSWERED
    ),
    "hangs, taken": Case(Fault.hang(taken=True), OutcomeUnknownError, "TimeoutError", UNANSWERED),
    "hangs, not taken": Case(
        Fault.hang(taken=False), OutcomeUnknownError, "TimeoutError", UNANSWERED
    ),
    "a bad status line": Case(
        Fault.malformed(), OutcomeUnknownError, "ClientResponseError", UNANSWERED
    ),
    "another protocol": Case(
        Fault.malformed(b"SSH-2.0-OpenSSH_9.6\r\n"),
        OutcomeUnknownError,
        "ClientResponseError",
        UNANSWERED,
    ),
    "an oversized header": Case(
        Fault.oversized_header(), OutcomeUnknownError, "ClientResponseError", UNANSWERED
    ),
    "a body in drips": Case(
        Fault.slow_body(interval=0.2), UnexpectedResponseError, "TimeoutError", ANSWERED
    ),
    "a truncated body": Case(
        Fault.truncated_body(), UnexpectedResponseError, "ClientPayloadError", ANSWERED
    ),
    "an oversized body": Case(Fault.oversized_body(1), UnexpectedResponseError, "65536", ANSWERED),
    "a bomb": Case(
        Fault.oversized_body(64, compressed=True),
        UnexpectedResponseError,
        "65536",
        ANSWERED,
    ),
    "an HTML page with 200": Case(
        Fault.html(200, taken=True), UnexpectedResponseError, "200 OK", ANSWERED
    ),
    "an empty 200": Case(
        Fault.answer(200, b"", taken=True), UnexpectedResponseError, "empty", ANSWERED
    ),
    "a list": Case(Fault.answer(200, b"[]", taken=True), UnexpectedResponseError, "list", ANSWERED),
    "success: false": Case(
        Fault.answer(200, {"success": False}), UnexpectedResponseError, "success", ANSWERED
    ),
    "data instead of success": Case(
        Fault.answer(200, {"data": {"id": 1}}), UnexpectedResponseError, "data", ANSWERED
    ),
    "an error inside a 200": Case(
        Fault.answer(200, ERROR_IN_200), ApiError, "пошло не так", ANSWERED, Outcome.REJECTED
    ),
    "a redirect": Case(
        Fault.redirect("/api/v1/sendMessage"), UnexpectedResponseError, "URL", ANSWERED
    ),
    "a redirect of the same request": Case(
        Fault.redirect("/api/v2/sendMessage", 308),
        UnexpectedResponseError,
        "URL",
        ANSWERED,
        Outcome.REJECTED,
    ),
    "a redirect to a login": Case(
        Fault.redirect(), AuthenticationError, "login", ANSWERED, Outcome.REJECTED
    ),
    "500": Case(Fault.server_error(taken=True), ServerError, "Server Error", ANSWERED),
    "502 as a page": Case(Fault.html(502), ServerError, "Bad Gateway", ANSWERED),
}


async def send(base_url: str, notebook: Notebook, attempt_timeout: float = 5.0) -> SendReceipt:
    """Send one message through Telegram, once."""
    config = one_attempt(attempt_timeout=attempt_timeout, max_body=65_536)
    async with client_of(base_url, config=config, limits=notebook.registry()) as client:
        return await client.send_message(
            bot_id=1, messenger="telegram", contact_external_id="7", text="Привет"
        )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_each_fault_has_its_outcome(case: Case) -> None:
    """A fault of the server ends as the error that says no more than what is certain."""
    hangs = case.fault.kind in {"hang", "slow_body"}
    notebook = Notebook()
    async with Simulator(limits=SimulatorLimits.none(), faults=[case.fault]) as simulator:
        with raises(case.error, case.place) as caught:
            await send(simulator.base_url, notebook, 0.5 if hangs else 30.0)
        assert len(simulator.arrivals) == 1
    assert caught.value.outcome is case.outcome
    assert caught.value.attempts == 1
    assert notebook.of_account() == case.notes
    assert notebook.of_key() == case.notes


async def test_a_reset_at_accepting_is_never_taken_for_accepted() -> None:
    """A connection reset before a byte was read ends as NOT_SENT or UNKNOWN, whichever is seen."""
    notebook = Notebook()
    faults = [Fault.reset_before("accept")]
    async with Simulator(limits=SimulatorLimits.none(), faults=faults) as simulator:
        with pytest.raises(CleverAppError) as caught:
            await send(simulator.base_url, notebook)
        assert len(simulator.arrivals) == 0
    ending = {Outcome.NOT_SENT: "refund", Outcome.UNKNOWN: "give_up"}[caught.value.outcome]
    assert notebook.of_key()[-1] == ending


async def test_an_accepted_message_settles_its_slots() -> None:
    """A success is one arrival, and one ending of each slot."""
    notebook = Notebook()
    async with Simulator(limits=SimulatorLimits.none()) as simulator:
        receipt = await send(simulator.base_url, notebook)
        assert len(simulator.deliveries) == 1
    assert receipt.attempts == 1
    assert receipt.on_wire > 0
    assert notebook.of_account() == notebook.of_key() == ANSWERED


@pytest.mark.parametrize("read_first", [True, False])
async def test_a_server_that_hangs_up_leaves_it_unknown(*, read_first: bool) -> None:
    """Whether the server closed before or after reading cannot be told from here."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if read_first:
            await raw.read_request(reader)
        writer.close()

    notebook = Notebook()
    async with raw_server(script) as raw:
        with pytest.raises(CleverAppError) as caught:
            await send(raw.base_url, notebook)
    expected = {Outcome.UNKNOWN} if read_first else {Outcome.UNKNOWN, Outcome.NOT_SENT}
    assert caught.value.outcome in expected


async def test_a_cancelled_call_gives_its_slots_up() -> None:
    """Cancelled after the request left, the slots count as used and the cancellation passes."""
    notebook = Notebook()
    faults = [Fault.hang(taken=True)]
    async with Simulator(limits=SimulatorLimits.none(), faults=faults) as simulator:
        task = asyncio.create_task(send(simulator.base_url, notebook))
        async with asyncio.timeout(20):
            while not simulator.arrivals:  # noqa: ASYNC110 - no event tells of an arrival
                await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert notebook.of_account() == notebook.of_key() == UNANSWERED
