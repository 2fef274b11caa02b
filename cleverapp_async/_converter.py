"""The project's cattrs converters: how JSON becomes models, and models become JSON.

Every module that reads or writes a structure uses these objects and registers its own hooks on
them, never on cattrs' global one, which belongs to the user's program. Hooks for models are built
when a model is first met, so importing this module costs no more than importing cattrs.

Lenient by default where it costs nothing: unknown keys are kept in ``extra``, numbers are taken
for their digits and digits for their numbers. A value of a wrong shape is an error that names its
path; the lenient converter keeps such a value as it came instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from types import UnionType
from typing import Any, TypeVar, cast, get_args

import attrs
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from .models.referral import ReferralCount, Referrer, ReferrerChain

__all__ = ["converter", "make_converter", "structure", "unstructure"]

T = TypeVar("T")


def _moment(value: object, _: object) -> datetime:
    """ISO 8601 with an offset, or with ``Z``; without either it is taken as UTC."""
    moment = datetime.fromisoformat(cast("str", value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(value: object, _: object) -> int:
    """A whole number, or its digits."""
    if type(value) is int:
        return value
    if not isinstance(value, str):
        raise ValueError(f"a whole number was expected, not {value!r}")  # noqa: TRY004 - cattrs' own
    return int(value)


def _text(value: object, _: object) -> str:
    """A text; a number is taken as its digits."""
    if type(value) is str:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a text was expected, not {value!r}")
    return str(value)


def _truth(value: object, _: object) -> bool:
    """A truth value; 0 and 1 are taken for one."""
    if isinstance(value, bool):
        return value
    if value in {0, 1, "0", "1"}:
        return bool(int(cast("str", value)))
    raise ValueError(f"true or false was expected, not {value!r}")


def _decimal(value: object, _: object) -> Decimal:
    """A decimal number, from its text or, as exactly as JSON kept it, from a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a decimal number was expected, not {value!r}")
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"a decimal number was expected, not {value!r}") from None


def _object(value: object, _: object) -> Mapping[str, object]:
    """Whatever object came, as it came."""
    if not isinstance(value, Mapping):
        raise ValueError(f"an object was expected, not {value!r}")  # noqa: TRY004 - cattrs' own
    return cast("Mapping[str, object]", value)


_PLAIN: Mapping[type, Callable[[Any, object], object]] = {
    datetime: _moment,
    int: _whole,
    str: _text,
    bool: _truth,
    Decimal: _decimal,
}


def _keeps_extra(kind: object) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and "extra" in attrs.fields_dict(kind)


def make_converter(*, lenient: bool = False) -> Converter:
    """A converter with the hooks of all models.

    Args:
        lenient: Keep a value of a wrong shape as it came, and None for one that is missing,
            instead of failing. What the models' annotations say is then a hope.
    """
    # Detailed validation: `cattrs.transform_error` needs it to tell a failure by its path.
    made = Converter(detailed_validation=True, forbid_extra_keys=False)
    for kind, hook in _PLAIN.items():
        made.register_structure_hook(kind, _or_raw(hook) if lenient else hook)
    made.register_structure_hook_func(lambda kind: kind == Mapping[str, object], _object)
    made.register_structure_hook_factory(_keeps_extra, _ModelReader.factory(made, lenient=lenient))
    made.register_structure_hook(ReferrerChain, _chain_reader(made))
    made.register_structure_hook(ReferralCount, _count)
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_unstructure_hook(Decimal, str)
    made.register_unstructure_hook_factory(_keeps_extra, lambda kind: _writer(kind, made))
    return made


def _or_raw(hook: Callable[[Any, object], object]) -> Callable[[Any, object], object]:
    def read(value: object, wanted: object) -> object:
        try:
            return hook(value, wanted)
        except (ValueError, TypeError, OverflowError):
            return value

    return read


class _ModelReader:
    """Reads a model that keeps in ``extra`` what it does not know.

    An answer of the documented shape takes a short way: one look at the names and types of all
    its values at once. Whatever is unusual takes cattrs' way, which tells errors by their path.
    """

    def __init__(self, kind: type[attrs.AttrsInstance], converter: Converter, *, lenient: bool):
        attrs.resolve_types(kind)
        self._kind = kind
        self._types = {field.name: field.type for field in attrs.fields(kind)}
        self._types.pop("extra")
        self._converter = converter
        self._careful = make_dict_structure_fn(kind, converter)
        self._lenient = lenient
        self._usual: set[tuple[str, type]] = set()
        self._seen: set[tuple[object, ...]] = set()
        self._required = {
            field.name for field in attrs.fields(kind) if field.default is attrs.NOTHING
        }
        self._defaults = dict.fromkeys(self._types)
        self._factories: list[tuple[str, Callable[[], object]]] = []
        for field in attrs.fields(kind):
            if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
                if field.name != "extra":
                    self._factories.append((field.name, field.default.factory))
            elif field.default is not attrs.NOTHING:
                self._defaults[field.name] = field.default
        self._rich: list[tuple[str, Any]] = []
        self._hooks: dict[str, Callable[[object, Any], object]] = {}
        for name, wanted in self._types.items():
            plain = _plain_types(wanted)
            self._usual.update((name, held) for held in plain or _JSON)
            if not plain:
                self._rich.append((name, _without_none(wanted)))

    @classmethod
    def factory(cls, converter: Converter, *, lenient: bool) -> Callable[[Any], Any]:
        return lambda kind: cls(kind, converter, lenient=lenient)

    def __call__(self, value: object, wanted: type[attrs.AttrsInstance]) -> object:
        if type(value) is dict and self._is_usual(value):
            try:
                return self._read(value)
            except Exception:  # noqa: BLE001, S110 - the careful way tells what was wrong
                pass
        return self._read_carefully(value, wanted)

    def _is_usual(self, value: dict[str, object]) -> bool:
        """Whether all names are known and all values of the types they should have."""
        signature = (*value, *map(type, value.values()))
        if signature in self._seen:
            return True
        usual = self._required <= value.keys() and self._usual.issuperset(
            zip(value, map(type, value.values()), strict=True)
        )
        if usual and len(self._seen) < _SIGNATURES:
            self._seen.add(signature)
        return usual

    def _read(self, value: dict[str, Any]) -> object:
        # What was just checked needs no __init__: answer models have neither validators nor slots.
        model = object.__new__(self._kind)
        read = model.__dict__
        read.update(self._defaults)
        read.update(value)
        read["extra"] = {}
        for name, make in self._factories:
            if name not in value:
                read[name] = make()
        for name, kind in self._rich:
            held = read[name]
            if held is not None:
                hook = self._hooks.get(name) or self._hook(name, kind)
                read[name] = hook(held, kind)
        return model

    def _hook(self, name: str, kind: Any) -> Callable[[object, Any], object]:
        # Looked up at the first value: a model may hold others of its own kind.
        hook = self._hooks[name] = self._converter.get_structure_hook(kind)
        return hook

    def _read_carefully(self, value: object, wanted: type[attrs.AttrsInstance]) -> object:
        if self._lenient and not isinstance(value, Mapping):
            return value
        own: dict[str, object] = {}
        extra: dict[str, object] = {}
        for name, held in _object(value, wanted).items():
            (own if name in self._types else extra)[name] = held
        if not self._lenient:
            return self._careful({**own, "extra": extra}, wanted)
        read: dict[str, object] = {}
        for name, kind in self._types.items():
            try:
                read[name] = self._converter.structure(own.get(name), kind)
            except Exception:  # noqa: BLE001 - lenient: whatever it is stays as it came
                read[name] = own.get(name)
        return self._kind(**{**read, "extra": extra})


_SIGNATURES = 256
_JSON = (str, int, float, bool, dict, list, type(None))
_AS_THEY_ARE = (str, int, bool, type(None))


def _plain_types(wanted: object) -> tuple[type, ...]:
    """The types of JSON values that need no reading; none where some value needs it."""
    kinds = get_args(wanted) or (wanted,)
    return cast("tuple[type, ...]", kinds) if set(kinds) <= set(_AS_THEY_ARE) else ()


def _without_none(wanted: object) -> object:
    kinds = [kind for kind in get_args(wanted) if kind is not type(None)]
    return kinds[0] if isinstance(wanted, UnionType) and len(kinds) == 1 else wanted


def _chain_reader(converter: Converter) -> Callable[[Any, object], ReferrerChain]:
    """GetReferrers answers a tree, or with ``is_flat`` a list."""

    def read(value: object, _: object) -> ReferrerChain:
        if isinstance(value, list):
            return ReferrerChain(None, converter.structure(value, tuple[Referrer, ...]))
        tree = converter.structure(value, Referrer)
        chain = [tree]
        while (above := chain[-1].referrer) is not None:
            chain.append(above)
        return ReferrerChain(tree, tuple(chain))

    return read


def _count(value: object, _: object) -> ReferralCount:
    """A bare number, or an object with ``count``: the documentation shows neither."""
    held = value["count"] if isinstance(value, Mapping) and "count" in value else value
    return ReferralCount(_whole(held, int))


def _writer(kind: type[attrs.AttrsInstance], made: Converter) -> Callable[[Any], dict[str, object]]:
    """Models are written as the API writes them: unknown keys beside the known ones."""
    write = make_dict_unstructure_fn(kind, made, _cattrs_omit_if_default=True)

    def hook(model: Any) -> dict[str, object]:
        written = write(model)
        written.pop("extra", None)
        return {**written, **model.extra}

    return hook


converter = make_converter()


def structure(content: object, wanted: type[T], using: Converter = converter) -> T:
    """Read decoded JSON as a model.

    Raises:
        ValueError: It does not fit; the text names each place as a path (``$[3].created_at``).
    """
    try:
        return using.structure(content, wanted)
    except Exception as error:  # noqa: BLE001 - cattrs passes on whatever a hook raised
        told = "; ".join(transform_error(error, path="$"))
    raise ValueError(told)


def unstructure(model: object) -> object:
    """A model as the JSON it was read from: unknown keys included, absent ones left out."""
    written: object = converter.unstructure(model)
    return written
