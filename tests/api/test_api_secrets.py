from __future__ import annotations

import pickle
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from cleverapp_async import (
    CleverAppClient,
    CleverAppError,
    ClientConfig,
    LimiterRegistry,
    RetryPolicy,
    raw_answers,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.api.samples import CALLS
from tests.error_reports import everything_of

if TYPE_CHECKING:
    from cleverapp_async.config import PostParameters
    from cleverapp_async.events import Event

TOKEN = 'tok+en/="secret'
FORMS = {
    form.lower() for form in (TOKEN, TOKEN.replace('"', '\\"'), quote(TOKEN), quote(TOKEN, safe=""))
} | {quote_plus(TOKEN).lower()}
ECHO = quote(TOKEN, safe="")

FAULTS = {
    "none": None,
    "500": Fault.server_error(),
    "html": Fault.html(502),
    "reset after": Fault.reset_after(),
    "echo in a refusal": Fault.answer(422, {"errors": {TOKEN: [f"no {TOKEN}", ECHO]}}),
    "echo as an answer": Fault.answer(200, {"data": {"id": TOKEN, "url": ECHO, TOKEN: [TOKEN]}}),
    "echo as a list": Fault.answer(200, {"data": [{"id": TOKEN, ECHO: ECHO}]}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("placement", ["documented", "json", "form"])
async def test_a_token_in_the_body_is_nowhere_else(
    fault: Fault | None, placement: PostParameters, caplog: pytest.LogCaptureFixture
) -> None:
    """With the token in bodies, no method's error, event, raw answer or log line shows it."""
    caplog.set_level("DEBUG", "cleverapp_async")
    caplog.set_level("DEBUG", "asyncio")
    events: list[Event] = []
    config = ClientConfig(
        token_place="body",
        post_parameters=placement,
        retry=RetryPolicy(attempts=1, refusals=0),
        on_event=(events.append,),
    )
    seen: list[str] = []
    faults = [fault] if fault else []
    async with Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), faults=faults
    ) as simulator:
        client = CleverAppClient(
            TOKEN,
            base_url=simulator.base_url,
            config=config,
            limits=LimiterRegistry.unlimited(),
        )
        async with client:
            with raw_answers() as answers:
                for call in CALLS.values():
                    try:
                        seen.append(repr(await call.call(client)))
                    except CleverAppError as error:
                        seen.extend(everything_of(error))
            seen += [repr(client), repr(client._transport), repr(vars(client))]
        assert {one.endpoint for one in simulator.arrivals} == set(CALLS)
        assert {one.verdict for one in simulator.arrivals}.isdisjoint({"unauthenticated"})
    seen += [repr(answers), repr(events), repr(pickle.dumps(events)), *caplog.messages]
    assert len(events) >= len(CALLS)
    assert [one for one in seen if any(form in one.lower() for form in FORMS)] == []
