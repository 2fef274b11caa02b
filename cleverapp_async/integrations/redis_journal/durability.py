"""Whether a Redis keeps what it was given: asked before anything is sent, not found out after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from ...errors import JournalError
from .replies import as_text, as_texts
from .store import reading

if TYPE_CHECKING:
    from .store import Store

__all__ = ["check_keeping"]

_NEEDED = {"appendonly": "yes", "appendfsync": "always"}


async def check_keeping(store: Store, *, durable: bool, verify: bool) -> None:
    """Refuse a Redis that may lose what a journal must not lose.

    Args:
        store: The connection.
        durable: Whether a crash of Redis itself must lose nothing.
        verify: Whether to ask ``CONFIG GET`` for it; False where the caller vouches for it.

    Raises:
        JournalError: It may evict keys, it is a replica, or it does not write each command to the
            disk before it answers; the message names the setting.
    """
    with reading(store.name):
        await _check_eviction(store)
        if durable and verify:
            await _check_disk(store)


async def _check_eviction(store: Store) -> None:
    facts = await _info(store, "memory")
    policy = facts.get("maxmemory_policy", "")
    if policy.startswith("allkeys") and facts.get("maxmemory", "0") != "0":
        raise JournalError(
            f"{store.name} could be evicted: this Redis drops any key when its memory is full "
            f"(maxmemory-policy {policy}). Set maxmemory-policy noeviction"
        )
    if (await _info(store, "replication")).get("role") == "slave":
        raise JournalError(f"{store.name}: this Redis is a replica; give the address of its master")


async def _check_disk(store: Store) -> None:
    for name, needed in _NEEDED.items():
        try:
            found = as_texts(await store.do("CONFIG GET", name)).get(name)
        except ResponseError as error:
            raise JournalError(
                f"whether {store.name} survives a crash of Redis cannot be found out: CONFIG GET "
                f"is refused ({error}). Where you know that it has appendonly yes and appendfsync "
                "always, say verify=False; where losing its last second is acceptable, "
                "durable=False"
            ) from None
        if found != needed:
            raise JournalError(
                f"{store.name} would not survive a crash of Redis: {name} is {found}, and must be "
                f"{needed}. Set it (CONFIG SET {name} {needed}, and in redis.conf), or say "
                "durable=False to be safe from crashes of workers alone"
            )


async def _info(store: Store, section: str) -> dict[str, str]:
    reply = await store.do("INFO", section)
    if isinstance(reply, str | bytes):
        lines = (as_text(reply) or "").splitlines()
        pairs = [line.partition(":") for line in lines if not line.startswith("#")]
        return {name: value for name, _, value in pairs}
    return as_texts(reply)
