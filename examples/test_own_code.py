"""Tests of one's own code with the pytest plugin: ``pytest test_own_code.py``.

The plugin comes with the package. The simulator of each test is a real server on this machine, and
at its end the test fails if a message arrived twice or a limit was exceeded.
"""

import asyncio

import pytest

from cleverapp_async import CleverAppClient, CleverAppError, Outcome
from cleverapp_async.simulator import Fault
from cleverapp_async.testing import SimulatorThread


async def tell(phone: str, text: str) -> str:
    """Stand for the code that is tested: tell a customer something, and say what is left to do."""
    async with CleverAppClient.from_env() as client:
        try:
            await client.send_message_to_whatsapp(bot_id=7, phone=phone, text=text, name="Анна")
        except CleverAppError as error:
            return "look into it" if error.outcome is Outcome.UNKNOWN else "ring them up"
    return "told"


def test_the_customer_is_told(cleverapp_env: None, cleverapp_simulator: SimulatorThread) -> None:
    """The message arrives, with its text."""
    assert asyncio.run(tell("79991234567", "Ваш заказ готов")) == "told"
    (arrival,) = cleverapp_simulator.deliveries
    assert arrival.parameters["text"] == "Ваш заказ готов"


@pytest.mark.cleverapp(faults=[Fault.reset_after(taken=True)])
def test_a_lost_answer_is_looked_into(cleverapp_env: None) -> None:
    """The server took the message, and its answer was lost."""
    assert asyncio.run(tell("79991234567", "Hi")) == "look into it"
