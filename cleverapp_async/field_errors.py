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
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from attrs import field as attribute
from attrs import frozen

from ._converter import converter
from ._wording import Reading, read_text, words_of
from .endpoints import ENDPOINTS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FieldError", "parse_field_errors", "recognise"]

# How the framework writes a parameter's own name, underscores as spaces: `bot id`, `data.0.sku`.
_SPELLED: Final = re.compile(r"[a-z0-9_]+(?:[ .-]+(?:[a-z0-9_]+|\*))*")
# Parameters of which the API takes one of a few values.
_CHOICES: Final = frozenset({"messenger", "with", "currency", "type", "order_by"})


@frozen
class FieldError:
    """One text of a validation answer.

    Attributes:
        field: The parameter as the API spells it (``contact_id``); a nested one is a path
            (``data.sku``); empty where the answer names no field.
        message: The server's text, untouched. What was not a string is shown as JSON.
        rule: Laravel's name of the broken rule (``required_without``, ``max``); None for a text
            that no language pack holds. Where the packs give several rules the same words, the
            parameter's type decides, or the likeliest stands for them.
        related: The other parameters that the text names, as the API spells them, in the text's
            order. A translated name is brought back to the parameter it stands for; a word that
            stands for none is left to the text, and so are values, dates and sizes.
    """

    field: str
    message: str
    rule: str | None = None
    related: tuple[str, ...] = ()


@frozen
class _Names:
    """Brings what a text calls a field back to the parameter's name.

    Attributes:
        own: The parameters of the method that answered, with their types; none where it is not
            known.
        fields: The fields of the answer.
        called: What the answer's own texts call its fields.
    """

    own: Mapping[str, Kind] = attribute(factory=dict[str, Kind])
    fields: frozenset[str] = frozenset()
    called: Mapping[str, str] = attribute(factory=dict[str, str])

    def parameter(self, word: str) -> str | None:
        """The parameter that ``word`` surely stands for; None where nothing tells."""
        spelled = _spelled(word.lower())
        known = (self.own, self.fields, _parameters())
        if spelled and any(_holds(names, spelled) for names in known):
            return spelled
        key = words_of(word)
        if key in self.called:
            return self.called[key]
        candidates = _parameters_called(key)
        for names in known:
            if found := [name for name in candidates if name in names]:
                return found[0]
        return candidates[0] if len(candidates) == 1 else None

    def related(self, reading: Reading) -> Iterator[str]:
        """The other parameters that a text names."""
        for word in reading.names:
            # What is spelled like a parameter is one, documented or not: the framework takes
            # the name itself where the pack has no word for it.
            name = self.parameter(word) or _spelled(word[:1].lower() + word[1:])
            if name:
                yield name
        for word in reading.maybe_names:
            if name := self.parameter(word):
                yield name

    def rule(self, field: str, rules: tuple[str, ...]) -> str | None:
        """The likeliest of the rules that a text may speak of."""
        name = re.sub(r"(?:\.(?:\d+|\*))+$", "", field).rpartition(".")[2]
        kind = self.own.get(name) or _parameters().get(name)
        if kind is Kind.URL and not {"url", "regex"}.isdisjoint(rules):
            return "url" if "url" in rules else "regex"
        if "in" in rules and (kind is Kind.FLAG or name in _CHOICES):
            return "in"
        return rules[0] if rules else None


def _holds(names: Iterable[str], name: str) -> bool:
    """Whether a parameter is one of ``names``, or lies within one."""
    return name in names or name.partition(".")[0] in names


def _spelled(word: str) -> str | None:
    """The name of a parameter that is written with spaces; None for what is no such name."""
    return re.sub(r" +", "_", word) if _SPELLED.fullmatch(word) else None


@cache
def _parameters() -> Mapping[str, Kind]:
    """The type of every parameter of the API."""
    return {one.name: one.kind for row in ENDPOINTS.values() for one in row.parameters}


@cache
def _attributes() -> Mapping[str, tuple[str, ...]]:
    """The parameters by the words that stand for them."""
    from ._language_pack import ATTRIBUTES  # noqa: PLC0415 - with the first text: see `_wording`

    found: dict[str, tuple[str, ...]] = {}
    for name, words in ATTRIBUTES:
        for word in words.split("|"):
            found[word] = (*found.get(word, ()), name)
    return found


def _parameters_called(key: str) -> tuple[str, ...]:
    return _attributes().get(key, ())


def _own(endpoint: str | None) -> Mapping[str, Kind]:
    row = ENDPOINTS.get(endpoint or "")
    return {one.name: one.kind for one in row.parameters} if row else {}


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
    reading, names = read_text(text), _Names(_own(endpoint))
    field = names.parameter(reading.subject) or ""
    return names.rule(field, reading.rules), tuple(names.related(reading))


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
    texts = [(field, message, read_text(message)) for field, message in _walk(errors)]
    called: dict[str, set[str]] = {}
    for field, _, reading in texts:
        called.setdefault(words_of(reading.subject), set()).add(field)
    names = _Names(
        _own(endpoint),
        frozenset(field for field, _, _ in texts),
        {word: fields.pop() for word, fields in called.items() if word and len(fields) == 1},
    )
    return tuple(
        FieldError(field, message, names.rule(field, reading.rules), tuple(names.related(reading)))
        for field, message, reading in texts
    )


def _walk(errors: object) -> Iterator[tuple[str, str]]:
    """Yield field and text of each leaf, however deep; a stack, as recursion has a limit."""
    stack: list[tuple[str, object]] = [("", errors)]
    while stack:
        field, value = stack.pop()
        if isinstance(value, Mapping):
            items = cast("Mapping[object, object]", value).items()
            below = [(f"{field}.{key}" if field else str(key), item) for key, item in items]
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
