"""What producer and workers share: where Redis and the API are, and the tasks.

A worker is ``taskiq worker --app-dir examples/fleet worker:broker``. All settings come from the
environment:

- ``CLEVERAPP_API_TOKEN``: the account's token.
- ``CLEVERAPP_BASE_URL``: where the API is; CleverApp's own address by default.
- ``REDIS_URL``: ``redis://HOST:PORT/DATABASE``, with ``appendonly yes``, ``appendfsync always``.
"""

from __future__ import annotations

import os

from taskiq_redis import RedisStreamBroker

from cleverapp_async import CleverAppClient, LimiterRegistry
from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.integrations.taskiq import register

__all__ = ["broker", "make_client", "make_journal", "tasks"]

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

# One task is read at a time, so that chunks spread over the workers. A task whose worker has not
# been heard of for idle_timeout is delivered again.
broker = RedisStreamBroker(
    REDIS_URL,
    queue_name="cleverapp",
    consumer_group_name="cleverapp",
    consumer_id="0",
    xread_count=1,
    idle_timeout=30_000,
    unacknowledged_lock_timeout=10,
    maxlen=100_000,
)


def make_client() -> CleverAppClient:
    """The one client of a worker; all workers keep the limits together."""
    return CleverAppClient.from_env(limits=LimiterRegistry.shared(REDIS_URL))


def make_journal(campaign: str) -> RedisJournal:
    """A campaign's journal."""
    return RedisJournal(REDIS_URL, campaign)


tasks = register(broker, make_client, make_journal)
