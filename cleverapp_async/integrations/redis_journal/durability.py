"""Whether a Redis keeps what it was given: asked before anything is sent, not found out after."""

from __future__ import annotations

from ..._redis.client import as_text, as_texts
from ...errors import JournalError
from .client import JournalClient

__all__ = ["check_keeping"]

_NEEDED = {"appendonly": "yes", "appendfsync": "always"}


async def check_keeping(client: JournalClient, *, durable: bool, verify: bool) -> None:
    """Refuse a Redis that may lose what a journal must not lose.

    Args:
        client: The client of the campaign.
        durable: Whether a crash of Redis itself must lose nothing.
        verify: Whether settings that cannot be asked for count as wrong; False where the caller
            vouches for them, and then ``CONFIG GET`` is not tried.

    Raises:
        JournalError: It may evict keys, it is a replica, or it does not write each command to the
            disk before it answers; the message names the setting.
    """
    await client.guarded(_check(client, durable=durable, verify=verify))


async def _check(client: JournalClient, *, durable: bool, verify: bool) -> None:
    await _check_memory(client, verify=verify)
    if durable and verify:
        await _check_disk(client)


async def _check_memory(client: JournalClient, *, verify: bool) -> None:
    """Every key may be evicted under ``allkeys``, and under ``volatile`` whatever expires.

    That is each lease, and every entry of a single send: it would be sent once more. ``INFO``
    tells the policy where ``CONFIG`` is not allowed, as in managed services.
    """
    from redis.exceptions import ResponseError  # noqa: PLC0415 - the extra `redis`

    try:
        policy = (await _info(client, "memory")).get("maxmemory_policy")
        role = (await _info(client, "replication")).get("role")
    except ResponseError as error:
        if not verify:
            return
        raise _unknown(client, "maxmemory-policy", "INFO", error, "noeviction") from None
    if policy is None and verify:
        raise _unknown(client, "maxmemory-policy", "INFO", "it lacks that", "noeviction")
    if policy not in {None, "noeviction"}:
        raise JournalError(
            f"{client.name} could be evicted, and messages sent twice: this Redis drops keys when "
            f"its memory is full (maxmemory-policy {policy}). Set it to noeviction (CONFIG SET "
            "maxmemory-policy noeviction, and in redis.conf)"
        )
    if role == "slave":
        raise JournalError(
            f"{client.name}: this Redis is a replica; give the address of its master"
        )


async def _check_disk(client: JournalClient) -> None:
    from redis.exceptions import ResponseError  # noqa: PLC0415 - the extra `redis`

    for name, needed in _NEEDED.items():
        try:
            found = as_texts(await client.execute("CONFIG GET", name)).get(name)
        except ResponseError as error:
            raise _unknown(client, name, "CONFIG GET", error, needed) from None
        if found != needed:
            raise JournalError(
                f"{client.name} would not survive a crash of Redis: {name} is {found}, and must be "
                f"{needed}. Set it (CONFIG SET {name} {needed}, and in redis.conf), or say "
                "durable=False to be safe from crashes of workers alone"
            )


def _unknown(
    client: JournalClient, name: str, command: str, why: object, needed: str
) -> JournalError:
    return JournalError(
        f"whether {client.name} is kept cannot be found out: {name} must be {needed}, and "
        f"{command} is refused ({why}). Allow it, see docs/fleet.md; or, where you know that it "
        "has maxmemory-policy noeviction, appendonly yes and appendfsync always, say verify=False"
    )


async def _info(client: JournalClient, section: str) -> dict[str, str]:
    reply = await client.execute("INFO", section)
    if isinstance(reply, str | bytes):
        lines = (as_text(reply) or "").splitlines()
        pairs = [line.partition(":") for line in lines if not line.startswith("#")]
        return {name: value for name, _, value in pairs}
    return as_texts(reply)
