"""The project's one cattrs converter.

Every module that reads or writes a structure uses this object and registers its own
hooks on it, never on cattrs' global one, which belongs to the user's program.
Hooks for attrs classes are built by cattrs when a class is first met, so importing
this module costs no more than importing cattrs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar, cast

import attrs
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn

__all__ = ["converter", "structure"]

T = TypeVar("T")
A = TypeVar("A", bound=attrs.AttrsInstance)

# Detailed validation: `cattrs.transform_error` needs it to tell a failure by its path.
# Unknown keys are let through: the server may add some at any time.
converter = Converter(detailed_validation=True, forbid_extra_keys=False)


def structure(content: object, wanted: type[T]) -> T:
    """Read decoded JSON as a model.

    Raises:
        ValueError: It does not fit; the text names each place as a path (``$.data[3].id``).
    """
    try:
        return converter.structure(content, wanted)
    except Exception as error:  # noqa: BLE001 - cattrs passes on whatever a hook raised
        told = "; ".join(transform_error(error, path="$"))
    raise ValueError(told)


def _moment(value: object, _: type) -> datetime:
    """ISO 8601 with an offset, or with ``Z``; without either it is taken as UTC."""
    if not isinstance(value, str):
        raise ValueError(f"a date was expected, not {value!r}")  # noqa: TRY004 - cattrs' own kind
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(value: object, _: type) -> int:
    """A whole number, or its digits."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(  # noqa: TRY004 - as above
            f"a whole number was expected, not {value!r}"
        )
    return int(value)


def _text(value: object, _: type) -> str:
    """A text; a number is taken as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a text was expected, not {value!r}")  # noqa: TRY004 - as above
    return str(value)


def _object(value: object, _: type) -> Mapping[str, object]:
    """Whatever object came, as it came."""
    if not isinstance(value, Mapping):
        raise ValueError(f"an object was expected, not {value!r}")  # noqa: TRY004 - as above
    return cast("Mapping[str, object]", value)


def _keeps_extra(kind: type) -> bool:
    return attrs.has(kind) and "extra" in attrs.fields_dict(kind)


def _with_extra(kind: type[A]) -> Callable[[object, type[A]], A]:
    """Models with a field ``extra`` keep there what they do not know."""
    known = frozenset(attrs.fields_dict(kind)) - {"extra"}
    read = make_dict_structure_fn(kind, converter)

    def hook(value: object, wanted: type[A]) -> A:
        own: dict[str, object] = {}
        extra: dict[str, object] = {}
        for name, held in _object(value, wanted).items():
            (own if name in known else extra)[name] = held
        return read({**own, "extra": extra}, wanted)

    return hook


converter.register_structure_hook(datetime, _moment)
converter.register_structure_hook(int, _whole)
converter.register_structure_hook(str, _text)
converter.register_structure_hook_func(lambda kind: kind == Mapping[str, object], _object)
converter.register_structure_hook_factory(_keeps_extra, _with_extra)
