"""Laravel's validation rules with the texts of its Russian language pack.

The texts of ``required``, ``required_without``, ``required_without_all`` and ``url`` are
on the API's own pages; those of ``integer``, ``string`` and ``exists`` are the language
pack's (*assumed*). A field's name is shown with spaces for underscores.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from .reading import Parameters, as_integer

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
    """Give the ``exists`` failure of one field: it names nothing that is there."""
    return {field: [say(EXISTS, field)]}


def required(field: str, parameters: Parameters) -> str | None:
    """Demand the field; an empty list or object is nothing."""
    empty = parameters.get(field) in ([], {})
    return None if field in parameters and not empty else say(REQUIRED, field)


def required_without(*others: str) -> Rule:
    """Demand the field when any of the others is absent."""
    shown = _names(others)

    def rule(field: str, parameters: Parameters) -> str | None:
        if field in parameters or all(other in parameters for other in others):
            return None
        return say(REQUIRED_WITHOUT, field, shown)

    return rule


def required_without_all(*others: str) -> Rule:
    """Demand the field when all of the others are absent."""
    shown = _names(others)

    def rule(field: str, parameters: Parameters) -> str | None:
        if field in parameters or any(other in parameters for other in others):
            return None
        return say(REQUIRED_WITHOUT_ALL, field, shown)

    return rule


def integer(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, what PHP takes for an integer."""
    if field not in parameters or as_integer(parameters[field]) is not None:
        return None
    return say(INTEGER, field)


def string(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, a string: a JSON number is not one."""
    if field not in parameters or isinstance(parameters[field], str):
        return None
    return say(STRING, field)


def url(field: str, parameters: Parameters) -> str | None:
    """Demand, of a field that is present, an absolute URL."""
    if field not in parameters:
        return None
    value = parameters[field]
    if isinstance(value, str) and _URL_SHAPE.fullmatch(value):
        return None
    return say(URL, field)


def say(template: str, field: str, values: str = "") -> str:
    """Put a field's name, and what the rule compares with, into a rule's text."""
    return template.format(f=_label(field), v=values)


def _elements(field: str, parameters: Parameters) -> list[tuple[str, Parameters]]:
    if not field.endswith(".*"):
        return [(field, parameters)]
    value = parameters.get(field[:-2])
    elements = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(elements, dict):
        return []
    named = {f"{field[:-1]}{key}": element for key, element in elements.items()}
    return [(name, present({name: element})) for name, element in named.items()]


def present(parameters: Parameters) -> Parameters:
    """Leave out what is null: an absent parameter."""
    return {name: value for name, value in parameters.items() if value is not None}


def _label(field: str) -> str:
    return field.replace("_", " ")


def _names(fields: tuple[str, ...]) -> str:
    return " / ".join(_label(field) for field in fields)
