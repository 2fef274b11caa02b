"""JSON schemas of the models, as they stand in answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin

import attrs

from ..models.referral import ReferralCount, Referrer, ReferrerChain

__all__ = ["INTEGER", "TEXT", "Json", "Schemas"]

Json: TypeAlias = dict[str, Any]

TEXT: Json = {"type": "string"}
INTEGER: Json = {"type": "integer"}

_PLAIN: Mapping[object, Json] = {
    int: INTEGER,
    str: TEXT,
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
}


class Schemas:
    """Makes schemas of types, and keeps those of models by their names.

    Attributes:
        named: The models' schemas, for ``components.schemas``.
    """

    def __init__(self) -> None:
        self.named: Json = {}

    def of(self, kind: object) -> Json:
        """The schema of a type; a model's is a reference to its named one.

        Raises:
            TypeError: It is a type that no answer holds.
        """
        if kind in _PLAIN:
            return _PLAIN[kind]
        if isinstance(kind, UnionType):
            held = [self.of(one) for one in get_args(kind) if one is not type(None)]
            return {"anyOf": [*held, {"type": "null"}]}
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if get_origin(kind) is Mapping:
            return {"type": "object", "additionalProperties": self.of(get_args(kind)[1])}
        return self._model(kind)

    def _model(self, kind: object) -> Json:
        if kind is ReferrerChain:
            referrer = self.of(Referrer)
            return {"anyOf": [referrer, {"type": "array", "items": referrer}]}
        if kind is ReferralCount:
            count = {"type": "object", "required": ["count"], "properties": {"count": INTEGER}}
            return {"anyOf": [count, INTEGER]}
        if not isinstance(kind, type) or not attrs.has(kind):
            raise TypeError(f"no schema for {kind!r}")
        name = kind.__name__
        if name not in self.named:
            self.named[name] = {}  # it may hold others of its own kind
            attrs.resolve_types(kind)
            fields = [field for field in attrs.fields(kind) if field.name != "extra"]
            schema: Json = {
                "type": "object",
                "description": (kind.__doc__ or "").partition("\n")[0],
                "properties": {field.name: self.of(field.type) for field in fields},
            }
            if required := [field.name for field in fields if field.default is attrs.NOTHING]:
                schema["required"] = required
            if not fields or issubclass(kind, Mapping):
                # What it holds is named by nobody (getMe) or by the user (items of lists).
                schema["additionalProperties"] = True
            self.named[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}
