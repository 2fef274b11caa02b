"""Further rules of Laravel's, for the pages beyond «Сообщения».

Which rule a field has follows from what the pages say of it; the texts are those of the
Russian language pack of the documented samples' years (*assumed*).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from .reading import Parameters, Value, as_integer
from .validation import STRING, Rule, say

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

_EMAIL_SHAPE: Final = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_NUMBER_SHAPE: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")


def array(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, a list or an object."""
    holds = field not in parameters or isinstance(parameters[field], (list, dict))
    return None if holds else say(ARRAY, field)


def boolean(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, a truth value as Laravel knows it."""
    holds = field not in parameters or as_boolean(parameters[field]) is not None
    return None if holds else say(BOOLEAN, field)


def as_boolean(value: Value) -> bool | None:
    """Give the truth value that Laravel sees: true, false, 1, 0, "1" or "0"; else None."""
    if isinstance(value, float) or value not in (True, False, "1", "0"):
        return None
    return value in (True, "1")


def numeric(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, a finite number."""
    holds = field not in parameters or as_decimal(parameters[field]) is not None
    return None if holds else say(NUMERIC, field)


def as_decimal(value: Value) -> Decimal | None:
    """Give the exact number that a value spells, or None; a float by its shortest spelling."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value).strip()
    return Decimal(text) if _NUMBER_SHAPE.fullmatch(text) else None


def scalar(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, a string or an integer: an id in a messenger."""
    value = parameters.get(field, "")
    holds = isinstance(value, (str, int)) and not isinstance(value, bool)
    return None if holds else say(STRING, field)


def email(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, an e-mail address."""
    value = parameters.get(field, "")
    if field not in parameters or (isinstance(value, str) and _EMAIL_SHAPE.fullmatch(value)):
        return None
    return say(EMAIL, field)


def one_of(values: tuple[str, ...]) -> Rule:
    """Demand, of a field that is present, one of these."""

    def rule(field: str, parameters: Parameters) -> str | None:
        if field not in parameters or parameters[field] in values:
            return None
        return say(IN, field)

    return rule


def all_of(values: tuple[str, ...]) -> Rule:
    """Demand, of a field that is present, a comma-separated list of some of these."""

    def rule(field: str, parameters: Parameters) -> str | None:
        if field not in parameters or all(part in values for part in parts(parameters[field])):
            return None
        return say(IN, field)

    return rule


def parts(value: Value) -> tuple[str, ...]:
    """Split a comma-separated list; what is no string is a list of one empty word."""
    words = value.split(",") if isinstance(value, str) else [""]
    return tuple(word.strip() for word in words)


def max_length(most: int) -> Rule:
    """Demand, of a string, at most so many characters."""

    def rule(field: str, parameters: Parameters) -> str | None:
        value = parameters.get(field)
        if not isinstance(value, str) or len(value) <= most:
            return None
        return say(MAX_LENGTH, field, str(most))

    return rule


def at_least(least: int) -> Rule:
    """Demand, of an integer, this much or more."""

    def rule(field: str, parameters: Parameters) -> str | None:
        number = as_integer(parameters.get(field))
        return say(MIN, field, str(least)) if number is not None and number < least else None

    return rule


def at_most(most: int) -> Rule:
    """Demand, of an integer, this much or less."""

    def rule(field: str, parameters: Parameters) -> str | None:
        number = as_integer(parameters.get(field))
        return say(MAX, field, str(most)) if number is not None and number > most else None

    return rule


def between(least: int, most: int) -> Rule:
    """Demand, of an integer, something from here to there."""

    def rule(field: str, parameters: Parameters) -> str | None:
        number = as_integer(parameters.get(field))
        if number is None or least <= number <= most:
            return None
        return say(BETWEEN, field, f"{least} и {most}")

    return rule


def above_zero(field: str, parameters: Parameters) -> str | None:
    """Demand, of a number, more than nothing."""
    number = as_decimal(parameters.get(field))
    return say(GREATER, field, "0") if number is not None and number <= 0 else None


def matches(shape: re.Pattern[str]) -> Rule:
    """Demand, of a string, this shape."""

    def rule(field: str, parameters: Parameters) -> str | None:
        value = parameters.get(field)
        if not isinstance(value, str) or shape.fullmatch(value):
            return None
        return say(REGEX, field)

    return rule


def required_if(other: str, value: str) -> Rule:
    """Demand the field when another has this value."""

    def rule(field: str, parameters: Parameters) -> str | None:
        if field in parameters or parameters.get(other) != value:
            return None
        return say(REQUIRED_IF, field, f"{other.replace('_', ' ')} равно {value}")

    return rule
