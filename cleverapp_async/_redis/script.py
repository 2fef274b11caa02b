"""Lua scripts: what must happen all at once in Redis, or not at all."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.resources import files

from attrs import define

__all__ = ["Script"]


@define(slots=False, frozen=True)
class Script:
    """A script that is made of files of a package, read when it is first run.

    Attributes:
        package: The package's whole name.
        parts: The files' names, in order.
    """

    package: str
    parts: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """The source."""
        folder = files(self.package)
        return "\n".join((folder / part).read_text(encoding="utf-8") for part in self.parts)

    @cached_property
    def digest(self) -> str:
        """What Redis knows it by."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
