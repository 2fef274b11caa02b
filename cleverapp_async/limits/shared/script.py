"""Lua scripts, run by their digest; the text goes along only where the server has it not."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol, Self

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

__all__ = ["Commands", "Script"]


class Commands(Protocol):
    """What is needed of a client of redis-py, single or of a cluster."""

    def execute_command(self, *args: str | int) -> Awaitable[object]:
        """Send one command; its answer."""
        ...


@frozen
class Script:
    """A script.

    Attributes:
        text: What the server runs.
        digest: By which it is called.
    """

    text: str
    digest: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Name it as Redis does."""
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "digest", digest)

    @classmethod
    def load(cls, name: str) -> Self:
        """The script in a file of this package."""
        return cls(
            files("cleverapp_async.limits.shared").joinpath(name).read_text(encoding="utf-8")
        )

    async def run(
        self, commands: Commands, keys: Sequence[str], arguments: Sequence[str | int]
    ) -> object:
        """Run it: one round trip, two where the server does not know the script.

        Raises:
            redis.exceptions.RedisError: The server cannot be reached, or refuses.
        """
        from redis.exceptions import NoScriptError  # noqa: PLC0415 - the extra `redis`

        given = (len(keys), *keys, *arguments)
        try:
            return await commands.execute_command("EVALSHA", self.digest, *given)
        except NoScriptError:
            pass
        return await commands.execute_command("EVAL", self.text, *given)
