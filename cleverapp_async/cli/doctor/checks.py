"""What a check finds, and the checks that need no network: the installation and the settings."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import frozen
from rich.text import Text

from ..._terminal import printable
from ...config import DEFAULT_BASE_URL, Brand, check_base_url
from ...errors import ConfigurationError
from ..console import make_console
from ..errors import CommandError
from ..token import TOKEN_VARIABLE, read_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..shared_options import Connection


__all__ = [
    "Finding",
    "Level",
    "Settings",
    "check_address",
    "check_packages",
    "check_python",
    "check_token",
    "fail",
    "fine",
    "warn",
]

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


@frozen
class Settings:
    """A setting, and what was found.

    Attributes:
        value: It, where it can work.
        finding: What was found.
    """

    value: str | None
    finding: Finding

    def __repr__(self) -> str:
        """What was found alone: the value may be the token."""
        return f"<Settings {self.finding}>"


def check_token(token_file: str | None) -> Settings:
    """Where the token comes from, and how long it is.

    Args:
        token_file: What ``--token-file`` says.
    """
    try:
        token = read_token(token_file)
    except CommandError as error:
        told, _, remedy = error.message.partition(". ")
        remedy = remedy or "Write the token alone into a file that you can read."
        return Settings(None, fail("token", told.rstrip("."), remedy))
    source = TOKEN_VARIABLE if token_file is None else f"--token-file {token_file}"
    if not token.isascii() or not token.isprintable() or " " in token:
        told = f"{source} holds characters that no token has"
        return Settings(None, fail("token", told, "Copy the token alone, from the settings."))
    return Settings(token, fine("token", f"{len(token)} characters, from {source}"))


def check_address(connection: Connection, source: str) -> Settings:
    """Where the API lives.

    Args:
        connection: What the options say.
        source: Where the base URL comes from, in words.
    """
    try:
        url = check_base_url(connection.base_url or DEFAULT_BASE_URL)
    except ConfigurationError as error:
        remedy = "Correct CLEVERAPP_BASE_URL or --base-url."
        return Settings(None, fail("base URL", f"{error}", remedy))
    brand = next((f", {one.name}" for one in Brand if one.base_url == url), "")
    return Settings(url, fine("base URL", f"{url} ({source}{brand})"))


_PACKAGE = "cleverapp-async"
_OLDEST = (3, 11)
_FLOOR = re.compile(r"([A-Za-z0-9_.-]+)\s*>=\s*([0-9.]+)")
_NUMBERS = re.compile(r"\d+")
_OTHER_EXTRA = re.compile(r"""extra\s*==\s*["'](?!cli["'])""")


def check_python(running: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether this Python is new enough.

    Args:
        running: Its version.
    """
    told = ".".join(map(str, running))
    if running < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        return fail("Python", told, f"Install Python {wanted} or newer.")
    return fine("Python", f"{told} ({platform.system()} {platform.machine()})")


def check_packages(
    needs: Callable[[str], Iterable[str] | None] = requires,
    installed: Callable[[str], str] = version,
) -> Finding:
    """Whether the packages that this one needs are there and new enough.

    Those of an extra beside `cli` may be missing.

    Args:
        needs: Gives what a package requires.
        installed: Gives the version of an installed package.
    """
    try:
        told = [f"{_PACKAGE} {installed(_PACKAGE)}"]
        wanted = list(needs(_PACKAGE) or ())
    except PackageNotFoundError:
        remedy = "Install it: pip install '.[cli]' in the clone."
        return warn("packages", f"{_PACKAGE} runs without being installed", remedy)
    bad: dict[str, str] = {}
    for requirement in wanted:
        match = _FLOOR.match(requirement)
        if match is None:
            continue
        name, floor = match.groups()
        try:
            found = installed(name)
        except PackageNotFoundError:
            if not _OTHER_EXTRA.search(requirement):
                bad[name] = "is missing"
            continue
        told.append(f"{name} {found}")
        if _numbers(found) < _numbers(floor):
            bad[name] = f"{found} is older than {floor}"
    if bad:
        remedy = f"Install them anew: pip install --upgrade {' '.join(bad)}."
        return fail("packages", ", ".join(map(" ".join, bad.items())), remedy)
    return fine("packages", ", ".join(told))


def _numbers(told: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBERS.findall(told)[:3])
