"""Laravel's validation rules with the texts of its Russian language pack.

The texts of ``required``, ``required_without``, ``required_without_all`` and ``url`` are
on the API's own pages; those of ``integer``, ``string`` and ``exists`` are the language
pack's (*assumed*). A field's name is shown with spaces for underscores.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from .parameters import (
    Parameters,
    Value,
    as_boolean,
    as_decimal,
    as_integer,
    members,
    parts,
    present,
)

Rule: TypeAlias = Callable[[str, Parameters], "str | None"]
"""A rule: the field's name and all the parameters in, the text of the failure or None out."""

Rules: TypeAlias = Mapping[str, tuple[Rule, ...]]
"""The rules of an endpoint by field, in the order in which failures are listed."""

Errors: TypeAlias = dict[str, list[str]]

REQUIRED: Final = "Поле {f} обязательно для заполнения."
REQUIRED_WITHOUT: Final = "Поле {f} обязательно для заполнения, когда {v} не указано."
REQUIRED_WITHOUT_ALL: Final = (
    "Поле {f} обязательно для заполнения, когда ни одно из {v} не указано."
)
INTEGER: Final = "Поле {f} должно быть целым числом."
STRING: Final = "Поле {f} должно быть строкой."
URL: Final = "Поле {f} имеет ошибочный формат URL."
EXISTS: Final = "Выбранное значение для {f} некорректно."
ARRAY: Final = "Поле {f} должно быть массивом."
BETWEEN: Final = "Поле {f} должно быть между {v}."
BOOLEAN: Final = "Поле {f} должно иметь значение логического типа."
EMAIL: Final = "Поле {f} должно быть действительным электронным адресом."
GREATER: Final = "Поле {f} должно быть больше {v}."
IN: Final = "Выбранное значение для {f} ошибочно."
MAX: Final = "Поле {f} не может быть более {v}."
MAX_LENGTH: Final = "Количество символов в поле {f} не может превышать {v}."
MIN: Final = "Поле {f} должно быть не менее {v}."
NUMERIC: Final = "Поле {f} должно быть числом."
REGEX: Final = "Поле {f} имеет ошибочный формат."
REQUIRED_IF: Final = "Поле {f} обязательно для заполнения, когда {v}."
UNIQUE: Final = "Такое значение поля {f} уже существует."

COLUMN_LENGTH: Final = 255
"""Characters of the longest name, tag and so on (*assumed*: Laravel's default column)."""

_EMAIL_SHAPE: Final = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_URL_SHAPE: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://"
    r"(?:[^\s/?#@]+@)?"
    r"(?:[\w](?:[\w.-]*[\w])?|\[[0-9a-f:.]+\])"
    r"(?::[0-9]{1,5})?"
    r"(?:[/?#]\S*)?",
    re.IGNORECASE,
)


def validate(rules: Rules, parameters: Parameters) -> Errors:
    """Apply the rules of an endpoint; those of ``tags.*`` to each element of ``tags``.

    Returns:
        The texts by field, in the order of the rules; empty when everything holds.
    """
    errors: Errors = {}
    for pattern, checks in rules.items():
        for field, seen in _elements(pattern, parameters):
            for check in checks:
                text = check(field, seen)
                if text is not None:
                    errors.setdefault(field, []).append(text)
    return errors


def missing_row(field: str) -> Errors:
    """Return the ``exists`` failure of one field: it names nothing that is there."""
    return {field: [say(EXISTS, field)]}


def required(field: str, parameters: Parameters) -> str | None:
    """Demand the field; an empty list or object counts as absent."""
    empty = parameters.get(field) in ([], {})
    return None if field in parameters and not empty else say(REQUIRED, field)


def required_without(*others: str) -> Rule:
    """Demand the field when any of the others is absent."""
    return _without(others, REQUIRED_WITHOUT, all)


def required_without_all(*others: str) -> Rule:
    """Demand the field when all of the others are absent."""
    return _without(others, REQUIRED_WITHOUT_ALL, any)


def _without(others: tuple[str, ...], text: str, suffice: Callable[[Iterable[bool]], bool]) -> Rule:
    shown = _names(others)

    def rule(field: str, parameters: Parameters) -> str | None:
        if field in parameters or suffice(other in parameters for other in others):
            return None
        return say(text, field, shown)

    return rule


def required_if(other: str, value: str) -> Rule:
    """Demand the field when another has this value."""

    def rule(field: str, parameters: Parameters) -> str | None:
        if field in parameters or parameters.get(other) != value:
            return None
        return say(REQUIRED_IF, field, f"{other.replace('_', ' ')} равно {value}")

    return rule


def _value(template: str, holds: Callable[[Value], bool], values: str = "") -> Rule:
    """Make a rule about the value of a field that is present; an absent field fulfils it."""

    def rule(field: str, parameters: Parameters) -> str | None:
        if field not in parameters or holds(parameters[field]):
            return None
        return say(template, field, values)

    return rule


integer: Final = _value(INTEGER, lambda value: as_integer(value) is not None)
"""Demand what PHP takes for an integer."""

string: Final = _value(STRING, lambda value: isinstance(value, str))
"""Demand a string: a JSON number is not one."""

scalar: Final = _value(
    STRING, lambda value: isinstance(value, (str, int)) and not isinstance(value, bool)
)
"""Demand a string or an integer: an id in a messenger."""

url: Final = _value(
    URL, lambda value: isinstance(value, str) and _URL_SHAPE.fullmatch(value) is not None
)
"""Demand an absolute URL."""

email: Final = _value(
    EMAIL, lambda value: isinstance(value, str) and _EMAIL_SHAPE.fullmatch(value) is not None
)
"""Demand an e-mail address."""

array: Final = _value(ARRAY, lambda value: isinstance(value, (list, dict)))
"""Demand a list or an object."""

boolean: Final = _value(BOOLEAN, lambda value: as_boolean(value) is not None)
"""Demand a truth value as Laravel knows it."""

numeric: Final = _value(NUMERIC, lambda value: as_decimal(value) is not None)
"""Demand a finite number."""


def _above_zero(value: Value) -> bool:
    number = as_decimal(value)
    return number is None or number > 0


above_zero: Final = _value(GREATER, _above_zero, "0")
"""Demand, of a number, more than nothing."""


def one_of(values: tuple[str, ...]) -> Rule:
    """Demand one of these values."""
    return _value(IN, lambda value: value in values)


def all_of(values: tuple[str, ...]) -> Rule:
    """Demand a comma-separated list of some of these values."""
    return _value(IN, lambda value: all(part in values for part in parts(value)))


def max_length(most: int) -> Rule:
    """Demand a string of at most this many characters."""
    return _value(
        MAX_LENGTH, lambda value: not isinstance(value, str) or len(value) <= most, str(most)
    )


short_text: Final = (string, max_length(COLUMN_LENGTH))
"""Demand a string that fits into a column."""


def at_least(least: int) -> Rule:
    """Demand an integer of at least this size."""
    return _integer_value(MIN, lambda number: number >= least, str(least))


def at_most(most: int) -> Rule:
    """Demand an integer of at most this size."""
    return _integer_value(MAX, lambda number: number <= most, str(most))


def between(least: int, most: int) -> Rule:
    """Demand an integer between two bounds."""
    return _integer_value(BETWEEN, lambda number: least <= number <= most, f"{least} и {most}")


def _integer_value(template: str, holds: Callable[[int], bool], values: str) -> Rule:
    """Make a rule about an integer; other values are left to the rule ``integer``."""

    def holds_of(value: Value) -> bool:
        number = as_integer(value)
        return number is None or holds(number)

    return _value(template, holds_of, values)


def matches(shape: re.Pattern[str]) -> Rule:
    """Demand a string that matches a pattern."""
    return _value(
        REGEX, lambda value: not isinstance(value, str) or shape.fullmatch(value) is not None
    )


def say(template: str, field: str, values: str = "") -> str:
    """Put a field's name, and what the rule compares with, into a rule's text."""
    return template.format(f=_label(field), v=values)


def _elements(field: str, parameters: Parameters) -> list[tuple[str, Parameters]]:
    if not field.endswith(".*"):
        return [(field, parameters)]
    held = members(parameters.get(field[:-2]))
    named = {f"{field[:-1]}{key}": element for key, element in held.items()}
    return [(name, present({name: element})) for name, element in named.items()]


def _label(field: str) -> str:
    return field.replace("_", " ")


def _names(fields: tuple[str, ...]) -> str:
    return " / ".join(_label(field) for field in fields)
