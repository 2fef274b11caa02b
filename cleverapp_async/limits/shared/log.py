"""Where the logs of all keys are kept, and how a call to them may fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from ..quota import AccountKey, LimitKey
    from .messages import LogReply, LogRequest, Terms

__all__ = ["LogCallError", "LogFault", "SharedLog"]


@frozen
class LogFault:
    """Why a call failed.

    Attributes:
        sentence: The end of a sentence that begins with what keeps the logs.
        lasting: Whether waiting does not help.
        stale: Whether the cause may be only a connection that died since it was last used.
    """

    sentence: str
    lasting: bool
    stale: bool = False


class LogCallError(Exception):
    """A call that failed, or may have failed.

    Attributes:
        fault: Why, and whether waiting may mend it.
    """

    def __init__(self, fault: LogFault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


class SharedLog(Protocol):
    """Keeps the log of each key, for all processes."""

    @property
    def name(self) -> str:
        """What it is, as the beginning of a sentence."""
        ...

    @property
    def calls(self) -> int:
        """How many times it was asked so far."""
        ...

    async def exchange(
        self, key: LimitKey | AccountKey, terms: Terms, request: LogRequest
    ) -> LogReply | None:
        """Tell the log of one key what has happened, and ask it for slots.

        Returns:
            What it replies; None where a later request of the process has been here before.

        Raises:
            LogCallError: It did not answer, or not in time.
        """
        ...

    def fault_of(self, error: BaseException) -> LogFault:
        """What an exception means that came out of a call."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...
