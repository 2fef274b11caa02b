"""JSON objects as the API could answer them, made from the models' own annotations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import UnionType
from typing import Any, get_args, get_origin

import attrs
from hypothesis import strategies as st

from cleverapp_async import Contact, QueuedMessage
from cleverapp_async.models import (
    ContactAccount,
    ContactCryptoAccount,
    ContactVariable,
    DecodedLink,
    ListField,
    ListItem,
    ListSchema,
    Me,
    Referrer,
    Utm,
    VariableName,
)

__all__ = ["JSON", "MODELS", "objects"]

MODELS = (
    Contact,
    ContactAccount,
    ContactCryptoAccount,
    ContactVariable,
    DecodedLink,
    ListField,
    ListItem,
    ListSchema,
    Me,
    QueuedMessage,
    Referrer,
    Utm,
    VariableName,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)

_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_WITH_OFFSET = st.datetimes(timezones=_ZONES).map(datetime.isoformat)
_ZULU = st.datetimes(timezones=st.just(UTC)).map(lambda one: f"{one:%Y-%m-%dT%H:%M:%S.%f}Z")
_PLAIN: dict[object, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**70), 2**70),
    str: TEXT,
    bool: st.booleans(),
    datetime: _WITH_OFFSET
    | _ZULU.filter(lambda text: len(text) == len("2024-12-01T10:00:00.000000Z")),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False).map(str),
}
_DEEPEST = 3


def _values(kind: Any, depth: int) -> st.SearchStrategy[Any]:  # noqa: ANN401 - an annotation
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, UnionType):
        inner = [one for one in get_args(kind) if one is not type(None)]
        if depth == 0 and attrs.has(inner[0]):
            return st.none()
        return st.none() | st.one_of([_values(one, depth) for one in inner])
    if get_origin(kind) is tuple:
        return st.lists(_values(get_args(kind)[0], depth), max_size=3)
    if get_origin(kind) is Mapping:
        return st.dictionaries(TEXT, _values(get_args(kind)[1], depth), max_size=3)
    return objects(kind, depth - 1)


def objects(
    model: type[attrs.AttrsInstance], depth: int = _DEEPEST
) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of a model: what it needs, some of the rest or null, and keys nobody documents."""
    attrs.resolve_types(model)
    fields = [field for field in attrs.fields(model) if field.name != "extra"]
    needed: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in fields:
        chosen = needed if field.default is attrs.NOTHING else optional
        chosen[field.name] = _values(field.type, depth)
    known = {field.name for field in fields}
    own = st.fixed_dictionaries(needed, optional=optional)
    extra = st.dictionaries(
        (TEXT | st.just("extra")).filter(lambda name: name not in known), JSON, max_size=3
    )
    return st.tuples(own, extra).map(lambda both: {**both[1], **both[0]})
