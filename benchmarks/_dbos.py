"""DBOS in the place of a journal and of limiters: a queue in SQLite, each message a workflow.

Written as its documentation shows: a workflow with an id of its own for each message, so that
enqueuing again does nothing; the send as a step with retries; a queue that is limited per
partition, one for each limit key. It recovers by itself when it is launched again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
from attrs import define
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from tests.bulk.journal.kill.campaign import KEYS, Run, message

__all__ = ["through_dbos"]

_QUEUE = "messages"
_POLLS_EVERY = 0.05
_ATTEMPTS = 20
_LEFT = ("PENDING", "ENQUEUED", "DELAYED")


@define
class _Desk:
    """Where a step finds what it sends with: its arguments are kept in the database."""

    base_url: str = ""
    api_token: str = ""
    session: aiohttp.ClientSession | None = None
    lives: int = -1


_desk = _Desk()


@DBOS.step(retries_allowed=True, interval_seconds=0.5, backoff_rate=1.0, max_attempts=_ATTEMPTS)
async def _deliver(number: int) -> None:
    asked = message(number)
    assert _desk.session is not None
    async with _desk.session.post(
        f"{_desk.base_url}/{asked.method}",
        params={"api_token": _desk.api_token},
        json=asked.parameters(),
        raise_for_status=True,
    ) as response:
        await response.read()
    _desk.lives -= 1
    if not _desk.lives:
        os.kill(os.getpid(), signal.SIGKILL)


@DBOS.workflow()
async def _send(number: int) -> None:
    await _deliver(number)


def through_dbos(given: dict[str, Any]) -> None:
    """Send what is left of a campaign: the task of a child, which may kill itself at an answer."""
    run = Run(**given)
    # What it writes beside its database goes where the database lies.
    os.chdir(Path(run.journal).parent)
    tempfile.tempdir = str(Path(run.journal).parent)
    asyncio.run(_through(run))


async def _through(run: Run) -> None:
    assert run.quota is not None
    limit, period = run.quota
    config = DBOSConfig(
        name="campaign",
        system_database_url=f"sqlite:///{run.journal}",
        application_version="1",
        executor_id="one",
        log_level="CRITICAL",
        enable_otlp=False,
    )
    async with aiohttp.ClientSession() as session:
        _desk.base_url, _desk.api_token, _desk.session = run.base_url, run.api_token, session
        _desk.lives = -1 if run.die_at is None else run.nth
        DBOS(config=config)
        DBOS.launch()
        queue = await DBOS.register_queue_async(
            _QUEUE,
            partition_limiter={"limit": limit, "period": period},
            polling_interval_sec=_POLLS_EVERY,
        )
        for number in range(run.messages):
            key = f"key {number % KEYS}"
            with SetWorkflowID(f"n{number}"), SetEnqueueOptions(queue_partition_key=key):
                await queue.enqueue_async(_send, number)
        left = True
        while left:
            await asyncio.sleep(_POLLS_EVERY)
            left = bool(await DBOS.list_workflows_async(status=list(_LEFT), limit=1))
        DBOS.destroy()
