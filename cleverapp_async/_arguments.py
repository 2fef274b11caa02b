"""Checks of what callers pass: one error of ours that names the argument and says the remedy.

Each check is given the kind of error to raise, as a value of the wrong kind is an
``InvalidRequestError`` in a call and a ``ConfigurationError`` in a setting. With them stands where
in the user's own code something of ours was called, for warnings that point there.
"""

from __future__ import annotations

import math
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeGuard, cast

from ._values import kind_of
from .errors import CleverAppError, ConfigurationError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType, UnionType

__all__ = [
    "LONGEST",
    "Place",
    "Refusal",
    "check_callable",
    "check_choice",
    "check_flag",
    "check_flags",
    "check_instance",
    "check_path",
    "check_seconds",
    "check_whole",
    "faults_by_variable",
    "is_number",
    "place_of_caller",
    "said_by",
    "text_of",
    "told_of",
    "warn_at",
    "warn_caller",
    "wrong_argument",
    "wrong_setting",
]

Refusal: TypeAlias = Callable[[str, str, object], CleverAppError]
"""Makes the error for an argument: its name, what it must be, and what was given."""

_LARGEST_SHOWN = 10**15

LONGEST = 1e10
"""Seconds of the longest duration: some 300 years.

Whatever a duration is used for can work with it: a timer of asyncio, the milliseconds of Redis, a
date that is shown. Infinity cannot; what is to have no end is None, where that makes sense.
"""


def wrong_argument(name: str, wanted: str, value: object) -> InvalidRequestError:
    """The error for an argument of a call.

    Args:
        name: The argument.
        wanted: What it must be.
        value: What was given; no recipient or text in it is shown.
    """
    return InvalidRequestError(f"{name} must be {wanted}, not {_shown(value)}", fields=(name,))


def wrong_setting(name: str, wanted: str, value: object) -> ConfigurationError:
    """The error for a setting; see :func:`wrong_argument`."""
    return ConfigurationError(f"{name} must be {wanted}, not {_shown(value)}")


def check_seconds(
    name: str,
    value: object,
    refuse: Refusal,
    *,
    zero: bool = False,
    longest: float = LONGEST,
    endless: str = "",
) -> float:
    """Return the value, which must be a number of seconds above 0, up to the longest duration.

    Args:
        name: The argument.
        value: What was given.
        refuse: Makes the error.
        zero: Whether 0 is allowed as well.
        longest: The largest value that is allowed.
        endless: What to give for no bound at all, in words; empty where a bound is needed.

    Raises:
        CleverAppError: It is not one; for a ``timedelta`` the error says how to make one of it.
    """
    wanted = "a number of seconds, 0 or more" if zero else "more than 0 seconds, as a number"
    if isinstance(value, timedelta):
        raise refuse(name, f"{wanted} (give {name}.total_seconds())", value)
    if not is_number(value) or value < 0 or (value == 0 and not zero):
        raise refuse(name, wanted, value)
    if value > longest:
        wanted = f"{wanted}, and at most {longest:g}"
        raise refuse(name, f"{wanted} ({endless})" if endless else wanted, value)
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number that can be reckoned with: no truth value, no NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return not math.isnan(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def check_whole(name: str, value: object, refuse: Refusal, *, least: int = 1) -> int:
    """Return the value, which must be a whole number from ``least`` up.

    Raises:
        CleverAppError: It is not one.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise refuse(name, f"{least} or more, as a whole number", value)
    return value


def check_flag(name: str, value: object, refuse: Refusal) -> bool:
    """Return the value, which must be True or False.

    Raises:
        CleverAppError: It is neither.
    """
    if not isinstance(value, bool):
        raise refuse(name, "True or False", value)
    return value


def check_flags(refuse: Refusal, **flags: object) -> None:
    """Make sure that each of these arguments is True or False.

    Raises:
        CleverAppError: One of them is neither.
    """
    for name, value in flags.items():
        check_flag(name, value, refuse)


def check_choice(name: str, value: object, choices: Sequence[str], refuse: Refusal) -> str:
    """Return the value, which must be one of some words.

    Raises:
        CleverAppError: It is not one of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise refuse(name, f"one of {', '.join(choices)}", value)
    return value


def check_instance(
    name: str, value: object, kind: type | UnionType, wanted: str, refuse: Refusal
) -> None:
    """Make sure that a value is an object of a class, and not the class itself.

    Args:
        name: The argument.
        value: What was given.
        kind: The class, or several of which one will do.
        wanted: What it must be, with an example.
        refuse: Makes the error.

    Raises:
        CleverAppError: It is not one.
    """
    if isinstance(value, type) or not isinstance(value, kind):
        raise refuse(name, wanted, value)


def check_path(name: str, value: object, refuse: Refusal) -> str:
    """Return the path of a file as a string; the file itself is not looked at.

    Raises:
        CleverAppError: It is not a path.
    """
    wanted = "the path of a file, such as 'run.db'"
    try:
        path = cast("object", os.fspath(cast("str", value)))
    except TypeError:
        raise refuse(name, wanted, value) from None
    if not isinstance(path, str):
        raise refuse(name, f"{wanted}, as text", value)
    if not path:
        raise refuse(name, wanted, path)
    return path


def check_callable(name: str, value: object, wanted: str, refuse: Refusal) -> None:
    """Make sure that a value can be called.

    Raises:
        CleverAppError: It cannot.
    """
    if not callable(value):
        raise refuse(name, wanted, value)


def _shown(value: object) -> str:
    """A plain number as it is, as it stands for nobody; of all else only what it is."""
    if type(value) is float:
        return repr(value)
    if type(value) is int and abs(value) < _LARGEST_SHOWN:
        return repr(value)
    return kind_of(value)


_OURS = __name__.partition(".")[0]


class Place(NamedTuple):
    """A line of somebody's code."""

    file: str
    line: int


def place_of_caller() -> Place:
    """The line outside of this package that called into it; the outermost where there is none."""
    frame = _frame_of_caller()
    return Place(frame.f_code.co_filename, frame.f_lineno)


def warn_caller(told: str, kind: type[Warning]) -> None:
    """Warn of a line outside of this package, as ``warnings.warn`` does: once for each line.

    Args:
        told: The warning.
        kind: Its class.
    """
    frame = _frame_of_caller()
    warnings.warn_explicit(
        told,
        kind,
        frame.f_code.co_filename,
        frame.f_lineno,
        # Python's own registry of the caller's module, by which it warns once for each line.
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def warn_at(place: Place, told: str, kind: type[Warning]) -> None:
    """Warn of something that was made in a place, and is being collected.

    Args:
        place: Where it was made.
        told: The warning.
        kind: Its class.
    """
    # At the end of the interpreter modules are gone that a warning needs.
    if not sys.is_finalizing():
        warnings.warn_explicit(told, kind, place.file, place.line)


def _frame_of_caller() -> FrameType:
    frame = sys._getframe(2)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - documented, and quick
    # Counting frames would be wrong as soon as one more function of ours stands between.
    while _is_ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _OURS


def told_of(error: BaseException) -> str:
    """An error by its type and place, because its text may hold the message unless it is ours."""
    if isinstance(error, CleverAppError):
        return str(error)
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return kind
    # The innermost frame; neither the text of the error nor a line of source is shown.
    place = frames[-1]
    return f"{kind} in {place.name} ({os.path.basename(place.filename)}:{place.lineno})"  # noqa: PTH119 - pathlib is slow to import


def text_of(error: BaseException) -> str:
    """What an exception says; nothing where it fails at that, too."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception of the caller's own may do anything
        return ""


def said_by(error: BaseException) -> str:
    """An exception by its type and its text."""
    return f"{type(error).__name__}: {text_of(error)}".strip(": ")


@contextmanager
def faults_by_variable(variables: Mapping[str, str]) -> Generator[None]:
    """Tell a fault in a setting by the environment variable that the setting comes from.

    Args:
        variables: Their names, by the settings that the errors begin with.

    Raises:
        ConfigurationError: The same, with the variable's name in place of the setting's.
    """
    try:
        yield
    except ConfigurationError as error:
        setting, _, told = str(error).partition(" ")
        if setting not in variables:
            raise
        raise ConfigurationError(f"{variables[setting]} {told}") from None
