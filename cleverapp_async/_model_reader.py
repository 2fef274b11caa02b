"""Reads JSON objects as models, quickly if they look as documented."""

from __future__ import annotations

from contextlib import suppress
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeGuard, cast, get_args

import attrs
from cattrs import AttributeValidationNote, ClassValidationError
from cattrs.gen import make_dict_structure_fn

from ._values import holds_nothing, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cattrs import Converter

__all__ = ["ModelReader"]

_Failures = cast("Any", ClassValidationError)  # checkers read the signature of its base
_SIGNATURES = 256
_AS_THEY_ARE: set[type] = {str, int, bool, type(None)}
_JSON: set[type] = {str, int, float, bool, dict, list}


class ModelReader:
    """Reads a model that keeps in ``extra`` what it does not know.

    An answer of the documented shape takes a short way: one look at the names and types of all
    its values at once. Whatever is unusual takes cattrs' way, which tells errors by their path.

    Args:
        kind: The model's class: without slots, validators and converters.
        converter: Reads the values that are models, dates and the like.
        lenient: Keep what does not fit as it came, instead of failing.
    """

    def __init__(
        self, kind: type[attrs.AttrsInstance], converter: Converter, *, lenient: bool
    ) -> None:
        attrs.resolve_types(kind)
        fields = [field for field in attrs.fields(kind) if field.name != "extra"]
        self._kind = kind
        self._converter = converter
        self._careful = make_dict_structure_fn(kind, converter)
        self._lenient = lenient
        self._types = {field.name: field.type for field in fields}
        self._required = {field.name for field in fields if field.default is attrs.NOTHING}
        self._defaults: dict[str, object] = {}
        self._factories: dict[str, Callable[[], object]] = {}
        self._usual: set[tuple[str, type]] = set()
        self._may_hold_nothing: set[str] = set()
        self._may_be_empty: set[str] = set()
        self._seen: set[tuple[object, ...]] = set()
        self._rich: list[tuple[str, object]] = []
        self._hooks: dict[str, Callable[[object, Any], object]] = {}
        for field in fields:
            self._study(field)

    def __call__(self, value: object, wanted: type[attrs.AttrsInstance]) -> object:
        """Read one object.

        Raises:
            Exception: cattrs' own, which ``transform_error`` tells by path.
        """
        if self._is_usual(value):
            if not self._lenient:
                return self._read(value)
            with suppress(Exception):  # lenient: the slower way keeps what does not fit
                return self._read(value)
        if self._lenient:
            return self._read_leniently(value)
        own, extra = self._split(read_object(value))
        return self._careful({**own, "extra": extra}, wanted)

    def _study(self, field: attrs.Attribute[object]) -> None:
        """Learn what one field's values usually are."""
        name, wanted = field.name, cast("object", field.type)
        union = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
        kinds = cast("set[type]", set(union))
        plain = kinds <= _AS_THEY_ARE
        self._usual.update((name, held) for held in (kinds if plain else _JSON))
        if not plain:
            self._rich.append((name, _without_none(wanted)))
            if type(None) in kinds:
                self._usual.add((name, type(None)))
        default = field.default
        if default is attrs.NOTHING:
            return
        if str not in kinds:
            self._may_hold_nothing.add(name)
        if any(map(_needs_something, kinds)):
            self._may_be_empty.add(name)
        if hasattr(default, "takes_self"):
            self._factories[name] = cast("Any", default).factory
        else:
            self._defaults[name] = default

    def _is_usual(self, value: Any) -> TypeGuard[dict[str, object]]:  # noqa: ANN401 - a cast costs
        """Whether all names are known and all values of the types they should have."""
        if value.__class__ is not dict:
            return False
        known: dict[str, object] = value
        # The names with the types of their values, as one key of a set: answers of one method come
        # in few forms, so nearly always one look tells that the careful way can be left out. The
        # set is bounded, since names and types are the server's to choose.
        known_forms = self._seen
        signature = (*known, *map(type, known.values()))
        if signature in known_forms:
            return True
        usual = self._required <= known.keys() and self._usual.issuperset(
            zip(known, map(type, known.values()), strict=True)
        )
        if usual and len(known_forms) < _SIGNATURES:
            known_forms.add(signature)
        return usual

    def _read(self, value: dict[str, object]) -> object:
        # What was just checked needs no __init__, which costs as much as all the rest.
        model = object.__new__(self._kind)
        read = model.__dict__
        read.update(self._defaults)
        read.update(value)
        read["extra"] = {}
        for name, make in self._factories.items():
            if name not in value:
                read[name] = make()
        failed: list[Exception] = []
        for name, kind in self._rich:
            held = read[name]
            if held is None:
                continue
            if not held and self._is_absent(name, held):
                read[name] = self._default(name)
                continue
            hook = self._hooks.get(name) or self._hook(name, kind)
            try:
                read[name] = hook(held, kind)
            except Exception as error:  # noqa: BLE001 - cattrs passes on whatever a hook raised
                if self._is_absent(name, held):
                    read[name] = self._default(name)
                    continue
                # Told as cattrs tells it, not by reading again: models nested n deep
                # would be read 2^n times.
                note = f"Structuring class {self._kind.__qualname__} @ attribute {name}"
                error.add_note(AttributeValidationNote(note, name, kind))
                failed.append(error)
        if failed:
            told = f"While structuring {self._kind.__qualname__}"
            raise _Failures(told, failed, self._kind)
        return model

    def _hook(self, name: str, kind: object) -> Callable[[object, Any], object]:
        # Looked up at the first value: a model may hold others of its own kind.
        hook = self._hooks[name] = self._converter.get_structure_hook(cast("type", kind))
        return hook

    def _default(self, name: str) -> object:
        factory = self._factories.get(name)
        return self._defaults.get(name) if factory is None else factory()

    def _is_absent(self, name: str, held: object) -> bool:
        """Whether nothing stands in a field that may be absent, as PHP writes nothing."""
        if isinstance(held, list | dict):
            return not held and name in self._may_be_empty
        return name in self._may_hold_nothing and holds_nothing(held)

    def _split(self, value: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
        """The model's own values and the rest; what holds nothing where it may is left out."""
        own: dict[str, object] = {}
        extra: dict[str, object] = {}
        for name, held in value.items():
            if name not in self._types:
                extra[name] = held
            elif not self._is_absent(name, held):
                own[name] = held
        return own, extra

    def _read_leniently(self, value: object) -> object:
        try:
            own, extra = self._split(read_object(value))
        except ValueError:
            return value
        read: dict[str, Any] = {"extra": extra}
        for name, kind in self._types.items():
            if name not in own and name not in self._required:
                continue
            held = read[name] = own.get(name)
            with suppress(Exception):  # lenient: what does not fit stays as it came
                read[name] = self._converter.structure(held, cast("type", kind))
        return self._kind(**read)


def _needs_something(kind: object) -> bool:
    """Whether it is a model that cannot be empty."""
    if not (isinstance(kind, type) and attrs.has(kind)):
        return False
    return any(field.default is attrs.NOTHING for field in attrs.fields(kind))


def _without_none(wanted: object) -> object:
    kinds = [kind for kind in get_args(wanted) if kind is not type(None)]
    return kinds[0] if isinstance(wanted, UnionType) and len(kinds) == 1 else wanted
