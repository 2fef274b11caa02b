"""Checks of request parameters: one clear error that names the field and the remedy."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..errors import InvalidRequestError

__all__ = ["check_id", "check_messenger", "check_phone", "check_string", "check_url"]

_PHONE = re.compile(r"\+?\d{5,15}")
_PHONE_PUNCTUATION = str.maketrans("", "", " -().\u00a0")


def _refuse(name: str, wanted: str, value: object) -> InvalidRequestError:
    return InvalidRequestError(f"{name} must be {wanted}, not {value!r}", fields=(name,))


def check_id(name: str, value: object) -> int:
    """A positive whole number.

    Raises:
        InvalidRequestError: It is not; the field is named.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _refuse(name, "a whole number from 1 up", value)
    return value


def check_string(name: str, value: object) -> str:
    """A string that holds more than white space: the server treats a blank one as absent.

    Raises:
        InvalidRequestError: It is not; the field is named.
    """
    if not isinstance(value, str):
        raise _refuse(name, "a string", value)
    if not value.strip():
        raise InvalidRequestError(
            f"{name} is blank: leave it out, or give it a value", fields=(name,)
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequestError(
            f"{name} holds half a character (a lone surrogate), which no request can carry",
            fields=(name,),
        ) from None
    return value


def check_messenger(name: str, value: object) -> str:
    """A messenger's name in the API's spelling, which is lower case; the set is open.

    Raises:
        InvalidRequestError: It is not a name; the field is named.
    """
    return str(check_string(name, value)).strip().lower()


def check_phone(name: str, value: object) -> str:
    """A phone number as digits: ``+7 (999) 123-45-67`` becomes ``79991234567``.

    The documentation shows digits only; that the server wants them so is *assumed*.

    Raises:
        InvalidRequestError: It is not a phone number; the field is named.
    """
    digits = check_string(name, value).translate(_PHONE_PUNCTUATION)
    if not _PHONE.fullmatch(digits):
        raise _refuse(name, "a phone number of 5 to 15 digits with its country code", value)
    return digits.removeprefix("+")


def check_url(name: str, value: object) -> str:
    """An absolute http or https URL: the server downloads the file from it.

    Raises:
        InvalidRequestError: It is not; the field is named.
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
