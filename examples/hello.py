"""The first program, one message to one contact: ``python hello.py``."""

import asyncio

from cleverapp_async import CleverAppClient


async def main() -> None:
    """Send it, and say what became of it."""
    async with CleverAppClient.from_env() as client:
        receipt = await client.send_message(contact_id=1, text="Привет")
        print("sent, attempts:", receipt.attempts)


asyncio.run(main())
