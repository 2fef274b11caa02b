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

from typing import TYPE_CHECKING

from ..._imports import EXTRAS, lazy_names, missing_extra

if TYPE_CHECKING:
    from .context import ClientFactory, JournalFactory
    from .registration import CampaignTasks, register
    from .tasks import ChunkReport, RegisteredTasks, SendReport

__all__ = [
    "CampaignTasks",
    "ChunkReport",
    "ClientFactory",
    "JournalFactory",
    "RegisteredTasks",
    "SendReport",
    "register",
]

if not TYPE_CHECKING:
    # The command of this package looks into campaigns, for which Redis alone is needed.
    _find, __dir__ = lazy_names(
        __name__,
        {
            "CampaignTasks": ".registration",
            "ChunkReport": ".tasks",
            "ClientFactory": ".context",
            "JournalFactory": ".context",
            "RegisteredTasks": ".tasks",
            "SendReport": ".tasks",
            "register": ".registration",
        },
    )

    def __getattr__(name: str) -> object:
        try:
            return _find(name)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0].replace("_", "-")
            if missing not in EXTRAS["taskiq"]:
                raise
            told = missing_extra(__name__, "taskiq")
            missing_package = ModuleNotFoundError(told, name=error.name, path=error.path)
        raise missing_package
