"""The fleet of these tests: what ``taskiq worker tests.integrations.taskiq.worker:broker`` runs."""

from __future__ import annotations

import os

from taskiq_redis import RedisStreamBroker

from cleverapp_async import CleverAppClient, ClientConfig, LimiterRegistry, Quota
from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.integrations.taskiq import register

__all__ = ["broker", "make_journal", "tasks"]

_LEASE = float(os.environ.get("FLEET_LEASE", "1.5"))
_IDLE = int(os.environ.get("FLEET_IDLE", "2000"))
_CHUNK = int(os.environ.get("FLEET_CHUNK", "50"))
_RATE = int(os.environ.get("FLEET_RATE", "100"))
_SHARED = os.environ.get("FLEET_SHARED") == "1"
_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

broker = RedisStreamBroker(
    _URL,
    queue_name="fleet",
    consumer_id="0",
    xread_block=200,
    xread_count=1,
    idle_timeout=_IDLE,
    unacknowledged_lock_timeout=5,
)


def make_client() -> CleverAppClient:
    """A client whose limits are its own, or those of the whole fleet."""
    quotas = {"telegram": Quota(_RATE, 1.0)}
    if _SHARED:
        limits: LimiterRegistry = LimiterRegistry.shared(
            _URL, guard=12.0, messengers=quotas, account=None
        )
    else:
        limits = LimiterRegistry(messengers=quotas, account=None)
    return CleverAppClient.from_env(limits=limits, config=ClientConfig(attempt_timeout=10.0))


def make_journal(campaign: str) -> RedisJournal:
    """A journal with short leases."""
    return RedisJournal(_URL, campaign, chunk_size=_CHUNK, lease=_LEASE, patience=5.0)


tasks = register(broker, make_client, make_journal)
