"""Sends and campaigns as tasks of taskiq, for workers on any machine; needs the extra ``taskiq``.

::

    broker = RedisStreamBroker("redis://…", consumer_id="0", xread_count=1, idle_timeout=60_000)
    tasks = register(broker, make_client, make_journal)

    async with make_journal("spring") as journal:          # the producer
        await journal.load(messages, origin=BASE_URL)
    await tasks.start("spring")

The workers are taskiq's own: ``taskiq worker module:broker``.
"""

from __future__ import annotations

from ..._imports import EXTRAS, missing_extra

try:
    from .context import ClientFactory, JournalFactory
    from .register import CampaignTasks, register
    from .tasks import ChunkReport, RegisteredTasks, SendReport
except ModuleNotFoundError as _missing:
    if (
        _missing.name is None
        or _missing.name.split(".")[0].replace("_", "-") not in EXTRAS["taskiq"]
    ):
        raise
    raise ModuleNotFoundError(
        missing_extra(__name__, "taskiq"), name=_missing.name, path=_missing.path
    ) from None

__all__ = [
    "CampaignTasks",
    "ChunkReport",
    "ClientFactory",
    "JournalFactory",
    "RegisteredTasks",
    "SendReport",
    "register",
]
