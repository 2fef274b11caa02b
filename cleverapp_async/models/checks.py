"""Checks of request parameters: one clear error that names the field and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

from .._values import kind_of
from ..errors import InvalidRequestError
from .route import KNOWN_MESSENGERS, Route, spelled

__all__ = [
    "LONGEST_REFERENCE",
    "NO_REFERENCE",
    "check_amount",
    "check_count",
    "check_decimal",
    "check_hex_id",
    "check_id",
    "check_messenger",
    "check_moment",
    "check_object",
    "check_one_of",
    "check_phone",
    "check_reference",
    "check_route",
    "check_several",
    "check_string",
    "check_strings",
    "check_text",
    "check_url",
]

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LONGEST_REFERENCE = 4000
"""Characters that the names and texts of a message's reference may have together."""

_SHOWN = 60

_HEX_ID = re.compile(r"[0-9a-fA-F]{24}")
_PHONE = re.compile(r"\+?\d{5,15}", re.ASCII)
_PHONE_PUNCTUATION = str.maketrans("", "", " -().\u00a0")


def _refuse(name: str, wanted: str, value: object) -> InvalidRequestError:
    return InvalidRequestError(f"{name} must be {wanted}, not {kind_of(value)}", fields=(name,))


def check_id(name: str, value: object) -> int:
    """Return the value, which must be a positive whole number.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    if type(value) is int and value > 0:
        return value
    return _positive(name, "a whole number from 1 up", value)


def _positive(name: str, wanted: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _refuse(name, wanted, value)
    return value


def check_string(name: str, value: object) -> str:
    """Return the value, which must be a string of more than white space.

    The server treats a blank string as an absent one.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    if not isinstance(value, str):
        raise _refuse(name, "a string", value)
    if not value or value.isspace():
        raise InvalidRequestError(
            f"{name} is blank: leave it out, or give it a value", fields=(name,)
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequestError(
            f"{name} holds half a character (a lone surrogate): remove it",
            fields=(name,),
        ) from None
    return value


def check_messenger(name: str, value: object) -> str:
    """Return a messenger's name in the API's spelling, which is lower case; any name is accepted.

    Raises:
        InvalidRequestError: It is not a name; the error names the field.
    """
    if type(value) is str and value in KNOWN_MESSENGERS:
        return value
    return spelled(check_string(name, value))


def check_phone(name: str, value: object) -> str:
    """Return a phone number as digits: ``+7 (999) 123-45-67`` becomes ``79991234567``.

    The documentation shows digits only; that the server wants them so is *assumed*.

    Raises:
        InvalidRequestError: It is not a phone number; the error names the field.
    """
    digits = check_string(name, value).translate(_PHONE_PUNCTUATION)
    if not _PHONE.fullmatch(digits):
        raise _refuse(name, "a phone number of 5 to 15 digits with its country code", value)
    return digits.removeprefix("+")


class FrozenTexts(dict[str, str]):
    """An immutable dict of texts, which the JSON encoder takes as it takes any dict."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[FrozenTexts], tuple[dict[str, str]]]:
        """Pickle and copy it as a whole, as its items cannot be set one by one."""
        return FrozenTexts, (dict(self),)

    if not TYPE_CHECKING:
        # Hidden from type checkers: what is refused here they know as what a dict does.

        def _refuse(self, *_: object, **__: object) -> NoReturn:
            raise TypeError(
                "a message's reference cannot be changed: make another message with attrs.evolve"
            )

        __setitem__ = __delitem__ = __ior__ = _refuse
        clear = pop = popitem = setdefault = update = _refuse


NO_REFERENCE = FrozenTexts()
"""The one of every message that has none: campaigns of millions have none."""


def check_reference(value: object) -> FrozenTexts:
    """A frozen copy of a reference of the user's own: texts by names, few enough to be kept.

    Raises:
        InvalidRequestError: It is not one; no text of it is shown, as it may tell of a recipient.
    """
    if type(value) is FrozenTexts:
        return value  # One that was checked before, such as that of a message which is evolved.
    if type(value) is not dict and not isinstance(value, Mapping):
        raise _refuse("reference", "a mapping of texts such as {'order_id': 'A-17'}", value)
    # A class of the user's own may answer otherwise each time: what is kept is what is checked.
    kept = FrozenTexts(cast("Mapping[str, str]", value))
    # All at once: it is asked for each message of a campaign.
    try:
        whole = "".join((*kept, *kept.values()))
        sound = (whole.isascii() or bool(whole.encode())) and all(map(str.strip, kept))
    except (TypeError, UnicodeEncodeError):
        sound, whole = False, ""
    if not sound:
        told = _fault_of_reference(cast("Mapping[object, object]", kept))
        raise InvalidRequestError(told, fields=("reference",))
    if len(whole) > LONGEST_REFERENCE:
        raise InvalidRequestError(
            f"reference has {len(whole)} characters, and {LONGEST_REFERENCE} at most are kept: "
            "give what the message is found again by, such as an id, and no more",
            fields=("reference",),
        )
    return kept or NO_REFERENCE


def _fault_of_reference(value: Mapping[object, object]) -> str:
    names = [name for name in value if not isinstance(name, str) or not name.strip()]
    if names:
        return f"a name in reference is {kind_of(names[0])}: name each text, such as 'order_id'"
    wrong = ", ".join(
        f"reference[{str(name)[:_SHOWN]!r}] is {kind_of(text)}"
        for name, text in value.items()
        if not isinstance(text, str) or not _is_whole_text(f"{name}{text}")
    )
    return f"{wrong}: give texts without half characters (lone surrogates), str(…) of a number"


def _is_whole_text(text: str) -> bool:
    """Whether UTF-8 can hold it, without halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_url(name: str, value: object) -> str:
    """Return the value, which must be an absolute http or https URL.

    The server downloads the file from it.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    text = check_string(name, value)
    try:
        parts = urlsplit(text)
        absolute = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        absolute = False
    if not absolute or any(character.isspace() for character in text):
        raise _refuse(name, "an absolute http or https URL without spaces", value)
    return text


def check_text(name: str, value: object) -> str:
    """Return the value, which must be a string and may be blank.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    if not isinstance(value, str):
        raise _refuse(name, "a string", value)
    return value


def check_hex_id(name: str, value: object) -> str:
    """Return the id of a list schema or item, which must be 24 hex digits.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    if not isinstance(value, str) or not _HEX_ID.fullmatch(value):
        raise _refuse(name, "an id of 24 hex digits", value)
    return value


def check_several(name: str, value: object, check: Callable[[str, object], T]) -> list[T]:
    """Return several values as a list; a string does not count as a list of its characters.

    Args:
        name: The field.
        value: What was given.
        check: Checks each of them.

    Raises:
        InvalidRequestError: It is not a list, or one of the values is wrong; the error names the
            field.
    """
    if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray):
        raise _refuse(name, "a list", value)
    return [check(name, one) for one in cast("Sequence[object]", value)]


def check_strings(name: str, value: object) -> list[str]:
    """Return several strings as a list; none of them may be blank.

    Raises:
        InvalidRequestError: It is not a list of such strings; the error names the field.
    """
    return check_several(name, value, check_string)


def check_route(name: str, value: object) -> Route:
    """Return a route; its bot may be unknown.

    Raises:
        InvalidRequestError: It is not a route, or its bot is not an id; the error names the field.
    """
    if not isinstance(value, Route):
        raise _refuse(name, "a Route, such as Route(bot_id=7, messenger='whatsapp')", value)
    if value.bot_id is not None:
        check_id(name, value.bot_id)
    check_messenger(name, value.messenger)
    return value


def check_one_of(**values: object) -> None:
    """Make sure that exactly one of several parameters is given.

    Raises:
        InvalidRequestError: None of them is given, or more than one; the error names them.
    """
    found = tuple(name for name, value in values.items() if value is not None)
    if len(found) != 1:
        said = " and ".join(found) + " are both given: " if found else ""
        raise InvalidRequestError(
            f"{said}give exactly one of {', '.join(values)}", fields=found or tuple(values)
        )


def check_amount(name: str, value: object) -> int:
    """Return the value, which must be a positive whole number of minor currency units.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    return _positive(name, "a positive whole number of minor currency units", value)


def check_decimal(name: str, value: object) -> str:
    """Return a positive decimal number as a string without an exponent.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise _refuse(name, "a Decimal", value)
    amount = Decimal(value)
    if not amount.is_finite() or amount <= 0:
        raise _refuse(name, "a positive Decimal", value)
    return f"{amount:f}"


def check_count(name: str, value: object, most: int | None = None) -> int:
    """Return the value, which must be a whole number from 1 up to the largest that is allowed.

    Raises:
        InvalidRequestError: It is not one; the error names the field.
    """
    number = check_id(name, value)
    if most is not None and number > most:
        # A size or a number of a page: nobody is recognized by it.
        raise InvalidRequestError(f"{name} must be at most {most}, not {number}", fields=(name,))
    return number


def check_object(name: str, value: object) -> dict[str, object]:
    """Return the value, which must be an object whose names are strings.

    Raises:
        InvalidRequestError: It is not one, or it is empty; the error names the field.
    """
    given = _mapping(value)
    if not given:
        raise _refuse(name, "a mapping that is not empty", value)
    if not all(isinstance(key, str) for key in given):
        raise _refuse(name, "a mapping whose keys are strings", given)
    # Not `str(key)`: of a member of an enumeration that would be its name.
    return {str.__str__(cast("str", key)): held for key, held in given.items()}


def _mapping(value: object) -> Mapping[object, object]:
    return cast("Mapping[object, object]", value) if isinstance(value, Mapping) else {}


def check_moment(name: str, value: object) -> int:
    """Return Unix seconds, made from a whole number or a ``datetime`` with an offset.

    Raises:
        InvalidRequestError: It is neither; the error names the field.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise _refuse(name, "a datetime with its offset (tzinfo)", value)
        return int(value.timestamp())
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _refuse(name, "a datetime, or Unix seconds as a whole number", value)
    return value
