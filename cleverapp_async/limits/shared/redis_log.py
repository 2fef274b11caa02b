"""The logs of all keys in Redis or Valkey: one script reads and writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ..._redis.client import RedisCallError, RedisClient, Script
from .keys import key_names
from .log import LogCallError, LogFault
from .messages import LogReply

if TYPE_CHECKING:
    from ..._redis.faults import Fault
    from ..quota import AccountKey, LimitKey
    from .messages import LogRequest, Terms

__all__ = ["RedisLog"]

_EXCHANGE = Script("cleverapp_async.limits.shared", ("exchange.lua",))


@frozen
class RedisLog:
    """A :class:`SharedLog` in Redis.

    Attributes:
        client: The client of Redis.
        prefix: What every key of Redis begins with.
    """

    client: RedisClient
    prefix: str

    @property
    def name(self) -> str:
        """What it is, as the beginning of a sentence."""
        return "the Redis of the shared limits"

    @property
    def calls(self) -> int:
        """How many times Redis was asked so far."""
        return self.client.calls

    async def exchange(
        self, key: LimitKey | AccountKey, terms: Terms, request: LogRequest
    ) -> LogReply | None:
        """Run the script; see :meth:`SharedLog.exchange`.

        Raises:
            LogCallError: It did not answer, or not in time.
            ValueError: What it answered is no reply.
            TypeError: The same.
        """
        names = key_names(self.prefix, key, terms.windows)
        answer = self.client.run(_EXCHANGE, names, *request.arguments(terms))
        try:
            raw = await self.client.guarded(answer)
        except RedisCallError as error:
            fault = _as_log_fault(error.fault)
        else:
            return LogReply.read(raw)
        raise LogCallError(fault)

    def fault_of(self, error: BaseException) -> LogFault:
        """What an exception of the client means."""
        return _as_log_fault(self.client.fault_of(error))

    async def close(self) -> None:
        """Disconnect."""
        await self.client.close()


def _as_log_fault(fault: Fault) -> LogFault:
    return LogFault(fault.sentence, fault.remedy is not None, fault.stale)
