"""Messengers, ids and phone numbers as people and spreadsheets write them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from ...models.route import Messenger
from ..text import close_to, counted, fold, shortened
from .columns import trimmed

if TYPE_CHECKING:
    import phonenumbers

__all__ = [
    "DEFAULT_REGION",
    "LONGEST_TEXTS",
    "SHEET_ERROR",
    "Phone",
    "check_region",
    "is_sheet_error",
    "known_messenger",
    "meant_messenger",
    "plain_number",
    "read_phone",
    "with_plus",
]

LONGEST_TEXTS = {"telegram": 4096, "max": 4000}
"""Characters of a text, where they are known."""

_CALLED = {
    Messenger.TELEGRAM: ("tg", "tgm", "tlg", "телеграм", "телеграмм", "телега", "тг"),
    Messenger.WHATSAPP: (
        *("wa", "wapp", "watsapp", "whatsup", "ватсап", "вотсап", "вацап", "уотсап", "васап"),
        *("ватсапп", "вотсапп", "вс"),
    ),
    Messenger.VIBER: ("vb", "vbr", "вайбер"),
    Messenger.VK: ("vkontakte", "вк", "вконтакте"),
    Messenger.MAX: ("макс",),
    Messenger.ICQ: ("аська",),
}
_BY_NAME = {fold(name): one.value for one, names in _CALLED.items() for name in (one, *names)}
_LONG_ENOUGH = 4


def known_messenger(name: str) -> bool:
    """Whether the documentation knows a messenger of this name."""
    return name.lower() in set(Messenger)


@lru_cache(1000)
def meant_messenger(written: str) -> tuple[str | None, str | None]:
    """The known messenger that a word is, or else the one that may be meant by it.

    Args:
        written: What somebody wrote.

    Returns:
        The messenger in the API's spelling, where only case and blanks differ; and the one that is
        probably meant, where another word is used for it, or a letter is wrong.
    """
    word = fold(written)
    known = next((one.value for one in Messenger if fold(one) == word), None)
    if known is not None:
        return known, None
    if word in _BY_NAME:
        return None, _BY_NAME[word]
    # Words of two or three letters are too near to each other for a guess, as вк and вс are.
    close = close_to(written, (name for name in _BY_NAME if len(name) >= _LONG_ENOUGH))
    return None, None if close is None else _BY_NAME[fold(close)]


DEFAULT_REGION = "RU"
"""The country whose numbers are written without a country code, unless the user names another."""

_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?[eE](\+?)(\d{1,3})", re.ASCII)
_LEAST_POWER = 5
# Not three zeros: 1,000 may be a thousand.
_POINT_ZERO = re.compile(r"(\+?\d+)[.,]0{1,2}", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+", re.ASCII)
_PHONE_SIGNS = re.compile(r"\+?[\d ()./-]+", re.ASCII)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\ufeff"))
_INTERNATIONAL = "00"
_LONGEST_PHONE = 15
"""Digits, by the rules of ITU-T E.164."""


@frozen
class Phone:
    """A phone number that was read.

    Attributes:
        digits: With its country code, and nothing else.
        completed: Whether the region gave the country code.
        assigned: Whether such numbers are given to anybody, as far as is known.
    """

    digits: str
    completed: bool
    assigned: bool


def check_region(name: str) -> str:
    """The region of this name, in capitals.

    Raises:
        ValueError: There is none; the message says so.
    """
    region = name.strip().upper()
    if region == DEFAULT_REGION:
        return region  # without its slow import: rows may have no phones

    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{name!r} is no country of two letters such as RU, KZ or BY")
    return region


SHEET_ERROR = "holds an error of the spreadsheet, such as #N/A"
_SHEET_ERRORS = frozenset(
    (
        *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"),
        *("#Н/Д", "#ССЫЛКА!", "#ССЫЛ!", "#ЗНАЧ!", "#ДЕЛ/0!", "#ИМЯ?", "#ПУСТО!", "#ЧИСЛО!"),
        *("#ПЕРЕНОС!", "#ВЫЧИСЛ!", "#ОШИБКА!", "#ERROR!", "#FIELD!", "#GETTING_DATA"),
    )
)
_FEWEST_SIGNS = 3


def is_sheet_error(text: str) -> bool:
    """Whether a text is what a spreadsheet writes where it has no value, or no room to show it.

    Its programs write such into CSV as they show it, in their user's language.
    """
    if "#" not in text[:8]:
        return False
    told = text.strip()
    only_signs = len(told) >= _FEWEST_SIGNS and not told.strip("#")
    return only_signs or told.upper() in _SHEET_ERRORS


def plain_number(written: str) -> str:
    """A number without what a spreadsheet put around its digits; other texts stay as they are.

    ``1 234 567`` becomes ``1234567``, ``123.0`` and ``1.23E+02`` become ``123``.

    Raises:
        ValueError: The spreadsheet has rounded it: ``7,9E+10``. The message follows its name.
    """
    # NFKC makes plain digits of full-width and superscript ones, and plain blanks of narrow ones.
    text = unicodedata.normalize("NFKC", written).translate(_UNSEEN).strip()
    found = _SCIENTIFIC.fullmatch(text)
    # Spreadsheets write E+10. A small power without the sign is an id that happens to look so.
    if found is not None and (found[3] or int(found[4]) >= _LEAST_POWER):
        fraction, power = found[2] or "", int(found[4])
        # Fewer digits than the power wants: the rest was zeros that the spreadsheet put there, and
        # nobody knows what stood in their place.
        if len(fraction) < power:
            raise ValueError(f"holds {text}, which the spreadsheet has rounded")
        # Digits behind the point that are no zeros: no whole number, and not ours to round.
        return text if fraction[power:].strip("0") else found[1] + fraction[:power]
    found = _POINT_ZERO.fullmatch(text)
    if found is not None:
        return found[1]
    if _GROUPED.fullmatch(text):
        return text.replace(" ", "")
    return trimmed(written)


def read_phone(
    written: str, region: str, *, complete: bool = False, doubted: bool = False
) -> Phone:
    """Read a phone number.

    Args:
        written: However it is written.
        region: The country of numbers without a country code, such as ``RU``.
        complete: Whether this tool wrote it, as it does in outcomes and exports: digits alone then
            have their country code, and stay as they are, whatever they would be in the region.
        doubted: Whether digits alone may have their country code or not, as the server's have them:
            what may be two numbers is refused then.

    Raises:
        ValueError: It is not one, or nobody can have it; the message follows its name.
    """
    text = _plain_phone(written)
    if not _PHONE_SIGNS.fullmatch(text):
        raise _refuse(written, region)
    digits = re.sub(r"\D", "", text)
    # In the order in which a reading is certain: what this tool wrote, then a plus, then the prefix
    # of international calls, and plain digits last.
    if complete and not text.startswith(("+", _INTERNATIONAL)):
        found = _as_it_stands(text, digits, region)
    elif text.startswith("+"):
        found = _international(digits)
        # A plus before a national number, such as +8 916 … in Russia. Where it may be an
        # international one as well, it is refused.
        if found is None or not found.assigned:
            national = _national(digits, region)
            if found is not None and national is not None:
                raise ValueError(
                    f"may be {found.digits} of another country, or {national.digits} of {region} "
                    "with a + too many"
                )
            found = found or national
    elif digits.startswith(_INTERNATIONAL):
        found = _international(digits[2:])
    else:
        # The region first: in Russia 8 916 … is a national number, whatever +8 916 … would be.
        found = _national(digits, region) or _international(digits, of=region)
        whole = _international(digits) if doubted else None
        if whole is not None and whole.assigned:
            found = _one_of(whole, found, region)
    if found is None:
        raise _refuse(written, region)
    return found


def with_plus(digits: str) -> str:
    """A number that was sent, in the form that cannot be taken for a number without country code.

    Args:
        digits: With the country code. What can be no such number stays as it is.
    """
    can_be_one = digits.isascii() and digits.isdigit() and _international(digits) is not None
    return f"+{digits}" if can_be_one else digits


def _as_it_stands(text: str, digits: str, region: str) -> Phone | None:
    """The number as this tool wrote it, unless it was edited since.

    Raises:
        ValueError: Somebody has, and it may be a number of either country.
    """
    whole = _international(digits)
    if text == digits:
        # Reading it again may take a prefix away: not even that is done.
        return None if whole is None else evolve(whole, digits=digits)
    return _one_of(whole, _national(digits, region), region)


def _one_of(whole: Phone | None, national: Phone | None, region: str) -> Phone | None:
    """The number that digits are, with their country code or without it.

    Raises:
        ValueError: They may be either.
    """
    if whole is None or national is None or whole.digits == national.digits:
        return whole or national
    raise ValueError(f"may be {whole.digits}, or {national.digits} of {region}")


def _national(digits: str, region: str) -> Phone | None:
    """The number, if such are assigned in this region."""
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    # Valid, not only possible: "possible" is a matter of length alone, and any ten digits would do.
    if not phonenumbers.is_valid_number_for_region(number, region):
        return None
    # Without the plus, as the API writes numbers.
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    return Phone(whole, whole != digits, assigned=True)


def _international(digits: str, of: str | None = None) -> Phone | None:
    """The number with its country code.

    One of the right length is taken although no such is known to be assigned: what is known is
    older than the newest numbers. Where no ``+`` stands before it, it must be of the region then.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return None
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    if phonenumbers.is_valid_number(number):
        return Phone(whole, completed=False, assigned=True)
    # Without a plus, digits of a suitable length may be anything: a customer's number, say. Only
    # with the country code of the region they are believed.
    known = of is None or phonenumbers.country_code_for_region(of) == number.country_code
    if known and _is_whole_length(number):
        return Phone(whole, completed=False, assigned=False)
    return None


def _refuse(written: str, region: str) -> ValueError:
    """The error for a text that is no possible phone number; it quotes the text.

    Args:
        written: However it is written.
        region: The country of numbers without a country code.
    """
    shown = repr(shortened(written))
    text = _plain_phone(written)
    digits = re.sub(r"\D", "", text)
    stray = next((sign for sign in text if not _PHONE_SIGNS.fullmatch(sign) and sign != "+"), None)
    # More digits than a number can have, and a sign that separates: two numbers in one cell.
    if stray is not None and stray in ",;&" and len(digits) > _LONGEST_PHONE:
        return ValueError(f"must be one phone number: {shown} holds several")
    if stray is not None:
        what = "letters" if stray.isalpha() else repr(stray)
        return ValueError(f"must be a phone number: {shown} holds {what}")
    if not digits:
        return ValueError(f"must be a phone number: {shown} holds no digit")
    if "+" in text[1:]:
        return ValueError(f"must be a phone number: {shown} holds a + that is not its first sign")
    return ValueError(f"must be a phone number: {shown} {_why_impossible(text, digits, region)}")


def _why_impossible(text: str, digits: str, region: str) -> str:
    """What is wrong with the digits of a number: its length, its country code, or its range."""
    import phonenumbers

    home_code = str(phonenumbers.country_code_for_region(region))
    if text.startswith("+"):
        whole = digits
    elif digits.startswith(_INTERNATIONAL):
        whole = digits.removeprefix(_INTERNATIONAL)
    else:
        # The country code or the prefix of calls within the country may stand before the number.
        usual = _usual_length(region)
        trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
        if trunk and digits.startswith(trunk):
            whole = home_code + digits.removeprefix(trunk)
        elif digits.startswith(home_code) and len(digits) >= usual:
            # The country code counts as such only where the rest is long enough: 7 is also the
            # first digit of some local numbers.
            whole = digits
        else:
            whole = home_code + digits
    try:
        number = phonenumbers.parse(f"+{whole}", None)
    except phonenumbers.NumberParseException as error:
        names = {
            error.INVALID_COUNTRY_CODE: "begins with no country code that exists",
            error.TOO_LONG: "is too long",
        }
        all_digits = counted(len(digits), "digit")
        return f"{names.get(error.error_type, 'is too short')}; it has {all_digits}"
    code = str(number.country_code)
    country = region
    if code != home_code:
        country = phonenumbers.region_code_for_country_code(int(code))
    count = len(whole) - len(code)
    told = _told_digits(text, digits, count)
    if _is_whole_length(number):
        return f"is in no range of numbers that {country} gives to anybody; {told}"
    usual = _usual_length(country)
    told += f", and {usual} are usual" if count != usual > 0 else ""
    return f"is too {'short' if count < usual else 'long'} for a number of {country}; {told}"


def _told_digits(text: str, digits: str, count: int) -> str:
    """How many digits a number has, and which ones before it do not count.

    Args:
        text: As it is written.
        digits: All digits of it.
        count: How many of them count, from behind.
    """
    before = digits[: len(digits) - count]
    told = f"it has {counted(count, 'digit')}"
    plus = "+" if text.startswith("+") else ""
    return f"without the leading {plus}{before} {told}" if before else told


def _is_whole_length(number: phonenumbers.PhoneNumber) -> bool:
    """Whether it has as many digits as a number with its area code; a local one has fewer."""
    import phonenumbers

    found = phonenumbers.is_possible_number_with_reason(number)
    return found == phonenumbers.ValidationResult.IS_POSSIBLE


def _usual_length(region: str) -> int:
    """How many digits numbers of a region have, its country code not counted."""
    import phonenumbers

    example = phonenumbers.example_number(region)
    return 0 if example is None else len(str(example.national_number))


def _plain_phone(written: str) -> str:
    """What is written, without what a spreadsheet, a program or a typist put around the number.

    Raises:
        ValueError: The spreadsheet has rounded it.
    """
    # The apostrophe by which a spreadsheet marks text, and which some exports write out.
    text = plain_number(written.removeprefix("'"))
    text = unicodedata.normalize("NFKC", text).translate(_UNSEEN | _DASHES).strip(" '\"")
    return text.removeprefix("tel:")
