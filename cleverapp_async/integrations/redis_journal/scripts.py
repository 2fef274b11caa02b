"""The Lua scripts: what must happen all at once, or not at all."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.resources import files

from attrs import define

__all__ = ["ACQUIRE", "CHANGE", "FINISH", "LOAD_CHUNK", "ORPHANS", "RELEASE", "RENEW", "Script"]


@define(slots=False, frozen=True)
class Script:
    """A script made of files beside this one.

    Attributes:
        parts: Their names, in order.
    """

    parts: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """The source."""
        folder = files(__package__ or "") / "lua"
        return "\n".join(
            (folder / f"{name}.lua").read_text(encoding="utf-8") for name in self.parts
        )

    @cached_property
    def digest(self) -> str:
        """What Redis knows it by."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


ACQUIRE = Script(("acquire",))
RENEW = Script(("renew",))
RELEASE = Script(("release",))
LOAD_CHUNK = Script(("load",))
FINISH = Script(("finish",))
ORPHANS = Script(("fates", "orphans"))
CHANGE = Script(("fates", "change"))
