"""The project's cattrs converters: how JSON becomes models, and models become JSON.

Every module that reads or writes a structure uses these objects and registers its own hooks on
them, never on cattrs' global one, which belongs to the user's program. Hooks for models are built
when a model is first met, so importing this module costs no more than importing cattrs.

Lenient by default where it costs nothing: unknown keys are kept in ``extra``, numbers are taken
for their digits and digits for their numbers, PHP's empty list for an empty object and its object
of numbers for a list, and what holds nothing in a field that may be absent for its absence. A value
of a wrong shape is an error that names its path; the lenient converter keeps such a value as it
came instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import Converter, IterableValidationError, IterableValidationNote, transform_error
from cattrs.gen import make_dict_unstructure_fn, override

from . import models
from ._model_reader import ModelReader
from ._values import (
    holds_nothing,
    is_list,
    read_decimal,
    read_items,
    read_map,
    read_moment,
    read_object,
    read_text,
    read_truth,
    read_whole,
)

__all__ = ["converter", "lenient_converter", "make_converter", "structure", "unstructure"]

T = TypeVar("T")

_Failures = cast("Any", IterableValidationError)  # checkers read the signature of its base

_PLAIN: Mapping[type, Callable[[Any, object], object]] = {
    datetime: read_moment,
    int: read_whole,
    str: read_text,
    bool: read_truth,
    Decimal: read_decimal,
}


def _keeps_extra(kind: object) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and "extra" in attrs.fields_dict(kind)


def make_converter(*, lenient: bool = False) -> Converter:
    """A converter with the hooks of all models.

    Args:
        lenient: Keep a value of a wrong shape as it came, and None for one that is missing,
            instead of failing. The types in the models' annotations are then not guaranteed.
    """
    # Detailed validation: `cattrs.transform_error` needs it to tell a failure by its path.
    made = Converter(detailed_validation=True, forbid_extra_keys=False)

    def reader(kind: type[attrs.AttrsInstance]) -> ModelReader:
        return ModelReader(kind, made, lenient=lenient)

    for kind, hook in _PLAIN.items():
        made.register_structure_hook(kind, _or_raw(hook) if lenient else hook)

    def tuple_reader(kind: object) -> Callable[[object, object], object]:
        return _tuple_reader(kind, made)

    def mapping_reader(kind: object) -> Callable[[object, object], object]:
        return _mapping_reader(kind, made)

    # Of hooks that are found by a predicate cattrs asks the one registered last first: so that for
    # plain objects must come after that for mappings in general. Hooks of a class itself, as those
    # above, are asked before all of these, and cattrs' own after them.
    made.register_structure_hook_factory(_is_tuple, tuple_reader)
    made.register_structure_hook_factory(_is_mapping, mapping_reader)
    made.register_structure_hook_func(_is_object, read_map)
    made.register_structure_hook_factory(_keeps_extra, reader)
    made.register_structure_hook_func(_is_named("ReferrerChain"), _chain_reader(made))
    made.register_structure_hook_func(_is_named("ReferralCount"), _count)
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_unstructure_hook(Decimal, str)

    def writer(kind: type[attrs.AttrsInstance]) -> Callable[[Any], dict[str, object]]:
        return _writer(kind, made)

    made.register_unstructure_hook_factory(_keeps_extra, writer)
    return made


def _is_named(name: str) -> Callable[[object], bool]:
    """Whether it is this model of accounts: to hold it against the class would import that."""
    place = f"{models.__name__}.account"
    return lambda kind: (
        isinstance(kind, type) and kind.__name__ == name and kind.__module__ == place
    )


def _is_object(kind: object) -> bool:
    return kind == Mapping[str, object]


def _is_tuple(kind: object) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: object) -> bool:
    return get_origin(kind) is Mapping


def _tuple_reader(kind: object, converter: Converter) -> Callable[[object, object], object]:
    """Lists become tuples; cattrs' own hook would take a text for a list of its characters."""
    each = _Each(kind, get_args(kind)[0], converter)

    def read(value: object, _: object) -> tuple[object, ...]:
        return tuple(each(read_items(value)))

    return read


def _mapping_reader(kind: object, converter: Converter) -> Callable[[object, object], object]:
    """Objects by the user's own names become dicts; cattrs' own hook would refuse a list."""
    each = _Each(kind, get_args(kind)[1], converter)

    def read(value: object, wanted: object) -> dict[str, object]:
        members = read_map(value, wanted)
        return dict(zip(members, each(members.items()), strict=True))

    return read


class _Each:
    """Reads what a list or an object holds; failures are told all together, each by its place."""

    def __init__(self, kind: object, inner: Any, converter: Converter) -> None:  # noqa: ANN401 - an annotation
        self._kind, self._inner, self._converter = kind, inner, converter
        self._hook: Callable[[object, object], object] | None = None

    def __call__(self, places: Iterable[tuple[int | str, object]]) -> list[object]:
        # Looked up at the first value: a model may hold others of its own kind.
        hook = self._hook or self._converter.get_structure_hook(self._inner)
        self._hook, inner = hook, self._inner
        read, failed = list[object](), list[Exception]()
        for place, held in places:
            try:
                read.append(hook(held, inner))
            except Exception as error:  # noqa: BLE001 - cattrs passes on whatever a hook raised
                note = f"Structuring {self._kind} @ index {place}"
                error.add_note(IterableValidationNote(note, place, inner))
                failed.append(error)
        if failed:
            raise _Failures(f"While structuring {self._kind}", failed, self._kind)
        return read


def _or_raw(hook: Callable[[Any, object], object]) -> Callable[[Any, object], object]:
    def read(value: object, wanted: object) -> object:
        try:
            return hook(value, wanted)
        except (ValueError, TypeError, OverflowError):
            if value is not None and holds_nothing(value):
                raise  # for the model to leave it out, where it may
            return value

    return read


def _chain_reader(converter: Converter) -> Callable[[Any, object], models.ReferrerChain]:
    """GetReferrers answers a tree, or with ``is_flat`` a list."""

    def read(value: object, _: object) -> models.ReferrerChain:
        if is_list(value):
            levels = converter.structure(value, tuple[models.Referrer, ...])
            return models.ReferrerChain(None, levels)
        tree = converter.structure(value, models.Referrer)
        chain = [tree]
        while (above := chain[-1].referrer) is not None:
            chain.append(above)
        return models.ReferrerChain(tree, tuple(chain))

    return read


def _count(value: object, kind: type[Any]) -> object:
    """A bare number, or an object with ``count``: the documentation shows neither."""
    told = read_object(cast("object", value)).get("count") if isinstance(value, Mapping) else value
    return kind(read_whole(told, int))


def _writer(kind: type[attrs.AttrsInstance], made: Converter) -> Callable[[Any], dict[str, object]]:
    """Models are written as the API writes them: unknown keys beside the known ones."""
    left_out = {
        field.name: override(omit_if_default=True)
        for field in attrs.fields(kind)
        if field.default is None
    }
    write = make_dict_unstructure_fn(kind, made, **cast("dict[str, Any]", left_out))

    def hook(model: Any) -> dict[str, object]:  # noqa: ANN401 - any model with `extra`
        written = write(model)
        written.pop("extra", None)
        return {**written, **model.extra}

    return hook


converter = make_converter()


@cache
def lenient_converter() -> Converter:
    """The converter that keeps what does not fit; made when it is first asked for."""
    return make_converter(lenient=True)


def structure(
    content: object, wanted: type[T], using: Converter = converter, *, path: str = "$"
) -> T:
    """Read decoded JSON as a model.

    Args:
        content: What to read.
        wanted: The model.
        using: Reads it.
        path: Where the content stands, for the text of an error.

    Raises:
        ValueError: It does not fit; the text names each place as a path (``$[3].created_at``).
    """
    try:
        return using.structure(content, wanted)
    except Exception as error:  # noqa: BLE001 - cattrs passes on whatever a hook raised
        told = "; ".join(transform_error(error, path=path))
    raise ValueError(told)


def unstructure(model: object) -> object:
    """A model as the JSON it was read from: unknown keys included, absent ones left out."""
    written: object = converter.unstructure(model)
    return written
