"""Whether Python and the packages are what this package needs."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from .finding import fail, fine, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .finding import Finding

__all__ = ["check_packages", "check_python"]

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
    bad: list[str] = []
    for requirement in wanted:
        match = _FLOOR.match(requirement)
        if match is None:
            continue
        name, floor = match.groups()
        try:
            found = installed(name)
        except PackageNotFoundError:
            if not _OTHER_EXTRA.search(requirement):
                bad.append(f"{name} is missing")
            continue
        told.append(f"{name} {found}")
        if _numbers(found) < _numbers(floor):
            bad.append(f"{name} {found} is older than {floor}")
    if bad:
        remedy = f"Install them anew: pip install --upgrade '{_PACKAGE}[cli]'."
        return fail("packages", ", ".join(bad), remedy)
    return fine("packages", ", ".join(told))


def _numbers(told: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBERS.findall(told)[:3])
