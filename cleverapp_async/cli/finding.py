"""What one check of ``cleverapp doctor`` found."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen
from rich.text import Text

from .._terminal import printable
from .console import make_console

__all__ = ["Finding", "Level", "fail", "fine", "warn"]

Level: TypeAlias = Literal["ok", "warn", "FAIL"]

_COLOURS: dict[Level, str] = {"ok": "green", "warn": "yellow", "FAIL": "red"}
_WIDEST = 13


@frozen
class Finding:
    """One line.

    Attributes:
        level: ``FAIL`` where the package cannot work, ``warn`` where it may go wrong.
        about: What was looked at.
        told: What was found.
        remedy: What to do about it, a sentence; empty where all is well.
    """

    level: Level
    about: str
    told: str
    remedy: str = ""

    def show(self) -> None:
        """Print it, in colour where that can be seen."""
        told = printable(f"{self.told}. {self.remedy}" if self.remedy else self.told)
        line = Text(f"{self.level:<4}  {self.about:<{_WIDEST}}  {told}")
        line.stylize(_COLOURS[self.level], 0, len(self.level))
        make_console(stderr=False).print(line, soft_wrap=True)


def fine(about: str, told: str) -> Finding:
    """All is well."""
    return Finding("ok", about, told)


def warn(about: str, told: str, remedy: str) -> Finding:
    """It may go wrong."""
    return Finding("warn", about, told, remedy)


def fail(about: str, told: str, remedy: str) -> Finding:
    """It cannot work."""
    return Finding("FAIL", about, told, remedy)
