"""Validation errors as objects: which field, which rule, which other fields.

The API refuses parameters with ``{"message": ..., "errors": {field: [text, ...]}}``
(API docs, "sendMessage"). The texts are Russian prose in the words of the Laravel
framework's language pack, so the rule and the fields it depends on can be read back from
them. The field names inside a text have spaces where the API has underscores.

The documented shape is not trusted: whatever stands under ``errors`` comes out as
:class:`FieldError` objects, and no text is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from attrs import frozen

from ._converter import converter
from ._hooks import is_list

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FieldError", "parse_field_errors", "recognise"]

_NAMING: Final = frozenset({"other", "fields"})
_NUMERIC: Final = frozenset({"min", "max", "size", "digits", "decimal"})
_ALTERNATIVES: Final = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER: Final = re.compile(r":([a-z]+)")
# No text of the pack comes near it, and a hostile one must not cost time.
_LONGEST: Final = 10_000


@frozen
class FieldError:
    """One text of a validation answer.

    Attributes:
        field: The parameter as the API spells it (``contact_id``); a nested one is a path
            (``data.sku``); empty where the answer names no field.
        message: The server's text, untouched. What was not a string is shown as JSON.
        rule: Laravel's name of the broken rule (``required_without``, ``max``); None for a text
            that the language pack does not hold.
        related: The other fields the rule names, as the API spells them, in the text's order.
            Values, dates and sizes are not fields and stay in the text.
    """

    field: str
    message: str
    rule: str | None = None
    related: tuple[str, ...] = ()


@frozen
class _Wording:
    """One wording without alternatives: fixed texts with a gap between each two.

    A gap takes at least one character. Each fixed text is sought once, leftmost, so the
    cost is linear in the length of the text, whatever the text.
    """

    rule: str
    fixed: tuple[str, ...]
    gaps: tuple[str, ...]

    def related_in(self, text: str) -> tuple[str, ...] | None:
        """Return the fields that ``text`` names in this wording, None where it is another."""
        head, tail = self.fixed[0], self.fixed[-1]
        if not self.gaps:
            return () if text == head else None
        if not (text.endswith(tail) and text.startswith(head)):
            return None
        related: list[str] = []
        start, end = len(head), len(text) - len(tail)
        for gap, following in zip(self.gaps, (*self.fixed[1:-1], None), strict=True):
            stop = end if following is None else text.find(following, start + 1, end)
            if stop <= start:
                return None
            filling = text[start:stop]
            if gap in _NUMERIC and filling.strip("0123456789.,- "):
                return None
            if gap in _NAMING:
                related += (name.strip().replace(" ", "_") for name in filling.split(" / "))
            start = stop + len(following or "")
        return tuple(related)


def _without_alternatives(wording: str) -> Iterator[str]:
    """Yield ``wording`` once for each choice of its ``[a|b]`` groups."""
    group = _ALTERNATIVES.search(wording)
    if group is None:
        yield wording
        return
    for choice in group[1].split("|"):
        yield from _without_alternatives(wording[: group.start()] + choice + wording[group.end() :])


@cache
def _by_first_word() -> Mapping[str, tuple[_Wording, ...]]:
    """Compile the table: wordings by their first word, the most specific first.

    The more fixed characters, the more specific. "когда :fields указано" also fits the texts
    of "когда :fields не указано", and that those of "когда ни одно из :fields не указано".
    Wordings that start with a field's name are under the empty word.
    """
    compiled: dict[str, _Wording] = {}
    # Imported with the first text that is to be recognised: importing the package stays quick.
    from ._language_pack import WORDINGS  # noqa: PLC0415

    for rule, wording in WORDINGS:
        for text in _without_alternatives(wording):
            fixed = _PLACEHOLDER.split(text.removesuffix("."))
            compiled.setdefault(text, _Wording(rule, tuple(fixed[::2]), tuple(fixed[1::2])))
    grouped: dict[str, tuple[_Wording, ...]] = {}
    for one in sorted(compiled.values(), key=lambda one: -sum(map(len, one.fixed))):
        word = one.fixed[0].partition(" ")[0]
        grouped[word] = (*grouped.get(word, ()), one)
    return grouped


def recognise(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Tell which rule a text of the server speaks of, and which other fields it names.

    Args:
        text: One text of a validation answer, in Russian.

    Returns:
        Laravel's name of the rule and the other fields as the API spells them; None and no
        fields for a text that is not of the language pack.
    """
    if len(text) > _LONGEST:
        return None, ()
    plain = text.strip().removesuffix(".")
    wordings = _by_first_word()
    for word in (plain.partition(" ")[0], ""):
        for wording in wordings.get(word, ()):
            related = wording.related_in(plain)
            if related is not None:
                return wording.rule, related
    return None, ()


def parse_field_errors(body: object) -> tuple[FieldError, ...]:
    """Read every text of a validation answer.

    Args:
        body: The decoded JSON body, whatever its shape.

    Returns:
        One error per text under the body's ``errors``, in the body's order; nothing where there
        is no such key, or null under it. It never raises.
    """
    if not isinstance(body, Mapping):
        return ()
    errors = cast("Mapping[object, object]", body).get("errors")
    if isinstance(errors, Mapping):
        return converter.structure(errors, tuple[FieldError, ...])
    return () if errors is None else tuple(_walk(errors))


def _walk(errors: object) -> Iterator[FieldError]:
    """Yield an error per leaf, however deep it lies; a stack, as recursion has a limit."""
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
            message = value if isinstance(value, str) else json.dumps(value, default=repr)
            rule, related = recognise(message)
            yield FieldError(field, message, rule, related)


def _structure_errors(value: object, _: object) -> tuple[FieldError, ...]:
    """Structure either the API's ``errors`` object or a list that we unstructured ourselves."""
    if isinstance(value, Mapping):
        return tuple(_walk(cast("Mapping[object, object]", value)))
    return tuple(converter.structure(value, list[FieldError]))


# By predicate, as `tuple[FieldError, ...]` is no class that cattrs could dispatch on.
converter.register_structure_hook_func(
    lambda wanted: wanted == tuple[FieldError, ...], _structure_errors
)
