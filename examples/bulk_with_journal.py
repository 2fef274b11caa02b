"""Sends a CSV file as a campaign that survives: ``bulk_with_journal.py recipients.csv run.db``.

The file has the columns ``bot_id``, ``messenger``, ``contact_external_id``, ``text`` and
``order_id``. Run it again after Ctrl-C, a crash or a reboot: it goes on where it stopped. The exit
code is 0 if every message was accepted, else 1.
"""

import asyncio
import csv
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress

from cleverapp_async import CleverAppClient, LimiterRegistry, Outcome, SendMessage, SqliteJournal


def messages_of(path: str) -> Iterator[SendMessage]:
    """Read the messages of the file, one by one; what a row is known by goes with its message."""
    with open(path, encoding="utf-8", newline="") as rows:  # noqa: PTH123 - a script of one file
        for row in csv.DictReader(rows):
            yield SendMessage(
                bot_id=int(row["bot_id"]),
                messenger=row["messenger"],
                contact_external_id=row["contact_external_id"],
                text=row["text"],
                reference={"order_id": row["order_id"]},
            )


async def main(path: str, journal: str) -> int:
    """Send what is left of the campaign."""
    async with (
        LimiterRegistry.on_disk() as limits,  # other programs on this machine keep them, too
        CleverAppClient.from_env(limits=limits) as client,
    ):
        run = client.run_campaign(SqliteJournal(journal), messages_of(path))
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows has no such handlers
                asyncio.get_running_loop().add_signal_handler(number, run.drain)
        async for outcome in run:
            if outcome.outcome is not Outcome.ACCEPTED:
                print(outcome.message.reference["order_id"], outcome.outcome.value, outcome.error)
        ended = run.progress.ended
    print({outcome.value: count for outcome, count in ended.items() if count})
    return int(any(count for outcome, count in ended.items() if outcome is not Outcome.ACCEPTED))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
