"""Which column is which: the known names in any spelling, their Russian names, and --columns."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ...bulk.report.csv import unescape
from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "DECIDING",
    "ColumnError",
    "ColumnRules",
    "close_to",
    "fold",
    "is_outcomes",
    "known_column",
    "missing_column",
    "trimmed",
]

DECIDING = (
    "contact_id",
    "bot_id",
    "messenger",
    "contact_external_id",
    "phone",
    "text",
    "image",
    "file",
)
"""The columns that decide what is sent to whom."""

_OTHER_NAMES = {
    "contact_id": ("ID контакта", "контакт ID", "идентификатор контакта"),
    "bot_id": ("ID бота", "бот ID", "бот", "номер бота", "bot"),
    "messenger": ("мессенджер",),
    "contact_external_id": (
        "external_id",
        "внешний ID",
        "внешний ID контакта",
        "ID в мессенджере",
        "ID контакта в мессенджере",
    ),
    "phone": (
        "телефон",
        "номер телефона",
        "тел",
        "telefon",
        "телефон клиента",
        "телефон контакта",
        "контактный телефон",
        "мобильный",
        "мобильный телефон",
        "моб. телефон",
        "сотовый",
        "сотовый телефон",
        "phone number",
        "mobile",
        "mobile phone",
        "telephone",
        "tel",
    ),
    "text": ("текст", "текст сообщения", "сообщение", "message", "message text", "txt"),
    "image": ("изображение", "картинка", "ссылка на изображение", "ссылка на картинку"),
    "file": ("файл", "ссылка на файл"),
    "name": ("имя", "имя контакта", "имя клиента", "имя получателя"),
}
_FULL_NAMES = ("ФИО", "full name")
_PLAIN = ("name", "contact_bot_id", "contact_messenger", "outcome", "state")
_ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_BLANK = _ZERO_WIDTH + "".join(filter(str.isspace, map(chr, range(0x3001))))
# Letters of Cyrillic that look like Latin ones, as a wrong keyboard layout puts them into a word.
_LOOKALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")
_SIMILAR = 0.8
_SHORT = 4
_MOST_SHAPES = 1000


def trimmed(text: str) -> str:
    """The text without blanks and characters of no width at its ends."""
    return text.strip(_BLANK)


def fold(name: str) -> str:
    """What is left of a name when case, blanks, ``_``, ``-`` and other signs do not count."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("ё", "е")
    letters = "".join(character for character in plain if character.isalnum())
    if any("a" <= letter <= "z" for letter in letters):
        letters = letters.translate(_LOOKALIKES)
    return letters


_KNOWN = {
    fold(name): known
    for known in (*DECIDING, *_PLAIN)
    for name in (known, *_OTHER_NAMES.get(known, ()))
}
_SECOND_CHOICE = frozenset(map(fold, _FULL_NAMES))
_EXACT = {name: name for name in (*DECIDING, *_PLAIN)}
_MARKS = ({"outcome", "row"}, {"outcome", "number"}, {"state", "number"})


def is_outcomes(names: Iterable[str]) -> bool:
    """Whether these are the columns that outcomes and exports of a campaign have.

    All that are not ours in such a list are columns of the list that was sent, whatever their names
    mean elsewhere: what is called ``message`` there is not the text, which has a column of its own.
    """
    there = set(names)
    return (
        any(marks <= there for marks in _MARKS)
        and not there.isdisjoint(("contact_id", "contact_external_id", "phone"))
        and not there.isdisjoint(("text", "image", "file"))
    )


def known_column(name: str) -> str | None:
    """The known column that a name stands for, in whichever spelling; None for one's own."""
    return _KNOWN.get(fold(name))


def close_to(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a name is a slip of the pen away from; None where there is none.

    Args:
        name: What somebody wrote.
        candidates: What could be meant.
    """
    word = fold(name)
    by_fold = {fold(candidate): candidate for candidate in candidates}
    if word in by_fold:
        return by_fold[word]
    if len(word) < _SHORT:
        return None
    found = get_close_matches(word, by_fold, 1, _SIMILAR)
    near = next((one for one in by_fold if len(one) >= _SHORT and _one_slip(word, one)), None)
    return by_fold[found[0]] if found else None if near is None else by_fold[near]


def _one_slip(word: str, other: str) -> bool:
    """Whether one letter is missing, too many or another one, or two have changed places."""
    if abs(len(word) - len(other)) > 1:
        return False
    changes = [
        (word[i:j], other[k:m])
        for tag, i, j, k, m in SequenceMatcher(None, word, other, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    if len(changes) == 1:
        return max(map(len, changes[0])) == 1
    # Two neighbours that changed places are, for the matcher, a letter taken off and put back.
    moved = [there or here for there, here in changes]
    return len(word) == len(other) and len(moved) == 2 and moved[0] == moved[1]  # noqa: PLR2004 - the two neighbours


class ColumnError(ValueError):
    """The names cannot tell the columns apart; the message says why, and the remedy."""


@frozen
class _Heading:
    """A column of the input: its name there, and what it is called from then on."""

    written: str
    key: str


@define
class ColumnRules:
    """What the columns of one input are called.

    Attributes:
        given: By ``--columns``: what a column shall be called, and how it is written.
        seen: All columns met so far, by their name in the input.
    """

    given: tuple[tuple[str, str], ...] = ()
    seen: dict[str, str] = field(init=False, factory=dict[str, str])
    _cache: dict[tuple[str, ...], tuple[str, ...]] = field(
        init=False, factory=dict["tuple[str, ...]", "tuple[str, ...]"]
    )

    def header(self, place: str, names: Sequence[str]) -> tuple[str, ...]:
        """The keys of a header's columns.

        Args:
            place: Where it stands, for errors.
            names: The names as they are written.

        Raises:
            BadInputError: One has no name, two mean the same, or one of ``--columns`` is missing.
        """
        written = list(map(trimmed, names))
        if is_outcomes(written):
            written = list(map(unescape, written))
        if "" in written:
            raise BadInputError(
                f"{place}: column {written.index('') + 1} of the header has no name. "
                "Name it, or delete the column."
            )
        try:
            keys = self.keys(tuple(written))
        except ColumnError as error:
            raise BadInputError(f"{place}: {error}") from None
        self.check_given(place)
        return keys

    def check_given(self, place: str) -> None:
        """Make sure that each column of ``--columns`` makes sense and has been met.

        Raises:
            BadInputError: One has not; or a mapping contradicts another, or gives a name that is
                nearly a known one.
        """
        there = {fold(name) for name in self.seen}
        chosen: dict[str, str] = {}
        for key, name in self.given:
            if chosen.setdefault(fold(name), key) != key:
                raise BadInputError(
                    f"--columns says that {name!r} is {chosen[fold(name)]}, and that it is {key}. "
                    "Leave one out."
                )
            meant = missing_column(key, {}) if key not in DECIDING else None
            if meant is not None and fold(key) != fold(name):
                raise BadInputError(
                    f"--columns {key}={name}: there is no {key!r}. Did you mean {meant}?"
                )
            if fold(name) not in there:
                close = close_to(name, self.seen)
                told = f" Did you mean {close!r}?" if close is not None else ""
                raise BadInputError(
                    f"--columns {key}={name}: {place} has no column {name!r}.{told} The columns "
                    f"are: {', '.join(self.seen)}."
                )

    def keys(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """What the columns of a header, or of one record, are called.

        Raises:
            ColumnError: Two of them mean the same.
        """
        found = self._cache.get(names)
        if found is None:
            found = self._keys(names)
            if len(self._cache) >= _MOST_SHAPES:
                self._cache.clear()
            self._cache[names] = found
            if len(self.seen) < _MOST_SHAPES:
                self.seen |= dict(zip(map(trimmed, names), found, strict=True))
        return found

    def key(self, name: str) -> str:
        """What a column of this name is called, or a field of a template with this name."""
        word = fold(name)
        chosen = next((key for key, written in self.given if fold(written) == word), None)
        return chosen or _KNOWN.get(word) or trimmed(name)

    def field_key(self, name: str) -> str:
        """The column that a field of a template takes, among those met so far.

        Raises:
            ColumnError: There is none, or several could be meant.
        """
        exact = self.seen.get(name)
        if exact is not None:
            return exact
        if name in self.seen.values():
            return name
        word, key = fold(name), self.key(name)
        found = {
            one: written
            for written, one in self.seen.items()
            if one == key or word in {fold(written), fold(one)}
        }
        if len(found) == 1:
            return next(iter(found))
        if found:
            several = " and ".join(f"{{{written}}}" for written in found.values())
            raise ColumnError(f"{{{name}}} may mean {several}: write one of them")
        close = close_to(name, self.seen)
        meant = f"; did you mean {{{close}}}?" if close is not None else "."
        raise ColumnError(f"no column {name!r}{meant}")

    def translated(self) -> Iterator[tuple[str, str]]:
        """The columns that are taken for something else than their name says, unasked."""
        mapped = {fold(name) for _, name in self.given}
        for written, key in self.seen.items():
            if fold(written) not in {fold(key), *mapped}:
                yield written, key

    def _keys(self, names: tuple[str, ...]) -> tuple[str, ...]:
        targets = {key for key, _ in self.given}
        mapped = {fold(written): key for key, written in self.given}
        headings: list[_Heading] = []
        exact = is_outcomes(names)
        for number, name in enumerate(names, 1):
            written = trimmed(name)
            known = _EXACT.get(written) if exact else _KNOWN.get(fold(name))
            key = mapped.get(fold(name)) or known or written
            if key in targets and fold(name) not in mapped:
                key = f"{written} (column {number})"
            headings.append(_Heading(written, key))
        if not exact and "name" not in targets.union(one.key for one in headings):
            headings = [
                _Heading(one.written, "name") if fold(one.written) in _SECOND_CHOICE else one
                for one in headings
            ]
        keys: dict[str, str] = {}
        for one in headings:
            if one.key in keys:
                raise _same(one.key, keys[one.key], one.written)
            keys[one.key] = one.written
        return tuple(one.key for one in headings)


def _same(key: str, first: str, second: str) -> ColumnError:
    if first == second:
        return ColumnError(f"the header names {first!r} twice. Rename one of the columns.")
    return ColumnError(
        f"the columns {first!r} and {second!r} both mean {key}. Say which is meant, such as "
        f"--columns {key}={first!r}, or delete the other."
    )


def missing_column(unused: str, there: Mapping[str, str]) -> str | None:
    """The deciding column that an unused one may be a slip of the pen for.

    Args:
        unused: Its name as written.
        there: The columns that there are, by their names in the input.
    """
    present = set(there.values())
    names = {
        name: known
        for known in DECIDING
        if known not in present
        for name in (known, *_OTHER_NAMES.get(known, ()))
    }
    close = close_to(unused, names)
    if close is None:
        return None
    # A word more, as in `message_id` or `contact`, makes another name and is no slip.
    shorter, longer = sorted((fold(unused), fold(close)), key=len)
    another = longer.startswith(shorter) and len(longer) > len(shorter) + 1
    return None if another else names[close]
