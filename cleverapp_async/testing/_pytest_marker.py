"""What ``@pytest.mark.cleverapp(…)`` says of a test: the arguments of its simulator, checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import UnionType
from typing import Any, Final, Literal, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

import pytest
from attrs import frozen

from .simulator_thread import SimulatorSettings

__all__ = ["MARKER", "MarkedSettings", "WrongMarkerError", "settings_of"]

MARKER: Final = "cleverapp"

_EXAMPLES: Final[Mapping[str, str]] = {
    "faults": "[Fault.reset_after(on=1)]",
    "latency": "Latency.constant(0.05)",
    "limits": "SimulatorLimits().scaled(100)",
}

_UNIONS: Final = (Union, UnionType)

_Hint: TypeAlias = object


class WrongMarkerError(Exception):
    """A marker that cannot work; the text names the test and the argument."""


@frozen
class MarkedSettings:
    """What the markers of a test say together.

    Args:
        simulator: The arguments of the test's simulator.
        assert_clean: Whether the referee must be clean and every fault met at the end.
    """

    simulator: SimulatorSettings
    assert_clean: bool


def settings_of(test: pytest.Item) -> MarkedSettings:
    """Read the markers of a test; of several the closest to the test decides, for each argument.

    Raises:
        WrongMarkerError: An argument is unknown, or its value is of a wrong type.
    """
    hints: dict[str, _Hint] = {**get_type_hints(SimulatorSettings), "assert_clean": bool}
    given: dict[str, Any] = {}
    for marker in test.iter_markers(MARKER):
        if marker.args:
            raise wrong_marker(test, f"arguments are given by name, not {marker.args[0]!r} alone")
        for name, value in marker.kwargs.items():
            if name not in hints:
                known = ", ".join(sorted(hints))
                raise wrong_marker(test, f"there is no argument {name}: known are {known}")
            if not _fits(value, hints[name]):
                wanted = _name_of(hints[name])
                if name in _EXAMPLES:
                    wanted += f", such as {_EXAMPLES[name]}"
                raise wrong_marker(test, f"{name} must be {wanted}, not {value!r}")
            given.setdefault(name, value)
    clean = given.pop("assert_clean", True)
    return MarkedSettings(cast("SimulatorSettings", given), clean)


def wrong_marker(test: pytest.Item, what: str) -> WrongMarkerError:
    """Make the error for the marker of a test.

    Args:
        test: The test.
        what: The argument, and what is wrong with it.
    """
    return WrongMarkerError(f"{test.nodeid}: @pytest.mark.{MARKER}: {what}")


def _fits(value: object, hint: _Hint) -> bool:
    """Whether a value has a type; of the types that ``SimulatorSettings`` names."""
    origin, arguments = _parts(hint)
    if origin is Literal:
        return value in arguments
    if origin in _UNIONS:
        return any(_fits(value, one) for one in arguments)
    if origin is Iterable:
        # Not an iterator: several tests have the same marker, and it would be empty for the second.
        if not isinstance(value, Collection) or isinstance(value, str):
            return False
        return all(_fits(one, arguments[0]) for one in cast("Collection[object]", value))
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, origin)


def _name_of(hint: _Hint) -> str:
    """A type as an error names it."""
    origin, arguments = _parts(hint)
    if origin is Literal:
        return " or ".join(repr(one) for one in arguments)
    if origin in _UNIONS:
        return " or ".join(_name_of(one) for one in arguments)
    if origin is Iterable:
        return f"a list of which each is {_name_of(arguments[0])}"
    return "None" if origin is type(None) else f"a {origin.__name__}"


def _parts(hint: _Hint) -> tuple[Any, tuple[Any, ...]]:
    """What a type is made of: the class, and what it is of."""
    return get_origin(hint) or hint, get_args(hint)
