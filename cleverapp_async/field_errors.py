"""Validation errors as objects: which field, which rule, which other fields.

The API refuses parameters with ``{"message": ..., "errors": {field: [text, ...]}}``
(API docs, "sendMessage"). The texts are Russian prose in the words of the Laravel
framework's language pack, so the rule and the fields it depends on can be read back from
them. A field's name inside a text has spaces where the API has underscores, or is a word that the
pack has in its place («Телефон» for ``phone``).

The documented shape is not trusted: whatever stands under ``errors`` comes out as
:class:`FieldError` objects, and no text is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from ._converter import converter
from ._values import is_list
from .errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parse_field_errors", "recognise"]


def recognise(text: str, *, endpoint: str | None = None) -> tuple[str | None, tuple[str, ...]]:
    """Tell which rule a text of the server speaks of, and which other parameters it names.

    Args:
        text: One text of a validation answer, in Russian or in the framework's English.
        endpoint: The method that answered with it, as the API spells it: what a word stands for
            may depend on its parameters.

    Returns:
        Laravel's name of the rule and the other parameters as the API spells them; None and no
        parameters for a text that no language pack holds.
    """
    from ._laravel_messages import Names  # noqa: PLC0415 - see `_read`
    from ._laravel_messages.wording import read_message  # noqa: PLC0415

    reading, names = read_message(text), Names.of(endpoint)
    field = names.parameter(reading.subject) or ""
    return names.rule(field, reading.rules), tuple(names.related(reading, field))


def parse_field_errors(body: object, *, endpoint: str | None = None) -> tuple[FieldError, ...]:
    """Read every text of a validation answer.

    Args:
        body: The decoded JSON body, whatever its shape.
        endpoint: The method that answered, as the API spells it; None where it is not known.

    Returns:
        One error per text under the body's ``errors``, in the body's order; nothing where there
        is no such key, or null under it. It never raises.
    """
    if not isinstance(body, Mapping):
        return ()
    errors = cast("Mapping[object, object]", body).get("errors")
    return () if errors is None else _read(errors, endpoint)


def _read(errors: object, endpoint: str | None = None) -> tuple[FieldError, ...]:
    """The errors of an answer, read together: its texts may tell what its fields are called."""
    # Imported with the first text that is to be read: importing the package stays quick.
    from ._laravel_messages import Names  # noqa: PLC0415
    from ._laravel_messages.wording import read_message  # noqa: PLC0415

    texts = [(field, message, read_message(message)) for field, message in _walk(errors)]
    names = Names.of(endpoint, [(field, reading) for field, _, reading in texts])
    return tuple(
        FieldError(
            field,
            message,
            names.rule(field, reading.rules),
            tuple(names.related(reading, field)),
        )
        for field, message, reading in texts
    )


def _walk(errors: object) -> Iterator[tuple[str, str]]:
    """Yield field and text of each leaf, however deep; a stack, as recursion has a limit."""
    stack: list[tuple[str, object]] = [("", errors)]
    while stack:
        field, value = stack.pop()
        if isinstance(value, Mapping):
            held = cast("Mapping[object, object]", value)
            if is_list(held) and all(isinstance(item, str) for item in held.values()):
                # A list of texts that PHP has taken some out of: its numbers are no fields.
                stack += [(field, text) for text in reversed(list(held.values()))]
                continue
            below = [(f"{field}.{key}" if field else str(key), item) for key, item in held.items()]
            stack += reversed(below)
        elif isinstance(value, list | tuple):
            stack += [(field, item) for item in reversed(cast("list[object]", value))]
        else:
            yield field, value if isinstance(value, str) else json.dumps(value, default=repr)


def _structure_errors(value: object, _: object) -> tuple[FieldError, ...]:
    """Structure either the API's ``errors`` object or a list that we unstructured ourselves."""
    if isinstance(value, Mapping):
        return _read(cast("Mapping[object, object]", value))
    return tuple(converter.structure(value, list[FieldError]))


# By predicate, as `tuple[FieldError, ...]` is no class that cattrs could dispatch on.
converter.register_structure_hook_func(
    lambda wanted: wanted == tuple[FieldError, ...], _structure_errors
)
